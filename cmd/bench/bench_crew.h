/*
 * bench_crew.h - the workers of a benchmark, as processes or as threads.
 */
#ifndef CMD_BENCH_BENCH_CREW_H
#define CMD_BENCH_BENCH_CREW_H

#include <pthread.h>
#include <sys/types.h>

#include "cmd/bench/bench_engine.h"
#include "cmd/bench/bench_place.h"

struct bench_worker {
    struct bench_engine engine;
    struct bench_ports ports; /* of a thread; a process opens its own */
    pthread_t thread;
    pid_t pid;      /* 0: none */
    bool is_thread; /* and it runs */
};

/* Zeroed is nobody. */
struct bench_crew {
    struct bench_board *board;
    size_t count;
    struct bench_worker workers[BENCH_ACTORS_MAX];
};

/* Start the workers that config asks for: as processes, while this one has
 * neither threads nor a port open; as threads over backend. After a fault some
 * may run: bench_crew_stop() is for all. */
MUST_USE enum status bench_crew_fork(struct bench_crew *crew,
                                     const struct bench_config *config,
                                     struct bench_board *board,
                                     const struct bench_place *place,
                                     struct error *err);
MUST_USE enum status bench_crew_spawn(struct bench_crew *crew,
                                      const struct bench_config *config,
                                      struct bench_board *board,
                                      struct backend_port backend,
                                      struct error *err);

/* Whether a process has ended that was not told to; never waits. */
bool bench_crew_has_lost_one(struct bench_crew *crew);

/* Tells all to end and waits until they have. */
void bench_crew_stop(struct bench_crew *crew);

#endif
