/*
 * sim_world.c - how actors come to life and die, and how time passes.
 */
#include "cmd/sim/sim_world.h"

#include <assert.h>

#include "adapters/doubles/scripted_random.h"
#include "adapters/doubles/shifted_clock.h"
#include "adapters/doubles/virtual_clock.h"
#include "cmd/sim/nap.h"

const char *sim_queue_name(size_t i)
{
    static const char *const names[SIM_QUEUES] = {"alpha", "beta", "gamma"};

    return names[i];
}

int64_t sim_now_ms(const struct sim *s)
{
    return clock_now_ms(s->clock);
}

int64_t sim_latest_ms(const struct sim *s)
{
    return sim_now_ms(s) + SIM_SKEW_MS;
}

static void fail(struct sim *s, enum status st)
{
    if (s->status == STATUS_OK && st < 0)
        s->status = st;
}

void sim_pass(struct sim *s, int64_t ms)
{
    const struct sim_place *place = &s->config->place;

    virtual_clock_advance(s->clock, ms);
    s->model->there_ms = sim_now_ms(s);
    if (place->age)
        fail(s, place->age(place->context, ms, s->err));
}

static size_t actor_count(const struct sim *s)
{
    return SIM_PRODUCERS + s->worker_count + SIM_REAPERS;
}

static struct sim_actor *actor_at(struct sim *s, size_t i)
{
    if (i < SIM_PRODUCERS)
        return &s->producers[i];
    i -= SIM_PRODUCERS;
    return i < s->worker_count ? &s->workers[i]
                               : &s->reapers[i - s->worker_count];
}

static bool is_producer(const struct sim_actor *a)
{
    return a >= a->sim->producers && a < a->sim->producers + SIM_PRODUCERS;
}

void sim_stall(void *actor)
{
    struct sim_actor *a = actor;
    struct sim *s = a->sim;
    int64_t const lengths_ms[] = {1, s->lease_ms / 2, s->lease_ms + 1,
                                  2 * s->lease_ms};
    size_t const others = 1 + dice_roll(&s->dice, 4);

    if (s->is_stalled || s->is_calm)
        return;
    s->is_stalled = true;
    witness_note(&s->witness, "    %s stands still", a->name);
    sim_pass(s, lengths_ms[dice_roll(&s->dice, 4)]);
    for (size_t i = 0; i < others; i++) {
        struct sim_actor *other =
            actor_at(s, dice_roll(&s->dice, actor_count(s)));
        if (other->is_stepping)
            continue;
        if (is_producer(other))
            sim_produce(other);
        else
            sim_work(other);
    }
    witness_note(&s->witness, "    %s goes on", a->name);
    s->is_stalled = false;
}

static int64_t next_due_ms(void *context)
{
    const struct sim *s = context;

    return model_next_due_ms(s->model);
}

enum status sim_queue_open(struct sim *s, struct sim_actor *a)
{
    const struct sim_flaws *flaws = &s->config->flaws;
    struct chaos_config const chaos = {sim_stall, a,
                                       flaws->forgets_what_it_sent};
    struct nap_config const nap = {&s->witness.signals, next_due_ms, s,
                                   flaws->starts_to_listen_late};
    struct queue_port q;
    enum status st = s->backend.ops->open_queue(s->backend.self, &q, s->err);

    if (st < 0)
        return st;
    if (flaws->wrap_queue)
        q = flaws->wrap_queue(flaws->context, q);
    st = witness_queue_open(&s->witness, a->name, q, &q, s->err);
    if (st == STATUS_OK)
        st = chaos_queue_open(&chaos, q, &q, s->err);
    a->chaos = q;
    if (st == STATUS_OK)
        st = nap_queue_open(&nap, q, &q, s->err);
    if (st < 0)
        queue_close(q); /* as far as it has got */
    else
        a->queue = q;
    return st;
}

/* What every actor has. */
static enum status open_basics(struct sim_actor *a)
{
    struct sim *s = a->sim;
    uint64_t const seed = s->config->seed * UINT64_C(1000003) + a->lives * 64 +
                          (uint64_t)(a->name[0] * 8 + a->name[1]);
    enum status st =
        shifted_clock_open(s->clock, a->skew_ms, &a->clock, s->err);

    if (st < 0)
        return st;
    st = scripted_random_open(NULL, 0, seed, &a->random, s->err);
    if (st < 0)
        goto no_random;
    st = sim_queue_open(s, a);
    if (st == STATUS_OK)
        return st;

    a->random.ops->close(a->random.self);
no_random:
    a->clock.ops->close(a->clock.self);
    return st;
}

static void close_basics(struct sim_actor *a)
{
    a->random.ops->close(a->random.self);
    a->clock.ops->close(a->clock.self);
    a->is_open = false;
}

bool sim_actor_open(struct sim_actor *a)
{
    struct sim *s = a->sim;

    if (a->is_open || s->status < 0)
        return a->is_open;
    a->lives++;
    enum status st = open_basics(a);
    if (st < 0) {
        fail(s, st);
        return false;
    }
    if (is_producer(a)) {
        a->enqueuer = (struct enqueuer){
            .queue = a->queue, .clock = a->clock, .random = a->random};
        a->pending_count = 0;
    } else {
        st = sim_worker_open(a);
    }
    a->is_open = true;
    if (st < 0) {
        queue_close(a->queue);
        close_basics(a);
        fail(s, st);
    }
    return a->is_open;
}

void sim_actor_close(struct sim_actor *a)
{
    if (!a->is_open)
        return;
    if (!is_producer(a))
        sim_worker_release(a);
    queue_close(a->queue);
    close_basics(a);
}

void sim_actor_bury(struct sim_actor *a)
{
    struct sim *s = a->sim;
    assert(s->grave_count < SIM_GRAVES);

    witness_note(&s->witness, "    %s is dead", a->name);
    s->result->crashes++;
    if (!is_producer(a))
        sim_worker_release(a);
    s->graves[s->grave_count++] = a->queue;
    close_basics(a);
}
