#include "adapters/http/http_desks.h"

#include <assert.h>
#include <stdlib.h>

#include "adapters/http/http_server.h"
#include "adapters/http/http_thread.h"

struct desk {
    struct http_desks *desks;
    pthread_t thread;
};

struct http_desks {
    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t has_work;
    struct http_exchange *first;
    struct http_exchange **end; /* where the next one is hung */
    bool is_closing;

    size_t count; /* threads running */
    struct desk at[HTTP_DESKS_MAX];
};

/* The next exchange, once there is one; NULL: the end. */
static struct http_exchange *next(struct http_desks *d)
{
    pthread_mutex_lock(&d->mutex);
    while (!d->first && !d->is_closing)
        pthread_cond_wait(&d->has_work, &d->mutex);
    struct http_exchange *x = d->first;
    if (x) {
        d->first = x->next;
        if (!d->first)
            d->end = &d->first;
    }
    pthread_mutex_unlock(&d->mutex);
    return x;
}

static void *run(void *argument)
{
    struct desk *desk = argument;
    struct http_exchange *x;

    while ((x = next(desk->desks)))
        x->work(x->route->context, x);
    return NULL;
}

enum status http_desks_open(size_t count, struct http_desks **out,
                            struct error *err)
{
    struct http_desks *d = calloc(1, sizeof(*d));
    assert(count >= 1 && count <= HTTP_DESKS_MAX);

    if (!d)
        return error_set(err, STATUS_NO_MEMORY, NULL, "http: no memory");
    pthread_mutex_init(&d->mutex, NULL);
    pthread_cond_init(&d->has_work, NULL);
    d->end = &d->first;
    for (; d->count < count; d->count++) {
        d->at[d->count].desks = d;
        enum status const st = http_thread_start(&d->at[d->count].thread, run,
                                                 &d->at[d->count], err);
        if (st < 0) {
            http_desks_close(d);
            return st;
        }
    }
    *out = d;
    return STATUS_OK;
}

void http_desks_submit(struct http_desks *d, struct http_exchange *x)
{
    pthread_mutex_lock(&d->mutex);
    x->next = NULL;
    *d->end = x;
    d->end = &x->next;
    pthread_cond_signal(&d->has_work);
    pthread_mutex_unlock(&d->mutex);
}

size_t http_desks_here(const struct http_desks *d)
{
    for (size_t i = 0; i < d->count; i++)
        if (pthread_equal(d->at[i].thread, pthread_self()))
            return i;
    assert(false && "at a desk");
    return 0;
}

void http_desks_close(struct http_desks *d)
{
    if (!d)
        return;
    pthread_mutex_lock(&d->mutex);
    d->is_closing = true;
    pthread_cond_broadcast(&d->has_work);
    pthread_mutex_unlock(&d->mutex);
    for (size_t i = 0; i < d->count; i++)
        pthread_join(d->at[i].thread, NULL);
    assert(!d->first);
    pthread_cond_destroy(&d->has_work);
    pthread_mutex_destroy(&d->mutex);
    free(d);
}
