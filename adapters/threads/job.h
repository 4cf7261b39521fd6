/*
 * job.h - one task in the hands of the thread executor.
 *
 * A job owns a block for the bytes of its lease and, where they fit behind
 * them, of its outcome. Blocks of usual size are kept for the next task, so
 * that a warm executor allocates nothing.
 */
#ifndef ADAPTERS_THREADS_JOB_H
#define ADAPTERS_THREADS_JOB_H

#include <stdatomic.h>

#include "usecase/executor_port.h"

struct job {
    struct job *next;
    struct lease lease;
    struct finished finished;
    struct arena mem; /* the block */
    char *overflow;   /* an outcome that the block has no room for; or NULL */
    atomic_bool is_cancelled;
    atomic_bool is_timed_out; /* that is why it is cancelled */
};

/* First in, first out. */
struct job_list {
    struct job *first;
    struct job *last;
};

/* Copies lease into an empty job; false: no memory, and it stays empty. */
MUST_USE bool job_take(struct job *job, const struct lease *lease);

/* Sets the job's outcome, moving what of it lives in scratch into the job. */
void job_end(struct job *job, struct outcome outcome,
             const struct arena *scratch);

/* Makes it empty again. */
void job_forget(struct job *job);

/* Frees what an empty or a taken one holds. */
void job_release(struct job *job);

void job_list_add(struct job_list *list, struct job *job);

/* The first one, taken out; NULL if there is none. */
struct job *job_list_take(struct job_list *list);

/* Moves all of from behind the end of to. */
void job_list_move(struct job_list *from, struct job_list *to);

#endif
