#include "adapters/memory/memory_queue.h"

#include <assert.h>
#include <stdlib.h>

#include "adapters/memory/memory_key.h"

/* Copies the tasks of a call; false: no memory. */
static bool prepare(struct memory_queue *port, const struct new_task *tasks,
                    size_t n)
{
    for (size_t i = 0; i < n; i++) {
        port->prepared[i] = entry_new(port->store, &tasks[i].task);
        if (port->prepared[i])
            continue;
        while (i-- > 0)
            entry_free(port->prepared[i]);
        return false;
    }
    return true;
}

/* Whether another task stands for e in q; then *result says which. */
static bool is_held(struct queue *q, const struct entry *e, int64_t now_ms,
                    struct enqueued *result)
{
    const struct entry *same = queue_entry_like(q, e, now_ms);
    const struct hold *hold = NULL;

    if (same) {
        *result = (struct enqueued){same->task.id, same->state, true};
        return true;
    }
    if (e->task.key_len > 0)
        hold = hold_find(q, entry_key(e), now_ms);
    if (!hold)
        return false;
    *result = (struct enqueued){
        .id = hold->id,
        .state = hold->entry ? hold->entry->state : TASK_DONE,
        .is_duplicate = true,
    };
    return true;
}

/* Puts e into the queue of that name, which owns it then, or frees it where
 * another stands for it; false: no memory, and e is still the caller's. */
static bool enqueue_one(struct store *s, struct bytes queue, struct entry *e,
                        int64_t now_ms, struct enqueued *result)
{
    struct queue *q = store_queue_made(s, queue);
    int64_t const run_at_ms = e->task.run_at_ms;
    bool const is_ready = run_at_ms <= now_ms;
    enum task_state const state = is_ready ? TASK_READY : TASK_SCHEDULED;

    if (!q)
        return false;
    if (is_held(q, e, now_ms, result)) {
        entry_free(e);
        return true;
    }
    if (!store_add(s, q, e, state, is_ready ? now_ms : run_at_ms))
        return false;
    if (!hold_take(e, now_ms)) {
        store_take_out(e);
        return false;
    }
    *result = (struct enqueued){e->task.id, state, false};
    if (is_ready)
        wake_for_ready(s, q);
    else
        wake_for_due(s, run_at_ms);
    return true;
}

/* Has fetched what the tasks of a call will be looked for in, all at once: one
 * after the other, each would have to be waited for. */
static void look_ahead(const struct memory_queue *port,
                       const struct new_task *tasks, size_t n)
{
    const struct queue *q = NULL;

    for (size_t i = 0; i < n; i++) {
        if (!q || !bytes_equal(q->name, tasks[i].task.queue))
            q = store_queue(port->store, tasks[i].task.queue);
        if (q)
            table_prefetch(&q->ids, port->prepared[i]->id_hash);
    }
}

static enum status memory_queue_enqueue(void *self, int64_t now_ms,
                                        const struct new_task *tasks, size_t n,
                                        struct enqueued *results,
                                        struct error *err)
{
    struct memory_queue *port = self;
    size_t done = 0;
    assert(n >= 1 && n <= BATCH_MAX);

    store_lock(port->store);
    if (prepare(port, tasks, n)) {
        look_ahead(port, tasks, n);
        while (done < n &&
               enqueue_one(port->store, tasks[done].task.queue,
                           port->prepared[done], now_ms, &results[done]))
            done++;
        for (size_t i = done; i < n; i++)
            entry_free(port->prepared[i]);
    }
    store_unlock(port->store);
    return done == n ? STATUS_OK : store_no_memory(err);
}

/* Copies b to the heap; false: no memory. An absent one is NULL. */
static bool keep(struct bytes b, char **out)
{
    *out = NULL;
    if (!b.at)
        return true;
    *out = malloc(b.len + 1);
    if (!*out)
        return false;
    memcpy(*out, b.at, b.len);
    return true;
}

static void set_error(struct entry *e, char *error, size_t len)
{
    free(e->error);
    e->error = error;
    e->error_len = (uint32_t)len;
}

