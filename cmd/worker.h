/*
 * worker.h - the worker command: what it is asked, and how it goes about it.
 */
#ifndef CMD_WORKER_H
#define CMD_WORKER_H

#include "adapters/log/log.h"
#include "adapters/process/exec_handler.h"
#include "cmd/command.h"
#include "cmd/demo_handlers.h"
#include "cmd/library/engine.h"
#include "cmd/library/registry.h"
#include "cmd/listen.h"
#include "cmd/service.h"
#include "usecase/consume.h"

#define EXEC_MAX 256
#define PLUGINS_MAX 16

/* What the command line and the environment say. */
struct worker_options {
    struct queue_plan plan;
    char name[WORKER_NAME_MAX + 1];
    int64_t concurrency;
    int64_t lease_ms;
    struct service_settings service;
    bool is_demo;
    bool is_draining;
    bool has_metrics;
    struct listen metrics; /* where to serve them */
    size_t plugin_count;
    const char *plugins[PLUGINS_MAX]; /* paths */
    size_t exec_count;
    struct {
        char type[TYPE_NAME_MAX + 1]; /* or "*" */
        const char *command;
    } execs[EXEC_MAX];
};

/* Reads them; false: leave with *code. */
MUST_USE bool worker_options_read(struct invocation *inv,
                                  struct worker_options *out,
                                  enum exit_code *code);

/* The handlers that the options ask for. */
struct worker_handlers {
    struct handler table[EXEC_MAX + REGISTRY_MAX + DEMO_HANDLERS];
    struct exec_command commands[EXEC_MAX];
    struct exec_host *host;   /* NULL: no --exec */
    struct observer observer; /* of plugins: their progress is logged */
    struct registry *plugins; /* NULL: no --plugin */
    size_t count;
};

/* Starts what the commands need, and loads the plugins. log must live as long.
 * Faults STATUS_REFUSED, STATUS_INVALID (a type that has a handler already). */
MUST_USE enum status worker_handlers_open(const struct worker_options *options,
                                          const struct log *log,
                                          struct worker_handlers *out,
                                          struct error *err);
void worker_handlers_close(struct worker_handlers *handlers);

#endif
