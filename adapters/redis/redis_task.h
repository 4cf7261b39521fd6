/*
 * redis_task.h - a task as it is written down.
 *
 * In a stream a task is an entry with the fields id, type, payload and, only
 * where something is not at its default, x. In a hash it is one value, the
 * body: "LEN:TYPE,LEN:PAYLOAD," and then x, which may be empty.
 *
 *   x     = "1" item...            1 is the version of this form
 *   item  = " " NAME "=" number
 *         | " " NAME "=" LEN ":" bytes
 *   e.g.    1 last=1700000000000-0 att=2 key=7:order-9
 *
 *   last    MS-SEQ     the entry the task had at its latest lease: the next
 *                      one gets a larger id, so that fencing grows. Always
 *                      the first item
 *   pri     0, 2       priority high, low (where the stream does not tell)
 *   ptr     1          the entry has a pointer (see redis_keys.h)
 *   at      ms         created_at, if not the time in the id
 *   run     ms         run_at, if not created_at
 *   att     n          attempt as stored: starts used up by earlier leases
 *   cra     n          crashes
 *   maxatt, maxcra     max_attempts, max_crashes
 *   tmo     ms         timeout
 *   bk, bj, bf, bb, bm backoff: kind, jitter, factor_milli, base_ms, max_ms
 *   kttl    ms         key_ttl
 *   keep    ms         retain
 *   exp     ms         expires
 *   key     text       idempotency key
 *   hdr     text       headers
 *   err     text       last_error
 *   why     n          reason; only dead
 *   beg     ms         started_at of the latest attempt
 *   fin     ms         finished_at; only dead and done
 *   res     text       result; only done
 * A later item wins over an earlier one of the same name, so that a script
 * can add one without reading the rest.
 */
#ifndef ADAPTERS_REDIS_TASK_H
#define ADAPTERS_REDIS_TASK_H

#include <hiredis/hiredis.h>

#include "adapters/redis/redis_entry_id.h"
#include "adapters/redis/redis_keys.h"
#include "domain/arena.h"
#include "domain/error.h"
#include "domain/task.h"

/* A task with what is stored beside it. */
struct redis_task {
    struct task task;           /* attempt as stored, not as leased */
    struct redis_entry_id last; /* ms 0: never leased */
    bool has_pointer;           /* "ptr" */
    enum reason reason;
    int64_t started_at_ms;  /* 0: not known */
    int64_t finished_at_ms; /* 0: not finished */
    struct bytes result;
};

/* Room for x of t, at most, without the NUL. */
size_t redis_task_x_room(const struct redis_task *t);

/* Writes x into out[redis_task_x_room()], leaving out the priority where it is
 * implied; returns its length, 0 if all is at its default. */
size_t redis_task_write_x(const struct redis_task *t, enum priority implied,
                          char *out);

/* Room for the body of t, and the body; returns its length. */
size_t redis_task_body_room(const struct redis_task *t);
size_t redis_task_write_body(const struct redis_task *t, char *out);

/* Reads an entry of queue's stream: reply is [id, [field, value, ...]], as
 * XREADGROUP and XRANGE answer. What *out points to lives as long as reply and
 * queue. Fault STATUS_CORRUPT. */
MUST_USE enum status
redis_task_read_entry(const redisReply *reply, struct bytes queue,
                      enum redis_stream stream, struct redis_entry_id *entry,
                      struct redis_task *out, struct error *err);

/* Reads the body that the hash has for id. Fault STATUS_CORRUPT. */
MUST_USE enum status redis_task_read_body(struct bytes body, struct bytes queue,
                                          const struct task_id *id,
                                          struct redis_task *out,
                                          struct error *err);

/* Splits a body into its parts, whatever x holds; false if it is none. */
bool redis_task_split_body(struct bytes body, struct bytes *type,
                           struct bytes *payload, struct bytes *x);

/* Copies all its bytes into mem; false when full. */
bool redis_task_copy(const struct redis_task *t, struct arena *mem,
                     struct redis_task *out);

#endif
