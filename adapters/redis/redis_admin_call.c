#include "adapters/redis/redis_admin_call.h"

#include <stdlib.h>

/* How many calls are under way at once: enough to hide the way to the server,
 * few enough that the answers of the largest tasks find room. */
#define TOGETHER 32

void redis_admin_begin(struct redis_connection *c, enum redis_script script,
                       struct bytes queue, size_t args)
{
    char key[REDIS_KEY_SIZE];

    redis_script_begin(c, script, REDIS_QUEUE_KEYS, args);
    for (int k = 0; k < REDIS_QUEUE_KEYS; k++) {
        redis_queue_key(c->url->namespace, queue, (enum redis_queue_key)k, key);
        redis_add_text(c, key);
    }
}

/* Takes the answers of the calls that indexes[n] tells; those that met a
 * server without the script are left in indexes[*missing]. */
static enum status take_answers(struct redis_connection *c,
                                const struct redis_round *round,
                                size_t *indexes, size_t n, size_t *missing,
                                struct error *err)
{
    *missing = 0;
    for (size_t k = 0; k < n; k++) {
        REDIS_REPLY reply = NULL;
        enum status st = redis_next(c, &reply, err);
        if (st != STATUS_OK)
            return st;
        if (redis_script_is_missing(c, reply))
            indexes[(*missing)++] = indexes[k];
        else if (reply->type == REDIS_REPLY_ERROR)
            return redis_fault(c, reply->str, err);
        else
            st = round->take(round->self, indexes[k], &reply, err);
        if (st != STATUS_OK)
            return st;
    }
    return STATUS_OK;
}

static enum status call_some(struct redis_connection *c,
                             const struct redis_round *round, size_t *indexes,
                             size_t n, struct error *err)
{
    while (n > 0) {
        enum status st = redis_script_load(c, round->script, err);
        if (st != STATUS_OK)
            return st;
        for (size_t k = 0; k < n; k++)
            round->begin(round->self, c, indexes[k]);
        st = take_answers(c, round, indexes, n, &n, err);
        if (st != STATUS_OK)
            return st;
    }
    return STATUS_OK;
}

enum status redis_admin_round(struct redis_connection *c,
                              const struct redis_round *round,
                              struct error *err)
{
    size_t indexes[TOGETHER];
    enum status st = redis_ready(c, err);

    for (size_t i = 0; i < round->n && st == STATUS_OK;) {
        size_t n = 0;
        while (n < TOGETHER && i < round->n)
            indexes[n++] = i++;
        st = call_some(c, round, indexes, n, err);
    }
    return st;
}

enum status redis_admin_ask(struct redis_connection *c,
                            enum redis_script script, struct bytes queue,
                            size_t n, const struct bytes *args,
                            redisReply **out, struct error *err)
{
    redisReply *reply = NULL;
    enum status st = redis_ready(c, err);

    while (st == STATUS_OK) {
        st = redis_script_load(c, script, err);
        if (st != STATUS_OK)
            return st;
        redis_admin_begin(c, script, queue, n);
        for (size_t i = 0; i < n; i++)
            redis_add(c, args[i]);
        st = redis_next(c, &reply, err);
        if (st != STATUS_OK || !redis_script_is_missing(c, reply))
            break;
        redis_reply_freep(&reply);
    }
    if (st == STATUS_OK && reply->type == REDIS_REPLY_ERROR) {
        st = redis_fault(c, reply->str, err);
        redis_reply_freep(&reply);
    }
    if (st == STATUS_OK)
        *out = reply;
    return st;
}

static int by_name(const void *a, const void *b)
{
    const redisReply *const *x = a;
    const redisReply *const *y = b;

    return strcmp((*x)->str, (*y)->str);
}

/* Leaves the names of queues; no other one is ours, whoever wrote it there. */
static void keep_names(redisReply *names)
{
    size_t kept = 0;

    for (size_t i = 0; i < names->elements; i++) {
        if (queue_name_is_valid(redis_reply_text(names->element[i])))
            names->element[kept++] = names->element[i];
        else
            freeReplyObject(names->element[i]);
    }
    names->elements = kept;
}

enum status redis_admin_queues(struct redis_connection *c, redisReply **out,
                               struct error *err)
{
    char key[REDIS_KEY_SIZE];
    enum status st = redis_ready(c, err);

    if (st != STATUS_OK)
        return st;
    redis_global_key(c->url->namespace, "queues", key);
    redis_command(c, 2, (const char *const[]){"SMEMBERS", key});
    st = redis_next_good(c, out, err);
    if (st != STATUS_OK)
        return st;
    keep_names(*out);
    if ((*out)->elements > 1)
        qsort((*out)->element, (*out)->elements, sizeof(redisReply *), by_name);
    return STATUS_OK;
}

enum status redis_admin_knows(struct redis_connection *c, struct bytes queue,
                              bool *is_known, struct error *err)
{
    REDIS_REPLY reply = NULL;
    char key[REDIS_KEY_SIZE];
    enum status st = redis_ready(c, err);

    if (st != STATUS_OK)
        return st;
    redis_global_key(c->url->namespace, "queues", key);
    redis_begin(c, 3);
    redis_add_text(c, "SISMEMBER");
    redis_add_text(c, key);
    redis_add(c, queue);
    st = redis_next_good(c, &reply, err);
    if (st == STATUS_OK)
        *is_known = reply->integer == 1;
    return st;
}
