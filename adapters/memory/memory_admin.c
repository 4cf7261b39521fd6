#include "adapters/memory/memory_admin.h"

#include <assert.h>
#include <stdlib.h>

#include "adapters/memory/memory_key.h"
#include "adapters/memory/memory_queue.h"

bool memory_record(const struct entry *e, struct arena *mem,
                   struct task_record *out)
{
    bool const is_active = e->state == TASK_ACTIVE;
    bool const is_over = e->state == TASK_DONE || e->state == TASK_DEAD;
    struct bytes const worker =
        is_active ? bytes_of(e->worker->text) : (struct bytes){0};
    size_t const used = mem->used;

    *out = (struct task_record){
        .state = e->state,
        .reason = e->state == TASK_DEAD ? e->reason : REASON_NONE,
        .started_at_ms = is_active ? e->leased_at_ms : e->started_at_ms,
        .finished_at_ms = is_over ? e->finished_at_ms : 0,
        .lease_until_ms = is_active ? e->due.at_ms : 0,
    };
    if (!memory_copy_task(e, mem, &out->task) ||
        !arena_copy(mem, worker, &out->worker) ||
        !arena_copy(mem, (struct bytes){e->result, e->result_len},
                    &out->result)) {
        mem->used = used;
        return false;
    }
    out->task.attempt += is_active;
    return true;
}

/* The entry that ref names, or NULL. */
static struct entry *entry_of_ref(struct store *s, const struct task_ref *ref,
                                  int64_t now_ms)
{
    if (ref->queue.at) {
        struct queue *q = store_queue(s, ref->queue);
        return q ? queue_entry(q, &ref->id, now_ms) : NULL;
    }
    for (size_t i = 0; i < s->queue_count; i++) {
        struct entry *e = queue_entry(s->queues[i], &ref->id, now_ms);
        if (e)
            return e;
    }
    return NULL;
}

static enum status memory_admin_find(void *self, int64_t now_ms,
                                     const struct task_ref *ref,
                                     struct arena *mem, struct task_record *out,
                                     struct error *err)
{
    struct store *s = self;
    struct task_record record;
    enum status st = STATUS_NOT_FOUND;

    store_lock(s);
    const struct entry *e = entry_of_ref(s, ref, now_ms);
    if (e)
        st = memory_record(e, mem, &record) ? STATUS_OK : STATUS_NO_MEMORY;
    store_unlock(s);

    if (st == STATUS_NO_MEMORY)
        return error_set(err, st, NULL,
                         "memory: the arena has no room for the task");
    if (st == STATUS_OK)
        *out = record;
    return st;
}

static enum status memory_admin_remove(void *self, int64_t now_ms,
                                       unsigned states,
                                       const struct task_ref *refs, size_t n,
                                       enum status *results, struct error *err)
{
    struct store *s = self;
    (void)err;
    assert(!(states & STATE_SET(TASK_ACTIVE)));

    store_lock(s);
    for (size_t i = 0; i < n; i++) {
        struct entry *e = entry_of_ref(s, &refs[i], now_ms);
        results[i] = STATUS_OK;
        if (!e) {
            results[i] = STATUS_NOT_FOUND;
        } else if (!(states & STATE_SET(e->state))) {
            results[i] = STATUS_WRONG_STATE;
        } else {
            store_remove(e);
        }
    }
    store_unlock(s);
    return STATUS_OK;
}

/* Makes e ready now; a fault STATUS_NO_MEMORY changes nothing. */
static enum status make_ready(struct store *s, struct entry *e, int64_t now_ms,
                              struct error *err)
{
    if (!store_move(s, e, TASK_READY, now_ms))
        return store_no_memory(err);
    e->task.run_at_ms = now_ms;
    wake_for_ready(s, e->queue);
    return STATUS_OK;
}

static enum status memory_admin_run_now(void *self, int64_t now_ms,
                                        const struct task_ref *ref,
                                        struct error *err)
{
    struct store *s = self;
    enum status st = STATUS_NOT_FOUND;

    store_lock(s);
    struct entry *e = entry_of_ref(s, ref, now_ms);
    if (e && (e->state == TASK_SCHEDULED || e->state == TASK_RETRY))
        st = make_ready(s, e, now_ms, err);
    else if (e)
        st = STATUS_WRONG_STATE;
    store_unlock(s);
    return st;
}

/* Requeues one dead task; the result of the item, or a fault. */
static enum status requeue_one(struct store *s, struct entry *e, int64_t now_ms,
                               struct task_id *holder, struct error *err)
{
    const struct hold *hold = NULL;

    if (!e)
        return STATUS_NOT_FOUND;
    if (e->state != TASK_DEAD)
        return STATUS_WRONG_STATE;
    if (e->task.key_len > 0)
        hold = hold_find(e->queue, entry_key(e), now_ms);
    if (hold && hold != e->hold) {
        *holder = hold->id;
        return STATUS_KEY_HELD;
    }

