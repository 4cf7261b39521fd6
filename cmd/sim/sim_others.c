/*
 * sim_others.c - those who act on tasks but run none: producers, the
 * operator, and the impostor.
 */
#include <stdio.h>

#include "cmd/sim/sim_world.h"

static const char *const keys[SIM_KEYS] = {"k1", "k2", "k3"};

/* The model's task that the dice say; NULL: there is none yet. */
static const struct model_task *any_task(struct sim *s)
{
    return s->model->count > 0
               ? &s->model->tasks[dice_roll(&s->dice, s->model->count)]
               : NULL;
}

static struct backoff a_backoff(struct dice *d)
{
    struct backoff b = backoff_default();

    b.kind = (enum backoff_kind)dice_roll(d, 3);
    b.jitter = (enum jitter)dice_roll(d, 3);
    b.base_ms = (int64_t)dice_roll(d, 3000);
    b.max_ms = b.base_ms + 8000;
    return b;
}

/* The options that few tasks have. */
static void add_options(struct sim *s, struct task *t)
{
    struct dice *d = &s->dice;
    size_t const lease_ms = (size_t)s->lease_ms;

    if (dice_hits(d, 4)) {
        t->key = bytes_of(keys[dice_roll(d, SIM_KEYS)]);
        if (dice_hits(d, 2))
            t->key_ttl_ms = 1 + (int64_t)dice_roll(d, 4 * lease_ms);
    }
    if (dice_hits(d, 4))
        t->retain_ms = 1 + (int64_t)dice_roll(d, 4 * lease_ms);
    if (dice_hits(d, 8))
        t->expires_ms = 1 + (int64_t)dice_roll(d, 4 * lease_ms);
}

static struct task_spec a_spec(struct sim *s, const char *payload)
{
    struct dice *d = &s->dice;
    struct task_spec spec = {.task = task_default()};
    struct task *t = &spec.task;
    const struct model_task *old = any_task(s);

    t->type = BYTES("work");
    t->payload = bytes_of(payload);
    t->queue = bytes_of(sim_queue_name(dice_roll(d, SIM_QUEUES)));
    t->priority = (enum priority)dice_roll(d, PRIORITIES);
    t->backoff = a_backoff(d);
    t->max_attempts = 1 + (int32_t)dice_roll(d, 5);
    t->max_crashes = 1 + (int32_t)dice_roll(d, 3);
    if (dice_hits(d, 3))
        spec.delay_ms = (int64_t)dice_roll(d, 3 * (size_t)s->lease_ms);
    add_options(s, t);
    if (old && dice_hits(d, 12)) { /* an id that is, or was, there */
        t->id = old->task.id;
        t->queue = bytes_of(old->queue->name);
    }
    return spec;
}

/* After a step of a producer that ended in st. */
static void see(struct sim_actor *a, size_t n, enum status st)
{
    a->pending_count = st < 0 ? n : 0;
    if (chaos_is_dead(a->chaos))
        sim_actor_bury(a);
}

void sim_flush(struct sim_actor *a)
{
    struct enqueued results[CHAOS_BATCH_MAX];
    struct error err;

    if (!a->is_open || a->pending_count == 0)
        return;
    see(a, a->pending_count,
        enqueue_again(&a->enqueuer, a->pending_count, a->pending, results,
                      &err));
}

void sim_produce(struct sim_actor *a)
{
    struct sim *s = a->sim;
    struct task_spec specs[CHAOS_BATCH_MAX];
    struct enqueued results[CHAOS_BATCH_MAX];
    size_t const n = 1 + dice_roll(&s->dice, 3);
    struct error err;

    if (sim_now_ms(s) < a->frozen_until_ms || !sim_actor_open(a))
        return;
    a->is_stepping = true;
    if (a->pending_count > 0) {
        sim_flush(a);
    } else if (s->model->count + CHAOS_BATCH_MAX <= MODEL_TASKS_MAX) {
        for (size_t i = 0; i < n; i++) {
            snprintf(a->payloads[i], sizeof(a->payloads[i]), "%llu",
                     (unsigned long long)(dice_bits(&s->dice) >> 16));
            specs[i] = a_spec(s, a->payloads[i]);
        }
        see(a, n,
            enqueue(&a->enqueuer, specs, n, a->pending, results, NULL, &err));
    }
    a->is_stepping = false;
}

