/*
 * bench_producers.h - threads that put tasks into a queue, each with ports of
 * its own.
 */
#ifndef CMD_BENCH_BENCH_PRODUCERS_H
#define CMD_BENCH_BENCH_PRODUCERS_H

#include <pthread.h>

#include "cmd/bench/bench_board.h"
#include "cmd/bench/bench_ports.h"

/* What all of them do together. */
struct bench_load {
    const char *queue;
    int64_t tasks;     /* numbered from 0 */
    int64_t batch;     /* tasks a call */
    int64_t every_ns;  /* > 0: each of them makes a call so often */
    int64_t due_at_ms; /* > 0: the first task is due then, */
    int64_t apart_ms;  /* and each of the others so much later */
    int64_t *sent_ns;  /* [tasks] when the call began; NULL: not wanted */
    int64_t *kept_ns;  /* [tasks] when it had returned; NULL: not wanted */
};

struct bench_producer {
    struct bench_producers *all;
    struct bench_ports ports;
    pthread_t thread;
    int64_t first; /* its numbers, and where they end */
    int64_t end;
    bool is_running; /* to be joined */
};

/* Zeroed is nobody. */
struct bench_producers {
    struct bench_load load;
    struct bench_board *board;
    int64_t payload;
    struct wake gate; /* they begin once it is readable */
    size_t count;
    atomic_int left; /* that have not finished */
    atomic_llong sent;
    atomic_llong end_ns; /* when the last one finished */
    atomic_bool is_stopping;
    struct bench_producer producers[BENCH_ACTORS_MAX];
};

/* Starts them; they wait for the gate. Faults go to the board. */
MUST_USE enum status bench_producers_start(struct bench_producers *out,
                                           const struct bench_config *config,
                                           const struct bench_load *load,
                                           struct bench_board *board,
                                           struct backend_port backend,
                                           struct error *err);

/* Lets them begin. */
void bench_producers_go(struct bench_producers *producers);

/* Whether all have put in what they were to. */
bool bench_producers_are_done(const struct bench_producers *producers);

/* Ends them, done or not. */
void bench_producers_stop(struct bench_producers *producers);

#endif
