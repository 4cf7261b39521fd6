/*
 * Settle: what is done and leaves nothing behind goes by done.lua, one call a
 * stream and for those that have pointers one more; all other verdicts by
 * settle.lua, one call a queue. Both fence by XACK, and both run at maxmemory.
 */
#include <assert.h>
#include <string.h>

#include "adapters/redis/redis_port.h"
#include "adapters/redis/redis_token.h"

#define ITEM_ARGS 10

/* Kinds of groups: a plain done of a stream, the same of tasks that have
 * pointers, or all the rest. */
enum {
    KIND_POINTED = REDIS_STREAMS, /* plus the stream */
    KIND_OTHER = 2 * REDIS_STREAMS,
};

struct settling {
    struct redis_port *p;
    const struct settlement *items;
    int64_t now_ms;
    enum status *results;
};

static bool read_token(const struct settlement *item, struct redis_token *out)
{
    const struct task *task = &item->lease->task;

    return redis_token_read(&item->lease->token, &task->id, out) &&
           bytes_equal(out->queue, task->queue);
}

static bool frees_key(const struct settlement *item)
{
    return (item->verdict.action == VERDICT_DONE ||
            item->verdict.action == VERDICT_DEAD) &&
           item->lease->task.key.at && item->lease->task.key_ttl_ms == 0;
}

static int kind_of(const struct settlement *item,
                   const struct redis_token *token)
{
    if (item->verdict.action != VERDICT_DONE || item->verdict.is_failure ||
        item->lease->task.retain_ms > 0 || frees_key(item))
        return KIND_OTHER;
    return (int)token->stream + (token->has_pointer ? (int)KIND_POINTED : 0);
}

static size_t bytes_in(const struct settlement *item)
{
    return item->lease->task.payload.len + item->result.len + item->error.len +
           item->lease->task.headers.len;
}

/* Whether another item that goes by settle.lua speaks of the same lease. */
static bool has_twin(const struct settling *s, size_t n, size_t i)
{
    const char *token = s->items[i].lease->token.text;

    for (size_t j = 0; j < n; j++)
        if (s->p->classes[j].kind == KIND_OTHER &&
            strcmp(s->items[j].lease->token.text, token) == 0)
            return true;
    return false;
}

/* Of two items about one lease the first counts: they go by one script, which
 * keeps their order. */
static void join_twins(struct settling *s, size_t n)
{
    struct redis_class *classes = s->p->classes;
    bool has_other = false;

    for (size_t i = 0; i < n; i++)
        has_other |= classes[i].kind == KIND_OTHER;
    for (size_t i = 0; has_other && i < n; i++) {
        if (!classes[i].lane || classes[i].kind == KIND_OTHER ||
            !has_twin(s, n, i))
            continue;
        classes[i].kind = KIND_OTHER;
        classes[i].bytes = bytes_in(&s->items[i]);
    }
}

static enum status classify(struct settling *s, size_t n, struct error *err)
{
    for (size_t i = 0; i < n; i++) {
        const struct settlement *item = &s->items[i];
        struct redis_class *class = &s->p->classes[i];
        struct redis_token token;

        s->results[i] = STATUS_LEASE_LOST;
        *class = (struct redis_class){0};
        if (!read_token(item, &token))
            continue;
        enum status const st =
            redis_lane_of(s->p, token.queue, &class->lane, err);
        if (st != STATUS_OK)
            return st;
        class->kind = kind_of(item, &token);
        if (class->kind == KIND_OTHER)
            class->bytes = bytes_in(item);
    }
    join_twins(s, n);
    return STATUS_OK;
}

static void begin_done(struct settling *s, const struct redis_group *g)
{
    struct redis_connection *c = &s->p->main;
    bool const is_pointed = g->kind >= KIND_POINTED;
    int const stream = is_pointed ? g->kind - KIND_POINTED : g->kind;

    redis_script_begin(c, REDIS_SCRIPT_DONE, is_pointed ? 3 : 2,
                       is_pointed ? 2 * g->count : g->count);
    redis_add_text(c, g->lane->keys[stream]);
    redis_add_text(c, g->lane->keys[REDIS_KEY_COUNTERS]);
    if (is_pointed)
        redis_add_text(c, g->lane->keys[REDIS_KEY_POINTERS]);
    for (size_t k = 0; k < g->count; k++) {
        struct redis_token token;
        char entry[REDIS_ENTRY_ID_SIZE];
        const struct settlement *item = &s->items[s->p->order[g->first + k]];
        bool const is_ours = read_token(item, &token);
        assert(is_ours); /* classify() has read it */
        redis_entry_id_format(token.entry, entry);
        redis_add_text(c, entry);
    }
    for (size_t k = 0; is_pointed && k < g->count; k++)
        redis_add_text(c,
                       s->items[s->p->order[g->first + k]].lease->task.id.text);
}

