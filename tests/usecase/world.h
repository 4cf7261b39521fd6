/*
 * world.h - a whole worker in one thread and in virtual time.
 *
 * The memory backend behind a queue that fails when told to, the engine, an
 * executor that runs handlers inside its step, and a spy. What the handlers
 * answer is scripted by the test.
 */
#ifndef TESTS_USECASE_WORLD_H
#define TESTS_USECASE_WORLD_H

#include "adapters/doubles/faulty_queue.h"
#include "adapters/doubles/inline_executor.h"
#include "adapters/doubles/scripted_random.h"
#include "adapters/doubles/spy_metrics.h"
#include "adapters/doubles/virtual_clock.h"
#include "usecase/backend_port.h"
#include "usecase/consume.h"
#include "usecase/enqueue.h"

#define LEASE_MS 30000
#define DAY_MS INT64_C(86400000)

struct worker {
    struct consumer consumer;
    struct queue_port queue; /* the faulty one around the memory's */
    struct metrics_port spy;
    struct executor_port executor;
    char *room;
};

struct world {
    struct backend_port backend;
    struct clock_port clock;
    struct random_port random;
    struct admin_port admin;
    struct enqueuer producer;
    struct error err;

    /* Every task of type "work" is answered like this. */
    struct outcome answer;
    int64_t takes_ms;    /* how much time a handler lets pass */
    size_t calls;        /* of handlers */
    struct task_id last; /* the task that ran last */
    int32_t last_attempt;
    struct handler table[1];
};

/* Opens a world at a fixed time. */
void world_open(struct world *w);
void world_close(struct world *w);

/* A worker of that name in it; every queue. */
void worker_open(struct world *w, struct worker *worker, const char *name,
                 size_t concurrency);
/* The process dies: its leases stay. */
void worker_kill(struct worker *worker);

/* Steps without waiting, n times. */
void worker_steps(struct world *w, struct worker *worker, size_t n);

/* Lets ms pass. */
void world_pass(struct world *w, int64_t ms);

/* Puts in a task of type "work", changed by the caller before. */
struct task_spec work(void);
struct task_id world_enqueue(struct world *w, const struct task_spec *spec);

/* The state of a task as stored; found is false if it is no longer kept. */
struct task_record world_find(struct world *w, const struct task_id *id,
                              bool *found);

#endif