/* Puts on record how far e, which has been moved, has got. */
static void record(struct entry *e, const struct settlement *item)
{
    e->task.attempt = item->verdict.attempt;
    e->task.crashes = item->verdict.crashes;
    if (item->started_at_ms > 0)
        e->started_at_ms = item->started_at_ms;
}

/* Done: gone, or kept with its result as long as it wants. */
static bool settle_done(struct store *s, struct entry *e, int64_t now_ms,
                        const struct settlement *item)
{
    struct queue *q = e->queue;
    char *result;

    if (e->task.retain_ms == 0) {
        store_remove(e);
        q->done_total++;
        return true;
    }
    if (!keep(item->result, &result))
        return false;
    if (!store_move(s, e, TASK_DONE, now_ms + e->task.retain_ms)) {
        free(result);
        return false;
    }
    e->result = result;
    e->result_len = (uint32_t)item->result.len;
    e->finished_at_ms = now_ms;
    hold_finish(e);
    record(e, item);
    q->done_total++;
    return true;
}

/* Where a task goes that is not done, and the instant that goes with it (as
 * for store_move). */
struct target {
    enum task_state state;
    int64_t at_ms;
};

static struct target target_of(const struct verdict *v, int64_t now_ms)
{
    switch (v->action) {
    case VERDICT_RETRY:
        return (struct target){TASK_RETRY, v->run_at_ms};
    case VERDICT_SNOOZE:
        return (struct target){v->attempt > 0 ? TASK_RETRY : TASK_SCHEDULED,
                               v->run_at_ms};
    case VERDICT_DEAD:
        return (struct target){TASK_DEAD, now_ms};
    case VERDICT_RELEASE:
    case VERDICT_DONE:
        break;
    }
    return (struct target){TASK_READY, now_ms};
}

/* Carries out a verdict other than done. */
static bool settle_undone(struct store *s, struct entry *e, int64_t now_ms,
                          const struct settlement *item)
{
    struct target const to = target_of(&item->verdict, now_ms);
    char *error;

    if (!keep(item->error, &error))
        return false;
    if (!store_move(s, e, to.state, to.at_ms)) {
        free(error);
        return false;
    }
    record(e, item);
    if (error)
        set_error(e, error, item->error.len);
    e->queue->failed_total += item->verdict.is_failure;
    if (to.state == TASK_DEAD) {
        e->reason = item->verdict.reason;
        e->finished_at_ms = now_ms;
        hold_finish(e);
    } else if (to.state == TASK_READY) {
        wake_for_ready(s, e->queue);
    } else {
        e->task.run_at_ms = to.at_ms;
        wake_for_due(s, to.at_ms);
    }
    return true;
}

static enum status memory_queue_settle(void *self, int64_t now_ms,
                                       const struct settlement *items, size_t n,
                                       enum status *results, struct error *err)
{
    struct memory_queue *port = self;
    struct store *s = port->store;
    bool is_done = true;
    assert(n >= 1 && n <= BATCH_MAX);

    store_lock(s);
    for (size_t i = 0; i < n && is_done; i++) {
        const struct lease *lease = items[i].lease;
        struct entry *e = memory_leased(s, &lease->task.id, &lease->token);
        results[i] = e ? STATUS_OK : STATUS_LEASE_LOST;
        if (e)
            is_done = items[i].verdict.action == VERDICT_DONE
                          ? settle_done(s, e, now_ms, &items[i])
                          : settle_undone(s, e, now_ms, &items[i]);
    }
    store_unlock(s);
    return is_done ? STATUS_OK : store_no_memory(err);
}

static enum status memory_queue_extend(void *self, int64_t now_ms,
                                       int64_t lease_ms, const char *worker,
                                       const struct renewal *items, size_t n,
                                       enum status *results, struct error *err)
{
    struct memory_queue *port = self;
    struct store *s = port->store;
    (void)worker; /* the token says enough */
    (void)err;
    assert(n >= 1 && n <= BATCH_MAX && lease_ms > 0);

