/*
 * queue_port.h - the store of tasks, as producers and workers see it.
 *
 * A port is a const table of operations and the adapter state they act on.
 * The adapters live in adapters/; only cmd/ knows which one is plugged in.
 * An adapter stores and hands over: how often, when next, dead or not is the
 * domain's to say (verdict.h).
 *
 * Each operation, unless its own comment says otherwise:
 *   - gets valid, non-NULL arguments: anything else is a bug, and asserts;
 *   - returns STATUS_OK, an answer that its comment names, or a fault with a
 *     message in *err;
 *   - takes 1 to BATCH_MAX items and reports per item in results[n]; a fault
 *     is about the whole call. After a fault some items may have been done;
 *     to call again with the same items is always safe: none is done twice;
 *   - writes no out-parameter unless it returns STATUS_OK;
 *   - keeps copies, so its arguments may be reused once it has returned;
 *   - hands back bytes that live in the caller's arena;
 *   - believes now_ms (Unix time in milliseconds) and reads no clock; what it
 *     waits, it measures by the monotonic clock and adds to now_ms;
 *   - may run beside calls on other ports over the same store, in this and in
 *     other processes, but a port serves one thread at a time.
 * What is durable when an operation returns survives a kill of any process
 * that takes part (what survives a power cut is the backend's to say).
 */
#ifndef USECASE_QUEUE_PORT_H
#define USECASE_QUEUE_PORT_H

#include "domain/arena.h"
#include "domain/error.h"
#include "domain/queue_plan.h"
#include "domain/task.h"
#include "domain/verdict.h"
#include "usecase/wake.h"

#define LEASE_TOKEN_SIZE 144

/* Opaque text of the backend that made it: no blanks, no quotes, no control
 * characters. The right to run one task; dead as soon as the task is leased
 * again, taken, or settled. */
struct lease_token {
    char text[LEASE_TOKEN_SIZE];
};

struct lease {
    struct task task; /* attempt counts the attempt this lease is for */
    struct lease_token token;
    uint64_t fencing;      /* grows with every lease of the task */
    int64_t until_ms;      /* when it ends unless extended */
    int64_t started_at_ms; /* when it was leased, from take_expired: if known */
    bool is_started;       /* from take_expired: the start is on record */
    size_t slot;           /* its holder's own: stores leave it alone */
};

/* A task on its way in. */
struct new_task {
    struct task task;
    bool is_id_new; /* the id was made just now and never sent before, so no
                       task can have it; false: look whether one has */
};

/* Which task stands for the one that was sent. */
struct enqueued {
    struct task_id id;
    enum task_state state;
    bool is_duplicate; /* its id exists, or its key is held: nothing was added,
                          and id and state are those of the holder */
};

struct lease_request {
    const struct queue_plan *plan;
    uint64_t turn;      /* see queue_plan_share; grows by what was leased */
    size_t max;         /* 1 to BATCH_MAX */
    int64_t lease_ms;   /* > 0 */
    const char *worker; /* a plain name */
    int64_t now_ms;
    int64_t until_ms; /* how long to wait for a task; <= now_ms: not at all */
    struct wake wake; /* ends the wait */
};

/* What becomes of a leased task. */
struct settlement {
    const struct lease *lease; /* task and token, as leased or taken */
    struct verdict verdict;
    int64_t started_at_ms; /* of the attempt; 0: never started */
    struct bytes result;   /* DONE and retain_ms > 0: kept with the task */
    struct bytes error;    /* RETRY, DEAD: the new last_error; else absent, and
                              last_error stays as it is */
};

struct renewal {
    struct task_id id;
    struct lease_token token;
    bool is_started; /* true: put on record that the handler has begun */
};

struct reap_request {
    size_t max;         /* 1 to BATCH_MAX */
    int64_t lease_ms;   /* how long the taker has to settle */
    const char *worker; /* the taker */
    int64_t now_ms;
};

struct queue_ops {
    const char *name; /* of the backend, for logs and test reports */

    /* Stores tasks[n], durably: ready if run_at_ms <= now_ms, else scheduled.
     * Where an id exists in the task's queue in any state still kept, or its
     * key is held there, nothing is added and the holder is answered; of two
     * alike in one call the first wins. A key counts as held by the rules of
     * task.h at now_ms. Fault STATUS_FULL: the backend takes no more. */
    MUST_USE enum status (*enqueue)(void *self, int64_t now_ms,
                                    const struct new_task *tasks, size_t n,
                                    struct enqueued *results,
                                    struct error *err);

