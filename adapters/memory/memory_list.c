/*
 * Lists: pages of tasks, state by state.
 *
 * The tasks of one state stand in several places: a lane or a timetable a
 * queue, or three lanes where they are ready. Each such source is in the order
 * of the list already, so a page is merged from their heads, and a cursor is
 * the position of the last task that was looked at:
 *
 *   STATE:NUMBER::          of a lane; numbers are unique in the store
 *   STATE:AT_MS:ID:QUEUE    of a timetable
 */
#include <stdlib.h>

#include "adapters/memory/memory_admin.h"
#include "domain/text.h"

struct position {
    enum task_state state;
    int64_t at; /* a number or an instant; < 0: before all */
    struct task_id id;
    struct bytes queue;
};

struct source {
    const struct lane *lane; /* NULL: a timetable */
    const struct timetable *table;
    const struct entry *head; /* what comes next; NULL: nothing */
};

/* The work of one call. */
struct listing {
    const struct list_request *req;
    struct arena *mem;
    struct source *sources; /* room for PRIORITIES a queue */
    size_t source_count;
    struct task_record *records;
    size_t max;
    size_t count;
    size_t examined;
    struct position last; /* looked at */
    bool is_full;         /* nothing more goes on this page */
};

static bool is_in_lane(enum task_state state)
{
    return state != TASK_SCHEDULED && state != TASK_RETRY;
}

static enum status no_cursor(const char *text, struct error *err)
{
    struct bytes const parts[] = {BYTES("cursor is none of a list: "),
                                  bytes_of(text)};

    return error_join(err, STATUS_INVALID, "cursor", parts, 2);
}

/* Cuts what stands before the next colon off *rest. */
static bool cut(struct bytes *rest, struct bytes *out)
{
    const char *colon = memchr(rest->at, ':', rest->len);

    if (!colon)
        return false;
    *out = (struct bytes){rest->at, (size_t)(colon - rest->at)};
    rest->len -= out->len + 1;
    rest->at = colon + 1;
    return true;
}

static bool read_position(const char *text, struct position *out)
{
    struct bytes rest = bytes_of(text);
    struct bytes state, at, id;
    int64_t number;

    *out = (struct position){.at = -1};
    if (rest.len == 0)
        return true;
    if (!cut(&rest, &state) || !cut(&rest, &at) || !cut(&rest, &id) ||
        !text_read_int(state, TASK_STATES - 1, &number) ||
        !text_read_int(at, INT64_MAX - 1, &out->at))
        return false;
    out->state = (enum task_state)number;
    out->queue = rest;
    return is_in_lane(out->state) || task_id_parse(id, &out->id);
}

static struct cursor cursor_of(const struct position *p)
{
    struct cursor cursor;
    struct text t = text_in(cursor.text, sizeof(cursor.text));

    text_add_int(&t, p->state);
    text_add(&t, ":");
    text_add_int(&t, p->at);
    text_add(&t, ":");
    text_add(&t, p->id.text);
    text_add(&t, ":");
    text_add_bytes(&t, p->queue);
    return cursor;
}

static struct position position_of(const struct entry *e)
{
    if (is_in_lane(e->state))
        return (struct position){.state = e->state, .at = (int64_t)e->number};
    return (struct position){e->state, e->due.at_ms, e->task.id,
                             e->queue->name};
}

static const struct entry *entry_at(const struct due *due)
{
    return due ? entry_of_due(due) : NULL;
}

static void add_lane(struct listing *l, const struct lane *lane,
                     const struct position *from)
{
    l->sources[l->source_count++] = (struct source){
        .lane = lane,
        .head = from->at < 0 ? lane_first(lane)
                             : lane_after(lane, (uint64_t)from->at),
    };
}

static void add_timetable(struct listing *l, const struct queue *q,
                          const struct timetable *table,
                          const struct position *from)
{
    /* Of two with one id, due at one time, the queue's name decides. */
    bool const is_inclusive =
        from->at >= 0 && bytes_order(q->name, from->queue) > 0;
    const struct due *due =
        from->at < 0
            ? timetable_first(table)
            : timetable_after(table, from->at, &from->id, is_inclusive);

    l->sources[l->source_count++] =
        (struct source){.table = table, .head = entry_at(due)};
}

