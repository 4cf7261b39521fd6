/*
 * task.h - the task, as every ring knows it.
 *
 * A task is what its producer asked for, and how far it has got. Its bytes
 * are borrowed: from the producer's buffers on the way in, from the caller's
 * arena on the way out.
 */
#ifndef DOMAIN_TASK_H
#define DOMAIN_TASK_H

#include "domain/backoff.h"
#include "domain/limits.h"
#include "domain/task_id.h"

enum priority {
    PRIORITY_HIGH,
    PRIORITY_NORMAL,
    PRIORITY_LOW,
};
#define PRIORITIES 3

enum task_state {
    TASK_SCHEDULED, /* waits for its first run_at */
    TASK_READY,
    TASK_ACTIVE, /* leased */
    TASK_RETRY,  /* failed or snoozed after a start; waits for run_at */
    TASK_DONE,   /* succeeded; kept while retain_ms says so */
    TASK_DEAD,   /* in the dead-letter queue */
};
#define TASK_STATES 6

/* Sets of states, as bits. */
#define STATE_SET(state) (1U << (unsigned)(state))
#define STATES_WAITING                                                         \
    (STATE_SET(TASK_SCHEDULED) | STATE_SET(TASK_READY) | STATE_SET(TASK_RETRY))
#define STATES_INACTIVE                                                        \
    (STATES_WAITING | STATE_SET(TASK_DONE) | STATE_SET(TASK_DEAD))

/* Why a task is dead. */
enum reason {
    REASON_NONE,
    REASON_EXHAUSTED, /* its last attempt failed */
    REASON_REJECTED,  /* the handler said that no retry can help */
    REASON_EXPIRED,   /* not started by its expiry */
    REASON_LOST,      /* max_crashes reached, or a crash on the last attempt */
};
#define REASONS 5

struct task {
    struct task_id id;
    struct bytes queue;
    struct bytes type;
    struct bytes payload; /* JSON, byte for byte as the producer wrote it */
    struct bytes headers; /* a JSON object of strings, or absent */
    struct bytes key;     /* idempotency key: 1 to KEY_MAX bytes of UTF-8, no
                             control characters; or absent */
    enum priority priority;
    struct backoff backoff;
    int32_t max_attempts; /* 1 to ATTEMPTS_MAX */
    int32_t max_crashes;  /* 1 to CRASHES_MAX */
    int64_t timeout_ms;   /* of one attempt; 0: none */
    int64_t key_ttl_ms;   /* > 0: the key is held that long from created_at_ms,
                             whatever becomes of the task; 0: until the task is
                             done, dead or removed */
    int64_t retain_ms;    /* how long a done task is kept; 0: not at all */
    int64_t expires_ms;   /* > 0: dead if not started within that from
                             created_at_ms; 0: never */
    int64_t created_at_ms;
    int64_t run_at_ms; /* not ready before */

    /* How far it has got. While it is active, attempt counts the attempt that
     * the lease is for. */
    int32_t attempt;         /* starts that were used up; 0 until the first */
    int32_t crashes;         /* attempts that ended without an answer */
    struct bytes last_error; /* of the latest attempt that failed, or absent */
};

/* A task with every default of INTERFACE section 5 and nothing else set. */
struct task task_default(void);

/* When it expires, in ms; INT64_MAX: never. */
int64_t task_expires_at_ms(const struct task *task);

/* Checks all a producer may set, one field after the other. Fault
 * STATUS_INVALID: names the first field that is wrong, and its limit. The id
 * may be empty; headers and payload must be valid JSON (see json_text.h). */
MUST_USE enum status task_validate(const struct task *task, struct error *err);

/* For asserts and tests: what validation and every backend promise, but for
 * the JSON in payload and headers, which is not read again. */
bool task_is_valid(const struct task *task);

bool queue_name_is_valid(struct bytes name);
bool type_name_is_valid(struct bytes name);
/* Namespaces and worker names: [A-Za-z0-9][A-Za-z0-9._-]{0,63}. */
bool plain_name_is_valid(struct bytes name);

/* What requeueing makes of a dead task: attempts and crashes are counted from
 * nothing again, it runs at now_ms and does not expire any more, since somebody
 * has asked for it. last_error stays, for the reader. */
struct task task_requeued(const struct task *task, int64_t now_ms);

const char *priority_name(enum priority priority);
const char *task_state_name(enum task_state state);
const char *reason_name(enum reason reason); /* "" for REASON_NONE */
bool priority_from(struct bytes name, enum priority *out);
bool task_state_from(struct bytes name, enum task_state *out);
bool reason_from(struct bytes name, enum reason *out);

#endif
