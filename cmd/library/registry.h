/*
 * registry.h - handlers of the public kind, as the inner rings call them.
 *
 * Each becomes a handler of usecase/handler.h that wraps the call into a
 * struct mr_task. The program keeps one for its plugins, each worker of the
 * library its own.
 */
#ifndef CMD_LIBRARY_REGISTRY_H
#define CMD_LIBRARY_REGISTRY_H

#include <pthread.h>

#include "cmd/library/observer.h"
#include "domain/task.h"
#include "usecase/handler.h"

#define REGISTRY_MAX 256

struct registered {
    char type[TYPE_NAME_MAX + 1]; /* or "*" */
    mr_handler run;
    void *context;
    struct observer *observer;
};

/* It may not move: its table points into it. */
struct registry {
    struct observer *observer; /* is told of progress */
    size_t count;
    struct handler table[REGISTRY_MAX];
    struct registered entries[REGISTRY_MAX];
};

/* Registers a handler; STATUS_INVALID: a bad type, or one that is there, or
 * the registry is full. */
MUST_USE enum status registry_add(struct registry *r, const char *type,
                                  mr_handler run, void *context,
                                  struct error *err);

/* Loads a plugin and registers all of its handlers, or none. STATUS_REFUSED:
 * it can't be loaded or is none; *is_other_abi tells if it is of another. */
MUST_USE enum status registry_load(struct registry *r, const char *path,
                                   bool *is_other_abi, struct error *err);

/* What a handler gets; on the stack of the one that calls it. */
struct mr_task {
    const struct handler_call *call;
    const struct registered *handler;
    pthread_t thread;
    int64_t started_at_ms;
    _Atomic int64_t deadline_at_ms; /* 0: none */
    enum mr_outcome said;           /* by mr_task_done & co.; 0: nothing */
    struct outcome outcome;
};

/* A handler of usecase/handler.h; context is a struct registered. */
struct outcome task_run(const struct handler_call *call, void *context);

#endif
