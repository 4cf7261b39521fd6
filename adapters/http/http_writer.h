/*
 * http_writer.h - puts what many clients enqueue into the store together.
 *
 * Natural batching: while one call of the port is on its way, what comes in
 * gathers, and goes with the next. Nobody waits for a timer, and under load
 * the batches grow by themselves.
 */
#ifndef ADAPTERS_HTTP_HTTP_WRITER_H
#define ADAPTERS_HTTP_HTTP_WRITER_H

#include "adapters/http/http_exchange.h"
#include "usecase/enqueue.h"

/* What a request enqueues; x->own, freed with the exchange. */
struct http_batch {
    size_t count; /* 1 to BATCH_MAX */
    bool is_array;
    struct task_spec *specs; /* checked */
};

struct http_writer_config {
    struct queue_port queue;
    struct clock_port clock;
    struct random_port random;

    /* Told in the writer's thread that tasks were stored. */
    void (*stored)(void *self);
    void *stored_self;
};

struct http_writer;

MUST_USE enum status http_writer_open(const struct http_writer_config *config,
                                      struct http_writer **out,
                                      struct error *err);

/* Stores x's batch, then answers and sends x. */
void http_writer_submit(struct http_writer *w, struct http_exchange *x);

/* Nothing may be waiting. Accepts NULL. */
void http_writer_close(struct http_writer *w);

#endif