    store_lock(s);
    for (size_t i = 0; i < n; i++) {
        struct entry *e = memory_leased(s, &items[i].id, &items[i].token);
        results[i] = e ? STATUS_OK : STATUS_LEASE_LOST;
        if (!e)
            continue;
        store_set_due(e, now_ms + lease_ms);
        e->is_started = e->is_started || items[i].is_started;
    }
    store_unlock(s);
    return STATUS_OK;
}

/* The first of q that is due, scheduled or retrying; NULL: none at all. */
static struct entry *first_due(const struct queue *q)
{
    const struct due *scheduled = timetable_first(&q->due[TASK_SCHEDULED]);
    const struct due *retry = timetable_first(&q->due[TASK_RETRY]);

    if (!scheduled && !retry)
        return NULL;
    if (!scheduled || (retry && due_is_before(retry, scheduled)))
        return entry_of_due(retry);
    return entry_of_due(scheduled);
}

/* Makes due tasks of q ready until *moved is limit; false: no memory. */
static bool promote_queue(struct store *s, struct queue *q, int64_t now_ms,
                          size_t limit, size_t *moved)
{
    size_t const before = *moved;
    struct entry *e;

    while (*moved < limit && (e = first_due(q)) && e->due.at_ms <= now_ms) {
        if (!store_move(s, e, TASK_READY, now_ms))
            return false;
        ++*moved;
    }
    if (*moved > before)
        wake_for_ready(s, q);
    return true;
}

/* Forgets done tasks of q until *forgotten is limit. */
static void forget_done(struct queue *q, int64_t now_ms, size_t limit,
                        size_t *forgotten)
{
    const struct due *due;

    for (; *forgotten < limit && (due = timetable_first(&q->due[TASK_DONE])) &&
           due->at_ms <= now_ms;
         ++*forgotten)
        store_remove(entry_of_due(due));
}

static enum status memory_queue_promote(void *self, int64_t now_ms,
                                        size_t limit, size_t *moved,
                                        int64_t *next_due_ms, struct error *err)
{
    struct memory_queue *port = self;
    struct store *s = port->store;
    bool is_done = true;
    size_t made_ready = 0;
    size_t forgotten = 0;

    store_lock(s);
    for (size_t i = 0; i < s->queue_count && is_done; i++) {
        is_done = promote_queue(s, s->queues[i], now_ms, limit, &made_ready);
        forget_done(s->queues[i], now_ms, limit, &forgotten);
        holds_forget(s->queues[i], now_ms, limit);
    }
    int64_t const next_ms = store_next_due_ms(s);
    store_unlock(s);

    if (!is_done)
        return store_no_memory(err);
    *moved = made_ready;
    *next_due_ms = made_ready == limit || forgotten == limit ? now_ms : next_ms;
    return STATUS_OK;
}

static void memory_queue_close(void *self)
{
    struct memory_queue *port = self;

    waiter_close(&port->waiter);
    store_lock(port->store);
    shared_name_leave(port->worker);
    store_unlock(port->store);
    free(port->candidates.names);
    free(port);
}

static const struct queue_ops memory_queue_ops = {
    .name = "memory",
    .enqueue = memory_queue_enqueue,
    .lease = memory_queue_lease,
    .settle = memory_queue_settle,
    .extend = memory_queue_extend,
    .promote = memory_queue_promote,
    .take_expired = memory_queue_take_expired,
    .close = memory_queue_close,
};

enum status memory_queue_open(struct store *store, struct queue_port *out,
                              struct error *err)
{
    struct memory_queue *port = calloc(1, sizeof(*port));

    if (!port)
        return store_no_memory(err);
    port->store = store;
    if (!waiter_open(&port->waiter)) {
        free(port);
        return error_set(err, STATUS_UNAVAILABLE, NULL,
                         "memory: no eventfd for another port");
    }
    *out = (struct queue_port){&memory_queue_ops, port};
    return STATUS_OK;
}
