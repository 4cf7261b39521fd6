/*
 * The walk goes through the tables of each queue, slot by slot: first the
 * tasks, then the keys. The cursor is "QUEUE TABLE SLOT". Nobody but a bug can
 * harm this store, so only what is safe to free is repaired.
 */
#include "adapters/memory/memory_scrub.h"

#include <assert.h>
#include <stdio.h>

#include "adapters/memory/memory_fleet.h"
#include "adapters/memory/memory_key.h"
#include "domain/text.h"

enum { PLACES, STALE, SILENT, KEYS };

static const struct scrub_check checks[] = {
    [PLACES] = {"task places", FINDING_BAD, NULL,
                "tasks that stand where their state does not say: restart, "
                "and report a bug"},
    [STALE] = {"stale leases", FINDING_BAD, NULL,
               "leases that ended long ago and nobody took: run a worker"},
    [SILENT] = {"silent workers", FINDING_WARN, NULL,
                "leases of workers not heard of: their tasks run again once "
                "the leases end"},
    [KEYS] = {"keys", FINDING_BAD, "let go", "keys held by no live task"},
    {0},
};

enum { TASKS_TABLE, KEYS_TABLE, TABLES };

struct page {
    const struct store *store;
    int64_t now_ms;
    struct queue *queue;
    struct scrub_flaw *flaws;
    size_t count;
};

static void add(struct page *p, size_t check, struct bytes subject)
{
    struct scrub_flaw *f = &p->flaws[p->count++];

    *f = (struct scrub_flaw){.check = check, .subject_len = subject.len};
    memcpy(f->queue, p->queue->text, sizeof(f->queue));
    memcpy(f->subject, subject.at, subject.len);
}

static bool is_in_lane(const struct lane *lane, const struct entry *e)
{
    return lane_after(lane, e->number - 1) == e;
}

static bool is_in_timetable(const struct timetable *t, const struct entry *e)
{
    return timetable_after(t, e->due.at_ms, &e->task.id, true) == &e->due;
}

static bool is_in_place(const struct entry *e)
{
    const struct queue *q = e->queue;

    switch (e->state) {
    case TASK_READY:
        return is_in_lane(&q->ready[e->task.priority], e);
    case TASK_ACTIVE:
        return is_in_lane(&q->active, e) &&
               is_in_timetable(&q->due[TASK_ACTIVE], e);
    case TASK_DONE:
        return is_in_lane(&q->done, e) &&
               is_in_timetable(&q->due[TASK_DONE], e);
    case TASK_DEAD:
        return is_in_lane(&q->dead, e);
    case TASK_SCHEDULED:
    case TASK_RETRY:
        return is_in_timetable(&q->due[e->state], e);
    }
    return false;
}

static bool is_silent(const struct page *p, const struct entry *e)
{
    for (const struct member *m = p->store->members; m; m = m->next)
        if (strcmp(m->info.name, e->worker->text) == 0)
            return m->info.seen_at_ms < p->now_ms - SCRUB_SILENT_MS;
    return true;
}

static void examine_task(struct page *p, const struct entry *e)
{
    struct bytes const id = {e->task.id.text, TASK_ID_LEN};
    bool const is_active = e->state == TASK_ACTIVE;

    if (!is_in_place(e))
        add(p, PLACES, id);
    else if (is_active && e->due.at_ms < p->now_ms - SCRUB_STALE_MS)
        add(p, STALE, id);
    else if (is_active && is_silent(p, e))
        add(p, SILENT, id);
}

/* A window may outlive its task; any other hold ends with it. */
static bool is_empty_hold(const struct hold *h)
{
    if (h->is_window)
        return false;
    return !h->entry || h->entry->hold != h || h->entry->state == TASK_DONE ||
           h->entry->state == TASK_DEAD;
}

static void examine_hold(struct page *p, const struct hold *h)
{
    if (is_empty_hold(h))
        add(p, KEYS, (struct bytes){h->key, h->len});
}

