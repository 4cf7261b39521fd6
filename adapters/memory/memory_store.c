#include "adapters/memory/memory_store.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>

#include "adapters/memory/memory_fleet.h"
#include "adapters/memory/memory_key.h"

struct store *store_new(void)
{
    struct store *s = calloc(1, sizeof(*s));

    if (s && pthread_mutex_init(&s->mutex, NULL) != 0) {
        free(s);
        return NULL;
    }
    return s;
}

static void free_lane(struct lane *lane)
{
    struct entry *e;

    while ((e = lane_first(lane))) {
        lane_leave(lane, e->number);
        entry_free(e);
    }
    lane_release(lane);
}

static void free_timetable(struct timetable *t)
{
    struct due *due;

    while ((due = timetable_first(t))) {
        timetable_strike(t, due);
        entry_free(entry_of_due(due));
    }
}

static void queue_free(struct queue *q)
{
    holds_free(q);
    free_timetable(&q->due[TASK_SCHEDULED]);
    free_timetable(&q->due[TASK_RETRY]);
    for (size_t p = 0; p < PRIORITIES; p++)
        free_lane(&q->ready[p]);
    free_lane(&q->active);
    free_lane(&q->done);
    free_lane(&q->dead);
    table_release(&q->ids);
    free(q);
}

void store_free(struct store *s)
{
    if (!s)
        return;
    for (size_t i = 0; i < s->queue_count; i++)
        queue_free(s->queues[i]);
    free(s->queues);
    pool_release(&s->entries);
    members_free(s->members);
    pthread_mutex_destroy(&s->mutex);
    free(s);
}

void store_lock(struct store *s)
{
    int const failed = pthread_mutex_lock(&s->mutex);
    assert(!failed);
}

void store_unlock(struct store *s)
{
    int const failed = pthread_mutex_unlock(&s->mutex);
    assert(!failed);
}

int bytes_order(struct bytes a, struct bytes b)
{
    size_t const len = a.len < b.len ? a.len : b.len;
    int const order = memcmp(a.at, b.at, len);

    return order ? order : (a.len > b.len) - (a.len < b.len);
}