/* The task as it is to be written down after the verdict. */
static struct redis_task stored_after(const struct settling *s,
                                      const struct settlement *item,
                                      const struct redis_token *token)
{
    const struct verdict *v = &item->verdict;
    struct redis_task t = {
        .task = item->lease->task,
        .last = token->entry,
        .has_pointer = true, /* wherever it goes, not where its id says */
        .started_at_ms = item->started_at_ms,
    };

    t.task.attempt = v->attempt;
    t.task.crashes = v->crashes;
    if (item->error.at)
        t.task.last_error = item->error;
    switch (v->action) {
    case VERDICT_DONE:
        t.finished_at_ms = s->now_ms;
        t.result = item->result;
        break;
    case VERDICT_DEAD:
        t.finished_at_ms = s->now_ms;
        t.reason = v->reason;
        break;
    case VERDICT_RETRY:
    case VERDICT_SNOOZE:
        t.task.run_at_ms = v->run_at_ms;
        break;
    case VERDICT_RELEASE:
        break;
    }
    return t;
}

static const char *action_of(const struct settlement *item)
{
    const struct verdict *v = &item->verdict;

    switch (v->action) {
    case VERDICT_DONE:
        return item->lease->task.retain_ms > 0 ? "keep" : "done";
    case VERDICT_RETRY:
        return "retry";
    case VERDICT_SNOOZE:
        return v->attempt > 0 ? "retry" : "scheduled";
    case VERDICT_DEAD:
        return "dead";
    case VERDICT_RELEASE:
        break;
    }
    return "release";
}

static void add_body(struct redis_port *p, const struct redis_task *t,
                     int64_t at_ms, char *room)
{
    size_t const len = redis_task_write_body(t, room);

    redis_add_int(&p->main, at_ms);
    redis_add(&p->main, (struct bytes){room, len});
}

static void add_entry(struct redis_port *p, const struct redis_task *t,
                      const char *at, enum priority implied, char *room)
{
    size_t const len = redis_task_write_x(t, implied, room);

    redis_add_text(&p->main, at);
    redis_add(&p->main, t->task.type);
    redis_add(&p->main, t->task.payload);
    redis_add(&p->main, (struct bytes){room, len});
}

/* The last four arguments of an item: at, a, b, c of settle.lua. */
static void add_outcome(struct settling *s, const struct settlement *item,
                        const struct redis_task *t, char *room)
{
    struct redis_connection *c = &s->p->main;
    int64_t const retain_ms = t->task.retain_ms;

    switch (item->verdict.action) {
    case VERDICT_DONE:
        add_body(s->p, t, s->now_ms, room);
        redis_add_int(c, s->now_ms + retain_ms);
        redis_add_text(c, "");
        return;
    case VERDICT_RETRY:
    case VERDICT_SNOOZE:
        add_body(s->p, t, t->task.run_at_ms, room);
        redis_add_text(c, "");
        redis_add_text(c, "");
        return;
    case VERDICT_DEAD:
        add_entry(s->p, t, "", PRIORITY_NORMAL, room);
        return;
    case VERDICT_RELEASE:
        add_entry(s->p, t,
                  redis_stream_name((enum redis_stream)t->task.priority),
                  t->task.priority, room);
        return;
    }
}

static enum status add_item(struct settling *s, const struct settlement *item,
                            struct error *err)
{
    struct redis_connection *c = &s->p->main;
    struct redis_token token;
    bool const is_ours = read_token(item, &token);
    assert(is_ours);
    struct redis_task const t = stored_after(s, item, &token);
    char *room = redis_scratch(s->p, redis_task_body_room(&t));
    char entry[REDIS_ENTRY_ID_SIZE];
    char flags[4];
    size_t len = 0;

    if (!room)
        return redis_no_memory(err);
    if (item->verdict.is_failure)
        flags[len++] = 'f';
    if (token.has_pointer)
        flags[len++] = 'p';
    if (frees_key(item))
        flags[len++] = 'k';
    redis_entry_id_format(token.entry, entry);
    redis_add_text(c, redis_stream_name(token.stream));
    redis_add_text(c, entry);
    redis_add_text(c, t.task.id.text);
    redis_add(c, (struct bytes){flags, len});
    redis_add_text(c, action_of(item));
    redis_add(c, t.task.key);
    add_outcome(s, item, &t, room);
    return STATUS_OK;
}

