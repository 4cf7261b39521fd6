/*
 * sim_run.c - a run from its first action to the time when all is done.
 */
#include <assert.h>
#include <stdlib.h>

#include "adapters/doubles/virtual_clock.h"
#include "cmd/sim/nap.h"
#include "cmd/sim/sim_world.h"

#define START_MS INT64_C(1750000000000)
#define ROOM ((size_t)1024 * 1024) /* for a page of a list */
#define CALM_ROUNDS 600            /* within which all must be done */
#define SHORT_LEASE_MS 1000        /* where the store has its own clock */

static void set_up_actor(struct sim *s, struct sim_actor *a, char kind,
                         size_t i, struct dice *d)
{
    a->sim = s;
    a->is_reaper = kind == 'r';
    a->name[0] = kind;
    a->name[1] = (char)('1' + i);
    if (!s->config->place.age)
        a->skew_ms = (int64_t)dice_roll(d, 2 * SIM_SKEW_MS + 1) - SIM_SKEW_MS;
}

/* What the seed decides for the whole run. */
static void set_up(struct sim *s)
{
    struct dice d = {s->config->seed};
    bool const is_timed_apart = s->config->place.age != NULL;

    s->lease_ms =
        is_timed_apart ? SHORT_LEASE_MS : 1000 + (int64_t)dice_roll(&d, 20000);
    s->concurrency = 1 + dice_roll(&d, 4);
    s->worker_count = 1 + dice_roll(&d, 4);
    s->keeps_names = dice_hits(&d, 2);
    if (s->config->workers > 0)
        s->worker_count = s->config->workers;
    for (size_t i = 0; i < SIM_PRODUCERS; i++)
        set_up_actor(s, &s->producers[i], 'p', i, &d);
    for (size_t i = 0; i < SIM_WORKERS_MAX; i++)
        set_up_actor(s, &s->workers[i], 'w', i, &d);
    for (size_t i = 0; i < SIM_REAPERS; i++)
        set_up_actor(s, &s->reapers[i], 'r', i, &d);
    s->model->is_timed_apart = is_timed_apart;
    s->model->is_ordered = s->config->place.is_ordered;
    s->witness.model = s->model;
    s->witness.trace = s->config->trace;
    s->witness.hash = UINT64_C(14695981039346656037);
    witness_begin(&s->witness);
}

static enum status open_ports(struct sim *s)
{
    const struct sim_flaws *flaws = &s->config->flaws;
    const struct backend_ops *ops = s->backend.ops;
    void *self = s->backend.self;
    struct queue_port q = {0};
    struct admin_port admin = {0};
    enum status st = ops->open_queue(self, &q, s->err);

    if (st < 0)
        return st;
    if (flaws->wrap_queue)
        q = flaws->wrap_queue(flaws->context, q);
    st = witness_queue_open(&s->witness, "impostor", q, &s->impostor, s->err);
    if (st < 0)
        queue_close(q);
    if (st == STATUS_OK)
        st = ops->open_admin(self, &admin, s->err);
    if (st < 0)
        return st;
    s->admin =
        flaws->wrap_admin ? flaws->wrap_admin(flaws->context, admin) : admin;
    st = ops->open_admin(self, &admin, s->err);
    if (st < 0)
        return st;
    if (flaws->wrap_admin)
        admin = flaws->wrap_admin(flaws->context, admin);
    st = witness_admin_open(&s->witness, "operator", admin, &s->operator,
                            s->err);
    if (st < 0)
        admin_close(admin);
    return st;
}

static void close_world(struct sim *s)
{
    for (size_t i = 0; i < SIM_PRODUCERS; i++)
        sim_actor_close(&s->producers[i]);
    for (size_t i = 0; i < s->worker_count; i++)
        sim_actor_close(&s->workers[i]);
    for (size_t i = 0; i < SIM_REAPERS; i++)
        sim_actor_close(&s->reapers[i]);
    for (size_t i = 0; i < s->grave_count; i++)
        queue_close(s->graves[i]);
    if (s->operator.ops)
        admin_close(s->operator);
    if (s->admin.ops)
        admin_close(s->admin);
    if (s->impostor.ops)
        queue_close(s->impostor);
    if (s->backend.ops)
        s->backend.ops->close(s->backend.self);
    if (s->clock.ops)
        s->clock.ops->close(s->clock.self);
    free(s->mem.base);
    model_free(s->model);
    free(s);
}

