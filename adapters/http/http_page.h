/*
 * http_page.h - handlers for what comes from elsewhere: a page that is made
 * anew each time (metrics), a file that is part of the program (dashboard).
 *
 * Each is the context of its route: {"GET", "/metrics", HTTP_AT_DESK,
 * http_page_handle, &page, false}.
 */
#ifndef ADAPTERS_HTTP_HTTP_PAGE_H
#define ADAPTERS_HTTP_HTTP_PAGE_H

#include <pthread.h>

#include "adapters/http/http_exchange.h"

struct http_page {
    /* Makes the page; *text is render's own and lives until the next call.
     * Called by one thread at a time. */
    enum status (*render)(void *self, struct bytes *text, struct error *err);
    void *self;
    const char *content_type;
    pthread_mutex_t mutex; /* PTHREAD_MUTEX_INITIALIZER */
};

/* HTTP_AT_DESK; the context is a struct http_page. */
void http_page_handle(void *context, struct http_exchange *x);

struct http_file {
    const char *content_type;
    struct bytes bytes;
    const struct http_header *headers; /* ends with a NULL name; or NULL */
};

/* HTTP_AT_ONCE; the context is a const struct http_file. */
void http_file_handle(void *context, struct http_exchange *x);

/* HTTP_AT_ONCE; answers {"status":"ok"}. Needs no context. */
void http_health_handle(void *context, struct http_exchange *x);

#endif
