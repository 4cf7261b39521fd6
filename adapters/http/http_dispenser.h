/*
 * http_dispenser.h - hands out leases to clients, and lets them wait for some.
 *
 * One thread leases for all. Those who wait hold no thread and no port: their
 * connections are suspended. The thread looks at the counts of all queues
 * every now and then, at once after something was enqueued here, and asks for
 * leases only on behalf of those for whom there is something: one look costs
 * the same however many wait. First come, first served.
 */
#ifndef ADAPTERS_HTTP_HTTP_DISPENSER_H
#define ADAPTERS_HTTP_HTTP_DISPENSER_H

#include "adapters/http/http_exchange.h"
#include "usecase/pull.h"

#define HTTP_WAIT_MAX_MS 60000

/* What a client asks for; x->own, freed with the exchange. */
struct http_wish {
    struct queue_plan plan;
    char worker[WORKER_NAME_MAX + 1];
    size_t max;
    int64_t lease_ms;
    int64_t wait_ms;
    int64_t until_ms; /* the dispenser's: by the monotonic clock */
    bool is_tried;
};

struct http_dispenser;

/* The ports stay the caller's. */
MUST_USE enum status http_dispenser_open(const struct puller *ports,
                                         struct http_dispenser **out,
                                         struct error *err);

/* Answers and sends x once there is something, or it has waited enough. */
void http_dispenser_submit(struct http_dispenser *d, struct http_exchange *x);

/* There may be something now. Any thread. */
void http_dispenser_kick(struct http_dispenser *d);

/* Answers all that wait, and those that are still to come at once. */
void http_dispenser_quiesce(struct http_dispenser *d);

/* Nobody may be waiting. Accepts NULL. */
void http_dispenser_close(struct http_dispenser *d);

#endif
