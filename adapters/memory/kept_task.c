#include "adapters/memory/kept_task.h"

_Static_assert(TYPE_NAME_MAX <= UINT16_MAX && KEY_MAX <= UINT16_MAX &&
                   PAYLOAD_MAX <= UINT32_MAX && HEADERS_MAX <= UINT32_MAX,
               "the lengths are too narrow");

size_t kept_task_len(const struct task *task)
{
    return task->type.len + task->key.len + task->payload.len +
           task->headers.len;
}

/* Puts b at *at, which steps over it. */
static void put(char **at, struct bytes b)
{
    if (b.len > 0)
        memcpy(*at, b.at, b.len);
    *at += b.len;
}

void kept_task_put_back(struct kept_task *kept, const struct task *task)
{
    kept->id = task->id;
    kept->priority = (uint8_t)task->priority;
    kept->backoff_kind = (uint8_t)task->backoff.kind;
    kept->backoff_jitter = (uint8_t)task->backoff.jitter;
    kept->backoff_factor_milli = task->backoff.factor_milli;
    kept->max_attempts = task->max_attempts;
    kept->max_crashes = task->max_crashes;
    kept->attempt = task->attempt;
    kept->crashes = task->crashes;
    kept->backoff_base_ms = task->backoff.base_ms;
    kept->backoff_max_ms = task->backoff.max_ms;
    kept->timeout_ms = task->timeout_ms;
    kept->key_ttl_ms = task->key_ttl_ms;
    kept->retain_ms = task->retain_ms;
    kept->expires_ms = task->expires_ms;
    kept->created_at_ms = task->created_at_ms;
    kept->run_at_ms = task->run_at_ms;
}

struct kept_task kept_task_of(const struct task *task, char *bytes)
{
    struct kept_task kept = {
        .type_len = (uint16_t)task->type.len,
        .key_len = (uint16_t)task->key.len,
        .payload_len = (uint32_t)task->payload.len,
        .headers_len = (uint32_t)task->headers.len,
    };

    kept_task_put_back(&kept, task);
    put(&bytes, task->type);
    put(&bytes, task->key);
    put(&bytes, task->payload);
    put(&bytes, task->headers);
    return kept;
}

/* The next len bytes at *at, which steps over them; 0: absent. */
static struct bytes get(const char **at, size_t len)
{
    struct bytes const b = {len > 0 ? *at : NULL, len};

    *at += len;
    return b;
}

struct task kept_task_view(const struct kept_task *kept, const char *bytes)
{
    struct task task = {
        .id = kept->id,
        .priority = (enum priority)kept->priority,
        .backoff = {(enum backoff_kind)kept->backoff_kind,
                    (enum jitter)kept->backoff_jitter,
                    kept->backoff_factor_milli, kept->backoff_base_ms,
                    kept->backoff_max_ms},
        .max_attempts = kept->max_attempts,
        .max_crashes = kept->max_crashes,
        .attempt = kept->attempt,
        .crashes = kept->crashes,
        .timeout_ms = kept->timeout_ms,
        .key_ttl_ms = kept->key_ttl_ms,
        .retain_ms = kept->retain_ms,
        .expires_ms = kept->expires_ms,
        .created_at_ms = kept->created_at_ms,
        .run_at_ms = kept->run_at_ms,
    };

    task.type = get(&bytes, kept->type_len);
    task.key = get(&bytes, kept->key_len);
    task.payload = get(&bytes, kept->payload_len);
    task.headers = get(&bytes, kept->headers_len);
    return task;
}

struct bytes kept_task_type(const struct kept_task *kept, const char *bytes)
{
    return get(&bytes, kept->type_len);
}

struct bytes kept_task_key(const struct kept_task *kept, const char *bytes)
{
    bytes += kept->type_len;
    return get(&bytes, kept->key_len);
}
