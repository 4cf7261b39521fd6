/*
 * http_api.h - Millrace over HTTP: the routes of the service.
 *
 * It parses, calls use cases and answers. Threads of its own own ports and
 * wait where connections must not: one writes what was enqueued, one hands out
 * leases, one samples the statistics; everything else runs at the server's
 * desks.
 */
#ifndef ADAPTERS_HTTP_HTTP_API_H
#define ADAPTERS_HTTP_HTTP_API_H

#include "adapters/http/http_server.h"
#include "usecase/admin_port.h"
#include "usecase/clock_port.h"
#include "usecase/fleet_port.h"
#include "usecase/metrics_port.h"
#include "usecase/queue_port.h"
#include "usecase/random_port.h"

#define HTTP_API_ROUTES 32

/* The ports of one thread. They stay whoever's who opened them. */
struct http_seat {
    struct queue_port queue;
    struct admin_port admin;
    struct fleet_port fleet;
    struct random_port random;
};

struct http_api_config {
    struct clock_port clock;     /* any thread */
    struct metrics_port metrics; /* any thread */
    struct http_seat desks[HTTP_DESKS_MAX];
    size_t desk_count;
    struct http_seat writer;    /* queue, random */
    struct http_seat dispenser; /* queue, admin, random */
    struct http_seat sampler;   /* admin */

    /* Told, in any thread, that tasks were scheduled or settled, so that
     * whoever promotes looks at once. */
    void (*changed)(void *self);
    void *changed_self;
};

struct http_api;

/* Starts the threads; *config must live as long. Faults STATUS_NO_MEMORY,
 * STATUS_UNAVAILABLE. */
MUST_USE enum status http_api_open(const struct http_api_config *config,
                                   struct http_api **out, struct error *err);

/* Writes the routes, up to HTTP_API_ROUTES, and how many there are. */
size_t http_api_routes(struct http_api *api, struct http_route *routes);

/* Answers those who wait for something to happen, from now on at once. */
void http_api_quiesce(struct http_api *api);

/* Nothing may be waiting or running any more. Accepts NULL. */
void http_api_close(struct http_api *api);

#endif
