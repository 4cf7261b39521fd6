#include "adapters/http/http_events.h"

#include <assert.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <time.h>

#include "adapters/http/http_api_parts.h"
#include "adapters/http/http_thread.h"

#define EVENT_TYPE "text/event-stream"
#define EVERY_S 1
#define BLOCK_SIZE 4096 /* of an event, given to libmicrohttpd at a time */

/* An event's text, shared by all that send it. */
struct event {
    struct json_writer text;
    size_t holders;
};

struct stream {
    struct http_events *events;
    struct MHD_Connection *connection;
    struct event *sending; /* NULL: waits for the next one */
    size_t sent;
    uint64_t seen; /* the number of the latest event it began to send */
    bool is_suspended;
    struct stream *next;
    struct stream *previous;
};

struct http_events {
    struct admin_port admin; /* the sampler's */
    struct clock_port clock;
    pthread_t thread;
    bool is_running;

    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t changed;
    struct stream *streams;
    struct event *latest; /* NULL: none yet, or too old */
    uint64_t number;      /* of the latest */
    bool is_closing;
};

static void drop_event(struct event *event)
{
    if (!event || --event->holders > 0)
        return;
    json_writer_release(&event->text);
    free(event);
}

static void resume(struct stream *stream)
{
    if (!stream->is_suspended)
        return;
    stream->is_suspended = false;
    MHD_resume_connection(stream->connection);
}

/* Hands the next bytes of the stream to libmicrohttpd, or suspends it. */
static ssize_t read_stream(void *self, uint64_t at, char *out, size_t max)
{
    struct stream *s = self;
    struct http_events *e = s->events;
    ssize_t n = 0;
    (void)at;

    pthread_mutex_lock(&e->mutex);
    if (!s->sending && e->latest && s->seen != e->number) {
        s->sending = e->latest;
        s->sending->holders++;
        s->seen = e->number;
        s->sent = 0;
    }
    if (s->sending) {
        size_t const left = s->sending->text.len - s->sent;
        n = (ssize_t)(left < max ? left : max);
        memcpy(out, s->sending->text.at + s->sent, (size_t)n);
        s->sent += (size_t)n;
        if (s->sent == s->sending->text.len) {
            drop_event(s->sending);
            s->sending = NULL;
        }
    } else if (e->is_closing) {
        n = MHD_CONTENT_READER_END_OF_STREAM;
    } else {
        s->is_suspended = true;
        MHD_suspend_connection(s->connection);
    }
    pthread_mutex_unlock(&e->mutex);
    return n;
}

static void end_stream(void *self)
{
    struct stream *s = self;
    struct http_events *e = s->events;

    pthread_mutex_lock(&e->mutex);
    drop_event(s->sending);
    if (s->previous)
        s->previous->next = s->next;
    else
        e->streams = s->next;
    if (s->next)
        s->next->previous = s->previous;
    pthread_mutex_unlock(&e->mutex);
    free(s);
}

static void add_stream(struct http_events *e, struct stream *s)
{
    pthread_mutex_lock(&e->mutex);
    s->next = e->streams;
    if (s->next)
        s->next->previous = s;
    e->streams = s;
    pthread_cond_signal(&e->changed);
    pthread_mutex_unlock(&e->mutex);
}

void http_events_answer(struct http_events *e, struct http_exchange *x)
{
    /* libmicrohttpd would end the body that a HEAD does not have. */
    if (strcmp(x->method, "HEAD") == 0) {
        http_answer_fixed(x, 200, EVENT_TYPE, BYTES(""));
        return;
    }
    struct stream *s = calloc(1, sizeof(*s));
    struct error err;

    if (s)
        x->stream = MHD_create_response_from_callback(
            MHD_SIZE_UNKNOWN, BLOCK_SIZE, read_stream, s, end_stream);
    if (!s || !x->stream) {
        free(s);
        http_fault(x,
                   error_set(&err, STATUS_NO_MEMORY, NULL, "http: no memory"),
                   &err);
        return;
    }
    s->events = e;
    s->connection = x->connection;
    x->status = 200;
    x->content_type = EVENT_TYPE;
    add_stream(e, s);
}

/* The event of now; NULL: no memory, so there is none this time. */
static struct event *sample(struct http_events *e)
{
    struct event *event = calloc(1, sizeof(*event));
    struct json_writer data = {0};
    struct bytes text;
    struct error err;

    if (!event)
        return NULL;
    enum status const st = http_api_add_queues(e->admin, e->clock, &data, &err);
    if (st < 0) {
        json_writer_reset(&data);
        http_add_error(&data, "unavailable", err.text, NULL);
    }
    json_writer_append(&event->text, st < 0 ? BYTES("event: down\ndata: ")
                                            : BYTES("event: stats\ndata: "));
    if (json_writer_text(&data, &text))
        json_writer_append(&event->text, text);
    json_writer_append(&event->text, BYTES("\n\n"));
    json_writer_release(&data);
    if (!json_writer_text(&event->text, &text)) {
        json_writer_release(&event->text);
        free(event);
        return NULL;
    }
    event->holders = 1;
    return event;
}

static void publish(struct http_events *e, struct event *event)
{
    pthread_mutex_lock(&e->mutex);
    drop_event(e->latest);
    e->latest = event;
    e->number++;
    for (struct stream *s = e->streams; s; s = s->next)
        resume(s);
    pthread_mutex_unlock(&e->mutex);
}

/* Waits for the next second; at once for the first who listens. False: the
 * end. */
static bool wait_turn(struct http_events *e)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += EVERY_S;
    pthread_mutex_lock(&e->mutex);
    int wrong = 0;
    while (!e->is_closing && wrong == 0)
        wrong = pthread_cond_timedwait(&e->changed, &e->mutex, &until);
    if (!e->is_closing && !e->streams) {
        drop_event(e->latest); /* nobody is to see an old one */
        e->latest = NULL;
    }
    while (!e->is_closing && !e->streams)
        pthread_cond_wait(&e->changed, &e->mutex);
    bool const goes_on = !e->is_closing;
    pthread_mutex_unlock(&e->mutex);
    return goes_on;
}

static void *run(void *self)
{
    struct http_events *e = self;

    while (wait_turn(e)) {
        struct event *event = sample(e);
        if (event)
            publish(e, event);
    }
    return NULL;
}

enum status http_events_open(struct admin_port admin, struct clock_port clock,
                             struct http_events **out, struct error *err)
{
    struct http_events *e = calloc(1, sizeof(*e));

    if (!e)
        return error_set(err, STATUS_NO_MEMORY, NULL, "http: no memory");
    e->admin = admin;
    e->clock = clock;
    pthread_mutex_init(&e->mutex, NULL);
    http_condition_init(&e->changed);
    enum status const st = http_thread_start(&e->thread, run, e, err);
    e->is_running = st == STATUS_OK;
    if (st < 0) {
        http_events_close(e);
        return st;
    }
    *out = e;
    return STATUS_OK;
}

void http_events_quiesce(struct http_events *e)
{
    pthread_mutex_lock(&e->mutex);
    e->is_closing = true;
    for (struct stream *s = e->streams; s; s = s->next)
        resume(s);
    pthread_cond_signal(&e->changed);
    pthread_mutex_unlock(&e->mutex);
}

void http_events_close(struct http_events *e)
{
    if (!e)
        return;
    if (e->is_running) {
        http_events_quiesce(e);
        pthread_join(e->thread, NULL);
    }
    assert(!e->streams);
    drop_event(e->latest);
    pthread_cond_destroy(&e->changed);
    pthread_mutex_destroy(&e->mutex);
    free(e);
}