static void examine_slot(struct page *p, int table, size_t slot)
{
    const struct table *t =
        table == TASKS_TABLE ? &p->queue->ids : &p->queue->keys;
    const void *item = t->slots[slot].item;

    if (item && table == TASKS_TABLE)
        examine_task(p, item);
    else if (item)
        examine_hold(p, item);
}

/* Looks at up to a page of slots; true: the table goes on at *slot. */
static bool examine_table(struct page *p, int table, size_t *slot)
{
    size_t const size =
        table == TASKS_TABLE ? p->queue->ids.size : p->queue->keys.size;
    size_t const left = *slot < size ? size - *slot : 0;
    size_t const n = left < SCRUB_PAGE_MAX ? left : SCRUB_PAGE_MAX;

    for (size_t i = 0; i < n; i++)
        examine_slot(p, table, *slot + i);
    *slot += n;
    return *slot < size;
}

static void write_cursor(struct scrub_cursor *c, const struct store *s,
                         size_t queue, int table, size_t slot)
{
    if (queue == s->queue_count) {
        *c = (struct scrub_cursor){.text = ""};
        return;
    }
    snprintf(c->text, sizeof(c->text), "%s %d %zu", s->queues[queue]->text,
             table, slot);
}

/* Takes the word in front of text, and the blank behind it. */
static struct bytes next_word(const char **text)
{
    struct bytes const word = {*text, strcspn(*text, " ")};

    *text += word.len + ((*text)[word.len] == ' ');
    return word;
}

/* Reads what write_cursor() wrote. */
static void read_cursor(const struct scrub_cursor *c, struct bytes *queue,
                        int *table, size_t *slot)
{
    const char *text = c->text;
    int64_t table_number = 0;
    int64_t slot_number = 0;

    *queue = next_word(&text);
    bool const is_ours =
        text_read_int(next_word(&text), TABLES - 1, &table_number) &&
        text_read_int(next_word(&text), INT64_MAX, &slot_number);
    assert(is_ours);
    *table = (int)table_number;
    *slot = (size_t)slot_number;
}

static enum status memory_scrub_examine(void *self, int64_t now_ms,
                                        struct scrub_cursor *cursor,
                                        struct scrub_flaw *flaws, size_t *count,
                                        struct error *err)
{
    struct store *s = self;
    struct bytes name = {0};
    int table = TASKS_TABLE;
    size_t slot = 0;
    struct page p = {.store = s, .now_ms = now_ms, .flaws = flaws};
    (void)err;

    if (cursor->text[0])
        read_cursor(cursor, &name, &table, &slot);
    store_lock(s);
    /* Queues are never removed, so the one of the cursor is there. */
    size_t at = name.len > 0 ? store_queue_index_after(s, name) - 1 : 0;
    if (at < s->queue_count) {
        p.queue = s->queues[at];
        if (!examine_table(&p, table, &slot)) {
            slot = 0;
            at += table == KEYS_TABLE;
            table = (table + 1) % TABLES;
        }
    }
    write_cursor(cursor, s, at, table, slot);
    store_unlock(s);
    *count = p.count;
    return STATUS_OK;
}

static enum status memory_scrub_repair(void *self, int64_t now_ms,
                                       const struct scrub_flaw *flaw,
                                       struct error *err)
{
    struct store *s = self;
    struct bytes const key = {flaw->subject, flaw->subject_len};
    enum status st = STATUS_NOT_FOUND;
    (void)err;

    assert(flaw->check == KEYS);
    store_lock(s);
    struct queue *q = store_queue(s, bytes_of(flaw->queue));
    struct hold *h = q ? hold_find(q, key, now_ms) : NULL;
    if (h && is_empty_hold(h)) {
        hold_drop(q, h);
        st = STATUS_OK;
    }
    store_unlock(s);
    return st;
}

/* The port has nothing of its own. */
static void memory_scrub_close(void *self)
{
    (void)self;
}

static const struct scrub_ops memory_scrub_ops = {
    .name = "memory",
    .checks = checks,
    .examine = memory_scrub_examine,
    .repair = memory_scrub_repair,
    .close = memory_scrub_close,
};

void memory_scrub_open(struct store *store, struct scrub_port *out)
{
    *out = (struct scrub_port){&memory_scrub_ops, store};
}
