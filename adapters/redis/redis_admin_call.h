/*
 * redis_admin_call.h - how the admin port talks to the server.
 */
#ifndef ADAPTERS_REDIS_ADMIN_CALL_H
#define ADAPTERS_REDIS_ADMIN_CALL_H

#include "adapters/redis/redis_keys.h"
#include "adapters/redis/redis_script.h"

/* The calls of one script that go out together. */
struct redis_round {
    enum redis_script script;
    size_t n;
    /* Begins call i: by redis_admin_begin() and what it leaves to add. */
    void (*begin)(void *self, struct redis_connection *c, size_t i);
    /* Gets the answer of call i, which is no error. It may keep *reply, by
     * setting it to NULL. */
    enum status (*take)(void *self, size_t i, redisReply **reply,
                        struct error *err);
    void *self;
};

/* Begins a call of script with the keys of queue; args are still to add. */
void redis_admin_begin(struct redis_connection *c, enum redis_script script,
                       struct bytes queue, size_t args);

/* Makes the calls, a few dozen at a time, and hands over every answer once,
 * mostly in order. The first fault ends it. */
MUST_USE enum status redis_admin_round(struct redis_connection *c,
                                       const struct redis_round *round,
                                       struct error *err);

/* Calls script once for queue with the n args. */
MUST_USE enum status redis_admin_ask(struct redis_connection *c,
                                     enum redis_script script,
                                     struct bytes queue, size_t n,
                                     const struct bytes *args, redisReply **out,
                                     struct error *err);

/* The names of all queues, in order, as the elements of *out; what is listed
 * and can't be the name of one is left out. */
MUST_USE enum status redis_admin_queues(struct redis_connection *c,
                                        redisReply **out, struct error *err);

/* Whether there is a queue of that name. */
MUST_USE enum status redis_admin_knows(struct redis_connection *c,
                                       struct bytes queue, bool *is_known,
                                       struct error *err);

static inline struct bytes redis_reply_text(const redisReply *reply)
{
    return (struct bytes){reply->str, reply->len};
}

#endif
