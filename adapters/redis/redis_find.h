/*
 * redis_find.h - finds a task by its id.
 *
 * A task that waits, is done or dead, or ever moved, is found by its id: each
 * queue keeps indexes of those, and all queues are asked at once. Any other
 * lies where it was put by its producer, and that is close to the time in its
 * id: the streams are read outwards from there, in those queues only that the
 * id was made for. Nothing is ever searched further.
 */
#ifndef ADAPTERS_REDIS_FIND_H
#define ADAPTERS_REDIS_FIND_H

#include "adapters/redis/redis_connection.h"
#include "adapters/redis/redis_sighting.h"

/* A found task, and the answers it points into. */
struct redis_found {
    struct redis_sighting seen;
    struct bytes queue; /* of ref, or in queues */
    redisReply *reply;
    redisReply *queues;
};

/* Finds the task of ref into *out, zeroed before the first use and released
 * after the last. Answers STATUS_NOT_FOUND. */
MUST_USE enum status redis_find(struct redis_connection *c,
                                const struct task_ref *ref,
                                struct redis_found *out, struct error *err);

/* The same, but of out->seen only what redis_sighting_locate() tells: where it
 * is, also of a task that can't be read. */
MUST_USE enum status redis_find_place(struct redis_connection *c,
                                      const struct task_ref *ref,
                                      struct redis_found *out,
                                      struct error *err);

void redis_found_release(struct redis_found *found);

#endif
