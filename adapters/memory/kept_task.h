/*
 * kept_task.h - a task as small as it can be kept.
 *
 * A million tasks wait in memory, and what fills the caches and is asked of
 * the kernel counts. So there are lengths where struct task has views, numbers
 * are as wide as their limits need, and the bytes lie behind one another.
 */
#ifndef ADAPTERS_MEMORY_KEPT_TASK_H
#define ADAPTERS_MEMORY_KEPT_TASK_H

#include "domain/task.h"

/* All of a task but the queue and last_error. */
struct kept_task {
    struct task_id id;
    uint8_t priority;
    uint8_t backoff_kind;
    uint8_t backoff_jitter;
    uint16_t type_len; /* bytes, one behind the other; 0: absent */
    uint16_t key_len;
    uint32_t payload_len;
    uint32_t headers_len;
    int32_t backoff_factor_milli;
    int32_t max_attempts;
    int32_t max_crashes;
    int32_t attempt;
    int32_t crashes;
    int64_t backoff_base_ms;
    int64_t backoff_max_ms;
    int64_t timeout_ms;
    int64_t key_ttl_ms;
    int64_t retain_ms;
    int64_t expires_ms;
    int64_t created_at_ms;
    int64_t run_at_ms;
};

/* How many bytes lie behind it. */
size_t kept_task_len(const struct task *task);

/* Keeps *task, with its bytes at bytes[kept_task_len(task)]. */
struct kept_task kept_task_of(const struct task *task, char *bytes);

/* The task again, whose views are of bytes; the queue and last_error are
 * absent. */
struct task kept_task_view(const struct kept_task *kept, const char *bytes);

/* Takes over from *task, which was viewed, all numbers: its bytes are the same.
 */
void kept_task_put_back(struct kept_task *kept, const struct task *task);

struct bytes kept_task_type(const struct kept_task *kept, const char *bytes);
struct bytes kept_task_key(const struct kept_task *kept, const char *bytes);

#endif
