/*
 * dir_queue.c - the queue_port over a folder.
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/inotify.h>
#include <unistd.h>

#include "dir_port.h"

/* A port has nothing of its own but what tells it of changes. */
struct dir_queue_port {
    struct dir_store *store;
    int watch;
};

bool dir_copy_task(const struct entry *e, struct arena *mem, struct task *out)
{
    const struct task *from = &e->task;
    size_t const used = mem->used;

    *out = *from;
    if (arena_copy(mem, from->queue, &out->queue) &&
        arena_copy(mem, from->type, &out->type) &&
        arena_copy(mem, from->payload, &out->payload) &&
        arena_copy(mem, from->headers, &out->headers) &&
        arena_copy(mem, from->key, &out->key) &&
        arena_copy(mem, from->last_error, &out->last_error))
        return true;
    mem->used = used;
    return false;
}

enum status dir_move(struct dir_store *s, struct entry *e,
                     enum task_state state, int64_t now_ms, int64_t until_ms,
                     struct error *err)
{
    e->state = (int)state;
    e->number = dir_next_number(s);
    e->until_ms = until_ms;
    if (state == TASK_READY)
        e->ready_at_ms = now_ms;
    if (state == TASK_DONE || state == TASK_DEAD)
        e->finished_at_ms = now_ms;
    return dir_entry_save(s, e, err);
}

const struct entry *dir_holder(const struct dir_store *s, struct bytes queue,
                               struct bytes key, const struct entry *besides,
                               int64_t now_ms)
{
    for (size_t i = 0; key.at && i < s->count; i++) {
        const struct entry *e = s->entries[i];
        if (e != besides && dir_entry_is_in(e, queue) &&
            dir_entry_holds(e, key, now_ms))
            return e;
    }
    return NULL;
}

int64_t dir_next_due_ms(const struct dir_store *s)
{
    int64_t next_ms = INT64_MAX;

    for (size_t i = 0; i < s->count; i++) {
        const struct entry *e = s->entries[i];
        if ((e->state == TASK_SCHEDULED || e->state == TASK_RETRY) &&
            e->until_ms < next_ms)
            next_ms = e->until_ms;
    }
    return next_ms;
}

/* The task that is there by id, or by key, where new would go. */
static const struct entry *find_holder(const struct dir_store *s,
                                       const struct new_task *new,
                                       int64_t now_ms)
{
    const struct entry *e = dir_find(s, new->task.queue, &new->task.id, now_ms);

    return e ? e : dir_holder(s, new->task.queue, new->task.key, NULL, now_ms);
}

static enum status enqueue_one(struct dir_store *s, int64_t now_ms,
                               const struct new_task *new, struct enqueued *out,
                               struct error *err)
{
    bool const is_ready = new->task.run_at_ms <= now_ms;
    const struct entry *holder = find_holder(s, new, now_ms);
    struct dir_queue *q;

    if (holder) {
        /* What is gone, and holds a key for a while, was done. */
        int const state =
            holder->state == STATE_GONE ? TASK_DONE : holder->state;
        *out = (struct enqueued){holder->task.id, (enum task_state)state, true};
        return STATUS_OK;
    }
    enum status const st = dir_queue_need(s, new->task.queue, &q, err);
    if (st < 0)
        return st;

    struct entry e = {.task = new->task,
                      .state = is_ready ? TASK_READY : TASK_SCHEDULED,
                      .number = dir_next_number(s),
                      .until_ms = new->task.run_at_ms,
                      .ready_at_ms = now_ms};
    *out = (struct enqueued){e.task.id, (enum task_state)e.state, false};
    return dir_entry_add(s, &e, err);
}

static enum status dir_queue_enqueue(void *self, int64_t now_ms,
                                     const struct new_task *tasks, size_t n,
                                     struct enqueued *results,
                                     struct error *err)
{
    struct dir_store *s = ((struct dir_queue_port *)self)->store;
    enum status st = dir_store_lock(s, err);

