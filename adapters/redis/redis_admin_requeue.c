/*
 * Requeueing: what becomes of a dead task is the domain's to say, so each is
 * read, changed here, and sent back to take the place of the entry it was read
 * from. Both ways are gone by a few dozen tasks together; one that has moved
 * meanwhile is read again.
 */
#include <stdlib.h>

#include "adapters/redis/redis_admin_call.h"
#include "adapters/redis/redis_admin_edit.h"
#include "adapters/redis/redis_find.h"

#define TOGETHER 32
#define TRIES 10

/* One task on its way back. */
struct slot {
    const struct task_ref *ref;
    enum status *result;
    struct task_id *holder;
    bool is_over; /* *result is known */
    struct redis_found found;
    struct redis_task again; /* what it is to be */
    char *x;                 /* of again; owned */
    size_t x_len;
};

/* Those that are not over. */
struct batch {
    struct redis_connection *c;
    int64_t now_ms;
    struct slot *open[TOGETHER];
    size_t n;
};

static void slot_release(struct slot *s)
{
    redis_found_release(&s->found);
    free(s->x);
    s->x = NULL;
}

static void slot_end(struct slot *s, enum status result)
{
    *s->result = result;
    s->is_over = true;
}

/* Leaves only those slots in *b that are not over. */
static void keep_open(struct batch *b)
{
    size_t n = 0;

    for (size_t i = 0; i < b->n; i++)
        if (!b->open[i]->is_over)
            b->open[n++] = b->open[i];
    b->n = n;
}

static void begin_find(void *self, struct redis_connection *c, size_t i)
{
    const struct batch *b = self;
    const struct task_ref *ref = b->open[i]->ref;

    redis_admin_begin(c, REDIS_SCRIPT_FIND, ref->queue, 1);
    redis_add_text(c, ref->id.text);
}

static enum status take_find(void *self, size_t i, redisReply **reply,
                             struct error *err)
{
    struct batch *b = self;
    struct redis_found *found = &b->open[i]->found;
    (void)err;

    if ((*reply)->type == REDIS_REPLY_ARRAY) {
        found->queue = b->open[i]->ref->queue;
        found->reply = *reply;
        *reply = NULL;
    }
    return STATUS_OK;
}

/* Asks for all whose queue is told; the others must be searched for. */
static enum status ask_known(const struct batch *b, struct error *err)
{
    struct batch known = {.c = b->c};

    for (size_t i = 0; i < b->n; i++) {
        slot_release(b->open[i]);
        if (b->open[i]->ref->queue.at)
            known.open[known.n++] = b->open[i];
    }
    struct redis_round const round = {REDIS_SCRIPT_FIND, known.n, begin_find,
                                      take_find, &known};
    return redis_admin_round(b->c, &round, err);
}

/* Makes sure of the task in slot, ending it if it is not dead. */
static enum status look_at(struct redis_connection *c, struct slot *s,
                           struct error *err)
{
    enum status const st =
        s->found.reply ? redis_sighting_read(s->found.reply, s->found.queue,
                                             &s->found.seen, err)
                       : redis_find(c, s->ref, &s->found, err);

    if (st == STATUS_NOT_FOUND) {
        slot_end(s, STATUS_NOT_FOUND);
        return STATUS_OK;
    }
    if (st == STATUS_OK && s->found.seen.state != TASK_DEAD)
        slot_end(s, STATUS_WRONG_STATE);
    return st;
}

/* Writes down what the dead task in slot is to be. */
static enum status prepare(struct slot *s, int64_t now_ms, struct error *err)
{
    s->again = s->found.seen.stored;
    s->again.task = task_requeued(&s->again.task, now_ms);
    s->again.has_pointer = true;
    s->again.reason = REASON_NONE;
    s->again.started_at_ms = 0;
    s->again.finished_at_ms = 0;
    s->x = malloc(redis_task_x_room(&s->again));
    if (!s->x)
        return error_set(err, STATUS_NO_MEMORY, NULL, "redis: out of memory");
    s->x_len = redis_task_write_x(&s->again, s->again.task.priority, s->x);
    return STATUS_OK;
}