/* Does op to one task. */
static enum status operate_on(struct sim *s, const struct model_task *t,
                              size_t op, struct error *err)
{
    struct task_ref const ref = {bytes_of(t->queue->name), t->task.id};
    int64_t const now_ms = sim_latest_ms(s);
    struct task_id holder;
    enum status result;

    switch (op) {
    case 0:
        return admin_remove(s->operator, now_ms,
                            dice_hits(&s->dice, 2) ? STATES_WAITING
                                                   : STATES_INACTIVE,
                            &ref, 1, &result, err);
    case 1:
    case 2:
        return admin_run_now(s->operator, now_ms, &ref, err);
    default:
        return admin_requeue(s->operator, now_ms, &ref, 1, &result, &holder,
                             err);
    }
}

static enum status operate_on_queue(struct sim *s, struct error *err)
{
    static const enum task_state states[] = {TASK_SCHEDULED, TASK_READY,
                                             TASK_RETRY, TASK_DONE, TASK_DEAD};
    struct bytes const queue =
        bytes_of(sim_queue_name(dice_roll(&s->dice, SIM_QUEUES)));
    size_t removed;

    if (dice_hits(&s->dice, 8))
        return admin_purge(s->operator, sim_latest_ms(s), queue,
                           states[dice_roll(&s->dice, 5)], BATCH_MAX, &removed,
                           err);
    return admin_set_paused(s->operator, queue, dice_hits(&s->dice, 3), err);
}

void sim_operate(struct sim *s)
{
    const struct model_task *t = any_task(s);
    struct error err;
    enum status st;

    if (t && dice_roll(&s->dice, 3) > 0)
        st = operate_on(s, t, dice_roll(&s->dice, 6), &err);
    else
        st = operate_on_queue(s, &err);
    (void)st; /* the witness has heard it */
}

/* A settlement of a lease that is over, such as a worker would send that has
 * slept through its end. */
static void settle_late(struct sim *s, const struct lease *lease)
{
    static const enum verdict_action actions[] = {VERDICT_DONE, VERDICT_RETRY,
                                                  VERDICT_DEAD, VERDICT_RELEASE,
                                                  VERDICT_SNOOZE};
    struct settlement item = {.lease = lease};
    enum status result;
    struct error err;

    item.verdict.action = actions[dice_roll(&s->dice, 5)];
    item.verdict.reason = REASON_REJECTED;
    item.verdict.attempt = lease->task.attempt;
    item.verdict.run_at_ms = sim_now_ms(s);
    s->witness.is_unjudged = true;
    enum status const st =
        queue_settle(s->impostor, sim_now_ms(s), &item, 1, &result, &err);
    s->witness.is_unjudged = false;
    (void)st; /* the witness has heard it */
}

void sim_impose(struct sim *s)
{
    size_t const known = s->witness.lease_count < WITNESS_LEASES
                             ? s->witness.lease_count
                             : WITNESS_LEASES;
    if (known == 0)
        return;

    const struct old_lease *old =
        &s->witness.leases[dice_roll(&s->dice, known)];
    struct lease lease = {.token = old->token};
    struct renewal const renewal = {old->id, old->token, true};
    enum status st, result;
    struct error err;

    lease.task.id = old->id;
    lease.task.queue = bytes_of(old->queue);
    lease.task.attempt = old->attempt;
    if (model_leased(s->model, &lease))
        return; /* somebody's own */
    if (dice_roll(&s->dice, 3) > 0) {
        settle_late(s, &lease);
        return;
    }
    st = queue_extend(s->impostor, sim_now_ms(s), s->lease_ms, "impostor",
                      &renewal, 1, &result, &err);
    (void)st;
}