    if (st < 0)
        return st;
    for (size_t i = 0; i < n && st == STATUS_OK; i++)
        st = enqueue_one(s, now_ms, &tasks[i], &results[i], err);
    dir_store_unlock(s, st);
    return st;
}

static enum status dir_queue_lease(void *self, const struct lease_request *req,
                                   struct arena *mem, struct lease *leases,
                                   size_t *count, struct error *err)
{
    struct dir_queue_port *port = self;

    return dir_lease(port->store, port->watch, req, mem, leases, count, err);
}

/* What a verdict makes of a task, but for its totals. */
static enum status carry_out(struct dir_store *s, struct entry *e,
                             int64_t now_ms, const struct settlement *item,
                             struct error *err)
{
    const struct verdict *v = &item->verdict;

    e->task.attempt = v->attempt;
    e->task.crashes = v->crashes;
    if (item->started_at_ms > 0)
        e->started_at_ms = item->started_at_ms;
    if (item->error.at)
        e->task.last_error = item->error;
    switch (v->action) {
    case VERDICT_DONE:
        e->result = item->result;
        e->state = TASK_DONE;
        if (e->task.retain_ms == 0)
            return dir_entry_remove(s, e, now_ms, err);
        return dir_move(s, e, TASK_DONE, now_ms, now_ms + e->task.retain_ms,
                        err);
    case VERDICT_DEAD:
        e->reason = v->reason;
        return dir_move(s, e, TASK_DEAD, now_ms, INT64_MAX, err);
    case VERDICT_RETRY:
    case VERDICT_SNOOZE:
        e->task.run_at_ms = v->run_at_ms;
        return dir_move(s, e,
                        v->action == VERDICT_SNOOZE && v->attempt == 0
                            ? TASK_SCHEDULED
                            : TASK_RETRY,
                        now_ms, v->run_at_ms, err);
    case VERDICT_RELEASE:
        break;
    }
    return dir_move(s, e, TASK_READY, now_ms, now_ms, err);
}

static enum status settle_one(struct dir_store *s, int64_t now_ms,
                              const struct settlement *item,
                              enum status *result, struct error *err)
{
    const struct task *task = &item->lease->task;
    struct entry *e = dir_leased(s, &task->id, &item->lease->token);
    struct dir_queue *q;

    *result = e ? STATUS_OK : STATUS_LEASE_LOST;
    if (!e)
        return STATUS_OK;
    enum status st = dir_queue_need(s, e->task.queue, &q, err);
    if (st == STATUS_OK)
        st = carry_out(s, e, now_ms, item, err);
    if (st < 0)
        return st;
    q->done += item->verdict.action == VERDICT_DONE;
    q->failed += item->verdict.is_failure;
    return dir_queue_save(s, q, err);
}

static enum status dir_queue_settle(void *self, int64_t now_ms,
                                    const struct settlement *items, size_t n,
                                    enum status *results, struct error *err)
{
    struct dir_store *s = ((struct dir_queue_port *)self)->store;
    enum status st = dir_store_lock(s, err);

    if (st < 0)
        return st;
    for (size_t i = 0; i < n && st == STATUS_OK; i++)
        st = settle_one(s, now_ms, &items[i], &results[i], err);
    dir_store_unlock(s, st);
    return st;
}

static enum status dir_queue_extend(void *self, int64_t now_ms,
                                    int64_t lease_ms, const char *worker,
                                    const struct renewal *items, size_t n,
                                    enum status *results, struct error *err)
{
    struct dir_store *s = ((struct dir_queue_port *)self)->store;
    enum status st = dir_store_lock(s, err);
    (void)worker; /* the token says enough */

    if (st < 0)
        return st;
    for (size_t i = 0; i < n && st == STATUS_OK; i++) {
        struct entry *e = dir_leased(s, &items[i].id, &items[i].token);
        results[i] = e ? STATUS_OK : STATUS_LEASE_LOST;
        if (!e)
            continue;
        e->until_ms = now_ms + lease_ms;
        e->is_started = e->is_started || items[i].is_started;
        st = dir_entry_save(s, e, err);
    }
    dir_store_unlock(s, st);
    return st;
}

