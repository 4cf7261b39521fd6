/*
 * model_lease.c - what may be leased, and what may be taken back.
 */
#include "cmd/sim/model_parts.h"

#include <assert.h>

/* What a lease hands over is what is stored, with one attempt more. */
static void check_task(struct model *m, const struct model_task *t,
                       const struct lease *lease)
{
    const struct task *got = &lease->task;

    if (got->attempt != t->task.attempt + 1 || got->crashes != t->task.crashes)
        model_complain(
            m, &got->id, "leased with attempt %d, crashes %d; stored %d, %d",
            got->attempt, got->crashes, t->task.attempt, t->task.crashes);
    else if (!bytes_equal(got->payload, t->task.payload) ||
             !bytes_equal(got->type, t->task.type) ||
             !model_text_is(&t->key, got->key) ||
             !model_text_is(&t->error, got->last_error))
        model_complain(m, &got->id, "leased with other bytes than it has");
    else if (got->priority != t->task.priority ||
             got->max_attempts != t->task.max_attempts ||
             got->max_crashes != t->task.max_crashes ||
             got->created_at_ms != t->task.created_at_ms ||
             got->expires_ms != t->task.expires_ms ||
             got->retain_ms != t->task.retain_ms ||
             got->key_ttl_ms != t->task.key_ttl_ms)
        model_complain(m, &got->id, "leased with other rules than it has");
}

/* The lease becomes the current one of t. */
static void hand_over(struct model *m, struct model_task *t,
                      const struct lease *lease, int64_t until_ms)
{
    check_task(m, t, lease);
    if (lease->fencing <= t->fencing)
        model_complain(
            m, &lease->task.id, "its fencing number went from %llu to %llu",
            (unsigned long long)t->fencing, (unsigned long long)lease->fencing);
    if (lease->until_ms != until_ms)
        model_complain(m, &lease->task.id, "leased until %lld, not %lld",
                       (long long)lease->until_ms, (long long)until_ms);
    t->state = TASK_ACTIVE;
    t->token = lease->token;
    t->fencing = lease->fencing;
    t->until_ms = lease->until_ms;
}

/* The ready task of q that comes first, or NULL. */
static const struct model_task *first_ready(const struct model *m,
                                            const struct model_queue *q)
{
    const struct model_task *first = NULL;

    for (size_t i = 0; i < m->count; i++) {
        const struct model_task *t = &m->tasks[i];
        if (t->is_gone || t->queue != q || t->state != TASK_READY)
            continue;
        if (!first || t->task.priority < first->task.priority ||
            (t->task.priority == first->task.priority &&
             t->order < first->order))
            first = t;
    }
    return first;
}

static void complain_of_order(struct model *m, const struct model_task *t,
                              const struct model_task *first)
{
    assert(first); /* t itself, if no other */
    model_complain(
        m, &t->task.id, "leased (%s, ready as the %llu.) before %s (%s, %llu.)",
        priority_name(t->task.priority), (unsigned long long)t->order,
        first->task.id.text, priority_name(first->task.priority),
        (unsigned long long)first->order);
}

static void lease_one(struct model *m, const struct lease_request *req,
                      const struct lease *lease)
{
    struct model_task *t = model_find(m, lease->task.queue, &lease->task.id);

    if (!t || t->is_gone) {
        model_complain(m, &lease->task.id, "leased, but there is no such task");
        return;
    }
    if (t->state != TASK_READY)
        model_complain(m, &t->task.id, "leased while it is %s",
                       task_state_name(t->state));
    else if (t->queue->is_paused)
        model_complain(m, &t->task.id, "leased from a paused queue");
    else if (!queue_plan_has(req->plan, bytes_of(t->queue->name)))
        model_complain(m, &t->task.id, "leased from a queue outside the plan");
    else if (m->is_ordered && first_ready(m, t->queue) != t)
        complain_of_order(m, t, first_ready(m, t->queue));
    hand_over(m, t, lease, req->now_ms + req->lease_ms);
    t->is_taken = t->is_recorded = t->is_begun = t->is_answered = false;
}

void model_was_leased(struct model *m, const struct lease_request *req,
                      const struct lease *leases, size_t n)
{
    for (size_t i = 0; i < n && model_is_fine(m); i++)
        lease_one(m, req, &leases[i]);

    const struct model_task *left = model_leasable(m, req->plan);
    if (left && n < req->max)
        model_complain(m, &left->task.id,
                       "left although only %zu of %zu were leased", n,
                       req->max);
}

static void take_one(struct model *m, const struct reap_request *req,
                     const struct lease *lease)
{
    struct model_task *t = model_find(m, lease->task.queue, &lease->task.id);
    int64_t const now_ms =
        m->is_timed_apart ? m->there_ms + m->early_ms : req->now_ms;

    if (!t || t->is_gone || t->state != TASK_ACTIVE) {
        model_complain(m, &lease->task.id, "taken, but it is not leased");
        return;
    }
    if (t->until_ms > now_ms)
        model_complain(m, &t->task.id, "taken %lld ms before its lease ends",
                       (long long)(t->until_ms - now_ms));
    if (lease->is_started != t->is_recorded)
        model_complain(m, &t->task.id, "taken as %sstarted, but it was %s",
                       lease->is_started ? "" : "not ",
                       t->is_recorded ? "recorded" : "not recorded");
    /* Whether it had begun stays: the attempt is the same one. */
    hand_over(m, t, lease, req->now_ms + req->lease_ms);
    t->is_taken = true;
}

void model_was_taken(struct model *m, const struct reap_request *req,
                     const struct lease *leases, size_t n)
{
    for (size_t i = 0; i < n && model_is_fine(m); i++)
        take_one(m, req, &leases[i]);
    if (n == req->max || m->is_timed_apart)
        return;
    for (size_t i = 0; i < m->count; i++) {
        const struct model_task *t = &m->tasks[i];
        if (!t->is_gone && t->state == TASK_ACTIVE &&
            t->until_ms <= req->now_ms)
            model_complain(m, &t->task.id,
                           "not taken though its lease is over");
    }
}
