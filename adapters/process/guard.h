/*
 * guard.h - sees to it that no command outlives the worker.
 *
 * The parent-death signal reaches a command's shell, but not what the shell
 * has started: `sh -c 'work & other; true'` would go on beside the successor
 * of a worker that was killed. So a small process of its own, the guard, waits
 * for the worker to end, in whatever way, and then kills the process groups
 * of all commands that still run. A command that leaves its group (setsid)
 * has left on purpose, and is left alone.
 *
 * The groups stand in memory that worker, guard and children share: a child
 * enters itself before it becomes the command, and it costs no system call.
 * The guard knows the end of the worker by the end of a pipe, whose other end
 * the worker holds, and each child until it becomes its command: so when the
 * pipe ends, all are entered.
 */
#ifndef ADAPTERS_PROCESS_GUARD_H
#define ADAPTERS_PROCESS_GUARD_H

#include <pthread.h>
#include <stdatomic.h>
#include <sys/types.h>

#include "domain/error.h"

/* The most commands at once. */
#define GUARD_SLOTS 1024

struct guard {
    atomic_int *groups;   /* [GUARD_SLOTS], shared: a process group, or
                           GUARD_FREE or GUARD_TAKEN */
    pthread_mutex_t lock; /* guards pid and hold */
    pid_t pid;            /* of the guard */
    int hold;             /* the pipe's end here */
};

#define GUARD_FREE 0
#define GUARD_TAKEN (-1)

/* Starts the guard. Fault STATUS_UNAVAILABLE: no process, no memory, or no
 * descriptor is to be had. */
MUST_USE enum status guard_open(struct guard *guard, struct error *err);

/* Kills what still runs, and ends the guard. */
void guard_close(struct guard *guard);

/* A slot for one command, taken; any thread. Starts the guard again if it has
 * died. NULL: none is free, or there is no guard. */
atomic_int *guard_take(struct guard *guard);

/* Gives it back: nothing runs in the group any more. */
void guard_give(atomic_int *slot);

#endif
