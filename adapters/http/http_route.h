/*
 * http_route.h - which handler a method and a path belong to.
 *
 * A pattern is a path of which one segment may be "{}": any text, which is
 * handed to the handler. Tables are short and are gone through in order.
 */
#ifndef ADAPTERS_HTTP_HTTP_ROUTE_H
#define ADAPTERS_HTTP_HTTP_ROUTE_H

#include "domain/bytes.h"

#define HTTP_ALLOW_SIZE 64

struct http_exchange;

/* Where a handler runs. */
enum http_place {
    HTTP_AT_ONCE, /* in the server's own thread; answers before it returns,
                     and never waits for anything */
    HTTP_AT_DESK, /* in a thread of its own; answers before it returns */
    HTTP_LATER,   /* begins in the server's own thread; whoever it hands the
                     exchange to answers and calls http_send() */
};

struct http_route {
    const char *method; /* GET answers HEAD too */
    const char *pattern;
    enum http_place place;
    void (*handle)(void *context, struct http_exchange *x);
    void *context;
    bool is_open; /* wants no token: it holds no data */
};

/* The route of routes[n] for method and path; *part is what its "{}" stands
 * for, as it is in the path, absent if it has none. NULL: there is no such
 * route, and allow is "" if no method has that path, else lists those that
 * have. */
const struct http_route *http_route_find(const struct http_route *routes,
                                         size_t n, const char *method,
                                         const char *path, struct bytes *part,
                                         char allow[HTTP_ALLOW_SIZE]);

#endif
