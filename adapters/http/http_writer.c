#include "adapters/http/http_writer.h"

#include <assert.h>
#include <stdlib.h>

#include "adapters/http/http_thread.h"
#include "adapters/json/record_json.h"

struct http_writer {
    struct http_writer_config config;
    struct enqueuer enqueuer;
    pthread_t thread;
    bool is_running;

    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t has_work;
    struct http_exchange *first;
    struct http_exchange **end; /* where the next one is hung */
    bool is_closing;

    /* Room for one call; the thread's. */
    struct task_spec specs[BATCH_MAX];
    struct new_task room[BATCH_MAX];
    struct enqueued results[BATCH_MAX];
};

/* All that waits, as a list; NULL: the end. */
static struct http_exchange *take_all(struct http_writer *w)
{
    pthread_mutex_lock(&w->mutex);
    while (!w->first && !w->is_closing)
        pthread_cond_wait(&w->has_work, &w->mutex);
    struct http_exchange *all = w->first;
    w->first = NULL;
    w->end = &w->first;
    pthread_mutex_unlock(&w->mutex);
    return all;
}

/* Copies the tasks of as many requests as go into one call; gives back the
 * first that does not. */
static struct http_exchange *gather(struct http_writer *w,
                                    struct http_exchange *from, size_t *n)
{
    *n = 0;
    for (; from; from = from->next) {
        const struct http_batch *batch = from->own;

        if (*n + batch->count > BATCH_MAX)
            break;
        memcpy(w->specs + *n, batch->specs,
               batch->count * sizeof(struct task_spec));
        *n += batch->count;
    }
    return from;
}

/* 201 if anything is new. */
static void answer(struct http_exchange *x, const struct enqueued *results)
{
    const struct http_batch *batch = x->own;
    bool is_new = false;

    if (batch->is_array)
        json_begin_array(&x->text, NULL);
    for (size_t i = 0; i < batch->count; i++) {
        is_new |= !results[i].is_duplicate;
        record_json_enqueued(&x->text, NULL, &results[i],
                             batch->specs[i].task.queue);
    }
    if (batch->is_array)
        json_end_array(&x->text);
    http_answer_json(x, is_new ? 201 : 200);
}

static void answer_all(struct http_writer *w, struct http_exchange *x,
                       const struct http_exchange *end, enum status st,
                       const struct error *err)
{
    size_t at = 0;

    while (x != end) {
        struct http_exchange *next = x->next; /* before it is gone */
        size_t const count = ((const struct http_batch *)x->own)->count;

        if (st < 0)
            http_fault(x, st, err);
        else
            answer(x, &w->results[at]);
        at += count;
        http_send(x);
        x = next;
    }
}

static void *run(void *self)
{
    struct http_writer *w = self;
    struct http_exchange *x;
    struct error err;

    while ((x = take_all(w))) {
        while (x) {
            size_t n;
            struct http_exchange *end = gather(w, x, &n);
            enum status const st = enqueue(&w->enqueuer, w->specs, n, w->room,
                                           w->results, NULL, &err);
            answer_all(w, x, end, st, &err);
            w->config.stored(w->config.stored_self);
            x = end;
        }
    }
    return NULL;
}

enum status http_writer_open(const struct http_writer_config *config,
                             struct http_writer **out, struct error *err)
{
    struct http_writer *w = calloc(1, sizeof(*w));

    if (!w)
        return error_set(err, STATUS_NO_MEMORY, NULL, "http: no memory");
    w->config = *config;
    w->enqueuer = (struct enqueuer){.queue = config->queue,
                                    .clock = config->clock,
                                    .random = config->random};
    w->end = &w->first;
    pthread_mutex_init(&w->mutex, NULL);
    pthread_cond_init(&w->has_work, NULL);
    enum status const st = http_thread_start(&w->thread, run, w, err);
    w->is_running = st == STATUS_OK;
    if (st < 0) {
        http_writer_close(w);
        return st;
    }
    *out = w;
    return STATUS_OK;
}

void http_writer_submit(struct http_writer *w, struct http_exchange *x)
{
    pthread_mutex_lock(&w->mutex);
    x->next = NULL;
    *w->end = x;
    w->end = &x->next;
    pthread_cond_signal(&w->has_work);
    pthread_mutex_unlock(&w->mutex);
}

void http_writer_close(struct http_writer *w)
{
    if (!w)
        return;
    pthread_mutex_lock(&w->mutex);
    w->is_closing = true;
    pthread_cond_signal(&w->has_work);
    pthread_mutex_unlock(&w->mutex);
    if (w->is_running)
        pthread_join(w->thread, NULL);
    assert(!w->first);
    pthread_cond_destroy(&w->has_work);
    pthread_mutex_destroy(&w->mutex);
    free(w);
}
