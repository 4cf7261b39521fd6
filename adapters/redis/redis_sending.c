/*
 * Enqueue: plain tasks by MULTI, XADD a task, SET sent, EXEC; a group with any
 * task that holds a key, waits, or brings its id by one script.
 */
#include "adapters/redis/redis_port.h"

#define SENT_MS "600000"
#define SCRIPT_ITEM_ARGS 10

static bool is_scheduled(const struct redis_sending *s, size_t i)
{
    return s->tasks[i].task.run_at_ms > s->now_ms;
}

static bool is_brought(const struct redis_sending *s, size_t i)
{
    return !s->tasks[i].is_id_new || s->p->outbox.is_known[i];
}

static bool is_plain(const struct redis_sending *s, size_t i)
{
    return !s->tasks[i].task.key.at && !is_scheduled(s, i) && !is_brought(s, i);
}

static bool is_all_plain(const struct redis_sending *s,
                         const struct redis_group *g)
{
    for (size_t k = 0; k < g->count; k++)
        if (!is_plain(s, s->p->outbox.order[g->first + k]))
            return false;
    return true;
}

static void add_x(struct redis_connection *c, const char *x, size_t len)
{
    redis_add_text(c, "x");
    redis_add(c, (struct bytes){x, len});
}

static enum status begin_xadd(struct redis_port *p,
                              const struct redis_lane *lane,
                              const struct task *task, struct error *err)
{
    struct redis_connection *c = &p->main;
    struct redis_task const stored = {.task = *task};
    char *x = redis_scratch(p, redis_task_x_room(&stored));

    if (!x)
        return redis_no_memory(err);
    size_t const x_len = redis_task_write_x(&stored, task->priority, x);
    redis_begin(c, x_len > 0 ? 11 : 9);
    redis_add_text(c, "XADD");
    redis_add_text(c, lane->keys[task->priority]);
    redis_add_text(c, "*");
    redis_add_text(c, "id");
    redis_add(c, (struct bytes){task->id.text, TASK_ID_LEN});
    redis_add_text(c, "type");
    redis_add(c, task->type);
    redis_add_text(c, "payload");
    redis_add(c, task->payload);
    if (x_len > 0)
        add_x(c, x, x_len);
    return STATUS_OK;
}

static enum status begin_plain(struct redis_sending *s, size_t g,
                               struct error *err)
{
    struct redis_connection *c = &s->p->main;
    const struct redis_outbox *o = &s->p->outbox;
    const struct redis_group *group = &o->groups[g];
    char sent[REDIS_SENT_KEY_SIZE];

    redis_command(c, 1, (const char *const[]){"MULTI"});
    for (size_t k = 0; k < group->count; k++) {
        const struct task *task = &s->tasks[o->order[group->first + k]].task;
        enum status const st = begin_xadd(s->p, group->lane, task, err);
        if (st != STATUS_OK)
            return st;
    }
    redis_sent_key(s->p->namespace, bytes_of(group->lane->name), s->p->producer,
                   g, sent);
    redis_begin(c, 5);
    redis_add_text(c, "SET");
    redis_add_text(c, sent);
    redis_add_int(c, (int64_t)o->numbers[g]);
    redis_add_text(c, "PX");
    redis_add_text(c, SENT_MS);
    redis_command(c, 1, (const char *const[]){"EXEC"});
    return STATUS_OK;
}

static int64_t key_until(const struct task *task)
{
    return task->key_ttl_ms > 0 ? task->created_at_ms + task->key_ttl_ms : 0;
}

static void add_flags(struct redis_sending *s, size_t i)
{
    const struct task *task = &s->tasks[i].task;
    char flags[8];
    size_t len = 0;

    if (is_scheduled(s, i))
        flags[len++] = 's';
    if (task->key.at)
        flags[len++] = 'k';
    if (is_brought(s, i))
        flags[len++] = 'b';
    if (is_brought(s, i) && task_id_matches(&task->id, task->queue))
        flags[len++] = 'm';
    if (task->key.at || is_brought(s, i))
        flags[len++] = 'p';
    redis_add(&s->p->main, (struct bytes){flags, len});
}

