/*
 * http_desks.h - threads that run what would keep the server waiting.
 *
 * First come, first served. The list has no limit of its own: each entry is a
 * connection, and those are limited.
 */
#ifndef ADAPTERS_HTTP_HTTP_DESKS_H
#define ADAPTERS_HTTP_HTTP_DESKS_H

#include "adapters/http/http_exchange.h"

struct http_desks;

MUST_USE enum status http_desks_open(size_t count, struct http_desks **out,
                                     struct error *err);

/* Runs x->work(x->route->context, x) at a desk. */
void http_desks_submit(struct http_desks *d, struct http_exchange *x);

/* Which of d's threads this is. */
size_t http_desks_here(const struct http_desks *d);

/* Nothing may be waiting or running. Accepts NULL. */
void http_desks_close(struct http_desks *d);

#endif
