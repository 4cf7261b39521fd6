/*
 * http_guard.h - who may ask at all.
 *
 * A browser sends a page's requests to whatever name the page was loaded
 * from, and the cookies and ports of this machine with them. So the names in
 * Host and Origin must be our own: that keeps foreign pages out, also those
 * that make their own name point here. Pure.
 */
#ifndef ADAPTERS_HTTP_HTTP_GUARD_H
#define ADAPTERS_HTTP_HTTP_GUARD_H

#include "domain/bytes.h"

/* The names that are ours, apart from loopback. */
struct http_names {
    const char *const *at;
    size_t count;
};

/* Whether host, "NAME" or "NAME:PORT", is loopback or one of names. */
bool http_guard_is_own_host(struct bytes host, const struct http_names *names);

/* The name in "NAME:PORT" or "[ADDRESS]:PORT"; absent if it is malformed. */
struct bytes http_guard_host_name(struct bytes host);

/* The host in an Origin, "SCHEME://HOST"; absent if there is none: "null". */
struct bytes http_guard_origin_host(struct bytes origin);

/* Whether header is "Bearer TOKEN"; takes as long whichever byte is wrong. */
bool http_guard_has_token(struct bytes header, struct bytes token);

/* Whether header is the media type application/json, parameters aside. */
bool http_guard_is_json(struct bytes header);

/* Whether id can be taken over as the id of a request: 1 to 64 characters of
 * [A-Za-z0-9._-]. */
bool http_guard_is_request_id(struct bytes id);

#endif