/* The ten arguments of one task, as enqueue.lua wants them. */
static enum status add_item(struct redis_sending *s, size_t i,
                            struct error *err)
{
    struct redis_connection *c = &s->p->main;
    const struct task *task = &s->tasks[i].task;
    bool const waits = is_scheduled(s, i);
    struct redis_task const stored = {
        .task = *task,
        .has_pointer = waits || task->key.at || is_brought(s, i),
    };
    char *room = redis_scratch(s->p, redis_task_body_room(&stored));

    if (!room)
        return redis_no_memory(err);
    redis_add(c, (struct bytes){task->id.text, TASK_ID_LEN});
    redis_add_text(c, redis_stream_name((enum redis_stream)task->priority));
    add_flags(s, i);
    redis_add_int(c, task_id_time_ms(&task->id));
    redis_add_int(c, task->run_at_ms);
    redis_add(c, task->key);
    redis_add_int(c, key_until(task));
    if (waits) {
        size_t const len = redis_task_write_body(&stored, room);
        redis_add(c, (struct bytes){room, len});
        redis_add_text(c, "");
        redis_add_text(c, "");
    } else {
        size_t const len = redis_task_write_x(&stored, task->priority, room);
        redis_add(c, task->type);
        redis_add(c, task->payload);
        redis_add(c, (struct bytes){room, len});
    }
    return STATUS_OK;
}

static enum status begin_script(struct redis_sending *s, size_t g,
                                struct error *err)
{
    struct redis_connection *c = &s->p->main;
    const struct redis_outbox *o = &s->p->outbox;
    const struct redis_group *group = &o->groups[g];
    char sent[REDIS_SENT_KEY_SIZE];

    redis_sent_key(s->p->namespace, bytes_of(group->lane->name), s->p->producer,
                   g, sent);
    redis_script_begin(c, REDIS_SCRIPT_ENQUEUE, REDIS_QUEUE_KEYS + 1,
                       3 + SCRIPT_ITEM_ARGS * group->count);
    redis_add_keys(c, group->lane);
    redis_add_text(c, sent);
    redis_add_int(c, s->now_ms);
    redis_add_int(c, (int64_t)o->numbers[g]);
    redis_add_text(c, SENT_MS);
    for (size_t k = 0; k < group->count; k++) {
        enum status const st = add_item(s, o->order[group->first + k], err);
        if (st != STATUS_OK)
            return st;
    }
    return STATUS_OK;
}

/* A new entry far from the time in its id needs a pointer to be found. */
static void note_entry(struct redis_sending *s, size_t i,
                       const redisReply *entry)
{
    struct redis_entry_id at;

    if (entry->type != REDIS_REPLY_STRING ||
        !redis_entry_id_parse((struct bytes){entry->str, entry->len}, &at) ||
        redis_entry_is_near(at, &s->tasks[i].task.id))
        return;
    s->far[s->far_count] = (uint16_t)i;
    s->far_at[s->far_count++] = at;
}

static enum status hear_exec(struct redis_sending *s, size_t g,
                             const redisReply *exec, struct error *err)
{
    struct redis_outbox *o = &s->p->outbox;
    const struct redis_group *group = &o->groups[g];

    if (exec->type == REDIS_REPLY_ERROR)
        return redis_fault(&s->p->main, exec->str, err);
    if (exec->type != REDIS_REPLY_ARRAY || exec->elements != group->count + 1)
        return redis_fault(&s->p->main, "ERR EXEC answers nothing", err);
    for (size_t k = 0; k < group->count; k++) {
        size_t const i = o->order[group->first + k];
        if (exec->element[k]->type == REDIS_REPLY_ERROR)
            return redis_fault(&s->p->main, exec->element[k]->str, err);
        note_entry(s, i, exec->element[k]);
        o->results[i] =
            (struct enqueued){s->tasks[i].task.id, TASK_READY, false};
    }
    o->fates[g] = REDIS_STORED;
    return STATUS_OK;
}

/* Takes all answers of a transaction, whatever they are: those that follow
 * must not be mistaken for them. What was refused on being queued says why
 * better than EXEC does. */
static enum status hear_plain(struct redis_sending *s, size_t g,
                              struct error *err)
{
    struct redis_outbox *o = &s->p->outbox;
    size_t const commands = o->groups[g].count + 2; /* MULTI, SET */
    REDIS_REPLY exec = NULL;
    enum status refused = STATUS_OK;