/* The first that is due, by (run_at, id). */
static struct entry *first_due(const struct dir_store *s, int64_t now_ms)
{
    struct entry *first = NULL;

    for (size_t i = 0; i < s->count; i++) {
        struct entry *e = s->entries[i];
        if ((e->state != TASK_SCHEDULED && e->state != TASK_RETRY) ||
            e->until_ms > now_ms)
            continue;
        if (!first || e->until_ms < first->until_ms ||
            (e->until_ms == first->until_ms &&
             strcmp(e->task.id.text, first->task.id.text) < 0))
            first = e;
    }
    return first;
}

/* Forgets done tasks and keys of removed ones whose time is over. */
static enum status forget(struct dir_store *s, int64_t now_ms, size_t limit,
                          size_t *forgotten, struct error *err)
{
    enum status st = STATUS_OK;

    for (size_t i = s->count; i > 0 && *forgotten < limit && st == STATUS_OK;
         i--) {
        struct entry *e = s->entries[i - 1];
        bool const is_done = e->state == TASK_DONE && e->until_ms <= now_ms;
        bool const is_free =
            e->state == STATE_GONE && !dir_entry_holds(e, e->task.key, now_ms);
        if (!is_done && !is_free)
            continue;
        st = dir_entry_remove(s, e, now_ms, err);
        *forgotten += is_done;
    }
    return st;
}

static enum status dir_queue_promote(void *self, int64_t now_ms, size_t limit,
                                     size_t *moved, int64_t *next_due_ms,
                                     struct error *err)
{
    struct dir_store *s = ((struct dir_queue_port *)self)->store;
    size_t n = 0, forgotten = 0;
    struct entry *e;
    enum status st = dir_store_lock(s, err);

    if (st < 0)
        return st;
    while (st == STATUS_OK && n < limit && (e = first_due(s, now_ms))) {
        st = dir_move(s, e, TASK_READY, now_ms, now_ms, err);
        n++;
    }
    if (st == STATUS_OK)
        st = forget(s, now_ms, limit, &forgotten, err);
    int64_t const next_ms = dir_next_due_ms(s);
    dir_store_unlock(s, st);
    if (st < 0)
        return st;
    *moved = n;
    *next_due_ms = n == limit || forgotten == limit ? now_ms : next_ms;
    return STATUS_OK;
}

static enum status dir_queue_take_expired(void *self,
                                          const struct reap_request *req,
                                          struct arena *mem,
                                          struct lease *leases, size_t *count,
                                          struct error *err)
{
    return dir_take_expired(((struct dir_queue_port *)self)->store, req, mem,
                            leases, count, err);
}

static void dir_queue_close(void *self)
{
    struct dir_queue_port *port = self;

    close(port->watch);
    free(port);
}

static const struct queue_ops dir_queue_ops = {
    .name = "dir",
    .enqueue = dir_queue_enqueue,
    .lease = dir_queue_lease,
    .settle = dir_queue_settle,
    .extend = dir_queue_extend,
    .promote = dir_queue_promote,
    .take_expired = dir_queue_take_expired,
    .close = dir_queue_close,
};

enum status dir_queue_open(struct dir_store *s, struct queue_port *out,
                           struct error *err)
{
    struct dir_queue_port *port = malloc(sizeof(*port));
    char path[PATH_SIZE + 16];

    if (!port)
        return error_set(err, STATUS_NO_MEMORY, NULL, "dir: out of memory");
    port->store = s;
    port->watch = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
    snprintf(path, sizeof(path), "%s/generation", s->path);
    if (port->watch < 0 ||
        inotify_add_watch(port->watch, path, IN_MODIFY) < 0) {
        enum status const st = dir_fault(s, err);
        if (port->watch >= 0)
            close(port->watch);
        free(port);
        return st;
    }
    *out = (struct queue_port){&dir_queue_ops, port};
    return STATUS_OK;
}
