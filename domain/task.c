#include "domain/task.h"

#include "domain/instant.h"

struct task task_default(void)
{
    return (struct task){
        .queue = BYTES(DEFAULT_QUEUE),
        .priority = PRIORITY_NORMAL,
        .backoff = backoff_default(),
        .max_attempts = DEFAULT_MAX_ATTEMPTS,
        .max_crashes = DEFAULT_MAX_CRASHES,
        .timeout_ms = DEFAULT_TIMEOUT_MS,
    };
}

int64_t task_expires_at_ms(const struct task *task)
{
    if (task->expires_ms <= 0)
        return INT64_MAX;
    return instant_after(task->created_at_ms, task->expires_ms);
}

struct task task_requeued(const struct task *task, int64_t now_ms)
{
    struct task again = *task;

    again.attempt = 0;
    again.crashes = 0;
    again.expires_ms = 0;
    again.run_at_ms = now_ms;
    return again;
}