static enum status begin_group(struct settling *s, const struct redis_group *g,
                               struct error *err)
{
    if (g->kind != KIND_OTHER) {
        begin_done(s, g);
        return STATUS_OK;
    }
    redis_script_begin(&s->p->main, REDIS_SCRIPT_SETTLE, REDIS_QUEUE_KEYS,
                       ITEM_ARGS * g->count);
    redis_add_keys(&s->p->main, g->lane);
    for (size_t k = 0; k < g->count; k++) {
        enum status const st =
            add_item(s, &s->items[s->p->order[g->first + k]], err);
        if (st != STATUS_OK) {
            redis_disconnect(&s->p->main); /* half a command */
            return st;
        }
    }
    return STATUS_OK;
}

/* A number alone says that all were settled; else there is one a task. */
static enum status hear_group(struct settling *s, const struct redis_group *g,
                              const redisReply *reply, struct error *err)
{
    bool const is_all = reply->type == REDIS_REPLY_INTEGER;

    if (reply->type == REDIS_REPLY_ERROR)
        return redis_fault(&s->p->main, reply->str, err);
    if (!is_all && reply->elements != g->count)
        return redis_fault(&s->p->main, "ERR settling answers nonsense", err);
    for (size_t k = 0; k < g->count; k++)
        if (is_all || reply->element[k]->integer == 1)
            s->results[s->p->order[g->first + k]] = STATUS_OK;
    return STATUS_OK;
}

/* Takes the answers of groups [from, to), all of them, also after a fault.
 * Those whose script was forgotten move down to groups[*left]. */
static enum status hear_groups(struct settling *s, size_t from, size_t to,
                               size_t *left, struct error *err)
{
    struct redis_connection *c = &s->p->main;
    struct redis_group *groups = s->p->groups;
    enum status first = STATUS_OK;
    struct error spare;

    for (size_t g = from; g < to && c->context; g++) {
        REDIS_REPLY reply = NULL;
        struct error *e = first == STATUS_OK ? err : &spare;
        enum status st = redis_next(c, &reply, e);
        if (st == STATUS_OK && redis_script_is_missing(c, reply))
            groups[(*left)++] = groups[g];
        else if (st == STATUS_OK)
            st = hear_group(s, &groups[g], reply, e);
        if (first == STATUS_OK)
            first = st;
    }
    return first;
}

static enum status load_scripts(struct redis_connection *c, struct error *err)
{
    enum status const st = redis_script_load(c, REDIS_SCRIPT_DONE, err);

    return st == STATUS_OK ? redis_script_load(c, REDIS_SCRIPT_SETTLE, err)
                           : st;
}

/* Sends groups[*n], a window at a time; *n are left over. */
static enum status settle_round(struct settling *s, size_t *n,
                                struct error *err)
{
    struct redis_connection *c = &s->p->main;
    size_t left = 0;
    size_t heard = 0;
    enum status st = STATUS_OK;

    for (size_t g = 0; g < *n && st == STATUS_OK; g++) {
        if (heard == g)
            st = load_scripts(c, err);
        if (st == STATUS_OK)
            st = begin_group(s, &s->p->groups[g], err);
        if (st != STATUS_OK || (c->out_len < REDIS_WINDOW_BYTES && g + 1 < *n))
            continue;
        st = hear_groups(s, heard, g + 1, &left, err);
        heard = g + 1;
    }
    *n = left;
    return st;
}

enum status redis_settle(void *self, int64_t now_ms,
                         const struct settlement *items, size_t n,
                         enum status *results, struct error *err)
{
    struct redis_port *p = self;
    struct settling s = {p, items, now_ms, p->results};
    assert(n >= 1 && n <= BATCH_MAX);

    enum status st = redis_ready(&p->main, err);
    if (st == STATUS_OK)
        st = classify(&s, n, err);
    if (st != STATUS_OK)
        return st;
    size_t left =
        redis_group_items(p->classes, n, REDIS_GROUP_MAX, p->order, p->groups);
    while (left > 0 && st == STATUS_OK)
        st = settle_round(&s, &left, err);
    if (st == STATUS_OK)
        memcpy(results, p->results, n * sizeof(*results));
    return st;
}
