/*
 * Enqueue, as a whole: announce new queues, send what is not stored, point to
 * what landed far off.
 *
 * All of a batch is in the outbox until its answers are in. When the line
 * breaks first, we reconnect and find out what arrived (redis_outbox.c), then
 * send what did not: nothing is stored twice, however quick the workers are.
 */
#include <assert.h>
#include <string.h>

#include "adapters/redis/redis_port.h"

#define WAKES_KEPT "64"
#define ANNOUNCE_AGAIN_MS 1000
/* The server keeps all of a transaction until EXEC. What it keeps of so many is
 * still at hand then: with 250, it spends a tenth more on each. */
#define GROUP_MAX 50
#define ROUNDS_MAX 4 /* a lost line, a forgotten script, and one of each more */

static bool is_same_batch(const struct redis_outbox *o,
                          const struct new_task *tasks, size_t n)
{
    if (!o->is_open || o->n != n)
        return false;
    for (size_t i = 0; i < n; i++)
        if (strcmp(o->ids[i].text, tasks[i].task.id.text) != 0)
            return false;
    return true;
}

static bool was_sent(const struct redis_outbox *o, const struct task_id *id)
{
    for (size_t i = 0; i < o->n; i++)
        if (strcmp(o->ids[i].text, id->text) == 0)
            return true;
    return false;
}

/* Fills the outbox with a new batch. Tasks left over from one that failed, in
 * other company now, are looked for like brought ones. */
static enum status pack(struct redis_port *p, const struct new_task *tasks,
                        size_t n, struct error *err)
{
    struct redis_outbox *o = &p->outbox;

    for (size_t i = 0; i < n; i++) {
        const struct task *task = &tasks[i].task;
        p->classes[i] = (struct redis_class){
            .lane = redis_lane_get(p, task->queue),
            .bytes = task->payload.len + task->headers.len,
        };
        if (!p->classes[i].lane)
            return redis_no_memory(err);
        o->is_known[i] = o->is_open && was_sent(o, &task->id);
    }
    for (size_t i = 0; i < n; i++)
        o->ids[i] = tasks[i].task.id;
    o->n = n;
    o->group_count =
        redis_group_items(p->classes, n, GROUP_MAX, o->order, o->groups);
    for (size_t g = 0; g < o->group_count; g++) {
        o->fates[g] = REDIS_UNSENT;
        o->numbers[g] = ++p->last_number;
    }
    o->is_open = true;
    return STATUS_OK;
}

/* Begins to make the queues known that we have not announced lately; marks
 * them in p->groups (scratch here) and returns how many. Known before their
 * first task, so that none lies where nobody looks; known anew on each
 * connection, since behind it may be a server that has forgotten all. */
static size_t begin_announce(struct redis_port *p)
{
    const struct redis_outbox *o = &p->outbox;
    int64_t const now = redis_mono_ms();
    size_t count = 0;

    for (size_t g = 0; g < o->group_count; g++) {
        struct redis_lane *lane = o->groups[g].lane;
        if (lane->announced_to == p->main.generation &&
            now - lane->announced_mono_ms < ANNOUNCE_AGAIN_MS)
            continue;
        lane->announced_to = p->main.generation;
        lane->announced_mono_ms = now;
        redis_command(&p->main, 3,
                      (const char *const[]){"SADD", p->queues_key, lane->name});
        p->groups[count++].lane = lane;
    }
    return count;
}

/* Now, since a full server refuses to: what lies in a stream without a group
 * could not be read, and nothing there would ever make room again. */
static enum status make_groups(struct redis_port *p, size_t count,
                               struct error *err)
{
    enum status first = STATUS_OK;
    struct error spare;

    for (size_t i = 0; i < count; i++)
        for (int k = 0; k < PRIORITIES; k++)
            redis_group_begin(&p->main, p->groups[i].lane->keys[k]);
    for (size_t i = 0; i < PRIORITIES * count && p->main.context; i++) {
        enum status const st =
            redis_group_heard(&p->main, first == STATUS_OK ? err : &spare);
        if (first == STATUS_OK)
            first = st;
    }
    return first;
}

static enum status tell_workers(struct redis_port *p, size_t count,
                                struct error *err)
{
    char schema[REDIS_KEY_SIZE];

    if (count == 0)
        return STATUS_OK;
    redis_global_key(p->namespace, "schema", schema);
    redis_command(&p->main, 3,
                  (const char *const[]){"SETNX", schema, REDIS_SCHEMA_TEXT});
    for (size_t i = 0; i < count; i++)
        redis_command(&p->main, 8,
                      (const char *const[]){"XADD", p->wake_key, "MAXLEN", "~",
                                            WAKES_KEPT, "*", "q",
                                            p->groups[i].lane->name});
    return redis_skip(&p->main, count + 1, err);
}

