/*
 * consume.h - the worker engine: one loop, one thread, one step at a time.
 *
 * A step settles what has finished, makes due tasks ready, takes back the
 * leases of dead workers, extends its own, leases new tasks into the free
 * slots and hands them to the executor; if there was nothing to do it waits.
 * It owns neither clock nor threads, so that a test can drive it by hand, in
 * virtual time, the same every time.
 *
 * It leases a little more than it has free slots when its handlers are quick
 * (prefetch: what they would finish in PREFETCH_MS), so that batches stay
 * large, and nothing more when they are slow, so that it does not sit on work
 * others could do. Tasks that are critical (they have crashed before, or the
 * next crash would be their last) are never prefetched: a neighbour's crash
 * must not count against them. Those that are both run with no neighbour.
 *
 * Faults of the backend don't end it: it keeps what has finished, waits by a
 * capped, jittered backoff and tries again.
 */
#ifndef USECASE_CONSUME_H
#define USECASE_CONSUME_H

#include "usecase/clock_port.h"
#include "usecase/executor_port.h"
#include "usecase/metrics_port.h"
#include "usecase/queue_port.h"
#include "usecase/random_port.h"

#define PREFETCH_MAX 512
#define PREFETCH_MS 10
#define PROMOTE_EVERY_MS 5 /* while busy; an idle one is told by its lease */
#define REAP_EVERY_MAX_MS 5000
#define CONCURRENCY_MAX 1024
#define LEASE_MIN_MS 100

struct consumer_config {
    struct queue_plan plan;
    char worker[WORKER_NAME_MAX + 1];
    size_t concurrency; /* 1 to CONCURRENCY_MAX */
    int64_t lease_ms;   /* LEASE_MIN_MS to DURATION_MAX_MS */
    struct wake wake;   /* ends its waits: finished handlers, signals. Whoever
                           owns it makes it unreadable before each step. */
};

struct consumer_ports {
    struct queue_port queue;
    struct executor_port executor; /* capacity: consumer_capacity() */
    struct clock_port clock;
    struct random_port random;
    struct metrics_port metrics;
};

struct consumer {
    struct consumer_config config;
    struct consumer_ports ports;
    size_t capacity;

    /* Every task that is leased and not yet settled has a slot. */
    const struct lease **held; /* [capacity] by slot; NULL: free */
    size_t *free_slots;        /* [capacity] a stack */
    size_t held_count;

    struct finished *finished; /* [capacity] collected, not yet settled */
    size_t finished_count;
    size_t running; /* handlers, when last collected */

    /* Room for one call of a port. */
    struct arena batch;
    struct lease *leases;
    const struct lease **kept;
    struct settlement *settlements;
    struct renewal *renewals;
    enum status *results;

    /* What waits to run alone, see consume_alone.c. */
    struct lease aside;
    struct arena aside_mem;
    int64_t aside_until_ms;
    bool is_set_aside;
    bool is_alone; /* what is held is such a task */

    uint64_t turn;        /* of the queue plan */
    size_t prefetch;      /* how many beyond the free slots, now */
    size_t pace_tasks;    /* of late: so many were run, */
    int64_t pace_busy_ms; /* and so long their handlers took together */
    bool is_careful;      /* critical tasks are about: no prefetch */
    bool is_quiet;
    bool is_stopping;

    int64_t seen_ms; /* the time of the last step: a clock may step back */
    int64_t promote_at_ms;
    int64_t due_at_ms; /* of the next task that becomes due */
    int64_t reap_at_ms;
    int64_t extend_at_ms;
    int64_t retry_at_ms; /* after a fault: not before */
    int64_t faults;      /* in a row */
};

/* The most a consumer holds at once: concurrency and prefetch. */
size_t consumer_capacity(size_t concurrency);

/* The room that consumer_init needs for that concurrency, in bytes. */
size_t consumer_room_bytes(size_t concurrency);

/* Sets up *c; room must live as long and have consumer_room_bytes() free. */
void consumer_init(struct consumer *c, const struct consumer_config *config,
                   struct consumer_ports ports, struct arena *room);

/* Takes one step, waiting until until_ms at the latest if there is nothing to
 * do (<= now: not at all). */
void consumer_step(struct consumer *c, int64_t until_ms);

/* Quiet: leases nothing more, keeps running what it has. */
void consumer_set_quiet(struct consumer *c, bool is_quiet);

/* Begins to stop: quiet for good, and gives back what was not started. */
void consumer_stop(struct consumer *c);

/* Ends the running handlers early; they count as released. */
void consumer_cancel_all(struct consumer *c);

/* Whether it holds no task: all is settled. */
bool consumer_is_idle(const struct consumer *c);

/* Settles what has finished and releases all other tasks that are still held,
 * for handlers that do not end. Tries the backend once; no step may follow. */
MUST_USE enum status consumer_abandon(struct consumer *c, struct error *err);

#endif
