/*
 * bench_engine.h - one worker of a benchmark: the real engine over the real
 * executor, with a handler that does nothing.
 */
#ifndef CMD_BENCH_BENCH_ENGINE_H
#define CMD_BENCH_BENCH_ENGINE_H

#include "cmd/bench/bench_board.h"
#include "cmd/bench/bench_ports.h"

struct bench_engine {
    const struct bench_config *config;
    struct bench_board *board;
    size_t index; /* among the workers */
    struct wake wake;
};

/* Sets itself up over ports, waits for the gate of the board, then works until
 * the board says to stop. Faults go to the board. */
void bench_engine_run(const struct bench_engine *engine,
                      const struct bench_ports *ports);

#endif
