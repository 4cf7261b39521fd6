/*
 * redis_stray.h - what lies where tasks lie and can't be read as one.
 *
 * Foreign hands, a bug or a broken disk put it there. Nobody can run it, and
 * nobody else would ever take it away; what was meant by it nobody knows. So
 * whoever meets it makes it a dead letter, which is out of the way and before
 * people's eyes: with its own id, type and payload where those can be read,
 * else of the type REDIS_STRAY_TYPE, with all its fields, or its body, as
 * payload. What finds no room in either stands beside them, in the field was.
 */
#ifndef ADAPTERS_REDIS_STRAY_H
#define ADAPTERS_REDIS_STRAY_H

#include "adapters/redis/redis_connection.h"

#define REDIS_STRAY_TYPE "unreadable"

struct redis_stray {
    struct bytes queue;
    struct bytes from;        /* a stream's name, "dead" or "bodies" */
    struct bytes place;       /* there: its entry, or its id in the hash */
    const redisReply *fields; /* of the entry, as XRANGE answers; or NULL: */
    struct bytes body;        /* what the hash has */
    bool is_lease_spared;     /* left where it is while it is leased */
};

/* Makes it a dead letter. Answers STATUS_NOT_FOUND when it is not there any
 * more, or spared. */
MUST_USE enum status redis_stray_move(struct redis_connection *c,
                                      const struct redis_stray *stray,
                                      int64_t now_ms, struct error *err);

#endif
