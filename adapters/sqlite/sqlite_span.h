/*
 * sqlite_span.h - tasks that were leased together: see spans.sql.
 *
 * As long as nothing happens to a lease but its end, nothing needs to be
 * written for it. Before one of them changes, their span is split: each task
 * that is left gets its lease into its own row, and is in state active there
 * from then on.
 */
#ifndef ADAPTERS_SQLITE_SPAN_H
#define ADAPTERS_SQLITE_SPAN_H

#include "adapters/sqlite/sqlite_ledger.h"

struct span {
    int64_t queue_id;
    int64_t fencing; /* of all in it */
    enum priority priority;
    int64_t first_position;
    int64_t last_position;
    int64_t until_ms;
    int64_t since_ms;
    const char *worker;
};

MUST_USE enum status span_add(struct ledger *l, const struct span *span,
                              struct error *err);

/* Finds a span; fills in what tells which tasks are in it. Answers
 * STATUS_NOT_FOUND. */
MUST_USE enum status span_find(struct ledger *l, int64_t queue_id,
                               int64_t fencing, struct span *out,
                               struct error *err);

/* Splits the span; fine if there is none. */
MUST_USE enum status span_split(struct ledger *l, int64_t queue_id,
                                int64_t fencing, struct error *err);

/* Splits spans of the queue that have ended at now_ms: so many that tasks or
 * more have come out of them, or all. */
MUST_USE enum status span_split_expired(struct ledger *l, int64_t queue_id,
                                        int64_t now_ms, size_t tasks,
                                        struct error *err);

/* Removes the span if no task is left in it. */
MUST_USE enum status span_sweep(struct ledger *l, int64_t queue_id,
                                int64_t fencing, struct error *err);

#endif
