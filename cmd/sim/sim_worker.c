/*
 * sim_worker.c - workers with a real engine, and handlers that do all that
 * handlers can.
 */
#include <stdio.h>
#include <stdlib.h>

#include "adapters/doubles/inline_executor.h"
#include "adapters/doubles/spy_metrics.h"
#include "cmd/sim/judge.h"
#include "cmd/sim/nap.h"
#include "cmd/sim/sim_world.h"
#include "domain/text.h"

#define WAIT_MS 60000 /* how long an engine may sleep */

/* What tasks are like, by the number that is their payload. */
enum character {
    IS_POISON, /* kills its worker, always */
    IS_HOPELESS,
    IS_REJECTED,
    IS_SLOW,
    CHARACTERS = 20, /* all others have their moods */
};

static struct outcome failed(int64_t after_ms)
{
    return (struct outcome){
        .kind = OUTCOME_RETRY, .after_ms = after_ms, .error = BYTES("no luck")};
}

static struct outcome done(void)
{
    return (struct outcome){.kind = OUTCOME_DONE, .result = BYTES("[1]")};
}

/* One that has no character of its own, at one of its runs. */
static struct outcome by_mood(struct sim_actor *a, struct dice *mood)
{
    size_t const roll = dice_roll(mood, 100);
    int64_t const after_ms = (int64_t)dice_roll(mood, (size_t)a->sim->lease_ms);

    if (roll < 12)
        return failed(-1);
    if (roll < 20)
        return failed(after_ms);
    if (roll < 23)
        return (struct outcome){.kind = OUTCOME_REJECT,
                                .error = BYTES("never")};
    if (a->sim->is_calm)
        return done();
    if (roll < 30)
        return (struct outcome){.kind = OUTCOME_SNOOZE, .after_ms = after_ms};
    if (roll < 33)
        chaos_kill(a->chaos);
    if (roll < 40)
        sim_stall(a);
    return done();
}

static struct outcome answer(struct sim_actor *a, struct bytes payload,
                             size_t run)
{
    int64_t number;

    if (!text_read_int(payload, INT64_MAX, &number))
        return (struct outcome){.kind = OUTCOME_REJECT,
                                .error = BYTES("no number")};
    struct dice mood = {(uint64_t)number * UINT64_C(7919) + run};
    switch (number % CHARACTERS) {
    case IS_POISON:
        chaos_kill(a->chaos);
        return done();
    case IS_HOPELESS:
        return failed(-1);
    case IS_REJECTED:
        return (struct outcome){.kind = OUTCOME_REJECT,
                                .error = BYTES("never")};
    case IS_SLOW:
        sim_stall(a);
        return done();
    default:
        return by_mood(a, &mood);
    }
}

static struct outcome handle(const struct handler_call *call, void *context)
{
    struct sim_actor *a = context;
    struct sim *s = a->sim;
    const struct task *task = &call->lease->task;
    struct outcome const nobody_hears = {.kind = OUTCOME_RELEASE};

    if (chaos_is_dead(a->chaos))
        return nobody_hears; /* the process went down with another handler */
    witness_note(&s->witness, "    %s runs %s", a->name, task->id.text);
    s->result->runs++;
    judge_start(s->model, call->lease);
    const struct model_task *t = model_find(s->model, task->queue, &task->id);
    if (!t)
        return nobody_hears;
    struct outcome const outcome = answer(a, task->payload, t->runs);
    if (chaos_is_dead(a->chaos))
        return nobody_hears;
    judge_answer(s->model, call->lease, outcome.kind);
    return outcome;
}

/* Which queues a worker serves: the first one all, so that none is left. */
static struct queue_plan plan_of(const struct sim_actor *a)
{
    struct queue_plan plan = {.kind = PLAN_EVERY};
    size_t const i = (size_t)(a - a->sim->workers);