static enum status open_world(const struct sim_config *config,
                              struct sim_result *result, struct sim **out,
                              struct error *err)
{
    const struct sim_place *place = &config->place;
    int64_t const start_ms = place->start_ms ? place->start_ms : START_MS;
    struct sim *s = calloc(1, sizeof(*s));

    if (!s)
        return error_set(err, STATUS_NO_MEMORY, NULL, "sim: no memory");
    s->config = config;
    s->result = result;
    s->err = err;
    s->model = model_new();
    s->mem = (struct arena){.base = malloc(ROOM), .size = ROOM};
    *out = s;
    if (!s->model || !s->mem.base)
        return error_set(err, STATUS_NO_MEMORY, NULL, "sim: no memory");
    set_up(s);
    if (config->flaws.begin)
        config->flaws.begin(config->flaws.context);
    s->model->there_ms = start_ms;
    enum status st = virtual_clock_open(start_ms, &s->clock, err);
    if (st == STATUS_OK)
        st = place->open(place->context, &s->backend, err);
    if (st == STATUS_OK)
        st = open_ports(s);
    return st;
}

/* The actor of an action that is about one; NULL: it is about none. */
static struct sim_actor *actor_of(struct sim *s,
                                  const struct sim_action *action)
{
    switch (action->kind) {
    case SIM_PRODUCE:
        return &s->producers[action->actor % SIM_PRODUCERS];
    case SIM_WORK:
    case SIM_RESTART:
    case SIM_FREEZE:
        return &s->workers[action->actor % s->worker_count];
    case SIM_REAP:
        return &s->reapers[action->actor % SIM_REAPERS];
    case SIM_OPERATE:
    case SIM_IMPOSE:
    case SIM_PASS:
        break;
    }
    return NULL;
}

static int64_t a_while(struct sim *s)
{
    switch (dice_roll(&s->dice, 8)) {
    case 0:
        return s->lease_ms + 100;
    case 1:
        return 5 * s->lease_ms;
    case 2:
        return s->lease_ms / 3;
    case 3:
        return 1 + (int64_t)dice_roll(&s->dice, (size_t)s->lease_ms);
    default:
        return 1 + (int64_t)dice_roll(&s->dice, 100);
    }
}

static void act(struct sim *s, const struct sim_action *action,
                struct sim_actor *a)
{
    switch (action->kind) {
    case SIM_PRODUCE:
        sim_produce(a);
        return;
    case SIM_WORK:
    case SIM_REAP:
        sim_work(a);
        return;
    case SIM_RESTART:
        sim_restart(a);
        return;
    case SIM_FREEZE:
        assert(a); /* always of an actor */
        a->frozen_until_ms = sim_now_ms(s) + 2 * s->lease_ms;
        return;
    case SIM_OPERATE:
        sim_operate(s);
        return;
    case SIM_IMPOSE:
        sim_impose(s);
        return;
    case SIM_PASS:
        sim_pass(s, a_while(s));
        return;
    }
}

static void take_action(struct sim *s, const struct sim_action *action)
{
    struct sim_actor *a = actor_of(s, action);

    s->dice.state = action->bits;
    if (a && action->kind != SIM_FREEZE && sim_actor_open(a))
        chaos_arm(a->chaos, action->chaos);
    act(s, action, a);
    if (a && a->is_open)
        chaos_arm(a->chaos, (struct chaos){.kind = CHAOS_NONE});
}

/* Nobody may sleep while there is something to do for him. */
static void check_sleepers(struct sim *s)
{
    for (size_t i = 0; i < s->worker_count; i++) {
        struct sim_actor *a = &s->workers[i];
        int64_t const now_ms = sim_now_ms(s) + a->skew_ms;
        if (!a->is_open || !consumer_is_idle(&a->consumer) ||
            !nap_is_asleep(a->queue, now_ms))
            continue;
        const struct model_task *t =
            model_leasable(s->model, &a->consumer.config.plan);
        if (t)
            model_complain(s->model, &t->task.id, "ready, but %s sleeps",
                           a->name);
    }
}

/* A task that a crash may end, or has hit before, is begun at once or given
 * back: a worker that dies may have begun no more than it has slots for. */
