/*
 * bench_board.h - memory that all processes of a benchmark share.
 *
 * Made before they part. Nobody waits for a lock here, and each task has a
 * place of its own to note when its handler was called.
 */
#ifndef CMD_BENCH_BENCH_BOARD_H
#define CMD_BENCH_BENCH_BOARD_H

#include <stdatomic.h>
#include <stdint.h>

#include "cmd/bench/bench.h"
#include "domain/error.h"
#include "usecase/wake.h"

/* What a worker has used while it was measured. */
struct bench_tally {
    atomic_llong cpu_us;
    atomic_llong peak_kb;
};

struct bench_board {
    atomic_int ready;        /* workers that wait for the gate */
    atomic_bool is_stopping; /* they are to end */
    atomic_llong left;   /* tasks to be settled yet; < 0: some of the backlog
                                were, too */
    atomic_llong end_ns; /* when the last one was; 0: not yet */
    size_t workers;

    atomic_flag has_culprit; /* somebody is writing, or has written, */
    atomic_bool has_fault;   /* and this is to be read: */
    struct error fault;

    struct wake gate; /* readable once the measurement has begun */
    struct wake news; /* something has changed here */

    size_t size;                  /* of all of it, in bytes */
    atomic_llong *started_ns;     /* [tasks] by number; NULL: not wanted */
    struct bench_tally tallies[]; /* [workers] */
};

/* Makes one for the tasks of config, with notes of when they were started or
 * without. Fault STATUS_NO_MEMORY, STATUS_UNAVAILABLE: no descriptor. */
MUST_USE enum status bench_board_new(const struct bench_config *config,
                                     bool has_notes, struct bench_board **out,
                                     struct error *err);
void bench_board_free(struct bench_board *board);

/* Reports a fault, which ends the benchmark; the first one is kept. */
void bench_board_fail(struct bench_board *board, const struct error *err);

#endif