static enum status announce(struct redis_port *p, struct error *err)
{
    size_t const asked = begin_announce(p);
    size_t new_count = 0;
    enum status st = STATUS_OK;

    for (size_t i = 0; i < asked && st == STATUS_OK; i++) {
        REDIS_REPLY reply = NULL;
        st = redis_next_good(&p->main, &reply, err);
        if (st == STATUS_OK && reply->integer == 1)
            p->groups[new_count++].lane = p->groups[i].lane;
    }
    if (st == STATUS_OK)
        st = make_groups(p, new_count, err);
    if (st == STATUS_OK)
        st = tell_workers(p, new_count, err);
    for (size_t i = 0; i < asked && st != STATUS_OK; i++)
        p->groups[i].lane->announced_to = 0;
    return st;
}

/* Sets pointers to what landed far from the time in its id. */
static enum status point(struct redis_sending *s, const struct redis_lane *lane,
                         size_t first, size_t count, struct error *err)
{
    struct redis_connection *c = &s->p->main;
    REDIS_REPLY reply = NULL;

    do {
        redis_reply_freep(&reply);
        enum status st = redis_script_load(c, REDIS_SCRIPT_POINT, err);
        if (st != STATUS_OK)
            return st;
        redis_script_begin(c, REDIS_SCRIPT_POINT, REDIS_QUEUE_KEYS, 3 * count);
        redis_add_keys(c, lane);
        for (size_t k = first; k < first + count; k++) {
            const struct task *task = &s->tasks[s->far[k]].task;
            char entry[REDIS_ENTRY_ID_SIZE];
            redis_entry_id_format(s->far_at[k], entry);
            redis_add_text(c, task->id.text);
            redis_add_text(
                c, redis_stream_name((enum redis_stream)task->priority));
            redis_add_text(c, entry);
        }
        st = redis_next(c, &reply, err);
        if (st != STATUS_OK)
            return st;
    } while (redis_script_is_missing(c, reply));
    if (reply->type == REDIS_REPLY_ERROR)
        return redis_fault(c, reply->str, err);
    return STATUS_OK;
}

/* Far ones come group by group, so those of one queue stand together. */
static enum status point_all(struct redis_sending *s, struct error *err)
{
    size_t first = 0;

    while (first < s->far_count) {
        struct bytes const queue = s->tasks[s->far[first]].task.queue;
        size_t count = 1;
        while (first + count < s->far_count && count < REDIS_GROUP_MAX &&
               bytes_equal(s->tasks[s->far[first + count]].task.queue, queue))
            count++;
        enum status const st =
            point(s, redis_lane_find(s->p, queue), first, count, err);
        if (st != STATUS_OK)
            return st;
        first += count;
    }
    s->far_count = 0;
    return STATUS_OK;
}

static bool is_all_stored(const struct redis_outbox *o)
{
    for (size_t g = 0; g < o->group_count; g++)
        if (o->fates[g] != REDIS_STORED)
            return false;
    return true;
}

static enum status send_once(struct redis_sending *s, struct error *err)
{
    enum status st = redis_ready(&s->p->main, err);

    if (st == STATUS_OK)
        st = redis_outbox_resolve(s->p, err);
    if (st == STATUS_OK)
        st = announce(s->p, err);
    if (st == STATUS_OK)
        st = redis_send_round(s, err);
    return st == STATUS_OK ? point_all(s, err) : st;
}

enum status redis_enqueue(void *self, int64_t now_ms,
                          const struct new_task *tasks, size_t n,
                          struct enqueued *results, struct error *err)
{
    struct redis_port *p = self;
    struct redis_sending *s = &p->sending;
    enum status st = STATUS_OK;
    assert(n >= 1 && n <= BATCH_MAX);

    s->p = p;
    s->tasks = tasks;
    s->now_ms = now_ms;
    s->far_count = 0;
    if (!is_same_batch(&p->outbox, tasks, n))
        st = pack(p, tasks, n, err);
    if (st != STATUS_OK)
        return st;
    for (int round = 0; round < ROUNDS_MAX; round++) {
        st = send_once(s, err);
        if (st == STATUS_OK && is_all_stored(&p->outbox))
            break;
        if (st != STATUS_OK && (st != STATUS_UNAVAILABLE || p->main.context))
            return st;
    }
    if (st != STATUS_OK)
        return st;
    memcpy(results, p->outbox.results, n * sizeof(*results));
    p->outbox.is_open = false;
    return STATUS_OK;
}
