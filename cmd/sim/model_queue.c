/*
 * model_queue.c - what producers and workers do to the model.
 */
#include <stdlib.h>

#include "cmd/sim/model_parts.h"

/* Which task stands for a new one that was answered so; NULL: none. Where
 * either may be, the answer decides. */
static struct model_task *stand_in(struct model *m, const struct task *task,
                                   int64_t now_ms,
                                   const struct enqueued *answer)
{
    struct model_task *same = model_find(m, task->queue, &task->id);
    struct model_queue *q = model_queue_made(m, task->queue);
    struct model_text const key = model_text_of(task->key);

    if (!answer->is_duplicate)
        now_ms = m->latest_ms;
    if (same && (model_is_there(same, now_ms) ||
                 (model_may_linger(same, now_ms) && answer->is_duplicate &&
                  strcmp(answer->id.text, same->task.id.text) == 0)))
        return same;
    if (!key.is_there)
        return NULL;
    struct model_hold *hold = model_hold_find(m, q, &key, now_ms);
    return hold ? hold->holder : NULL;
}

static void check_duplicate(struct model *m, const struct model_task *holder,
                            const struct enqueued *result, int64_t now_ms)
{
    if (!result->is_duplicate)
        model_complain(m, &result->id, "added although %s stands for it",
                       holder->task.id.text);
    else if (strcmp(result->id.text, holder->task.id.text) != 0)
        model_complain(m, &result->id, "answered as the holder, which is %s",
                       holder->task.id.text);
    else if (model_is_there(holder, now_ms) && result->state != holder->state)
        model_complain(m, &result->id, "answered as %s, but it is %s",
                       task_state_name(result->state),
                       task_state_name(holder->state));
}

static void enqueue_one(struct model *m, int64_t now_ms,
                        const struct new_task *new_task,
                        const struct enqueued *result)
{
    const struct task *task = &new_task->task;
    bool const is_ready = task->run_at_ms <= now_ms;
    enum task_state const state = is_ready ? TASK_READY : TASK_SCHEDULED;
    const struct model_task *holder = stand_in(m, task, now_ms, result);

    if (new_task->is_id_new && model_find(m, task->queue, &task->id))
        model_complain(m, &task->id, "sent again as if it were new");
    if (holder) {
        check_duplicate(m, holder, result, now_ms);
        return;
    }
    if (result->is_duplicate) {
        model_complain(m, &task->id,
                       "refused for %s, which holds nothing of it",
                       result->id.text);
        return;
    }
    if (strcmp(result->id.text, task->id.text) != 0 || result->state != state)
        model_complain(m, &task->id, "added, but answered as %s, %s",
                       result->id.text, task_state_name(result->state));

    struct model_task *old = model_find(m, task->queue, &task->id);
    if (old && !old->is_gone)
        model_remove(m, old); /* it had lingered */
    struct model_task *t = model_add(m, task);
    if (!t)
        return;
    t->state = state;
    if (is_ready)
        model_make_ready(m, t);
    model_hold_take(m, t, now_ms);
}

void model_enqueued(struct model *m, int64_t now_ms,
                    const struct new_task *tasks, size_t n,
                    const struct enqueued *results)
{
    model_see_time(m, now_ms);
    for (size_t i = 0; i < n; i++)
        enqueue_one(m, now_ms, &tasks[i], &results[i]);
}

static void finish(struct model *m, struct model_task *t, int64_t now_ms)
{
    t->finished_at_ms = now_ms;
    model_hold_end(m, t);
}

static void settle_done(struct model *m, struct model_task *t, int64_t now_ms,
                        const struct settlement *item)
{
    t->state = TASK_DONE;
    t->queue->done++;
    finish(m, t, now_ms);
    if (t->task.retain_ms == 0)
        model_remove(m, t);
    else
        t->result = model_text_of(item->result);
}

