/*
 * metrics_port.h - what the engine tells whoever watches.
 *
 * Real watchers: the log, and Prometheus. Calls never fail and never block
 * for long; they may come from any thread. Views live for the call only.
 */
#ifndef USECASE_METRICS_PORT_H
#define USECASE_METRICS_PORT_H

#include "usecase/queue_port.h"
#include "usecase/scrub_port.h"

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

/* What one walk through the store has found, of one check. */
struct scrub_tally {
    int64_t found;
    struct scrub_flaw example; /* the first one, if any was found */
};

/* One whole walk, see patrol.h. */
struct store_report {
    const struct scrub_check *checks;  /* those of the scrub_port */
    const struct scrub_tally *tallies; /* one a check */
};

struct metrics_ops {
    const char *name;

    void (*attempt_settled)(void *self, const struct attempt_report *report);

    /* op, a static word such as "lease", failed with a fault. */
    void (*backend_failed)(void *self, const char *op, enum status status,
                           const struct error *err);

    /* The backend answers again after it had failed. */
    void (*backend_recovered)(void *self);

    /* The whole store was looked through. */
    void (*store_examined)(void *self, const struct store_report *report);

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

static inline void metrics_store_examined(struct metrics_port m,
                                          const struct store_report *report)
{
    m.ops->store_examined(m.self, report);
}

static inline void metrics_close(struct metrics_port m)
{
    m.ops->close(m.self);
}

#endif
