/*
 * bench.h - a benchmark: what is asked for, and what came out.
 *
 * Producers are threads of this process. Workers are processes of their own
 * where the backend is outside, as in earnest, and threads where it lives in
 * the process. Both go through the real use cases; a handler does nothing, or
 * notes when it was called.
 */
#ifndef CMD_BENCH_BENCH_H
#define CMD_BENCH_BENCH_H

#include "cmd/command.h"
#include "domain/limits.h"

enum bench_phase {
    BENCH_ENQUEUE, /* producers alone */
    BENCH_DRAIN,   /* workers alone: the tasks are there already */
    BENCH_E2E,     /* both at once */
    BENCH_LATENCY, /* one task every 10 ms: from enqueue to handler start */
    BENCH_DELAYED, /* from the instant that a task is due to handler start */
};
#define BENCH_PHASES 5

#define BENCH_TASKS_MAX 100000000
#define BENCH_PAYLOAD_MIN 10 /* a number of eight digits, as a string */
#define BENCH_ACTORS_MAX 64
#define BENCH_CONCURRENCY_MAX 1024

struct bench_config {
    enum bench_phase phase;
    int64_t tasks;
    int64_t payload; /* bytes */
    int64_t producers;
    int64_t workers;
    int64_t concurrency; /* of each worker */
    int64_t batch;       /* tasks a call; of BENCH_DELAYED, 1: due one by one */
    int64_t backlog;     /* that wait already */
};

/* NAN and -1: does not apply. */
struct bench_result {
    const char *backend;
    double seconds;
    double tasks_per_s;
    double p50_ms;
    double p99_ms;
    double max_ms;
    double client_cpu_us; /* a task, like the next three */
    double server_cpu_us;
    double commands;
    double bytes;
    int64_t rss_kb; /* the peak, of the largest process */
};

const char *bench_phase_name(enum bench_phase phase);
bool bench_phase_from(const char *name, enum bench_phase *out);

/* Runs one phase and leaves nothing of it behind. Otherwise complains and
 * gives back the exit status. signals_begin() has been called. */
enum exit_code bench_run(const struct globals *globals,
                         const struct bench_config *config,
                         struct bench_result *out);

#endif
