/*
 * Writes go through the store; whether there is anything to write for is
 * looked up on a connection of the port's own, so that an idle worker costs
 * no write transaction.
 */
#include "adapters/sqlite/sqlite_queue.h"

#include <assert.h>
#include <stdlib.h>

#include "adapters/sqlite/sqlite_enqueue.h"
#include "adapters/sqlite/sqlite_lease.h"
#include "adapters/sqlite/sqlite_promote.h"
#include "adapters/sqlite/sqlite_settle.h"
#include "adapters/sqlite/sqlite_watch.h"

struct sqlite_queue {
    struct store *store;
    struct connection reader;
    struct watch watch;
    bool is_flowing; /* the latest lease got something: try before looking */
    struct lease_room lease_room;
    struct promote_room promote_room;
};

struct enqueue_call {
    int64_t now_ms;
    const struct new_task *tasks;
    size_t n;
    struct enqueued *results;
};

static enum status run_enqueue(struct ledger *l, void *self, struct error *err)
{
    struct enqueue_call *call = self;

    return enqueue_tasks(l, call->now_ms, call->tasks, call->n, call->results,
                         err);
}

static enum status sqlite_queue_enqueue(void *self, int64_t now_ms,
                                        const struct new_task *tasks, size_t n,
                                        struct enqueued *results,
                                        struct error *err)
{
    struct sqlite_queue *q = self;
    assert(n > 0 && n <= BATCH_MAX);

    struct enqueue_call call = {now_ms, tasks, n, results};
    return store_write(q->store, run_enqueue, &call, err);
}

struct lease_call {
    struct lease_room *room;
    const struct lease_request *req;
    struct arena *mem;
    size_t mem_used;
    struct lease *leases;
    size_t *count;
};

static enum status run_lease(struct ledger *l, void *self, struct error *err)
{
    struct lease_call *call = self;

    call->mem->used = call->mem_used;
    return lease_tasks(l, call->room, call->req, call->mem, call->leases,
                       call->count, err);
}

/* Whether a queue of the plan has something ready. */
static enum status is_ready(struct sqlite_queue *q,
                            const struct queue_plan *plan, bool *out,
                            struct error *err)
{
    bool const is_every = plan->kind == PLAN_EVERY;
    size_t const n = is_every ? 1 : plan->count;

    *out = false;
    for (size_t i = 0; i < n && !*out; i++) {
        struct query find =
            query_on(&q->reader, is_every ? SQL_ANY_READY : SQL_QUEUE_IS_READY);
        query_text(&find, bytes_of(q->store->namespace));
        if (!is_every)
            query_text(&find, bytes_of(plan->queues[i].name));
        enum status const st = query_next(&find, err);
        if (st < 0)
            return st;
        *out = st == STATUS_OK;
        query_end(&find);
    }
    return STATUS_OK;
}

static enum status try_lease(struct sqlite_queue *q,
                             const struct lease_request *req, struct arena *mem,
                             struct lease *leases, size_t *count,
                             struct error *err)
{
    bool const was_flowing = q->is_flowing;
    bool may_get = was_flowing;

    if (!may_get) {
        enum status const st = is_ready(q, req->plan, &may_get, err);
        if (st < 0)
            return st;
    }
    if (!may_get)
        return STATUS_EMPTY;

    struct lease_call call = {&q->lease_room, req,    mem,
                              mem->used,      leases, count};
    enum status const st = store_write(q->store, run_lease, &call, err);
    q->is_flowing = st == STATUS_OK;
    if (was_flowing && q->is_flowing)
        watch_rest(&q->watch);
    return st;
}

/* How long to wait from now on: until a task is due, or until req says. */
static enum status find_wait(struct sqlite_queue *q,
                             const struct lease_request *req, int64_t now_ms,
                             int64_t *wait_ms, struct error *err)
{
    int64_t due_ms;
    struct query next = query_on(&q->reader, SQL_NEXT_DUE);

    query_text(&next, bytes_of(q->store->namespace));
    enum status const st = query_instant(&next, &due_ms, err);
    if (st < 0)
        return st;
    int64_t const end_ms = due_ms < req->until_ms ? due_ms : req->until_ms;
    int64_t const left_ms = end_ms > now_ms ? end_ms - now_ms : 0;
    *wait_ms = left_ms < DURATION_MAX_MS ? left_ms : DURATION_MAX_MS;
    return STATUS_OK;
}

/* Waits, trying again after each change, until there is a task or the wait
 * is over. */
static enum status wait_and_lease(struct sqlite_queue *q,
                                  const struct lease_request *asked,
                                  struct arena *mem, struct lease *leases,
                                  size_t *count, struct error *err)
{
    int64_t const start_us = watch_now_us();
    struct lease_request req = *asked;
    enum watch_event event = WATCH_CHANGE;

    while (event == WATCH_CHANGE) {
        int64_t wait_ms;
        enum status st = watch_begin(&q->watch, err);
        if (st < 0)
            return st;
        req.now_ms = asked->now_ms + (watch_now_us() - start_us) / 1000;
        st = try_lease(q, &req, mem, leases, count, err);
        if (st != STATUS_EMPTY)
            return st;
        st = find_wait(q, &req, req.now_ms, &wait_ms, err);
        if (st < 0)
            return st;
        if (wait_ms == 0)
            return STATUS_EMPTY;
        st = watch_wait(&q->watch, req.wake, wait_ms * 1000, &event, err);
        if (st < 0)
            return st;
    }
    req.now_ms = asked->now_ms + (watch_now_us() - start_us) / 1000;
    return try_lease(q, &req, mem, leases, count, err);
}