static void carry_out(struct model *m, struct model_task *t, int64_t now_ms,
                      const struct settlement *item)
{
    const struct verdict *v = &item->verdict;

    t->task.attempt = v->attempt;
    t->task.crashes = v->crashes;
    t->queue->failed += v->is_failure;
    if (item->error.at)
        t->error = model_text_of(item->error);
    switch (v->action) {
    case VERDICT_DONE:
        settle_done(m, t, now_ms, item);
        return;
    case VERDICT_DEAD:
        t->state = TASK_DEAD;
        t->reason = v->reason;
        finish(m, t, now_ms);
        return;
    case VERDICT_RELEASE:
        model_make_ready(m, t);
        return;
    case VERDICT_RETRY:
        t->state = TASK_RETRY;
        break;
    case VERDICT_SNOOZE:
        t->state = v->attempt > 0 ? TASK_RETRY : TASK_SCHEDULED;
        break;
    }
    t->task.run_at_ms = v->run_at_ms;
}

void model_settled(struct model *m, int64_t now_ms,
                   const struct settlement *items, size_t n,
                   const enum status *results)
{
    for (size_t i = 0; i < n; i++) {
        const struct task_id *id = &items[i].lease->task.id;
        struct model_task *t = model_leased(m, items[i].lease);
        if (t && results[i] == STATUS_OK)
            carry_out(m, t, now_ms, &items[i]);
        else if (t)
            model_complain(m, id, "its current lease is answered as lost");
        else if (results[i] != STATUS_LEASE_LOST)
            model_complain(m, id, "settled as %s by a token that is dead",
                           verdict_action_name(items[i].verdict.action));
    }
}

void model_extended(struct model *m, int64_t now_ms, int64_t lease_ms,
                    const struct renewal *items, size_t n,
                    const enum status *results)
{
    for (size_t i = 0; i < n; i++) {
        struct lease const lease = {.task = {.id = items[i].id},
                                    .token = items[i].token};
        struct model_task *t = model_leased(m, &lease);
        if (t && results[i] == STATUS_OK) {
            t->until_ms = now_ms + lease_ms;
            t->is_recorded = t->is_recorded || items[i].is_started;
        } else if (t) {
            model_complain(m, &items[i].id,
                           "its current lease can't be extended");
        } else if (results[i] != STATUS_LEASE_LOST) {
            model_complain(m, &items[i].id, "extended by a token that is dead");
        }
    }
}

static bool is_due(const struct model_task *t, int64_t now_ms)
{
    return !t->is_gone &&
           (t->state == TASK_SCHEDULED || t->state == TASK_RETRY) &&
           t->task.run_at_ms <= now_ms;
}

/* By queue name, then by when they are due, then by id. */
static bool is_due_before(const struct model_task *a,
                          const struct model_task *b)
{
    int const order = strcmp(a->queue->name, b->queue->name);

    if (order != 0)
        return order < 0;
    if (a->task.run_at_ms != b->task.run_at_ms)
        return a->task.run_at_ms < b->task.run_at_ms;
    return strcmp(a->task.id.text, b->task.id.text) < 0;
}

static struct model_task *first_due(struct model *m, int64_t now_ms)
{
    struct model_task *first = NULL;

    for (size_t i = 0; i < m->count; i++)
        if (is_due(&m->tasks[i], now_ms) &&
            (!first || is_due_before(&m->tasks[i], first)))
            first = &m->tasks[i];
    return first;
}

/* Callers give a limit that covers all: which queue comes first is not
 * promised. */
void model_promoted(struct model *m, int64_t now_ms, size_t limit, size_t moved,
                    int64_t next_due_ms)
{
    struct model_task *t;
    size_t expected = 0;

    model_see_time(m, now_ms);
    while ((t = first_due(m, now_ms))) {
        model_make_ready(m, t);
        expected++;
    }
    model_forget(m, now_ms);
    if (moved != expected)
        model_complain(m, NULL, "promoted %zu tasks, but %zu were due", moved,
                       expected);
    else if (moved < limit && next_due_ms > now_ms &&
             next_due_ms != model_next_due_ms(m))
        model_complain(m, NULL, "told that the next task is due at %lld",
                       (long long)next_due_ms);
}