    if (a->is_reaper || i % 3 == 0)
        return plan;
    plan.kind = i % 3 == 1 ? PLAN_STRICT : PLAN_WEIGHTED;
    plan.count = i % 3 == 1 ? 2 : SIM_QUEUES;
    for (size_t q = 0; q < plan.count; q++) {
        struct text name =
            text_in(plan.queues[q].name, sizeof(plan.queues[q].name));
        text_add(&name, sim_queue_name(q));
        plan.queues[q].weight = plan.kind == PLAN_STRICT ? 1 : (uint32_t)q + 1;
    }
    return plan;
}

static void set_up_engine(struct sim_actor *a)
{
    struct sim *s = a->sim;
    struct consumer_config config = {.plan = plan_of(a),
                                     .concurrency = s->concurrency,
                                     .lease_ms = s->lease_ms,
                                     .wake = WAKE_NEVER};
    struct consumer_ports const ports = {a->queue, a->executor, a->clock,
                                         a->random, a->metrics};
    struct arena room = {.base = a->room,
                         .size = consumer_room_bytes(s->concurrency)};

    snprintf(config.worker, sizeof(config.worker), "%s.%zu", a->name,
             s->keeps_names ? (size_t)1 : a->lives);
    consumer_init(&a->consumer, &config, ports, &room);
    consumer_set_quiet(&a->consumer, a->is_reaper);
}

enum status sim_worker_open(struct sim_actor *a)
{
    struct sim *s = a->sim;
    size_t const concurrency = s->concurrency;
    enum status st;

    a->handler = (struct handler){"*", handle, a};
    struct inline_executor_config const executor = {
        .handlers = {&a->handler, 1},
        .clock = a->clock,
        .concurrency = concurrency,
        .capacity = consumer_capacity(concurrency),
    };
    a->room = malloc(consumer_room_bytes(concurrency));
    if (!a->room)
        return error_set(s->err, STATUS_NO_MEMORY, NULL, "sim: no memory");
    st = spy_metrics_open(&a->metrics, s->err);
    if (st < 0)
        goto no_metrics;
    st = inline_executor_open(&executor, &a->executor, s->err);
    if (st < 0)
        goto no_executor;
    set_up_engine(a);
    return STATUS_OK;

no_executor:
    a->metrics.ops->close(a->metrics.self);
no_metrics:
    free(a->room);
    return st;
}

void sim_worker_release(struct sim_actor *a)
{
    executor_close(a->executor);
    a->metrics.ops->close(a->metrics.self);
    free(a->room);
}

static void step(struct sim_actor *a)
{
    a->is_stepping = true;
    nap_end(a->queue);
    consumer_step(&a->consumer, clock_now_ms(a->clock) + WAIT_MS);
    a->is_stepping = false;
}

void sim_work(struct sim_actor *a)
{
    int64_t const now_ms = sim_now_ms(a->sim);

    if (now_ms < a->frozen_until_ms || !sim_actor_open(a))
        return;
    if (consumer_is_idle(&a->consumer) &&
        nap_is_asleep(a->queue, clock_now_ms(a->clock)))
        return;
    step(a);
    if (chaos_is_dead(a->chaos))
        sim_actor_bury(a);
}

/* Stops without waiting any longer; false: it could not. */
static bool give_up(struct sim_actor *a)
{
    struct witness *w = &a->sim->witness;
    struct error err;

    w->is_unjudged = true;
    enum status const st = consumer_abandon(&a->consumer, &err);
    w->is_unjudged = false;
    return st == STATUS_OK && !chaos_is_dead(a->chaos);
}

void sim_restart(struct sim_actor *a)
{
    enum { PATIENCE = 20, PAUSE_MS = 200 };

    if (sim_now_ms(a->sim) < a->frozen_until_ms || !a->is_open)
        return;
    size_t const patience = dice_roll(&a->sim->dice, PATIENCE);
    consumer_stop(&a->consumer);
    for (size_t i = 0; i < patience && !consumer_is_idle(&a->consumer) &&
                       !chaos_is_dead(a->chaos);
         i++) {
        step(a);
        sim_pass(a->sim, PAUSE_MS);
    }
    if (!chaos_is_dead(a->chaos) &&
        (consumer_is_idle(&a->consumer) || give_up(a)))
        sim_actor_close(a);
    else
        sim_actor_bury(a);
}
