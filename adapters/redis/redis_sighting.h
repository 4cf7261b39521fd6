/*
 * redis_sighting.h - where a script saw a task, and what it read there.
 *
 * Scripts that look for tasks answer each as a sighting, a list of
 *
 *     state, '', body, score, id              scheduled, retry, done
 *     state, '', item                         dead
 *     state, stream, item                     ready
 *     state, stream, item, consumer, idle,    active
 *         deliveries
 *
 * state being a number of enum task_state, stream a name of redis_stream, and
 * item an entry as XRANGE gives it.
 */
#ifndef ADAPTERS_REDIS_SIGHTING_H
#define ADAPTERS_REDIS_SIGHTING_H

#include "adapters/redis/redis_task.h"
#include "usecase/admin_port.h"

struct redis_sighting {
    enum task_state state;
    enum redis_stream stream;    /* READY, ACTIVE */
    struct redis_entry_id entry; /* READY, ACTIVE, DEAD */
    int64_t at_ms;               /* SCHEDULED, RETRY, DONE: the score */
    struct redis_task stored;
    struct bytes consumer; /* ACTIVE */
    int64_t idle_ms;       /* ACTIVE: since the lease was given or extended */
    int64_t age_ms;        /* ACTIVE: since it was given */
};

/* Reads of an answer no more than where it was seen: state, stream, entry or
 * at_ms, and of the task its queue and, where it waits, its id. That can be
 * told of a task too that can't be read. Fault STATUS_CORRUPT. */
MUST_USE enum status redis_sighting_locate(const redisReply *reply,
                                           struct bytes queue,
                                           struct redis_sighting *out,
                                           struct error *err);

/* Reads the answer of a script about a task of queue. *out points into reply
 * and queue. Fault STATUS_CORRUPT. */
MUST_USE enum status redis_sighting_read(const redisReply *reply,
                                         struct bytes queue,
                                         struct redis_sighting *out,
                                         struct error *err);

/* What an operator is told of it, its bytes in mem; false when mem is full.
 * An active task counts as started when it was leased: so much the server
 * knows. */
bool redis_sighting_record(const struct redis_sighting *seen, int64_t now_ms,
                           struct arena *mem, struct task_record *out);

#endif
