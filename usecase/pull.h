/*
 * pull.h - workers that ask: lease, settle and extend for clients that hold
 * nothing but an id and a token.
 *
 * Nobody here remembers a client: what a verdict needs of the task is looked
 * up again, and the token tells whether it is still theirs. So whoever serves
 * may be restarted, and may be several.
 *
 * A client that is handed a task counts as having started it. One that must
 * run alone (see consume.h) is handed over alone.
 */
#ifndef USECASE_PULL_H
#define USECASE_PULL_H

#include "usecase/admin_port.h"
#include "usecase/clock_port.h"
#include "usecase/metrics_port.h"
#include "usecase/queue_port.h"
#include "usecase/random_port.h"

/* One thread's: ports, and room for one call. Set the ports, zero the rest. */
struct puller {
    struct queue_port queue;
    struct admin_port admin;
    struct clock_port clock;
    struct random_port random;
    struct metrics_port metrics;

    struct lease leases[BATCH_MAX];
    struct settlement settlements[BATCH_MAX];
    struct renewal renewals[BATCH_MAX];
    enum status results[BATCH_MAX];
    size_t places[BATCH_MAX]; /* of the settlements among the items */
};

struct pull_request {
    const struct queue_plan *plan;
    uint64_t turn;
    size_t max; /* 1 to BATCH_MAX */
    int64_t lease_ms;
    const char *worker;
};

/* Leases what is ready, without waiting: leases[*count], whose bytes live in
 * mem, of which *count may be 0. What has expired is settled instead of being
 * handed over. */
MUST_USE enum status pull_lease(struct puller *p,
                                const struct pull_request *req,
                                struct arena *mem, struct lease *leases,
                                size_t *count, struct error *err);

/* What a client says became of a task. */
struct pull_outcome {
    struct task_ref ref;
    struct lease_token token;
    int64_t started_at_ms; /* when it was leased */
    struct outcome outcome;
};

/* Settles items[n], 1 to BATCH_MAX, by the domain's verdict. mem must have
 * PULL_ROOM bytes; it is reset. results: STATUS_OK, STATUS_LEASE_LOST,
 * STATUS_NOT_FOUND. After a fault some may have been settled, and answer so
 * when they are settled again. */
#define PULL_ROOM ((size_t)4 * 1024 * 1024)
MUST_USE enum status pull_settle(struct puller *p,
                                 const struct pull_outcome *items, size_t n,
                                 struct arena *mem, enum status *results,
                                 struct error *err);

#endif