    for (size_t k = 0; k < commands; k++) {
        REDIS_REPLY queued = NULL;
        k += redis_skip_queued(&s->p->main, commands - k);
        if (k == commands)
            break;
        enum status const st = redis_next(&s->p->main, &queued, err);
        if (st != STATUS_OK)
            return st;
        if (refused == STATUS_OK && queued->type == REDIS_REPLY_ERROR)
            refused = redis_fault(&s->p->main, queued->str, err);
    }
    struct error later;
    bool const is_good = refused == STATUS_OK;
    enum status const st =
        redis_next(&s->p->main, &exec, is_good ? err : &later);
    if (st != STATUS_OK)
        return is_good ? st : refused;
    o->fates[g] = REDIS_UNSENT; /* unless EXEC went well */
    return is_good ? hear_exec(s, g, exec, err) : refused;
}

static enum status hear_script(struct redis_sending *s, size_t g,
                               struct error *err)
{
    struct redis_port *p = s->p;
    REDIS_REPLY reply = NULL;
    enum status const st = redis_next(&p->main, &reply, err);

    if (st != STATUS_OK)
        return st;
    p->outbox.fates[g] = REDIS_UNSENT;
    if (redis_script_is_missing(&p->main, reply))
        return STATUS_OK; /* stays unsent: the next round has it */
    if (reply->type == REDIS_REPLY_ERROR)
        return redis_fault(&p->main, reply->str, err);
    struct bytes const text = {reply->str, reply->len};
    if (reply->type != REDIS_REPLY_STRING ||
        !redis_outbox_answers(&p->outbox, g, text))
        return redis_fault(&p->main, "ERR enqueue.lua answers nonsense", err);
    p->outbox.fates[g] = REDIS_STORED;
    return STATUS_OK;
}

/* Takes the answers of groups [from, to); all of them, also after a fault, so
 * that the fate of each is known. */
static enum status hear(struct redis_sending *s, size_t from, size_t to,
                        struct error *err)
{
    struct redis_outbox *o = &s->p->outbox;
    enum status first = STATUS_OK;
    struct error spare;

    for (size_t g = from; g < to && s->p->main.context; g++) {
        struct error *e = first == STATUS_OK ? err : &spare;
        if (o->fates[g] != REDIS_SENT)
            continue;
        enum status const st = is_all_plain(s, &o->groups[g])
                                   ? hear_plain(s, g, e)
                                   : hear_script(s, g, e);
        if (first == STATUS_OK)
            first = st;
    }
    return first;
}

/* A producer of plain tasks never loads the script. */
static bool needs_script(const struct redis_sending *s)
{
    const struct redis_outbox *o = &s->p->outbox;

    for (size_t g = 0; g < o->group_count; g++)
        if (o->fates[g] != REDIS_STORED && !is_all_plain(s, &o->groups[g]))
            return true;
    return false;
}

static enum status begin_group(struct redis_sending *s, size_t g,
                               struct error *err)
{
    struct redis_outbox *o = &s->p->outbox;
    enum status const st = is_all_plain(s, &o->groups[g])
                               ? begin_plain(s, g, err)
                               : begin_script(s, g, err);

    if (st != STATUS_OK) /* half a command must not go out */
        redis_disconnect(&s->p->main);
    else
        o->fates[g] = REDIS_SENT;
    return st;
}

enum status redis_send_round(struct redis_sending *s, struct error *err)
{
    struct redis_connection *c = &s->p->main;
    struct redis_outbox *o = &s->p->outbox;
    bool const has_script = needs_script(s);
    size_t heard = 0;
    enum status st = STATUS_OK;

    for (size_t g = 0; g < o->group_count && st == STATUS_OK; g++) {
        if (has_script && heard == g)
            st = redis_script_load(c, REDIS_SCRIPT_ENQUEUE, err);
        if (st == STATUS_OK && o->fates[g] != REDIS_STORED)
            st = begin_group(s, g, err);
        if (st != STATUS_OK || c->out_len < REDIS_WINDOW_BYTES)
            continue;
        st = hear(s, heard, g + 1, err);
        heard = g + 1;
    }
    return st == STATUS_OK ? hear(s, heard, o->group_count, err) : st;
}
