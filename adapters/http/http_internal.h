/*
 * http_internal.h - what the files of the server share.
 */
#ifndef ADAPTERS_HTTP_HTTP_INTERNAL_H
#define ADAPTERS_HTTP_HTTP_INTERNAL_H

#include <microhttpd.h>
#include <pthread.h>

#include "adapters/http/http_desks.h"
#include "adapters/http/http_server.h"

/* A connection, from accept to close. */
struct http_connection {
    int fd;
    int64_t deadline_ms; /* for the next request to be here; INT64_MAX: none */
    struct http_connection *next;
    struct http_connection *previous;
};

struct http_server {
    const struct http_config *config;
    struct http_address address;
    struct MHD_Daemon *daemon;
    struct http_desks *desks;
    uint64_t next_id; /* of requests; the server's thread */
    size_t bodies;    /* bytes held; the server's thread */

    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t is_idle;
    struct http_connection *connections;
    size_t exchanges;
    bool is_closing; /* connections end with their answer */
    bool is_drained; /* no request is taken any more */
};

int64_t http_monotonic_ms(void);

/* The callbacks of libmicrohttpd. */
enum MHD_Result http_on_access(void *self, struct MHD_Connection *connection,
                               const char *url, const char *method,
                               const char *version, const char *upload,
                               size_t *upload_size, void **own);
void http_on_completed(void *self, struct MHD_Connection *connection,
                       void **own, enum MHD_RequestTerminationCode code);

/* Whether the request may be looked at; false: it has been answered. Knows of
 * the body only what the headers promise. */
bool http_admit(struct http_exchange *x, const char *version);

/* Begins or ends the time a connection has to send a request. */
void http_set_deadline(struct http_exchange *x, int64_t deadline_ms);

/* Hands the answer to libmicrohttpd. */
enum MHD_Result http_respond(struct http_exchange *x);

#endif
