/*
 * series.h - the counters of each queue and type, found without a lock.
 *
 * Names of queues and types are the users', so their number must be bounded:
 * a Prometheus server pays for each, and so does our memory. The first
 * SERIES_MAX pairs of queue and type get counters of their own, all later ones
 * share those of queue "_other" and type "_other", which no queue and no type
 * can be called. The same goes for the first QUEUE_SERIES_MAX queues.
 *
 * A pair that is known is found by one hash and, mostly, one comparison; one
 * that is new takes a lock, once. Nothing is allocated after the start, and
 * nothing is ever forgotten: counters that vanish would look like a restart.
 */
#ifndef ADAPTERS_PROMETHEUS_SERIES_H
#define ADAPTERS_PROMETHEUS_SERIES_H

#include <pthread.h>

#include "adapters/prometheus/histogram.h"
#include "domain/task.h"
#include "domain/verdict.h"

#define SERIES_MAX 256
#define SERIES_SLOTS 1024 /* a power of two, at most a quarter full */
#define QUEUE_SERIES_MAX 128
#define OUTCOMES (VERDICT_SNOOZE + 1)
#define OTHER_NAME "_other"

struct queue_series {
    char queue[QUEUE_NAME_MAX + 1];
    _Atomic uint64_t dead[REASONS];
    struct histogram lateness;
};

/* Of one queue and type. */
struct series {
    char queue[QUEUE_NAME_MAX + 1];
    char type[TYPE_NAME_MAX + 1];
    size_t queue_len;
    size_t type_len;
    struct queue_series *of_queue;
    _Atomic uint64_t enqueued;
    _Atomic uint64_t outcomes[OUTCOMES]; /* by enum verdict_action */
    _Atomic uint64_t leases_lost;
    struct histogram duration;
    struct histogram wait;
};

struct series_table {
    pthread_mutex_t adding; /* held to add, never to find */
    struct series *_Atomic slots[SERIES_SLOTS];
    struct series pairs[SERIES_MAX + 1]; /* the last: of all others */
    struct queue_series queues[QUEUE_SERIES_MAX + 1];
    _Atomic size_t pair_count;
    _Atomic size_t queue_count;
};

/* Sets up a zeroed table. */
void series_table_init(struct series_table *t);
void series_table_release(struct series_table *t);

/* The counters of that pair; names are valid. Any thread. */
struct series *series_of(struct series_table *t, struct bytes queue,
                         struct bytes type);

#endif