static void add_queue(struct listing *l, const struct queue *q,
                      enum task_state state, const struct position *from)
{
    switch (state) {
    case TASK_SCHEDULED:
    case TASK_RETRY:
        add_timetable(l, q, &q->due[state], from);
        break;
    case TASK_READY:
        for (size_t p = 0; p < PRIORITIES; p++)
            add_lane(l, &q->ready[p], from);
        break;
    case TASK_ACTIVE:
        add_lane(l, &q->active, from);
        break;
    case TASK_DONE:
        add_lane(l, &q->done, from);
        break;
    case TASK_DEAD:
        add_lane(l, &q->dead, from);
        break;
    }
}

static bool is_earlier(const struct entry *a, const struct entry *b)
{
    if (is_in_lane(a->state))
        return a->number < b->number;
    return due_is_before(&a->due, &b->due);
}

/* The source whose head comes first; NULL: all are at their ends. */
static struct source *next_source(struct listing *l)
{
    struct source *next = NULL;

    for (size_t i = 0; i < l->source_count; i++) {
        struct source *s = &l->sources[i];
        if (s->head && (!next || is_earlier(s->head, next->head)))
            next = s;
    }
    return next;
}

static void advance(struct source *s)
{
    const struct entry *e = s->head;

    if (s->lane)
        s->head = lane_after(s->lane, e->number);
    else
        s->head = entry_at(
            timetable_after(s->table, e->due.at_ms, &e->task.id, false));
}

static bool wants_entry(const struct list_request *req, const struct entry *e)
{
    bool const is_over = e->state == TASK_DONE && e->due.at_ms <= req->now_ms;

    return !is_over &&
           task_filter_wants(&req->filter, kept_task_type(&e->task, e->bytes),
                             e->reason, e->finished_at_ms);
}

/* Looks at one task; false: the page has no room for it. */
static bool examine(struct listing *l, const struct entry *e)
{
    if (l->count == l->max || l->examined == ADMIN_EXAMINE_MAX)
        return false;
    if (wants_entry(l->req, e)) {
        if (!memory_record(e, l->mem, &l->records[l->count]))
            return false;
        l->count++;
    }
    l->examined++;
    l->last = position_of(e);
    return true;
}

static void list_state(struct listing *l, const struct store *s,
                       enum task_state state, const struct position *from)
{
    struct bytes const only = l->req->filter.queue;
    struct source *next;

    l->source_count = 0;
    for (size_t i = 0; i < s->queue_count; i++)
        if (!only.at || bytes_equal(only, s->queues[i]->name))
            add_queue(l, s->queues[i], state, from);
    while (!l->is_full && (next = next_source(l))) {
        if (examine(l, next->head))
            advance(next);
        else
            l->is_full = true;
    }
}

static void list_all(struct listing *l, const struct store *s,
                     const struct position *from)
{
    struct position const start = {.at = -1};

    for (int i = (int)from->state; i < TASK_STATES && !l->is_full; i++) {
        enum task_state const state = (enum task_state)i;
        if (task_filter_wants_state(&l->req->filter, state))
            list_state(l, s, state, state == from->state ? from : &start);
    }
}

/* As many records as fit, up to the number asked for. */
static void make_records(struct listing *l)
{
    for (l->max = l->req->max; l->max > 0; l->max /= 2) {
        l->records = arena_alloc(l->mem, l->max * sizeof(*l->records));
        if (l->records)
            return;
    }
}

enum status memory_admin_list(void *self, const struct list_request *req,
                              struct arena *mem, struct task_page *page,
                              struct error *err)
{
    struct store *s = self;
    struct listing l = {.req = req, .mem = mem};
    struct position from;

    if (!read_position(req->cursor.text, &from))
        return no_cursor(req->cursor.text, err);
    make_records(&l);
    store_lock(s);
    l.sources = malloc((s->queue_count * PRIORITIES + 1) * sizeof(*l.sources));
    if (l.sources)
        list_all(&l, s, &from);
    store_unlock(s);

    if (!l.sources)
        return store_no_memory(err);
    free(l.sources);
    if (l.is_full && l.examined == 0)
        return error_set(err, STATUS_NO_MEMORY, NULL,
                         "memory: the arena has no room for one task");
    *page = (struct task_page){.records = l.records, .count = l.count};
    if (l.is_full)
        page->next = cursor_of(&l.last);
    return STATUS_OK;
}
