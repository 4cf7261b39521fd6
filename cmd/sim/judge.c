#include "cmd/sim/judge.h"

/* The end of an attempt that is used up, by its handler's answer or by a
 * crash. */
static const char *judge_retry(const struct model_task *t,
                               const struct verdict *v)
{
    int32_t const crashes = t->task.crashes + t->is_taken;

    if (!t->is_taken && !(t->is_answered && t->answer == OUTCOME_RETRY))
        return "is retried, but its handler did not fail";
    if (v->attempt != t->task.attempt + 1 || v->crashes != crashes)
        return "is retried with attempts or crashes miscounted";
    if (v->attempt >= t->task.max_attempts)
        return "is retried beyond its last attempt";
    if (v->crashes >= t->task.max_crashes && t->is_taken)
        return "is retried beyond its last crash";
    return NULL;
}

static const char *judge_unused(const struct model_task *t,
                                const struct verdict *v)
{
    if (v->attempt != t->task.attempt || v->crashes != t->task.crashes)
        return "is given back, but it costs an attempt";
    return NULL;
}

static const char *judge_release(const struct model_task *t,
                                 const struct verdict *v)
{
    if (t->is_answered && !t->is_taken && t->answer != OUTCOME_RELEASE)
        return "is released, but its handler has answered";
    if (t->is_taken && t->is_recorded)
        return "is released after a crash that is on record";
    return judge_unused(t, v);
}

static const char *judge_lost(const struct model_task *t,
                              const struct verdict *v)
{
    if (!t->is_taken)
        return "is lost, but its lease had not ended";
    if (!t->is_recorded)
        return "is lost by a crash, but it is not known to have begun";
    if (v->crashes != t->task.crashes + 1 || v->attempt != t->task.attempt + 1)
        return "is lost with attempts or crashes miscounted";
    if (v->crashes < t->task.max_crashes && v->attempt < t->task.max_attempts)
        return "is lost with crashes and attempts left";
    return NULL;
}

static const char *judge_dead(const struct model_task *t,
                              const struct verdict *v, int64_t now_ms)
{
    bool const has_answer = t->is_answered && !t->is_taken;

    switch (v->reason) {
    case REASON_EXHAUSTED:
        if (!has_answer || t->answer != OUTCOME_RETRY)
            return "is exhausted, but its handler did not fail";
        return v->attempt == t->task.max_attempts ? NULL
                                                  : "is exhausted too early";
    case REASON_REJECTED:
        return has_answer && t->answer == OUTCOME_REJECT
                   ? NULL
                   : "is rejected, but not by its handler";
    case REASON_EXPIRED:
        if (t->is_begun || t->task.expires_ms == 0 ||
            now_ms < t->task.created_at_ms + t->task.expires_ms)
            return "is expired, but its time was not over, or it had begun";
        return judge_unused(t, v);
    case REASON_LOST:
        return judge_lost(t, v);
    case REASON_NONE:
        break;
    }
    return "is dead for no reason";
}

static const char *judge(const struct model_task *t, const struct verdict *v,
                         int64_t now_ms)
{
    switch (v->action) {
    case VERDICT_DONE:
        return t->is_answered && !t->is_taken && t->answer == OUTCOME_DONE
                   ? NULL
                   : "is done, but its handler did not say so";
    case VERDICT_RETRY:
        return judge_retry(t, v);
    case VERDICT_DEAD:
        return judge_dead(t, v, now_ms);
    case VERDICT_RELEASE:
        return judge_release(t, v);
    case VERDICT_SNOOZE:
        if (!t->is_answered || t->is_taken || t->answer != OUTCOME_SNOOZE)
            return "is snoozed, but its handler did not ask for it";
        return judge_unused(t, v);
    }
    return "is settled in no way that there is";
}

void judge_settlements(struct model *m, int64_t now_ms,
                       const struct settlement *items, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const struct model_task *t = model_leased(m, items[i].lease);
        const char *why = t ? judge(t, &items[i].verdict, now_ms) : NULL;
        if (why)
            model_complain(m, &t->task.id, "%s", why);
    }
}

void judge_start(struct model *m, const struct lease *lease)
{
    struct model_task *t = model_find(m, lease->task.queue, &lease->task.id);

    if (!t) {
        model_complain(m, &lease->task.id, "run, but it was never added");
        return;
    }
    t->runs++;
    if (!model_leased(m, lease))
        return; /* too late: whatever it does will have no effect */
    bool const is_last = t->task.attempt + 1 >= t->task.max_attempts ||
                         t->task.crashes + 1 >= t->task.max_crashes;
    if (is_last && !t->is_recorded)
        model_complain(m, &t->task.id,
                       "begun on its last chance, but that is not on record");
    if (t->is_begun)
        model_complain(m, &t->task.id, "begun twice under one lease");
    t->is_begun = true;
}

void judge_answer(struct model *m, const struct lease *lease,
                  enum outcome_kind answer)
{
    struct model_task *t = model_leased(m, lease);

    if (!t)
        return;
    t->is_answered = true;
    t->answer = answer;
}
