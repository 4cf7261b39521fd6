/*
 * model_admin.c - what operators do to the model.
 */
#include "cmd/sim/model_parts.h"

/* Complains unless result is expected. */
static bool is_as(struct model *m, const struct task_id *id, const char *op,
                  enum status result, enum status expected)
{
    if (result != expected)
        model_complain(m, id, "%s answers %d, not %d", op, (int)result,
                       (int)expected);
    return result == expected;
}

static void remove_one(struct model *m, int64_t now_ms, unsigned states,
                       const struct task_ref *ref, enum status result)
{
    struct model_task *t = model_of_ref(m, ref, now_ms, result);
    enum status expected = STATUS_OK;

    if (!t)
        expected = STATUS_NOT_FOUND;
    else if ((states & STATE_SET(t->state)) == 0)
        expected = STATUS_WRONG_STATE;
    if (is_as(m, &ref->id, "remove", result, expected) && result == STATUS_OK)
        model_remove(m, t);
}

void model_removed(struct model *m, int64_t now_ms, unsigned states,
                   const struct task_ref *refs, size_t n,
                   const enum status *results)
{
    model_see_time(m, now_ms);
    for (size_t i = 0; i < n; i++)
        remove_one(m, now_ms, states, &refs[i], results[i]);
}

void model_ran_now(struct model *m, int64_t now_ms, const struct task_ref *ref,
                   enum status result)
{
    model_see_time(m, now_ms);
    struct model_task *t = model_of_ref(m, ref, now_ms, result);
    enum status expected = STATUS_OK;

    if (!t)
        expected = STATUS_NOT_FOUND;
    else if (t->state != TASK_SCHEDULED && t->state != TASK_RETRY)
        expected = STATUS_WRONG_STATE;
    if (!is_as(m, &ref->id, "run_now", result, expected) || result != STATUS_OK)
        return;
    t->task.run_at_ms = now_ms;
    model_make_ready(m, t);
}

/* What requeueing t must answer; *holder: who keeps its key from it. */
static enum status may_requeue(struct model *m, int64_t now_ms,
                               const struct model_task *t,
                               const struct model_task **holder)
{
    if (!t)
        return STATUS_NOT_FOUND;
    if (t->state != TASK_DEAD)
        return STATUS_WRONG_STATE;
    if (!t->key.is_there)
        return STATUS_OK;

    const struct model_hold *h = model_hold_find(m, t->queue, &t->key, now_ms);
    if (!h || h->holder == t)
        return STATUS_OK;
    *holder = h->holder;
    return STATUS_KEY_HELD;
}

static void requeue_one(struct model *m, int64_t now_ms,
                        const struct task_ref *ref, enum status result,
                        const struct task_id *answered)
{
    struct model_task *t = model_of_ref(m, ref, now_ms, result);
    const struct model_task *holder = NULL;
    enum status const expected = may_requeue(m, now_ms, t, &holder);

    if (!is_as(m, &ref->id, "requeue", result, expected))
        return;
    if (holder && strcmp(holder->task.id.text, answered->text) != 0)
        model_complain(m, &ref->id, "requeue names %s as the holder, not %s",
                       answered->text, holder->task.id.text);
    if (result != STATUS_OK)
        return;
    t->task = task_requeued(&t->task, now_ms);
    t->reason = REASON_NONE;
    model_hold_take(m, t, now_ms);
    model_make_ready(m, t);
}

void model_requeued(struct model *m, int64_t now_ms,
                    const struct task_ref *refs, size_t n,
                    const enum status *results, const struct task_id *holders)
{
    model_see_time(m, now_ms);
    for (size_t i = 0; i < n; i++)
        requeue_one(m, now_ms, &refs[i], results[i], &holders[i]);
}

/* Callers give a limit that covers all: which go first is not promised. */
void model_purged(struct model *m, int64_t now_ms, struct bytes queue,
                  enum task_state state, enum status result, size_t removed)
{
    model_see_time(m, now_ms);
    const struct model_queue *q = model_queue(m, queue);
    size_t kept = 0;
    size_t over = 0; /* done ones that need not be there any more */

    if (!is_as(m, NULL, "purge", result, q ? STATUS_OK : STATUS_NOT_FOUND) ||
        !q)
        return;
    for (size_t i = 0; i < m->count; i++) {
        struct model_task *t = &m->tasks[i];
        if (t->is_gone || t->queue != q || t->state != state)
            continue;
        if (model_is_there(t, now_ms))
            kept++;
        else
            over++;
        model_remove(m, t);
    }
    if (removed < kept || removed > kept + over)
        model_complain(m, NULL, "purge removed %zu of %zu", removed, kept);
}

void model_paused(struct model *m, struct bytes queue, bool is_paused,
                  enum status result)
{
    struct model_queue *q = model_queue(m, queue);

    if (!q && !is_paused) {
        is_as(m, NULL, "resume", result, STATUS_NOT_FOUND);
        return;
    }
    if (is_as(m, NULL, "pause", result, STATUS_OK))
        model_queue_made(m, queue)->is_paused = is_paused;
}
