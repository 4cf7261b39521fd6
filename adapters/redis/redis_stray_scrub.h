/*
 * redis_stray_scrub.h - finds what can't be read, for the scrubber.
 */
#ifndef ADAPTERS_REDIS_STRAY_SCRUB_H
#define ADAPTERS_REDIS_STRAY_SCRUB_H

#include "adapters/redis/redis_connection.h"

/* Looks at about count items of queue from a position on ("" for the start).
 * *page is then [the next position, "" at the end; a list of items], to be
 * freed by the caller, and each item is a stray or not. */
MUST_USE enum status redis_stray_walk(struct redis_connection *c,
                                      struct bytes queue, const char *from,
                                      size_t count, redisReply **page,
                                      struct error *err);

/* Whether the item is one; *subject then says which. */
bool redis_stray_is(const redisReply *item, struct bytes queue,
                    struct bytes *subject);

/* Looks again at what subject says, and makes it a dead letter. Answers
 * STATUS_NOT_FOUND if it is no stray (any more). */
MUST_USE enum status redis_stray_repair(struct redis_connection *c,
                                        struct bytes queue,
                                        struct bytes subject, int64_t now_ms,
                                        struct error *err);

#endif