static void check_critical(struct sim *s)
{
    for (size_t i = 0; i < s->worker_count; i++) {
        const struct consumer *c = &s->workers[i].consumer;
        size_t critical = 0;
        for (size_t slot = 0; s->workers[i].is_open && slot < c->capacity;
             slot++) {
            const struct task *t = c->held[slot] ? &c->held[slot]->task : NULL;
            critical += t && (t->crashes > 0 || t->attempt >= t->max_attempts ||
                              t->crashes + 1 >= t->max_crashes);
        }
        if (critical > s->concurrency)
            model_complain(s->model, NULL, "%s has fetched %zu critical tasks",
                           s->workers[i].name, critical);
    }
}

static void check(struct sim *s)
{
    check_sleepers(s);
    check_critical(s);
    if (s->witness.hash == s->compared_hash)
        return; /* nothing was seen since: there is nothing to compare */
    s->compared_hash = s->witness.hash;
    model_compare(s->model, s->admin, sim_latest_ms(s), &s->mem);
}

static bool goes_on(const struct sim *s)
{
    return s->status == STATUS_OK && model_is_fine(s->model);
}

/* Who is dead, is dead; who was frozen or paused, is not any more. */
static void calm_down(struct sim *s)
{
    struct error err;

    s->is_calm = true;
    for (size_t i = 0; i < SIM_WORKERS_MAX; i++)
        s->workers[i].frozen_until_ms = 0;
    for (size_t i = 0; i < s->model->queue_count; i++) {
        enum status const st = admin_set_paused(
            s->operator, bytes_of(s->model->queues[i].name), false, &err);
        (void)st; /* the witness has heard it */
    }
}

/* A task that is neither done nor dead; NULL: there is none. */
static const struct model_task *unfinished(const struct sim *s)
{
    for (size_t i = 0; i < s->model->count; i++) {
        const struct model_task *t = &s->model->tasks[i];
        if (!t->is_gone && t->state != TASK_DONE && t->state != TASK_DEAD)
            return t;
    }
    return NULL;
}

static void calm_round(struct sim *s)
{
    for (size_t i = 0; i < SIM_PRODUCERS; i++)
        sim_flush(&s->producers[i]);
    for (size_t i = 0; i < s->worker_count; i++)
        sim_work(&s->workers[i]);
    sim_pass(s, s->lease_ms / 8);
}

/* With no faults any more, all is done or dead within bounded time. */
static void finish(struct sim *s)
{
    const struct model_task *left;

    calm_down(s);
    for (int i = 0; i < CALM_ROUNDS && goes_on(s) && unfinished(s); i++) {
        calm_round(s);
        check_sleepers(s);
    }
    left = unfinished(s);
    if (left)
        model_complain(s->model, &left->task.id, "still %s long after the end",
                       task_state_name(left->state));
    s->compared_hash = 0;
    check(s);
    for (size_t i = 0; i < s->model->count && goes_on(s); i++) {
        const struct model_task *t = &s->model->tasks[i];
        struct bytes const queue = bytes_of(t->queue->name);
        if (model_find(s->model, queue, &t->task.id) == t)
            model_compare_one(s->model, s->admin, sim_latest_ms(s), t, &s->mem);
    }
}

static void run(struct sim *s, const struct sim_plan *plan)
{
    char what[80];
    size_t i = 0;

    for (; i < plan->count && goes_on(s); i++) {
        sim_action_print(&plan->actions[i], what, sizeof(what));
        witness_note(&s->witness, "%zu %s", i + 1, what);
        s->compared_hash = s->witness.hash;
        take_action(s, &plan->actions[i]);
        check(s);
    }
    s->result->at = i;
    if (goes_on(s))
        finish(s);
}

enum status sim_run(const struct sim_config *config,
                    const struct sim_plan *plan, struct sim_result *result,
                    struct error *err)
{
    struct sim *s = NULL;

    *result = (struct sim_result){.at = 0};
    enum status st = open_world(config, result, &s, err);
    if (st == STATUS_OK) {
        run(s, plan);
        st = s->status;
        result->hash = s->witness.hash;
        result->tasks = s->model->count;
        memcpy(result->complaint, s->model->complaint,
               sizeof(result->complaint));
    }
    if (s)
        close_world(s);
    if (config->place.clean)
        config->place.clean(config->place.context);
    return st;
}
