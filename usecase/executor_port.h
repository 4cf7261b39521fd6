/*
 * executor_port.h - what runs the handlers.
 *
 * The engine hands over leases and later collects how they ended. An executor
 * runs at most `concurrency` handlers at a time (fixed when it is opened) and
 * keeps further ones waiting in the order they came, high priority first.
 * All operations belong to the engine's thread; handlers run where the
 * executor says. Whenever something has finished, the executor signals the
 * wake it was opened with.
 */
#ifndef USECASE_EXECUTOR_PORT_H
#define USECASE_EXECUTOR_PORT_H

#include "usecase/queue_port.h"

/* One task that has ended. lease, outcome and what they point to live until
 * forget. */
struct finished {
    const struct lease *lease;
    struct outcome outcome; /* RELEASE where it was withdrawn or stopped */
    int64_t started_at_ms;  /* 0: its handler was never called */
    int64_t ended_at_ms;
    void *job; /* the executor's own */
};

struct executor_ops {
    const char *name;

    /* Takes n tasks and copies them; they start as there is room. kept[i] is
     * the copy of leases[i] and lives until it is forgotten. The caller keeps
     * count: at most `capacity` (see open) taken and not forgotten.
     * Fault STATUS_NO_MEMORY: none was taken. */
    MUST_USE enum status (*submit)(void *self, const struct lease *leases,
                                   size_t n, const struct lease **kept,
                                   struct error *err);

    /* Hands out up to max that have ended since the last call, and how many
     * handlers are running now. Never blocks. */
    size_t (*collect)(void *self, struct finished *out, size_t max,
                      size_t *running);

    /* Ends the life of n collected ones. */
    void (*forget)(void *self, const struct finished *items, size_t n);

    /* Sleeps until something has ended that was not collected, the wake is
     * signalled, or timeout_ms is over. */
    void (*wait)(void *self, int64_t timeout_ms);

    /* Takes back what has not been started: it comes out of collect as
     * RELEASE, never having run. */
    void (*withdraw)(void *self);

    /* Asks the running handler under that lease (all of them: NULL) to end
     * early; what then fails comes out of collect as RELEASE (see
     * handlers_run). Handlers that do not listen go on. One that has not been
     * started is taken back as by withdraw. By lease and not by task: a task
     * whose lease was lost may be here once more, under a new one. */
    void (*cancel)(void *self, const struct lease_token *token);

    /* Waits for nobody: handlers that still run are left to the end of the
     * process. */
    void (*close)(void *self);
};

struct executor_port {
    const struct executor_ops *ops;
    void *self;
};

void executor_port_check(struct executor_port executor);

MUST_USE static inline enum status
executor_submit(struct executor_port e, const struct lease *leases, size_t n,
                const struct lease **kept, struct error *err)
{
    return e.ops->submit(e.self, leases, n, kept, err);
}

static inline size_t executor_collect(struct executor_port e,
                                      struct finished *out, size_t max,
                                      size_t *running)
{
    return e.ops->collect(e.self, out, max, running);
}

static inline void executor_forget(struct executor_port e,
                                   const struct finished *items, size_t n)
{
    e.ops->forget(e.self, items, n);
}

static inline void executor_wait(struct executor_port e, int64_t timeout_ms)
{
    e.ops->wait(e.self, timeout_ms);
}

static inline void executor_withdraw(struct executor_port e)
{
    e.ops->withdraw(e.self);
}

static inline void executor_cancel(struct executor_port e,
                                   const struct lease_token *token)
{
    e.ops->cancel(e.self, token);
}

static inline void executor_close(struct executor_port e)
{
    e.ops->close(e.self);
}

#endif
