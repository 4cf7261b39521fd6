#include "adapters/sqlite/sqlite_admin.h"

#include <assert.h>
#include <stdlib.h>

#include "adapters/sqlite/sqlite_edit.h"
#include "adapters/sqlite/sqlite_list.h"
#include "adapters/sqlite/sqlite_row.h"

struct sqlite_admin {
    struct store *store;
    struct connection reader;
};

static enum status sqlite_admin_find(void *self, int64_t now_ms,
                                     const struct task_ref *ref,
                                     struct arena *mem, struct task_record *out,
                                     struct error *err)
{
    struct sqlite_admin *a = self;
    struct packed_id const packed = packed_id_of(&ref->id);
    struct query q =
        edit_find(&a->reader, bytes_of(a->store->namespace), ref, &packed);

    enum status st = query_next(&q, err);
    if (st != STATUS_OK)
        return st == STATUS_EMPTY ? STATUS_NOT_FOUND : st;
    st = row_is_over(&q, now_ms) ? STATUS_NOT_FOUND
                                 : row_read_record(&q, mem, out, err);
    query_end(&q);
    if (st == STATUS_EMPTY)
        return error_set(err, STATUS_NO_MEMORY, NULL,
                         "sqlite: no room for the task");
    return st;
}

static enum status sqlite_admin_list(void *self, const struct list_request *req,
                                     struct arena *mem, struct task_page *page,
                                     struct error *err)
{
    struct sqlite_admin *a = self;
    assert(req->max > 0 && req->max <= ADMIN_EXAMINE_MAX);

    return list_tasks(&a->reader, bytes_of(a->store->namespace), req, mem, page,
                      err);
}

/* The operations on single tasks. */
struct edit_call {
    int64_t now_ms;
    const struct task_ref *refs;
    size_t n;
    enum status *results;
    struct task_id *holders; /* requeue */
    unsigned states;         /* remove */
};

static enum status run_remove(struct ledger *l, void *self, struct error *err)
{
    struct edit_call *call = self;

    for (size_t i = 0; i < call->n; i++) {
        enum status const st =
            edit_remove(l, call->now_ms, call->states, &call->refs[i], err);
        if (st < 0)
            return st;
        call->results[i] = st;
    }
    return STATUS_OK;
}

static enum status sqlite_admin_remove(void *self, int64_t now_ms,
                                       unsigned states,
                                       const struct task_ref *refs, size_t n,
                                       enum status *results, struct error *err)
{
    struct sqlite_admin *a = self;
    struct edit_call call = {now_ms, refs, n, results, NULL, states};
    assert(n > 0 && n <= BATCH_MAX);
    assert(!(states & STATE_SET(TASK_ACTIVE)));

    return store_write(a->store, run_remove, &call, err);
}

static enum status run_run_now(struct ledger *l, void *self, struct error *err)
{
    struct edit_call *call = self;

    return edit_run_now(l, call->now_ms, call->refs, err);
}

static enum status sqlite_admin_run_now(void *self, int64_t now_ms,
                                        const struct task_ref *ref,
                                        struct error *err)
{
    struct sqlite_admin *a = self;
    struct edit_call call = {now_ms, ref, 1, NULL, NULL, 0};

    return store_write(a->store, run_run_now, &call, err);
}

static enum status run_requeue(struct ledger *l, void *self, struct error *err)
{
    struct edit_call *call = self;

    for (size_t i = 0; i < call->n; i++) {
        enum status const st = edit_requeue(l, call->now_ms, &call->refs[i],
                                            &call->holders[i], err);
        if (st < 0)
            return st;
        call->results[i] = st;
    }
    return STATUS_OK;
}

static enum status sqlite_admin_requeue(void *self, int64_t now_ms,
                                        const struct task_ref *refs, size_t n,
                                        enum status *results,
                                        struct task_id *holders,
                                        struct error *err)
{
    struct sqlite_admin *a = self;
    struct edit_call call = {now_ms, refs, n, results, holders, 0};
    assert(n > 0 && n <= BATCH_MAX);

    return store_write(a->store, run_requeue, &call, err);
}

struct purge_call {
    struct bytes queue;
    enum task_state state;
    size_t limit;
    size_t removed;
};

static enum status run_purge(struct ledger *l, void *self, struct error *err)
{
    struct purge_call *call = self;

    return edit_purge(l, call->queue, call->state, call->limit, &call->removed,
                      err);
}

/* In transactions of at most BATCH_MAX, so that others get their turn. */
static enum status sqlite_admin_purge(void *self, int64_t now_ms,
                                      struct bytes queue, enum task_state state,
                                      size_t limit, size_t *removed,
                                      struct error *err)
{
    struct sqlite_admin *a = self;
    size_t total = 0;
    assert(state != TASK_ACTIVE);
    (void)now_ms;

    for (;;) {
        size_t const left = limit - total;
        struct purge_call call = {queue, state,
                                  left < BATCH_MAX ? left : BATCH_MAX, 0};
        enum status const st = store_write(a->store, run_purge, &call, err);
        if (st != STATUS_OK)
            return st;
        total += call.removed;
        if (call.removed < call.limit || total == limit)
            break;
    }
    *removed = total;
    return STATUS_OK;
}

struct pause_call {
    struct bytes queue;
    bool is_paused;
};

static enum status run_pause(struct ledger *l, void *self, struct error *err)
{
    struct pause_call *call = self;

    return edit_pause(l, call->queue, call->is_paused, err);
}

static enum status sqlite_admin_set_paused(void *self, struct bytes queue,
                                           bool is_paused, struct error *err)
{
    struct sqlite_admin *a = self;
    struct pause_call call = {queue, is_paused};

    return store_write(a->store, run_pause, &call, err);
}

static enum status sqlite_admin_stats(void *self, int64_t now_ms,
                                      struct bytes after, size_t max,
                                      struct queue_stats *rows, size_t *count,
                                      struct error *err)
{
    struct sqlite_admin *a = self;
    (void)now_ms;

    return list_stats(&a->reader, bytes_of(a->store->namespace), after, max,
                      rows, count, err);
}

static void sqlite_admin_close(void *self)
{
    struct sqlite_admin *a = self;

    if (!a)
        return;
    connection_close(&a->reader);
    free(a);
}

static const struct admin_ops sqlite_admin_ops = {
    .name = "sqlite",
    .find = sqlite_admin_find,
    .list = sqlite_admin_list,
    .remove = sqlite_admin_remove,
    .run_now = sqlite_admin_run_now,
    .requeue = sqlite_admin_requeue,
    .purge = sqlite_admin_purge,
    .set_paused = sqlite_admin_set_paused,
    .stats = sqlite_admin_stats,
    .close = sqlite_admin_close,
};

enum status sqlite_admin_open(struct store *s, struct admin_port *out,
                              struct error *err)
{
    struct sqlite_admin *a = calloc(1, sizeof(*a));
    if (!a)
        return error_set(err, STATUS_NO_MEMORY, NULL, "sqlite: out of memory");

    a->store = s;
    enum status const st = store_open_reader(s, &a->reader, err);
    if (st < 0) {
        sqlite_admin_close(a);
        return st;
    }
    *out = (struct admin_port){.ops = &sqlite_admin_ops, .self = a};
    return STATUS_OK;
}
