/*
 * metrics_port.h - what the engine tells whoever watches.
 *
 * Real watchers: the log, and Prometheus. Calls never fail and never block
 * for long; they come from the engine's thread. Views live for the call only.
 */
#ifndef USECASE_METRICS_PORT_H
#define USECASE_METRICS_PORT_H

#include "usecase/queue_port.h"

/* One attempt that has been settled. */
struct attempt_report {
    const struct lease *lease;
    const struct verdict *verdict;
    enum status status;    /* STATUS_OK, or STATUS_LEASE_LOST: no effect */
    struct bytes error;    /* absent on success */
    int64_t started_at_ms; /* 0: never started */
    int64_t ended_at_ms;
    bool is_reaped; /* settled for a worker that gave no answer */
};

struct metrics_ops {
    const char *name;

    void (*attempt_settled)(void *self, const struct attempt_report *report);

    /* op, a static word such as "lease", failed with a fault. */
    void (*backend_failed)(void *self, const char *op, enum status status,
                           const struct error *err);

    /* The backend answers again after it had failed. */
    void (*backend_recovered)(void *self);

    void (*close)(void *self);
};

struct metrics_port {
    const struct metrics_ops *ops;
    void *self;
};

void metrics_port_check(struct metrics_port metrics);

static inline void metrics_attempt_settled(struct metrics_port m,
                                           const struct attempt_report *report)
{
    m.ops->attempt_settled(m.self, report);
}

static inline void metrics_backend_failed(struct metrics_port m, const char *op,
                                          enum status status,
                                          const struct error *err)
{
    m.ops->backend_failed(m.self, op, status, err);
}

static inline void metrics_backend_recovered(struct metrics_port m)
{
    m.ops->backend_recovered(m.self);
}

#endif