    bool const had_hold = e->hold != NULL;
    if (!had_hold && !hold_take(e, now_ms))
        return store_no_memory(err);
    enum status const st = make_ready(s, e, now_ms, err);
    if (st == STATUS_OK) {
        struct task const dead = entry_task(e);
        struct task const again = task_requeued(&dead, now_ms);
        kept_task_put_back(&e->task, &again);
        e->started_at_ms = 0;
    } else if (!had_hold) {
        hold_end(e);
    }
    return st;
}

static enum status memory_admin_requeue(void *self, int64_t now_ms,
                                        const struct task_ref *refs, size_t n,
                                        enum status *results,
                                        struct task_id *holders,
                                        struct error *err)
{
    struct store *s = self;
    enum status st = STATUS_OK;

    store_lock(s);
    for (size_t i = 0; i < n && st >= 0; i++) {
        struct entry *e = entry_of_ref(s, &refs[i], now_ms);
        st = requeue_one(s, e, now_ms, &holders[i], err);
        results[i] = st;
    }
    store_unlock(s);
    return st < 0 ? st : STATUS_OK;
}

/* The first entry of q in state, or NULL. */
static struct entry *first_in(const struct queue *q, enum task_state state)
{
    const struct due *due;
    struct entry *e = NULL;

    switch (state) {
    case TASK_READY:
        for (size_t p = 0; p < PRIORITIES && !e; p++)
            e = lane_first(&q->ready[p]);
        return e;
    case TASK_DONE:
        return lane_first(&q->done);
    case TASK_DEAD:
        return lane_first(&q->dead);
    case TASK_SCHEDULED:
    case TASK_RETRY:
        due = timetable_first(&q->due[state]);
        return due ? entry_of_due(due) : NULL;
    case TASK_ACTIVE:
        break;
    }
    return NULL;
}

static enum status memory_admin_purge(void *self, int64_t now_ms,
                                      struct bytes queue, enum task_state state,
                                      size_t limit, size_t *removed,
                                      struct error *err)
{
    struct store *s = self;
    struct entry *e;
    size_t n = 0;
    (void)now_ms;
    (void)err;
    assert(state != TASK_ACTIVE);

    store_lock(s);
    struct queue *q = store_queue(s, queue);
    while (q && n < limit && (e = first_in(q, state))) {
        store_remove(e);
        n++;
    }
    store_unlock(s);

    if (!q)
        return STATUS_NOT_FOUND;
    *removed = n;
    return STATUS_OK;
}

static enum status memory_admin_set_paused(void *self, struct bytes queue,
                                           bool is_paused, struct error *err)
{
    struct store *s = self;

    store_lock(s);
    struct queue *q =
        is_paused ? store_queue_made(s, queue) : store_queue(s, queue);
    if (q) {
        q->is_paused = is_paused;
        wake_for_ready(s, q);
    }
    store_unlock(s);

    if (!q)
        return is_paused ? store_no_memory(err) : STATUS_NOT_FOUND;
    return STATUS_OK;
}

static void count_queue(const struct queue *q, struct queue_stats *out)
{
    *out = (struct queue_stats){
        .waiting = {[TASK_SCHEDULED] = (int64_t)q->due[TASK_SCHEDULED].count,
                    [TASK_RETRY] = (int64_t)q->due[TASK_RETRY].count,
                    [TASK_ACTIVE] = (int64_t)q->active.count,
                    [TASK_DONE] = (int64_t)q->done.count,
                    [TASK_DEAD] = (int64_t)q->dead.count},
        .done = q->done_total,
        .failed = q->failed_total,
        .is_paused = q->is_paused,
    };
    memcpy(out->queue, q->text, sizeof(out->queue));
    for (size_t p = 0; p < PRIORITIES; p++) {
        const struct entry *e = lane_first(&q->ready[p]);
        out->waiting[TASK_READY] += (int64_t)q->ready[p].count;
        if (e && (out->oldest_ready_at_ms == 0 ||
                  e->ready_at_ms < out->oldest_ready_at_ms))
            out->oldest_ready_at_ms = e->ready_at_ms;
    }
}

static enum status memory_admin_stats(void *self, int64_t now_ms,
                                      struct bytes after, size_t max,
                                      struct queue_stats *rows, size_t *count,
                                      struct error *err)
{
    struct store *s = self;
    (void)now_ms;
    (void)err;

    store_lock(s);
    size_t const from = store_queue_index_after(s, after);
    size_t const left = s->queue_count - from;
    size_t const n = left < max ? left : max;
    for (size_t i = 0; i < n; i++)
        count_queue(s->queues[from + i], &rows[i]);
    store_unlock(s);
    *count = n;
    return STATUS_OK;
}

/* The port has nothing of its own. */
static void memory_admin_close(void *self)
{
    (void)self;
}

static const struct admin_ops memory_admin_ops = {
    .name = "memory",
    .find = memory_admin_find,
    .list = memory_admin_list,
    .remove = memory_admin_remove,
    .run_now = memory_admin_run_now,
    .requeue = memory_admin_requeue,
    .purge = memory_admin_purge,
    .set_paused = memory_admin_set_paused,
    .stats = memory_admin_stats,
    .close = memory_admin_close,
};

void memory_admin_open(struct store *store, struct admin_port *out)
{
    *out = (struct admin_port){&memory_admin_ops, store};
}
