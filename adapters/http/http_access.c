/*
 * http_access.c - an exchange from its first byte to its last.
 *
 * libmicrohttpd calls for the headers, for each part of the body, when the
 * body is complete, and again after a suspended connection was resumed. A
 * refusal that needs no look at the body waits for its end nevertheless, so
 * that a client which sends before it reads gets to see it; only what is far
 * too large is cut off.
 */
#include <stdlib.h>
#include <sys/socket.h>

#include "adapters/http/http_internal.h"

#define BODY_FIRST_SIZE 1024
#define SWALLOW_MAX ((size_t)64 * 1024 * 1024)

/* Request ids that nobody foresees are not needed: only unlike ones. */
static void make_request_id(struct http_server *s, struct http_exchange *x)
{
    static const char digits[] = "0123456789abcdef";
    uint64_t bits = s->config->seed + ++s->next_id * 0x9E3779B97F4A7C15U;

    for (int i = 15; i >= 0; i--, bits >>= 4)
        x->request_id[i] = digits[bits & 15];
}

static void set_request_id(struct http_server *s, struct http_exchange *x)
{
    struct bytes const given = http_header_value(x, "X-Request-Id");

    if (http_guard_is_request_id(given))
        memcpy(x->request_id, given.at, given.len);
    else
        make_request_id(s, x);
}

/* Counts one more exchange, unless all were declared answered: a request that
 * comes on an old connection after that would be left half-way. */
static bool is_counted(struct http_server *s)
{
    pthread_mutex_lock(&s->mutex);
    bool const is_counted = !s->is_drained;
    if (is_counted)
        s->exchanges++;
    pthread_mutex_unlock(&s->mutex);
    return is_counted;
}

static struct http_exchange *begin(struct http_server *s,
                                   struct MHD_Connection *connection,
                                   const char *url, const char *method)
{
    struct http_exchange *x = calloc(1, sizeof(*x));

    if (!x)
        return NULL;
    x->server = s;
    x->connection = connection;
    x->method = method;
    x->path = strdup(url);
    if (!x->path) {
        free(x);
        return NULL;
    }
    x->began_at_ms = http_monotonic_ms();
    x->fd =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)
            ->connect_fd;
    set_request_id(s, x);
    if (!is_counted(s)) {
        free(x->path);
        free(x);
        return NULL;
    }
    return x;
}

static void drop_body(struct http_server *s, struct http_exchange *x)
{
    s->bodies -= x->body_size;
    free(x->body);
    x->body = NULL;
    x->body_len = 0;
    x->body_size = 0;
}

/* Makes room for more bytes and a NUL. */
static bool grow(struct http_server *s, struct http_exchange *x, size_t more)
{
    size_t const needed = x->body_len + more + 1;
    size_t size = x->body_size > 0 ? x->body_size : BODY_FIRST_SIZE;

    while (size < needed)
        size *= 2;
    if (size == x->body_size)
        return true;
    if (s->bodies + size - x->body_size > HTTP_BODIES_MAX)
        return false;
    char *grown = realloc(x->body, size);
    if (!grown)
        return false;
    s->bodies += size - x->body_size;
    x->body = grown;
    x->body_size = size;
    return true;
}

/* False: far too much, the connection is to end. */
static bool take(struct http_server *s, struct http_exchange *x,
                 const char *part, size_t size)
{
    x->received += size;
    if (x->status != 0)
        return x->received <= SWALLOW_MAX;
    if (x->received > HTTP_BODY_MAX) {
        drop_body(s, x);
        http_refuse(x, 413, "too_large", "body too large: limit 16777216 bytes",
                    NULL);
        return true;
    }
    if (!grow(s, x, size)) {
        drop_body(s, x);
        http_refuse(x, 503, "busy", "too many large requests at once", NULL);
        return true;
    }
    memcpy(x->body + x->body_len, part, size);
    x->body_len += size;
    x->body[x->body_len] = '\0';
    return true;
}

/* Whether the refusal of a request need not wait for its body. */
static bool is_cut_short(const struct http_exchange *x)
{
    struct bytes const length = http_header_value(x, "Content-Length");
    size_t const digits = 8; /* up to 99,999,999 bytes */

    return length.len > digits || http_header_value(x, "Expect").len > 0;
}

static void answer_at_desk(void *context, struct http_exchange *x)
{
    x->route->handle(context, x);
    http_send(x);
}

static enum MHD_Result dispatch(struct http_exchange *x)
{
    const struct http_route *route = x->route;

    http_set_deadline(x, INT64_MAX);
    x->phase = HTTP_WORKING;
    if (x->status == 0 && route->place != HTTP_AT_ONCE) {
        MHD_suspend_connection(x->connection);
        if (route->place == HTTP_AT_DESK)
            http_at_desk(x, answer_at_desk);
        else
            route->handle(route->context, x);
        return MHD_YES;
    }
    if (x->status == 0)
        route->handle(route->context, x);
    x->phase = HTTP_ANSWERED;
    return http_respond(x);
}

enum MHD_Result http_on_access(void *self, struct MHD_Connection *connection,
                               const char *url, const char *method,
                               const char *version, const char *upload,
                               size_t *upload_size, void **own)
{
    struct http_server *s = self;
    struct http_exchange *x = *own;

    if (!x) {
        x = begin(s, connection, url, method);
        *own = x;
        if (!x)
            return MHD_NO;
        if (http_admit(x, version) || !is_cut_short(x))
            return MHD_YES;
        x->phase = HTTP_ANSWERED;
        return http_respond(x);
    }
    if (*upload_size > 0) {
        size_t const size = *upload_size;
        *upload_size = 0;
        return take(s, x, upload, size) ? MHD_YES : MHD_NO;
    }
    if (x->phase == HTTP_RECEIVING)
        return dispatch(x);
    return x->phase == HTTP_ANSWERED ? http_respond(x) : MHD_YES;
}

static void report(const struct http_server *s, const struct http_exchange *x,
                   bool is_aborted)
{
    struct http_report const line = {
        .method = x->method,
        .path = x->path,
        .request_id = x->request_id,
        .status = x->status,
        .took_ms = http_monotonic_ms() - x->began_at_ms,
        .is_aborted = is_aborted,
    };

    if (s->config->report)
        s->config->report(s->config->report_self, &line);
}

void http_on_completed(void *self, struct MHD_Connection *connection,
                       void **own, enum MHD_RequestTerminationCode code)
{
    struct http_server *s = self;
    struct http_exchange *x = *own;
    (void)connection;

    if (!x)
        return;
    report(s, x, code != MHD_REQUEST_TERMINATED_COMPLETED_OK);
    http_set_deadline(x, http_monotonic_ms() + s->config->receive_ms);
    drop_body(s, x);
    json_writer_release(&x->text);
    free(x->own);
    free(x->decoded);
    free(x->path);
    free(x);
    *own = NULL;
    pthread_mutex_lock(&s->mutex);
    if (--s->exchanges == 0)
        pthread_cond_broadcast(&s->is_idle);
    pthread_mutex_unlock(&s->mutex);
}

void http_at_desk(struct http_exchange *x,
                  void (*work)(void *context, struct http_exchange *x))
{
    x->work = work;
    http_desks_submit(x->server->desks, x);
}

void http_send(struct http_exchange *x)
{
    x->phase = HTTP_ANSWERED;
    MHD_resume_connection(x->connection);
}

size_t http_desk(const struct http_exchange *x)
{
    return http_desks_here(x->server->desks);
}

bool http_is_gone(const struct http_exchange *x)
{
    char byte;

    return recv(x->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}
