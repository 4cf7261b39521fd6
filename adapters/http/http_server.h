/*
 * http_server.h - a small HTTP server: a table of routes, and what keeps it
 * from harm.
 *
 * One thread of libmicrohttpd receives and sends for all connections and never
 * waits for anything else: handlers that do run at desks, threads of their
 * own, while their connection is suspended. The server refuses by itself what
 * has no route, no token, a foreign Host or Origin, a body that is no JSON or
 * too large; it gives each request an id, ends connections that dawdle, and
 * when it stops it answers what it has accepted.
 */
#ifndef ADAPTERS_HTTP_HTTP_SERVER_H
#define ADAPTERS_HTTP_HTTP_SERVER_H

#include "adapters/http/http_address.h"
#include "adapters/http/http_exchange.h"
#include "adapters/http/http_guard.h"
#include "adapters/http/http_route.h"

#define HTTP_BODY_MAX ((size_t)16 * 1024 * 1024)
#define HTTP_BODIES_MAX ((size_t)256 * 1024 * 1024) /* of all together */
#define HTTP_CONNECTIONS_MAX 16384
#define HTTP_IDLE_S 60        /* a connection on which nothing moves */
#define HTTP_RECEIVE_MS 90000 /* from one answer to the next whole request */
#define HTTP_DESKS_MAX 16

/* One request that has been answered. */
struct http_report {
    const char *method;
    const char *path; /* without the query, which may hold a secret */
    const char *request_id;
    unsigned status;
    int64_t took_ms;
    bool is_aborted; /* the connection was lost before all was sent */
};

struct http_config {
    struct http_address address;
    struct bytes token;      /* absent: none is asked for */
    struct http_names names; /* --host */
    const struct http_route *routes;
    size_t route_count;
    size_t desks;       /* 1 to HTTP_DESKS_MAX */
    uint64_t seed;      /* of request ids */
    int64_t receive_ms; /* such as HTTP_RECEIVE_MS */

    /* Told about each request, in the server's thread. */
    void (*report)(void *self, const struct http_report *report);
    void *report_self;
};

struct http_server;

/* Starts to listen and serve; *config must live as long. Faults
 * STATUS_UNAVAILABLE, STATUS_NO_MEMORY. */
MUST_USE enum status http_server_open(const struct http_config *config,
                                      struct http_server **out,
                                      struct error *err);

/* Where it listens: the port is known now. */
const struct http_address *http_server_address(const struct http_server *s);

/* Ends connections that take too long to send a request. To be called about
 * once a second. */
void http_server_tend(struct http_server *s);

/* Accepts nothing more. What is being answered goes on; whoever holds
 * exchanges for long should now answer them. */
void http_server_quiesce(struct http_server *s);

/* Waits until everything is answered, wait_ms at most: whether it is. If so,
 * a connection that asks for more is ended. */
bool http_server_drain(struct http_server *s, int64_t wait_ms);

/* Ends all connections. All must be answered. Accepts NULL. */
void http_server_close(struct http_server *s);

#endif
