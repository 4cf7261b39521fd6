/*
 * environment.h - the environment a command starts with.
 *
 * It is the worker's own, as it was when the worker started, with the task's
 * variables added. Two kinds of the worker's are left out: MILLRACE_TOKEN, a
 * secret that only `serve` has a use for, and whatever a task sets, so that
 * none sees another one's (TRACEPARENT too: the worker's own trace is not the
 * task's). MILLRACE_URL stays, although it may hold a password: commands are
 * the operator's, and enqueue what comes next.
 */
#ifndef ADAPTERS_PROCESS_ENVIRONMENT_H
#define ADAPTERS_PROCESS_ENVIRONMENT_H

#include "usecase/queue_port.h"

struct environment {
    char **base; /* "NAME=value"; borrowed from the process's own */
    size_t count;
};

/* Fault STATUS_NO_MEMORY. The process's environment must stay as it is. */
MUST_USE enum status environment_open(struct environment *e, struct error *err);
void environment_close(struct environment *e);

/* The environment of lease's command, ended by NULL, in one block for free();
 * NULL: no memory. */
char **environment_of(const struct environment *e, const struct lease *lease);

#endif
