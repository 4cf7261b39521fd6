/*
 * Extend: XCLAIM by the holder resets the idle time of its entries, and moves
 * them to the consumer whose name has the new length. JUSTID leaves the
 * delivery count alone, RETRYCOUNT puts the start on record.
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
        if (!redis_token_read(&items[i].token, &token))
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
    bool const is_ours = redis_token_read(&item->token, &token);
    assert(is_ours);

    redis_entry_id_format(token.entry, entry);
    redis_add_text(c, entry);
}

static void begin_group(struct redis_port *p, const struct redis_group *g,
                        const struct renewal *items, const char *consumer)
{
    struct redis_connection *c = &p->main;
    bool const is_started = g->kind >= KIND_STARTED;

    redis_begin(c, 6 + g->count + (is_started ? 2 : 0));
    redis_add_text(c, "XCLAIM");
    redis_add_text(c, g->lane->keys[g->kind % KIND_STARTED]);
    redis_add_text(c, REDIS_GROUP);
    redis_add_text(c, consumer);
    redis_add_text(c, "0"); /* however short it has been idle */
    for (size_t k = 0; k < g->count; k++)
        add_entry(c, &items[p->order[g->first + k]]);
    if (is_started) {
        redis_add_text(c, "RETRYCOUNT");
        redis_add_int(c, REDIS_STARTED);
    }
    redis_add_text(c, "JUSTID");
}

/* The answer lists, in the order asked for, those that were pending. */
static enum status hear_group(struct redis_port *p, const struct redis_group *g,
                              const struct renewal *items,
                              const redisReply *reply, struct error *err)
{
    size_t at = 0;

    if (redis_is_error(reply, "NOGROUP"))
        return STATUS_OK; /* nothing was ever leased there */
    if (reply->type == REDIS_REPLY_ERROR)
        return redis_fault(&p->main, reply->str, err);
    for (size_t k = 0; k < g->count && at < reply->elements; k++) {
        size_t const i = p->order[g->first + k];
        struct redis_token token;
        char entry[REDIS_ENTRY_ID_SIZE];
        bool const is_ours = redis_token_read(&items[i].token, &token);
        assert(is_ours);
        redis_entry_id_format(token.entry, entry);
        if (!reply->element[at]->str ||
            strcmp(reply->element[at]->str, entry) != 0)
            continue;
        p->results[i] = STATUS_OK;
        at++;
    }
    return STATUS_OK;
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
    size_t const count = redis_group_items(p->classes, n, p->order, p->groups);
    for (size_t g = 0; g < count; g++)
        begin_group(p, &p->groups[g], items, consumer);
    for (size_t g = 0; g < count && st == STATUS_OK; g++) {
        REDIS_REPLY reply = NULL;
        st = redis_next(&p->main, &reply, err);
        if (st == STATUS_OK)
            st = hear_group(p, &p->groups[g], items, reply, err);
    }
    if (st == STATUS_OK)
        memcpy(results, p->results, n * sizeof(*results));
    return st;
}