    /* Leases up to max ready tasks, each until now_ms + lease_ms, to worker.
     * Queues by the plan; inside a queue priority before age, where age counts
     * from becoming ready and ties go by arrival; what is released joins at
     * the end. A paused queue gives nothing. A task past its expiry is handed
     * over like any other. Never the same task to two live leases. Hands over
     * fewer when mem is full; mem must have room for one largest task.
     * With nothing ready it sleeps until something is, in this or another
     * process, a task becomes due, wake is signalled, or until_ms; then
     * answers STATUS_EMPTY if there is still nothing. No busy loop. */
    MUST_USE enum status (*lease)(void *self, const struct lease_request *req,
                                  struct arena *mem, struct lease *leases,
                                  size_t *count, struct error *err);

    /* Carries out the verdicts, each atomic, and frees keys that are held only
     * until the end. results: STATUS_OK, or STATUS_LEASE_LOST for a token that
     * is not current: that item changed nothing. A lease whose time is over
     * but which nobody has taken is still current. */
    MUST_USE enum status (*settle)(void *self, int64_t now_ms,
                                   const struct settlement *items, size_t n,
                                   enum status *results, struct error *err);

    /* Lets leases run until now_ms + lease_ms. results: STATUS_OK or
     * STATUS_LEASE_LOST. worker as it was for the lease. */
    MUST_USE enum status (*extend)(void *self, int64_t now_ms, int64_t lease_ms,
                                   const char *worker,
                                   const struct renewal *items, size_t n,
                                   enum status *results, struct error *err);

    /* Makes up to limit tasks ready that are due at now_ms, in all queues, by
     * (run_at_ms, id) in each, and forgets up to limit done tasks whose
     * retention is over. *moved counts the former; *next_due_ms is when
     * the next one is due: <= now_ms if limit was reached, INT64_MAX if there
     * is none. After a call that has left something due, a lease may go on
     * with it, as another worker might; the next call counts that too. Safe
     * from any number of workers at once. */
    MUST_USE enum status (*promote)(void *self, int64_t now_ms, size_t limit,
                                    size_t *moved, int64_t *next_due_ms,
                                    struct error *err);

    /* Hands up to max leases that have ended at now_ms, of all queues, to the
     * caller, under fresh tokens and for lease_ms: the old tokens are dead
     * from that instant. The caller settles them by the verdict on a crash; if
     * it dies first, they end like any other. Answers STATUS_EMPTY if there
     * are none. */
    MUST_USE enum status (*take_expired)(void *self,
                                         const struct reap_request *req,
                                         struct arena *mem,
                                         struct lease *leases, size_t *count,
                                         struct error *err);

    /* Releases self and all it holds, giving back what was fetched and not
     * handed out. Never fails; nothing may follow it. */
    void (*close)(void *self);
};

struct queue_port {
    const struct queue_ops *ops;
    void *self; /* owned by the port, released by ops->close */
};

/* Asserts that every operation is set; cmd/ calls it once, when wiring. */
void queue_port_check(struct queue_port q);

MUST_USE static inline enum status
queue_enqueue(struct queue_port q, int64_t now_ms, const struct new_task *tasks,
              size_t n, struct enqueued *results, struct error *err)
{
    return q.ops->enqueue(q.self, now_ms, tasks, n, results, err);
}

MUST_USE static inline enum status queue_lease(struct queue_port q,
                                               const struct lease_request *req,
                                               struct arena *mem,
                                               struct lease *leases,
                                               size_t *count, struct error *err)
{
    return q.ops->lease(q.self, req, mem, leases, count, err);
}

MUST_USE static inline enum status queue_settle(struct queue_port q,
                                                int64_t now_ms,
                                                const struct settlement *items,
                                                size_t n, enum status *results,
                                                struct error *err)
{
    return q.ops->settle(q.self, now_ms, items, n, results, err);
}

MUST_USE static inline enum status
queue_extend(struct queue_port q, int64_t now_ms, int64_t lease_ms,
             const char *worker, const struct renewal *items, size_t n,
             enum status *results, struct error *err)
{
    return q.ops->extend(q.self, now_ms, lease_ms, worker, items, n, results,
                         err);
}

MUST_USE static inline enum status
queue_promote(struct queue_port q, int64_t now_ms, size_t limit, size_t *moved,
              int64_t *next_due_ms, struct error *err)
{
    return q.ops->promote(q.self, now_ms, limit, moved, next_due_ms, err);
}

MUST_USE static inline enum status
queue_take_expired(struct queue_port q, const struct reap_request *req,
                   struct arena *mem, struct lease *leases, size_t *count,
                   struct error *err)
{
    return q.ops->take_expired(q.self, req, mem, leases, count, err);
}

static inline void queue_close(struct queue_port q)
{
    q.ops->close(q.self);
}

#endif
