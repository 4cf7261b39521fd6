/*
 * registry.h - all that this process has counted, and the page that tells it.
 *
 * One for a process. Filled by prometheus_metrics.h and prometheus_queue.h
 * from any number of threads, without a lock but for names that are new (see
 * series.h); read by whoever answers a scrape. A sample is there from its
 * first event on, with all outcomes or reasons of its family at once.
 */
#ifndef ADAPTERS_PROMETHEUS_REGISTRY_H
#define ADAPTERS_PROMETHEUS_REGISTRY_H

#include "adapters/prometheus/series.h"
#include "domain/error.h"
#include "usecase/scrub_port.h"

/* What can be asked of a backend, as millrace_backend_errors_total{op}. */
enum backend_op {
    OP_ENQUEUE,
    OP_LEASE,
    OP_SETTLE,
    OP_EXTEND,
    OP_PROMOTE,
    OP_TAKE_EXPIRED,
    OP_STATS,
    OP_WORKERS,
    OP_SCRUB,
    OP_OTHER,
};
#define BACKEND_OPS (OP_OTHER + 1)

struct registry {
    struct series_table series;
    _Atomic uint64_t errors[BACKEND_OPS];
    _Atomic uint64_t scrub_walks;
    _Atomic uint64_t scrub_flaws[SCRUB_CHECKS_MAX];
    const struct scrub_check *_Atomic scrub_checks; /* NULL: none were made */
};

/* Opens an empty one into *out. Fault STATUS_NO_MEMORY. */
MUST_USE enum status registry_open(struct registry **out, struct error *err);

/* Nothing that was opened over it may be used any more; accepts NULL. */
void registry_close(struct registry *r);

/* Counts a fault of op. Any thread. */
void registry_count_error(struct registry *r, enum backend_op op);

/* The operation of that name ("take expired", ...); OP_OTHER: of none. */
enum backend_op backend_op_from(const char *name);
const char *backend_op_name(enum backend_op op);

/* Adds all families to the page. Any thread. */
void registry_write(const struct registry *r, struct exposition *x);

#endif
