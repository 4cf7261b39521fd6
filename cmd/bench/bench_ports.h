/*
 * bench_ports.h - what one producer or one worker works with: all its own.
 */
#ifndef CMD_BENCH_BENCH_PORTS_H
#define CMD_BENCH_BENCH_PORTS_H

#include <stdint.h>

#include "usecase/backend_port.h"
#include "usecase/random_port.h"

#define BENCH_QUEUE "bench"
#define BENCH_QUEUE_ASIDE "bench-aside" /* no worker takes from it */
#define BENCH_TYPE "bench"

/* Zeroed is closed. */
struct bench_ports {
    struct queue_port queue;
    struct clock_port clock;
    struct random_port random;
};

/* Opens them; by one thread at a time. */
MUST_USE enum status bench_ports_open(struct backend_port backend,
                                      struct bench_ports *out,
                                      struct error *err);
void bench_ports_close(struct bench_ports *ports);

/* The monotonic clock, which all processes share. */
int64_t bench_now_ns(void);

/* What this process has used of the processor so far, and its peak of memory
 * since bench_forget_peak(). */
int64_t bench_cpu_us(void);
int64_t bench_peak_kb(void);
void bench_forget_peak(void);

#endif
