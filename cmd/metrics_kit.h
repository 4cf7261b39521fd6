/*
 * metrics_kit.h - what this process counts, and the page that tells it: what
 * worker --metrics and serve have in common.
 */
#ifndef CMD_METRICS_KIT_H
#define CMD_METRICS_KIT_H

#include "adapters/http/http_page.h"
#include "adapters/prometheus/metrics_page.h"
#include "cmd/wire.h"

struct metrics_kit {
    struct registry *registry;
    struct admin_port admin; /* of its own: scrapes come on other threads */
    struct fleet_port fleet;
    struct gauges *gauges;
    struct metrics_page page;
    struct http_page http;
};

/* Opens *kit, zeroed, over the backend of wire. After a fault it is closed. */
MUST_USE enum status metrics_kit_open(struct metrics_kit *kit,
                                      const struct wire *wire,
                                      struct error *err);

/* GET /metrics. */
struct http_route metrics_kit_route(struct metrics_kit *kit);

/* Accepts what is half open or zeroed. */
void metrics_kit_close(struct metrics_kit *kit);

#endif