static enum status sqlite_queue_lease(void *self,
                                      const struct lease_request *req,
                                      struct arena *mem, struct lease *leases,
                                      size_t *count, struct error *err)
{
    struct sqlite_queue *q = self;
    assert(req->max > 0 && req->max <= BATCH_MAX && req->lease_ms > 0);

    enum status st = try_lease(q, req, mem, leases, count, err);
    if (st == STATUS_EMPTY && req->until_ms > req->now_ms) {
        st = wait_and_lease(q, req, mem, leases, count, err);
        watch_end(&q->watch);
    }
    return st;
}

struct settle_call {
    int64_t now_ms;
    const struct settlement *items;
    size_t n;
    enum status *results;
};

static enum status run_settle(struct ledger *l, void *self, struct error *err)
{
    struct settle_call *call = self;

    return settle_tasks(l, call->now_ms, call->items, call->n, call->results,
                        err);
}

static enum status sqlite_queue_settle(void *self, int64_t now_ms,
                                       const struct settlement *items, size_t n,
                                       enum status *results, struct error *err)
{
    struct sqlite_queue *q = self;
    assert(n > 0 && n <= BATCH_MAX);

    struct settle_call call = {now_ms, items, n, results};
    return store_write(q->store, run_settle, &call, err);
}

struct extend_call {
    int64_t until_ms;
    const struct renewal *items;
    size_t n;
    enum status *results;
};

static enum status run_extend(struct ledger *l, void *self, struct error *err)
{
    struct extend_call *call = self;

    return extend_tasks(l, call->until_ms, call->items, call->n, call->results,
                        err);
}

static enum status sqlite_queue_extend(void *self, int64_t now_ms,
                                       int64_t lease_ms, const char *worker,
                                       const struct renewal *items, size_t n,
                                       enum status *results, struct error *err)
{
    struct sqlite_queue *q = self;
    assert(n > 0 && n <= BATCH_MAX && worker);

    struct extend_call call = {now_ms + lease_ms, items, n, results};
    return store_write(q->store, run_extend, &call, err);
}

struct promote_call {
    struct promote_room *room;
    int64_t now_ms;
    size_t limit;
    size_t *moved;
};

static enum status run_promote(struct ledger *l, void *self, struct error *err)
{
    struct promote_call *call = self;

    return promote_tasks(l, call->room, call->now_ms, call->limit, call->moved,
                         err);
}

static enum status sqlite_queue_promote(void *self, int64_t now_ms,
                                        size_t limit, size_t *moved,
                                        int64_t *next_due_ms, struct error *err)
{
    struct sqlite_queue *q = self;
    struct bytes const namespace = bytes_of(q->store->namespace);
    int64_t due_ms, end_ms;
    size_t n = 0;

    enum status st = promote_next(&q->reader, namespace, &due_ms, &end_ms, err);
    if (st < 0)
        return st;
    if (due_ms <= now_ms || end_ms <= now_ms) {
        struct promote_call call = {&q->promote_room, now_ms, limit, &n};
        st = store_write(q->store, run_promote, &call, err);
        if (st == STATUS_OK)
            st = promote_next(&q->reader, namespace, &due_ms, &end_ms, err);
        if (st < 0)
            return st;
    }
    *moved = n;
    *next_due_ms = due_ms;
    return STATUS_OK;
}

struct reap_call {
    struct lease_room *room;
    const struct reap_request *req;
    struct arena *mem;
    size_t mem_used;
    struct lease *leases;
    size_t *count;
};

static enum status run_reap(struct ledger *l, void *self, struct error *err)
{
    struct reap_call *call = self;

    call->mem->used = call->mem_used;
    return take_expired_tasks(l, call->room, call->req, call->mem, call->leases,
                              call->count, err);
}

static enum status sqlite_queue_take_expired(void *self,
                                             const struct reap_request *req,
                                             struct arena *mem,
                                             struct lease *leases,
                                             size_t *count, struct error *err)
{
    struct sqlite_queue *q = self;
    int64_t expiry_ms;
    assert(req->max > 0 && req->max <= BATCH_MAX && req->lease_ms > 0);

    struct query next = query_on(&q->reader, SQL_NEXT_EXPIRY);
    query_text(&next, bytes_of(q->store->namespace));
    enum status const st = query_instant(&next, &expiry_ms, err);
    if (st < 0)
        return st;
    if (expiry_ms > req->now_ms)
        return STATUS_EMPTY;

    struct reap_call call = {&q->lease_room, req,    mem,
                             mem->used,      leases, count};
    return store_write(q->store, run_reap, &call, err);
}

static void sqlite_queue_close(void *self)
{
    struct sqlite_queue *q = self;

    if (!q)
        return;
    watch_close(&q->watch);
    connection_close(&q->reader);
    free(q);
}

static const struct queue_ops sqlite_queue_ops = {
    .name = "sqlite",
    .enqueue = sqlite_queue_enqueue,
    .lease = sqlite_queue_lease,
    .settle = sqlite_queue_settle,
    .extend = sqlite_queue_extend,
    .promote = sqlite_queue_promote,
    .take_expired = sqlite_queue_take_expired,
    .close = sqlite_queue_close,
};

enum status sqlite_queue_open(struct store *s, struct queue_port *out,
                              struct error *err)
{
    struct sqlite_queue *q = calloc(1, sizeof(*q));
    if (!q)
        return error_set(err, STATUS_NO_MEMORY, NULL, "sqlite: out of memory");

    q->store = s;
    enum status st = store_open_reader(s, &q->reader, err);
    if (st == STATUS_OK)
        st = watch_open(&q->watch, s, &q->reader, err);
    if (st < 0) {
        sqlite_queue_close(q);
        return st;
    }
    *out = (struct queue_port){.ops = &sqlite_queue_ops, .self = q};
    return STATUS_OK;
}
