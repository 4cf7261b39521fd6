/*
 * Extend: extend.lua, stream by stream. It moves entries to the consumer whose
 * name has the new length, and begins the count of their idle time anew.
 */
#include <assert.h>
#include <string.h>

#include "adapters/redis/redis_port.h"
#include "adapters/redis/redis_token.h"

/* Kinds of groups: the stream, and whether the start is to be recorded. */
#define KIND_STARTED 8

static enum status classify(struct redis_port *p, const struct renewal *items,
                            size_t n, struct error *err)
{
    for (size_t i = 0; i < n; i++) {
        struct redis_token token;

        p->results[i] = STATUS_LEASE_LOST;
        p->classes[i] = (struct redis_class){0};
        if (!redis_token_read(&items[i].token, &items[i].id, &token))
            continue;
        enum status const st =
            redis_lane_of(p, token.queue, &p->classes[i].lane, err);
        if (st != STATUS_OK)
            return st;
        p->classes[i].kind =
            (int)token.stream + (items[i].is_started ? KIND_STARTED : 0);
    }
    return STATUS_OK;
}

static void add_entry(struct redis_connection *c, const struct renewal *item)
{
    struct redis_token token;
    char entry[REDIS_ENTRY_ID_SIZE];
    bool const is_ours = redis_token_read(&item->token, &item->id, &token);
    assert(is_ours);

    redis_entry_id_format(token.entry, entry);
    redis_add_text(c, entry);
}

static void begin_group(struct redis_port *p, const struct redis_group *g,
                        const struct renewal *items, const char *consumer)
{
    struct redis_connection *c = &p->main;

    redis_script_begin(c, REDIS_SCRIPT_EXTEND, 1, 2 + g->count);
    redis_add_text(c, g->lane->keys[g->kind % KIND_STARTED]);
    redis_add_text(c, consumer);
    redis_add_int(c, g->kind >= KIND_STARTED);
    for (size_t k = 0; k < g->count; k++)
        add_entry(c, &items[p->order[g->first + k]]);
}

static enum status hear_group(struct redis_port *p, const struct redis_group *g,
                              const redisReply *reply, struct error *err)
{
    if (reply->type == REDIS_REPLY_ERROR)
        return redis_fault(&p->main, reply->str, err);
    if (reply->elements != g->count)
        return redis_fault(&p->main, "ERR extend.lua answers nonsense", err);
    for (size_t k = 0; k < g->count; k++)
        if (reply->element[k]->integer == 1)
            p->results[p->order[g->first + k]] = STATUS_OK;
    return STATUS_OK;
}

/* Sends groups[n] together; those whose script was forgotten stay in
 * groups[*n]. */
static enum status extend_round(struct redis_port *p,
                                const struct renewal *items,
                                const char *consumer, size_t *n,
                                struct error *err)
{
    size_t left = 0;
    enum status st = redis_script_load(&p->main, REDIS_SCRIPT_EXTEND, err);

    if (st != STATUS_OK)
        return st;
    for (size_t g = 0; g < *n; g++)
        begin_group(p, &p->groups[g], items, consumer);
    for (size_t g = 0; g < *n && st == STATUS_OK; g++) {
        REDIS_REPLY reply = NULL;
        st = redis_next(&p->main, &reply, err);
        if (st == STATUS_OK && redis_script_is_missing(&p->main, reply))
            p->groups[left++] = p->groups[g];
        else if (st == STATUS_OK)
            st = hear_group(p, &p->groups[g], reply, err);
    }
    *n = left;
    return st;
}

enum status redis_extend(void *self, int64_t now_ms, int64_t lease_ms,
                         const char *worker, const struct renewal *items,
                         size_t n, enum status *results, struct error *err)
{
    struct redis_port *p = self;
    char consumer[REDIS_CONSUMER_SIZE];
    (void)now_ms; /* the server measures how long nobody was heard of */
    assert(n >= 1 && n <= BATCH_MAX && lease_ms > 0);

    enum status st = redis_ready(&p->main, err);
    if (st == STATUS_OK)
        st = classify(p, items, n, err);
    if (st != STATUS_OK)
        return st;
    redis_consumer_name(lease_ms, worker, consumer);
    size_t left =
        redis_group_items(p->classes, n, REDIS_GROUP_MAX, p->order, p->groups);
    while (left > 0 && st == STATUS_OK)
        st = extend_round(p, items, consumer, &left, err);
    if (st == STATUS_OK)
        memcpy(results, p->results, n * sizeof(*results));
    return st;
}
