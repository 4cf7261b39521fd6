#include "domain/verdict.h"

#include <assert.h>

#include "domain/instant.h"

/* The attempt of this lease does not count. */
static int32_t attempt_before(const struct task *task)
{
    return task->attempt > 0 ? task->attempt - 1 : 0;
}

static struct verdict retry_after(struct verdict v, int64_t now_ms, int64_t ms)
{
    v.action = VERDICT_RETRY;
    v.run_at_ms = instant_after(now_ms, ms);
    v.is_failure = true;
    return v;
}

static struct verdict dead(struct verdict v, enum reason reason)
{
    v.action = VERDICT_DEAD;
    v.reason = reason;
    v.is_failure = reason != REASON_EXPIRED;
    return v;
}

static struct verdict after_failure(const struct task *task,
                                    const struct outcome *outcome,
                                    struct verdict v, uint64_t random)
{
    int64_t const now_ms = v.run_at_ms;

    if (task->attempt >= task->max_attempts)
        return dead(v, REASON_EXHAUSTED);
    if (outcome->after_ms >= 0)
        return retry_after(v, now_ms, outcome->after_ms);
    return retry_after(
        v, now_ms, backoff_jittered_ms(&task->backoff, task->attempt, random));
}

static struct verdict after_crash(const struct task *task, bool is_started,
                                  struct verdict v, uint64_t random)
{
    int64_t const now_ms = v.run_at_ms;
    bool const would_kill = verdict_crash_would_kill(task);

    if (would_kill && !is_started) {
        v.action = VERDICT_RELEASE;
        v.attempt = attempt_before(task);
        return v;
    }
    v.crashes++;
    if (would_kill)
        return dead(v, REASON_LOST);
    if (v.crashes == 1)
        return retry_after(v, now_ms, 0);
    return retry_after(
        v, now_ms, backoff_jittered_ms(&task->backoff, v.crashes - 1, random));
}

struct verdict verdict_of(const struct task *task,
                          const struct outcome *outcome, int64_t now_ms,
                          uint64_t random)
{
    struct verdict v = {
        .action = VERDICT_DONE,
        .run_at_ms = now_ms,
        .attempt = task->attempt,
        .crashes = task->crashes,
    };

    switch (outcome->kind) {
    case OUTCOME_DONE:
        break;
    case OUTCOME_RETRY:
        return after_failure(task, outcome, v, random);
    case OUTCOME_REJECT:
        return dead(v, REASON_REJECTED);
    case OUTCOME_SNOOZE:
        v.action = VERDICT_SNOOZE;
        v.run_at_ms = instant_after(
            now_ms, outcome->after_ms > 0 ? outcome->after_ms : 0);
        v.attempt = attempt_before(task);
        break;
    case OUTCOME_RELEASE:
        v.action = VERDICT_RELEASE;
        v.attempt = attempt_before(task);
        break;
    case OUTCOME_CRASH:
        return after_crash(task, outcome->is_started, v, random);
    case OUTCOME_EXPIRE:
        v.attempt = attempt_before(task);
        return dead(v, REASON_EXPIRED);
    }
    return v;
}

bool verdict_may_start(const struct task *task, int64_t now_ms)
{
    return now_ms < task_expires_at_ms(task);
}

bool verdict_crash_would_kill(const struct task *task)
{
    return task->attempt >= task->max_attempts ||
           task->crashes >= task->max_crashes - 1;
}

bool verdict_wants_alone(const struct task *task)
{
    return task->crashes > 0 && verdict_crash_would_kill(task);
}

const char *verdict_action_name(enum verdict_action action)
{
    static const char *const names[] = {
        [VERDICT_DONE] = "done",      [VERDICT_RETRY] = "retry",
        [VERDICT_DEAD] = "dead",      [VERDICT_RELEASE] = "released",
        [VERDICT_SNOOZE] = "snoozed",
    };

    return names[action];
}
