/*
 * http_token.h - the lease token that a client holds.
 *
 * Opaque text for the client. It says all that settling and extending need
 * beside it, so that nobody here has to remember a lease. Only the backend's
 * own token inside it is a right: who changes the rest gains nothing.
 */
#ifndef ADAPTERS_HTTP_HTTP_TOKEN_H
#define ADAPTERS_HTTP_HTTP_TOKEN_H

#include "usecase/queue_port.h"

#define HTTP_TOKEN_SIZE                                                        \
    (QUEUE_NAME_MAX + WORKER_NAME_MAX + LEASE_TOKEN_SIZE + 64)

struct http_token {
    char queue[QUEUE_NAME_MAX + 1];
    char worker[WORKER_NAME_MAX + 1];
    int64_t leased_at_ms;
    int64_t lease_ms; /* LEASE_MIN_MS to DURATION_MAX_MS */
    struct lease_token inner;
};

void http_token_format(const struct http_token *token,
                       char out[HTTP_TOKEN_SIZE]);

/* False: it is none of ours. */
bool http_token_parse(struct bytes text, struct http_token *out);

#endif
