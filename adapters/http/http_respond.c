/*
 * http_respond.c - the answer, as libmicrohttpd sends it.
 */
#include <stdlib.h>

#include "adapters/http/http_internal.h"

#define TEXT_OF(n) TEXT_OF_(n)
#define TEXT_OF_(n) #n

/* The text's memory goes with the response. */
static struct MHD_Response *response_of_text(struct http_exchange *x)
{
    struct bytes text;

    if (!json_writer_text(&x->text, &text)) {
        http_refuse(x, 503, "unavailable", "no memory for the answer", NULL);
        if (!json_writer_text(&x->text, &text))
            return NULL;
    }
    struct MHD_Response *response = MHD_create_response_from_buffer(
        text.len, x->text.at, MHD_RESPMEM_MUST_FREE);
    if (response)
        x->text = (struct json_writer){0};
    return response;
}

static struct MHD_Response *make_response(struct http_exchange *x)
{
    if (x->stream)
        return x->stream;
    if (x->fixed.at)
        return MHD_create_response_from_buffer(x->fixed.len,
                                               (void *)(uintptr_t)x->fixed.at,
                                               MHD_RESPMEM_PERSISTENT);
    return response_of_text(x);
}

static void add_headers(const struct http_exchange *x, bool is_closing,
                        struct MHD_Response *response)
{
    MHD_add_response_header(response, "Content-Type", x->content_type);
    MHD_add_response_header(response, "X-Request-Id", x->request_id);
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    for (const struct http_header *h = x->headers; h && h->name; h++)
        MHD_add_response_header(response, h->name, h->value);
    if (!x->headers)
        MHD_add_response_header(response, "Cache-Control", "no-store");
    if (x->status == 401)
        MHD_add_response_header(response, "WWW-Authenticate", "Bearer");
    if (x->status == 405)
        MHD_add_response_header(response, "Allow", x->allow);
    if (x->status == 503)
        MHD_add_response_header(response, "Retry-After",
                                TEXT_OF(HTTP_RETRY_AFTER_S));
    if (is_closing)
        MHD_add_response_header(response, "Connection", "close");
}

enum MHD_Result http_respond(struct http_exchange *x)
{
    struct http_server *s = x->server;
    struct MHD_Response *response = make_response(x);

    if (!response)
        return MHD_NO;
    pthread_mutex_lock(&s->mutex);
    bool const is_closing = s->is_closing;
    pthread_mutex_unlock(&s->mutex);
    add_headers(x, is_closing, response);
    enum MHD_Result const queued =
        MHD_queue_response(x->connection, x->status, response);
    MHD_destroy_response(response);
    x->stream = NULL;
    return queued;
}
