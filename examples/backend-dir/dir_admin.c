/*
 * dir_admin.c - the admin_port over a folder.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "dir_port.h"

bool dir_copy_record(const struct entry *e, struct arena *mem,
                     struct task_record *out)
{
    bool const is_active = e->state == TASK_ACTIVE;
    bool const is_over = e->state == TASK_DONE || e->state == TASK_DEAD;
    struct bytes const worker = bytes_of(is_active ? e->worker : NULL);
    size_t const used = mem->used;

    *out = (struct task_record){
        .state = (enum task_state)e->state,
        .reason = e->state == TASK_DEAD ? e->reason : REASON_NONE,
        .started_at_ms = is_active ? e->leased_at_ms : e->started_at_ms,
        .finished_at_ms = is_over ? e->finished_at_ms : 0,
        .lease_until_ms = is_active ? e->until_ms : 0,
    };
    if (!dir_copy_task(e, mem, &out->task) ||
        !arena_copy(mem, worker, &out->worker) ||
        !arena_copy(mem, e->state == TASK_DONE ? e->result : (struct bytes){0},
                    &out->result)) {
        mem->used = used;
        return false;
    }
    out->task.attempt += is_active;
    return true;
}

static enum status dir_admin_find(void *self, int64_t now_ms,
                                  const struct task_ref *ref, struct arena *mem,
                                  struct task_record *out, struct error *err)
{
    struct dir_store *s = self;
    enum status st = dir_store_lock(s, err);

    if (st < 0)
        return st;
    const struct entry *e = dir_find(s, ref->queue, &ref->id, now_ms);
    if (!e)
        st = STATUS_NOT_FOUND;
    else if (!dir_copy_record(e, mem, out))
        st = error_set(err, STATUS_NO_MEMORY, NULL,
                       "dir: the arena has no room for the task");
    dir_store_unlock(s, st);
    return st;
}

/* ---- The list: all of it in one order, of which a page is a part. ---- */

/* Where an entry stands: state by state, oldest first in each. */
struct place {
    int state;
    int64_t key;
    char id[TASK_ID_LEN + 1];
    char queue[QUEUE_NAME_MAX + 1];
};

static struct place place_of(const struct entry *e)
{
    bool const waits = e->state == TASK_SCHEDULED || e->state == TASK_RETRY;
    struct place p = {.state = e->state,
                      .key = waits ? e->until_ms : e->number};

    memcpy(p.id, e->task.id.text, sizeof(p.id));
    memcpy(p.queue, e->task.queue.at, e->task.queue.len);
    return p;
}

static int compare(const struct place *a, const struct place *b)
{
    if (a->state != b->state)
        return a->state < b->state ? -1 : 1;
    if (a->key != b->key)
        return a->key < b->key ? -1 : 1;
    int const by_id = strcmp(a->id, b->id);
    return by_id ? by_id : strcmp(a->queue, b->queue);
}

static int compare_entries(const void *a, const void *b)
{
    struct place const first = place_of(*(struct entry *const *)a);
    struct place const second = place_of(*(struct entry *const *)b);

    return compare(&first, &second);
}

static struct cursor cursor_of(const struct place *p)
{
    struct cursor c;

    snprintf(c.text, sizeof(c.text), "%d:%" PRId64 ":%s:%s", p->state, p->key,
             p->id, p->queue);
    return c;
}

/* "" is before all. */
static enum status read_cursor(const struct cursor *cursor, struct place *out,
                               struct error *err)
{
    struct task_id id;
    int end = 0;

    *out = (struct place){.state = -1};
    if (cursor->text[0] == '\0')
        return STATUS_OK;
    if (sscanf(cursor->text, "%d:%" SCNd64 ":%26[0-9A-Z]:%64[a-z0-9._-]%n",
               &out->state, &out->key, out->id, out->queue, &end) == 4 &&
        cursor->text[end] == '\0' && out->state >= 0 &&
        out->state < TASK_STATES && task_id_parse(bytes_of(out->id), &id))
        return STATUS_OK;
    return error_set(err, STATUS_INVALID, "cursor", "cursor: is none");
}

static bool is_wanted(const struct entry *e, const struct list_request *req)
{
    const struct task_filter *filter = &req->filter;

    return dir_entry_is_there(e, req->now_ms) &&
           (!filter->queue.at || dir_entry_is_in(e, filter->queue)) &&
           task_filter_wants_state(filter, (enum task_state)e->state) &&
           task_filter_wants(filter, e->task.type,
                             e->state == TASK_DEAD ? e->reason : REASON_NONE,
                             e->state >= TASK_DONE ? e->finished_at_ms : 0);
}

