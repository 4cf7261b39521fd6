/*
 * serve_metrics.h - what serve counts, and where: /metrics.
 *
 *   enqueued   by every port that serve_metrics_count() has gone around, in
 *              this process; what the command line adds, nobody scrapes
 *   processed  by the port of serve_metrics_port(), told by whoever settles
 *              for pull workers and for workers that have died
 *   flaws      by a patrol through the store, which begins at once
 */
#ifndef CMD_SERVE_METRICS_H
#define CMD_SERVE_METRICS_H

#include "adapters/http/http_route.h"
#include "adapters/log/log.h"
#include "cmd/wire.h"
#include "usecase/metrics_port.h"

struct serve_metrics;

/* Opens it; *wire and *log must live as long. */
MUST_USE enum status serve_metrics_open(const struct wire *wire,
                                        const struct log *log,
                                        struct serve_metrics **out,
                                        struct error *err);

/* GET /metrics. */
struct http_route serve_metrics_route(struct serve_metrics *m);

/* Goes around *queue, so that what is added through it is counted, and the
 * calls that fail. *queue owns what it was before; a fault leaves it so. */
MUST_USE enum status serve_metrics_count(struct serve_metrics *m,
                                         struct queue_port *queue,
                                         struct error *err);

/* What logs and counts attempts, and faults of queues that nothing has gone
 * around. Any thread; m's own. */
struct metrics_port serve_metrics_port(struct serve_metrics *m);

/* No scrape may be under way. Accepts NULL. */
void serve_metrics_close(struct serve_metrics *m);

#endif
