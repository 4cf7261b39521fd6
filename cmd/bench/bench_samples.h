/*
 * bench_samples.h - when each task was sent or due, and how long it took to
 * its start.
 */
#ifndef CMD_BENCH_BENCH_SAMPLES_H
#define CMD_BENCH_BENCH_SAMPLES_H

#include <stdatomic.h>

#include "cmd/bench/bench_producers.h"

/* By the monotonic clock, in ns. Zeroed is none. */
struct bench_samples {
    size_t count;
    int64_t *sent_ns; /* when it was sent */
    int64_t *kept_ns; /* when it was stored for sure */
    int64_t due_ns;   /* of the first task; 0: as soon as it is sent */
    int64_t apart_ns; /* and of each other so much later */
};

MUST_USE enum status bench_samples_open(struct bench_samples *out,
                                        const struct bench_config *config,
                                        struct error *err);
void bench_samples_close(struct bench_samples *samples);

/* Notes when tasks will be due by clock. */
void bench_samples_expect(struct bench_samples *samples,
                          struct clock_port clock,
                          const struct bench_load *load);

/* Fills in the latencies of *out; of tasks that were due, also its seconds:
 * from the first instant to the last start. */
void bench_samples_sum_up(struct bench_samples *samples,
                          const atomic_llong *started_ns,
                          struct bench_result *out);

#endif