/* Fills a page with what follows from; the rest is for the next one. */
static enum status fill(struct dir_store *s, const struct list_request *req,
                        const struct place *from, struct arena *mem,
                        struct task_page *page, struct error *err)
{
    struct task_record *records = arena_alloc(mem, req->max * sizeof(*records));
    struct place last = *from;
    size_t n = 0, examined = 0;

    if (!records)
        return error_set(err, STATUS_NO_MEMORY, NULL,
                         "dir: the arena has no room for a page");
    *page = (struct task_page){.records = records};
    for (size_t i = 0; i < s->count; i++) {
        const struct entry *e = s->entries[i];
        struct place const at = place_of(e);
        if (compare(&at, from) <= 0)
            continue;
        bool const is_one = is_wanted(e, req);
        if (examined++ == ADMIN_EXAMINE_MAX ||
            (is_one &&
             (n == req->max || !dir_copy_record(e, mem, &records[n])))) {
            page->next = cursor_of(&last);
            break;
        }
        last = at;
        n += is_one;
    }
    page->count = n;
    if (n == 0 && examined == 1 && page->next.text[0])
        return error_set(err, STATUS_NO_MEMORY, NULL,
                         "dir: the arena has no room for one task");
    return STATUS_OK;
}

static enum status dir_admin_list(void *self, const struct list_request *req,
                                  struct arena *mem, struct task_page *page,
                                  struct error *err)
{
    struct dir_store *s = self;
    struct place from;
    enum status st = read_cursor(&req->cursor, &from, err);

    if (st == STATUS_OK)
        st = dir_store_lock(s, err);
    if (st < 0)
        return st;
    if (s->count > 0) /* nothing has no address to sort */
        qsort(s->entries, s->count, sizeof(*s->entries), compare_entries);
    st = fill(s, req, &from, mem, page, err);
    dir_store_unlock(s, st);
    return st;
}

/* ---- Changes. ---- */

static enum status remove_one(struct dir_store *s, int64_t now_ms,
                              unsigned states, const struct task_ref *ref,
                              enum status *result, struct error *err)
{
    struct entry *e = dir_find(s, ref->queue, &ref->id, now_ms);

    *result = STATUS_OK;
    if (!e)
        *result = STATUS_NOT_FOUND;
    else if (!(states & (1U << (unsigned)e->state)))
        *result = STATUS_WRONG_STATE;
    else
        return dir_entry_remove(s, e, now_ms, err);
    return STATUS_OK;
}

static enum status dir_admin_remove(void *self, int64_t now_ms, unsigned states,
                                    const struct task_ref *refs, size_t n,
                                    enum status *results, struct error *err)
{
    struct dir_store *s = self;
    enum status st = dir_store_lock(s, err);

    if (st < 0)
        return st;
    for (size_t i = 0; i < n && st == STATUS_OK; i++)
        st = remove_one(s, now_ms, states, &refs[i], &results[i], err);
    dir_store_unlock(s, st);
    return st;
}

static enum status dir_admin_run_now(void *self, int64_t now_ms,
                                     const struct task_ref *ref,
                                     struct error *err)
{
    struct dir_store *s = self;
    enum status st = dir_store_lock(s, err);

    if (st < 0)
        return st;
    struct entry *e = dir_find(s, ref->queue, &ref->id, now_ms);
    if (!e) {
        st = STATUS_NOT_FOUND;
    } else if (e->state != TASK_SCHEDULED && e->state != TASK_RETRY) {
        st = STATUS_WRONG_STATE;
    } else {
        e->task.run_at_ms = now_ms;
        st = dir_move(s, e, TASK_READY, now_ms, now_ms, err);
    }
    dir_store_unlock(s, st);
    return st;
}

static enum status requeue_one(struct dir_store *s, int64_t now_ms,
                               const struct task_ref *ref, enum status *result,
                               struct task_id *holder, struct error *err)
{
    struct entry *e = dir_find(s, ref->queue, &ref->id, now_ms);
    const struct entry *other =
        e ? dir_holder(s, e->task.queue, e->task.key, e, now_ms) : NULL;

    *result = STATUS_OK;
    if (!e)
        *result = STATUS_NOT_FOUND;
    else if (e->state != TASK_DEAD)
        *result = STATUS_WRONG_STATE;
    else if (other)
        *result = STATUS_KEY_HELD;
    if (*result == STATUS_KEY_HELD)
        *holder = other->task.id;
    if (*result != STATUS_OK)
        return STATUS_OK;
    e->task = task_requeued(&e->task, now_ms);
    e->started_at_ms = 0;
    return dir_move(s, e, TASK_READY, now_ms, now_ms, err);
}