/* The index of the first queue whose name is not before name. */
static size_t queue_index(const struct store *s, struct bytes name)
{
    size_t low = 0;
    size_t high = s->queue_count;

    while (low < high) {
        size_t const middle = low + (high - low) / 2;
        if (bytes_order(s->queues[middle]->name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct queue *store_queue(const struct store *s, struct bytes name)
{
    size_t const at = queue_index(s, name);

    if (at == s->queue_count || !bytes_equal(s->queues[at]->name, name))
        return NULL;
    return s->queues[at];
}

struct queue *store_queue_made(struct store *s, struct bytes name)
{
    size_t const at = queue_index(s, name);
    assert(name.len <= QUEUE_NAME_MAX);

    if (at < s->queue_count && bytes_equal(s->queues[at]->name, name))
        return s->queues[at];

    struct queue **queues =
        realloc(s->queues, (s->queue_count + 1) * sizeof(struct queue *));
    if (!queues)
        return NULL;
    s->queues = queues;
    struct queue *q = calloc(1, sizeof(*q));
    if (!q)
        return NULL;
    memcpy(q->text, name.at, name.len);
    q->name = (struct bytes){q->text, name.len};
    memmove(queues + at + 1, queues + at,
            (s->queue_count - at) * sizeof(struct queue *));
    queues[at] = q;
    s->queue_count++;
    return q;
}

size_t store_queue_index_after(const struct store *s, struct bytes after)
{
    size_t const at = after.at ? queue_index(s, after) : 0;

    if (after.at && at < s->queue_count &&
        bytes_equal(s->queues[at]->name, after))
        return at + 1;
    return at;
}

struct entry *entry_new(struct store *s, const struct task *task)
{
    struct entry *e = pool_take(&s->entries, sizeof(*e) + kept_task_len(task));
    if (!e)
        return NULL;

    *e = (struct entry){
        .id_hash = table_hash((struct bytes){task->id.text, TASK_ID_LEN}),
    };
    e->task = kept_task_of(task, e->bytes); /* they may begin in its padding */
    return e;
}

void entry_free(struct entry *e)
{
    if (!e)
        return;
    shared_name_leave(e->worker);
    free(e->error);
    free(e->result);
    pool_give(e);
}

struct entry *entry_of_due(const struct due *due)
{
    return (struct entry *)((char *)due - offsetof(struct entry, due));
}

struct task entry_task(const struct entry *e)
{
    struct task task = kept_task_view(&e->task, e->bytes);

    task.queue = e->queue->name;
    task.last_error = (struct bytes){e->error, e->error_len};
    return task;
}

struct bytes entry_key(const struct entry *e)
{
    return kept_task_key(&e->task, e->bytes);
}

static bool entry_has_id(const void *item, const void *wanted)
{
    const struct entry *e = item;
    const struct task_id *id = wanted;

    return strcmp(e->task.id.text, id->text) == 0;
}

/* The entry with that id, whose hash it is. */
static struct entry *entry_at(struct queue *q, uint64_t hash,
                              const struct task_id *id, int64_t now_ms)
{
    struct entry *e = table_find(&q->ids, hash, entry_has_id, id);

    if (e && e->state == TASK_DONE && e->due.at_ms <= now_ms) {
        store_remove(e);
        return NULL;
    }
    return e;
}

struct entry *queue_entry(struct queue *q, const struct task_id *id,
                          int64_t now_ms)
{
    uint64_t const hash = table_hash((struct bytes){id->text, TASK_ID_LEN});

    return entry_at(q, hash, id, now_ms);
}

struct entry *queue_entry_like(struct queue *q, const struct entry *e,
                               int64_t now_ms)
{
    return entry_at(q, e->id_hash, &e->task.id, now_ms);
}

/* The lane in which entries in state stand; NULL: in none. */
static struct lane *lane_of(const struct entry *e, enum task_state state)
{
    struct queue *q = e->queue;

    switch (state) {
    case TASK_READY:
        return &q->ready[e->task.priority];
    case TASK_ACTIVE:
        return &q->active;
    case TASK_DONE:
        return &q->done;
    case TASK_DEAD:
        return &q->dead;
    case TASK_SCHEDULED:
    case TASK_RETRY:
        break;
    }
    return NULL;
}

static bool has_due(enum task_state state)
{
    return state != TASK_READY && state != TASK_DEAD;
}

static void enter(struct store *s, struct entry *e, enum task_state state,
                  int64_t at_ms)
{
    struct lane *lane = lane_of(e, state);

    e->state = state;
    if (lane) {
        e->number = ++s->last_number;
        lane_join(lane, e->number, e);
    }
    if (has_due(state))
        timetable_enter(&e->queue->due[state], &e->due, at_ms, &e->task.id);
    if (state == TASK_READY)
        e->ready_at_ms = at_ms;
}

static void leave(struct entry *e)
{
    struct lane *lane = lane_of(e, e->state);

    if (lane)
        lane_leave(lane, e->number);
    if (has_due(e->state))
        timetable_strike(&e->queue->due[e->state], &e->due);
}

bool store_add(struct store *s, struct queue *q, struct entry *e,
               enum task_state state, int64_t at_ms)
{
    e->queue = q;
    struct lane *lane = lane_of(e, state);
    if (!table_reserve(&q->ids, 1) || (lane && !lane_reserve(lane, 1)))
        return false;

    table_add(&q->ids, e->id_hash, e);
    enter(s, e, state, at_ms);
    return true;
}

bool store_move(struct store *s, struct entry *e, enum task_state state,
                int64_t at_ms)
{
    struct lane *lane = lane_of(e, state);

    if (lane && !lane_reserve(lane, 1))
        return false;
    leave(e);
    if (e->state == TASK_ACTIVE && state != TASK_ACTIVE) {
        shared_name_leave(e->worker);
        e->worker = NULL;
    }
    enter(s, e, state, at_ms);
    return true;
}

void store_set_due(struct entry *e, int64_t at_ms)
{
    struct timetable *t = &e->queue->due[e->state];
    assert(has_due(e->state));

    timetable_strike(t, &e->due);
    timetable_enter(t, &e->due, at_ms, &e->task.id);
}

void store_take_out(struct entry *e)
{
    leave(e);
    table_remove(&e->queue->ids, e->id_hash, e);
}

void store_remove(struct entry *e)
{
    hold_outlive(e);
    store_take_out(e);
    entry_free(e);
}

int64_t store_next_due_ms(const struct store *s)
{
    int64_t next_ms = INT64_MAX;

    for (size_t i = 0; i < s->queue_count; i++) {
        const struct timetable *tables = s->queues[i]->due;
        const struct due *scheduled = timetable_first(&tables[TASK_SCHEDULED]);
        const struct due *retry = timetable_first(&tables[TASK_RETRY]);
        if (scheduled && scheduled->at_ms < next_ms)
            next_ms = scheduled->at_ms;
        if (retry && retry->at_ms < next_ms)
            next_ms = retry->at_ms;
    }
    return next_ms;
}

enum status store_no_memory(struct error *err)
{
    return error_set(err, STATUS_NO_MEMORY, NULL, "memory: out of memory");
}

struct shared_name *shared_name_new(const char *text)
{
    struct shared_name *name = calloc(1, sizeof(*name));
    size_t const len = strlen(text);
    assert(len < sizeof(name->text));

    if (!name)
        return NULL;
    memcpy(name->text, text, len);
    name->users = 1;
    return name;
}

struct shared_name *shared_name_use(struct shared_name *name)
{
    name->users++;
    return name;
}

void shared_name_leave(struct shared_name *name)
{
    if (name && --name->users == 0)
        free(name);
}
