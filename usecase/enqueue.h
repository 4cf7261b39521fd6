/*
 * enqueue.h - puts tasks into their queues.
 *
 * Fills in what the producer left open, checks the rest, makes the ids just
 * before they are sent, and stores a whole batch with one call of the port.
 */
#ifndef USECASE_ENQUEUE_H
#define USECASE_ENQUEUE_H

#include "usecase/clock_port.h"
#include "usecase/queue_port.h"
#include "usecase/random_port.h"

/* What a producer asks for: start from task_default(). The id may be empty;
 * run_at_ms 0 means now plus delay_ms; created_at_ms, attempt, crashes and
 * last_error are not the producer's. */
struct task_spec {
    struct task task;
    int64_t delay_ms; /* 0 to DURATION_MAX_MS; not together with run_at_ms */
};

/* A producer. One thread at a time; zero ids is fresh. */
struct enqueuer {
    struct queue_port queue;
    struct clock_port clock;
    struct random_port random;
    struct task_id_source ids;
};

/* Checks one spec as enqueue does, without storing: STATUS_OK, or
 * STATUS_INVALID naming the field. */
MUST_USE enum status task_spec_validate(const struct task_spec *spec,
                                        struct error *err);

/* Stores specs[n], 1 to BATCH_MAX, all or none by validation. room[n] is
 * scratch. results[n] tells which task stands for each. On STATUS_INVALID
 * *culprit is the index of the first spec that is wrong (culprit may be
 * NULL). After another fault some may be stored; calling again with the same
 * room by enqueue_again() stores the rest, none twice. */
MUST_USE enum status enqueue(struct enqueuer *e, const struct task_spec *specs,
                             size_t n, struct new_task *room,
                             struct enqueued *results, size_t *culprit,
                             struct error *err);

MUST_USE enum status enqueue_again(struct enqueuer *e, size_t n,
                                   const struct new_task *room,
                                   struct enqueued *results, struct error *err);

#endif
