/*
 * histogram.h - how long things take, in fixed buckets.
 *
 * Times are known to the millisecond, from handlers of 1 ms to tasks that
 * wait for hours, so the bounds grow by steps of 2 to 6:
 *   1, 5, 10, 50, 100, 500 ms, 1, 5, 10, 30 s, 1, 5, 30 min, 2 h
 * They never change: a graph across two versions would lie otherwise.
 */
#ifndef ADAPTERS_PROMETHEUS_HISTOGRAM_H
#define ADAPTERS_PROMETHEUS_HISTOGRAM_H

#include <stdint.h>

#include "adapters/prometheus/exposition.h"

#define BUCKETS 14

/* Zeroed is empty. Any number of threads may observe, and one may read. */
struct histogram {
    _Atomic uint64_t counts[BUCKETS + 1]; /* not cumulated; last: longer */
    _Atomic uint64_t sum_ms;
};

/* A clock may step back: less than 0 counts as 0. */
void histogram_observe(struct histogram *h, int64_t ms);

/* Whether nothing was observed yet. */
bool histogram_is_empty(const struct histogram *h);

/* Adds its samples under labels, of which there are 2 at most. */
void histogram_write(const struct histogram *h, const char *name,
                     struct labels labels, struct exposition *x);

#endif