static enum status read_batch(struct batch *b, struct error *err)
{
    enum status st = ask_known(b, err);

    for (size_t i = 0; i < b->n && st == STATUS_OK; i++) {
        struct slot *s = b->open[i];
        st = look_at(b->c, s, err);
        if (st == STATUS_OK && !s->is_over)
            st = prepare(s, b->now_ms, err);
    }
    return st;
}

/* Until when a task holds its key: 0 until its end. */
static int64_t key_until(const struct task *task)
{
    return task->key_ttl_ms > 0 ? task->created_at_ms + task->key_ttl_ms : 0;
}

static void begin_requeue(void *self, struct redis_connection *c, size_t i)
{
    const struct batch *b = self;
    const struct slot *s = b->open[i];
    const struct task *task = &s->again.task;
    char entry[REDIS_ENTRY_ID_SIZE];

    redis_entry_id_format(s->found.seen.entry, entry);
    redis_admin_begin(c, REDIS_SCRIPT_REQUEUE, s->found.queue, 9);
    redis_add_int(c, b->now_ms);
    redis_add_text(c, task->id.text);
    redis_add_text(c, entry);
    redis_add_text(c, redis_stream_name((enum redis_stream)task->priority));
    redis_add(c, task->key);
    redis_add_int(c, key_until(task));
    redis_add(c, task->type);
    redis_add(c, task->payload);
    redis_add(c, (struct bytes){s->x, s->x_len});
}

static enum status take_requeue(void *self, size_t i, redisReply **reply,
                                struct error *err)
{
    struct batch *b = self;
    struct slot *s = b->open[i];

    if ((*reply)->type == REDIS_REPLY_STRING) {
        if (!task_id_parse(redis_reply_text(*reply), s->holder))
            return error_set(err, STATUS_CORRUPT, NULL,
                             "redis: the holder of a key has no id");
        slot_end(s, STATUS_KEY_HELD);
    } else if ((*reply)->integer == 1) {
        slot_end(s, STATUS_OK);
    }
    return STATUS_OK;
}

static enum status requeue_batch(struct batch *b, struct error *err)
{
    enum status st = STATUS_OK;

    for (int i = 0; i < TRIES && b->n > 0 && st == STATUS_OK; i++) {
        st = read_batch(b, err);
        keep_open(b);
        struct redis_round const round = {REDIS_SCRIPT_REQUEUE, b->n,
                                          begin_requeue, take_requeue, b};
        if (st == STATUS_OK)
            st = redis_admin_round(b->c, &round, err);
        keep_open(b);
    }
    for (size_t i = 0; i < b->n; i++) /* they keep moving: being worked on */
        slot_end(b->open[i], STATUS_WRONG_STATE);
    return st;
}

enum status redis_edit_requeue(struct redis_connection *c, int64_t now_ms,
                               const struct task_ref *refs, size_t n,
                               enum status *results, struct task_id *holders,
                               struct error *err)
{
    enum status st = STATUS_OK;

    for (size_t first = 0; first < n && st == STATUS_OK; first += TOGETHER) {
        size_t const count = n - first < TOGETHER ? n - first : TOGETHER;
        struct slot slots[TOGETHER] = {0};
        struct batch b = {.c = c, .now_ms = now_ms, .n = count};
        for (size_t i = 0; i < count; i++) {
            slots[i].ref = &refs[first + i];
            slots[i].result = &results[first + i];
            slots[i].holder = &holders[first + i];
            b.open[i] = &slots[i];
        }
        st = requeue_batch(&b, err);
        for (size_t i = 0; i < count; i++)
            slot_release(&slots[i]);
    }
    return st;
}