static enum status dir_admin_requeue(void *self, int64_t now_ms,
                                     const struct task_ref *refs, size_t n,
                                     enum status *results,
                                     struct task_id *holders, struct error *err)
{
    struct dir_store *s = self;
    enum status st = dir_store_lock(s, err);

    if (st < 0)
        return st;
    for (size_t i = 0; i < n && st == STATUS_OK; i++)
        st = requeue_one(s, now_ms, &refs[i], &results[i], &holders[i], err);
    dir_store_unlock(s, st);
    return st;
}

static enum status dir_admin_purge(void *self, int64_t now_ms,
                                   struct bytes queue, enum task_state state,
                                   size_t limit, size_t *removed,
                                   struct error *err)
{
    struct dir_store *s = self;
    size_t n = 0;
    enum status st = dir_store_lock(s, err);

    if (st < 0)
        return st;
    bool const is_known = dir_queue_find(s, queue) != NULL;
    for (size_t i = s->count; i > 0 && n < limit && st == STATUS_OK; i--) {
        struct entry *e = s->entries[i - 1];
        if (e->state != (int)state || !dir_entry_is_in(e, queue))
            continue;
        st = dir_entry_remove(s, e, now_ms, err);
        n++;
    }
    dir_store_unlock(s, st);
    if (st < 0)
        return st;
    *removed = n;
    return is_known ? STATUS_OK : STATUS_NOT_FOUND;
}

static enum status set_paused(struct dir_store *s, struct bytes name,
                              bool is_paused, struct error *err)
{
    struct dir_queue *q = dir_queue_find(s, name);
    enum status st = STATUS_OK;

    if (!q && !is_paused)
        return STATUS_NOT_FOUND;
    if (!q)
        st = dir_queue_need(s, name, &q, err);
    if (st < 0)
        return st;
    q->is_paused = is_paused;
    return dir_queue_save(s, q, err);
}

static enum status dir_admin_set_paused(void *self, struct bytes queue,
                                        bool is_paused, struct error *err)
{
    struct dir_store *s = self;
    enum status st = dir_store_lock(s, err);

    if (st < 0)
        return st;
    st = set_paused(s, queue, is_paused, err);
    dir_store_unlock(s, st);
    return st;
}

static struct queue_stats count(const struct dir_store *s,
                                const struct dir_queue *q)
{
    struct queue_stats row = {
        .done = q->done, .failed = q->failed, .is_paused = q->is_paused};

    memcpy(row.queue, q->name, sizeof(row.queue));
    for (size_t i = 0; i < s->count; i++) {
        const struct entry *e = s->entries[i];
        if (e->state == STATE_GONE || !dir_entry_is_in(e, bytes_of(q->name)))
            continue;
        row.waiting[e->state]++;
        if (e->state == TASK_READY && (row.oldest_ready_at_ms == 0 ||
                                       e->ready_at_ms < row.oldest_ready_at_ms))
            row.oldest_ready_at_ms = e->ready_at_ms;
    }
    return row;
}

static enum status dir_admin_stats(void *self, int64_t now_ms,
                                   struct bytes after, size_t max,
                                   struct queue_stats *rows, size_t *n,
                                   struct error *err)
{
    struct dir_store *s = self;
    char from[QUEUE_NAME_MAX + 1] = "";
    size_t found = 0;
    enum status st = dir_store_lock(s, err);
    (void)now_ms;

    if (st < 0)
        return st;
    if (after.len > 0)
        memcpy(from, after.at, after.len);
    for (size_t i = 0; i < s->queue_count && found < max; i++)
        if (strcmp(s->queues[i].name, from) > 0)
            rows[found++] = count(s, &s->queues[i]);
    dir_store_unlock(s, st);
    *n = found;
    return STATUS_OK;
}

/* The port has nothing of its own. */
static void dir_admin_close(void *self)
{
    (void)self;
}

static const struct admin_ops dir_admin_ops = {
    .name = "dir",
    .find = dir_admin_find,
    .list = dir_admin_list,
    .remove = dir_admin_remove,
    .run_now = dir_admin_run_now,
    .requeue = dir_admin_requeue,
    .purge = dir_admin_purge,
    .set_paused = dir_admin_set_paused,
    .stats = dir_admin_stats,
    .close = dir_admin_close,
};

void dir_admin_open(struct dir_store *s, struct admin_port *out)
{
    *out = (struct admin_port){&dir_admin_ops, s};
}
