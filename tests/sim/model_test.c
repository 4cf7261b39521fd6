/*
 * model_test.c - long sequences of random calls on the ports, held against the
 * model after each: answers, the order of leases, states, statistics.
 *
 * The same seeds for every kind of store: SIM_URL names it (else the server of
 * with_redis), MODEL_SEEDS how many.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>

#include "cmd/sim/dice.h"
#include "cmd/sim/sim_store.h"
#include "cmd/sim/witness.h"
#include "usecase/lease.h"

#define PORTS 3
#define STEPS 200
#define QUEUES 3
#define LEASE_MS 1000
#define HELD_MAX 64
#define BATCH 4
#define ROOM (1024 * 1024)

static const char *const queues[QUEUES] = {"a", "b", "c"};
static const char *const keys[] = {"k", "K", "k\xc3\xa9y"};

/* A lease as a worker remembers it. */
struct held {
    struct lease lease;
    char bytes[512];
};

static struct sim_store store;
static struct sim_place place;
static struct witness witness;
static struct backend_port backend;
static struct queue_port ports[PORTS];
static struct admin_port admin;
static struct dice dice;
static struct task_id_source ids;
static struct held held[HELD_MAX]; /* a ring: of all leases there were */
static size_t held_count;
static int64_t now_ms;
static char room[ROOM];
static struct arena mem = {.base = room, .size = ROOM};
static struct error err;

static uint64_t number_from(const char *name, uint64_t otherwise)
{
    const char *given = getenv(name);

    return given ? strtoull(given, NULL, 10) : otherwise;
}

static void open_store(void)
{
    const char *url = getenv("SIM_URL");

    if (!url)
        url = getenv("MILLRACE_TEST_REDIS");
    cr_assert(ne(ptr, (void *)url, NULL), "no store: set SIM_URL");
    cr_assert(eq(int, sim_store_open(url, &store, &err), 0), "%s", err.text);
    place = sim_store_place(&store);
}

static void close_store(void)
{
    sim_store_close(&store);
}

TestSuite(model, .init = open_store, .fini = close_store);

static void begin(uint64_t seed)
{
    dice = (struct dice){seed};
    ids = (struct task_id_source){0};
    held_count = 0;
    now_ms = place.start_ms ? place.start_ms : INT64_C(1750000000000);
    witness = (struct witness){.model = model_new(), .is_unjudged = true};
    witness_begin(&witness);
    cr_assert(witness.model != NULL);
    witness.model->is_ordered = true;
    witness.model->is_timed_apart = place.age != NULL;
    witness.model->there_ms = now_ms;
    cr_assert(eq(int, place.open(place.context, &backend, &err), 0));
    for (size_t i = 0; i < PORTS; i++) {
        struct queue_port q;
        cr_assert(eq(int, backend.ops->open_queue(backend.self, &q, &err), 0));
        cr_assert(eq(
            int, witness_queue_open(&witness, "port", q, &ports[i], &err), 0));
    }
    struct admin_port inner;
    cr_assert(eq(int, backend.ops->open_admin(backend.self, &inner, &err), 0));
    cr_assert(
        eq(int, witness_admin_open(&witness, "admin", inner, &admin, &err), 0));
}

static void end(void)
{
    for (size_t i = 0; i < PORTS; i++)
        queue_close(ports[i]);
    admin_close(admin);
    backend.ops->close(backend.self);
    if (place.clean)
        place.clean(place.context);
    model_free(witness.model);
}

static struct queue_port a_port(void)
{
    return ports[dice_roll(&dice, PORTS)];
}

static struct bytes a_queue(void)
{
    return bytes_of(queues[dice_roll(&dice, QUEUES)]);
}

/* A task that there is or was; NULL: none yet. */
static const struct model_task *a_known_task(void)
{
    struct model *m = witness.model;

    return m->count > 0 ? &m->tasks[dice_roll(&dice, m->count)] : NULL;
}

static struct new_task a_task(void)
{
    const struct model_task *known = a_known_task();
    struct new_task new = {.task = task_default(), .is_id_new = true};
    struct task *t = &new.task;

    t->queue = a_queue();
    t->type = BYTES("t");
    t->payload = BYTES("{\"n\":1}");
    t->priority = (enum priority)dice_roll(&dice, PRIORITIES);
    t->created_at_ms = now_ms;
    t->run_at_ms = now_ms;
    if (dice_hits(&dice, 3))
        t->run_at_ms += (int64_t)dice_roll(&dice, 3 * LEASE_MS);
    if (dice_hits(&dice, 3))
        t->key = bytes_of(keys[dice_roll(&dice, 3)]);
    if (t->key.at && dice_hits(&dice, 2))
        t->key_ttl_ms = 1 + (int64_t)dice_roll(&dice, 4 * LEASE_MS);
    if (dice_hits(&dice, 3))
        t->retain_ms = 1 + (int64_t)dice_roll(&dice, 4 * LEASE_MS);
    t->id = task_id_next(&ids, now_ms, dice_bits(&dice), t->queue);
    if (known && dice_hits(&dice, 10)) {
        t->id = known->task.id;
        t->queue = bytes_of(known->queue->name);
        new.is_id_new = false;
    }
    return new;
}

static enum status do_enqueue(void)
{
    struct new_task tasks[BATCH];
    struct enqueued results[BATCH];
    size_t const n = 1 + dice_roll(&dice, BATCH);

    for (size_t i = 0; i < n; i++)
        tasks[i] = a_task();
    if (n > 1 && dice_hits(&dice, 8)) { /* the same twice in one call */
        tasks[0].is_id_new = false;
        tasks[n - 1] = tasks[0];
    }
    return queue_enqueue(a_port(), now_ms, tasks, n, results, &err);
}

static struct queue_plan a_plan(void)
{
    static const char *const texts[] = {"a,b,c", "c,a", "b", "a=5,b=2,c=1"};
    size_t const which = dice_roll(&dice, 6);
    struct queue_plan plan = {.kind = PLAN_EVERY};
    enum status st = STATUS_OK;

    if (which < 3)
        st = queue_plan_parse_strict(bytes_of(texts[which]), &plan, &err);
    else if (which == 3)
        st = queue_plan_parse_weighted(bytes_of(texts[3]), &plan, &err);
    cr_assert(eq(int, st, 0));
    return plan;
}

static void hold(const struct lease *leases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct held *h = &held[held_count++ % HELD_MAX];
        struct arena own = {.base = h->bytes, .size = sizeof(h->bytes)};
        lease_copy(&leases[i], &own, &h->lease);
    }
}

static enum status do_lease(void)
{
    struct queue_plan const plan = a_plan();
    struct lease leases[2 * BATCH];
    struct lease_request const req = {.plan = &plan,
                                      .turn = dice_bits(&dice) >> 1,
                                      .max = 1 + dice_roll(&dice, 2 * BATCH),
                                      .lease_ms = LEASE_MS,
                                      .worker = "worker",
                                      .now_ms = now_ms,
                                      .until_ms = now_ms,
                                      .wake = WAKE_NEVER};
    size_t n = 0;

    arena_reset(&mem);
    enum status const st = queue_lease(a_port(), &req, &mem, leases, &n, &err);
    hold(leases, n);
    return st;
}

static enum status do_take(void)
{
    struct lease leases[2 * BATCH];
    struct reap_request const req = {.max = 1 + dice_roll(&dice, 2 * BATCH),
                                     .lease_ms = LEASE_MS,
                                     .worker = "reaper",
                                     .now_ms = now_ms};
    size_t n = 0;

    arena_reset(&mem);
    enum status const st =
        queue_take_expired(a_port(), &req, &mem, leases, &n, &err);
    hold(leases, n);
    return st;
}

/* One of the leases there are or were; NULL: none yet. */
static const struct lease *a_lease(void)
{
    size_t const n = held_count < HELD_MAX ? held_count : HELD_MAX;

    return n > 0 ? &held[dice_roll(&dice, n)].lease : NULL;
}

static struct settlement a_settlement(const struct lease *lease)
{
    struct settlement s = {.lease = lease};
    struct verdict *v = &s.verdict;

    v->action = (enum verdict_action)dice_roll(&dice, 5);
    v->attempt = lease->task.attempt - (int32_t)dice_roll(&dice, 2);
    v->crashes = lease->task.crashes + (int32_t)dice_roll(&dice, 2);
    if (v->attempt >= lease->task.max_attempts ||
        v->crashes >= lease->task.max_crashes)
        v->action = VERDICT_DEAD; /* as the rules have it */
    v->run_at_ms = now_ms;
    if (v->action == VERDICT_RETRY || v->action == VERDICT_SNOOZE)
        v->run_at_ms += (int64_t)dice_roll(&dice, 2 * LEASE_MS);
    v->is_failure = v->action == VERDICT_RETRY || v->action == VERDICT_DEAD;
    if (v->action == VERDICT_DEAD)
        v->reason = (enum reason)(1 + dice_roll(&dice, REASONS - 1));
    if (v->is_failure && dice_hits(&dice, 2))
        s.error = BYTES("it failed");
    if (v->action == VERDICT_DONE && lease->task.retain_ms > 0 &&
        dice_hits(&dice, 2))
        s.result = BYTES("\"done\"");
    s.started_at_ms = now_ms;
    return s;
}

static enum status do_settle(void)
{
    struct settlement items[BATCH];
    enum status results[BATCH];
    size_t const n = 1 + dice_roll(&dice, BATCH);
    const struct lease *lease;

    for (size_t i = 0; i < n; i++) {
        lease = a_lease();
        if (!lease)
            return STATUS_OK;
        items[i] = a_settlement(lease);
    }
    return queue_settle(a_port(), now_ms, items, n, results, &err);
}

static enum status do_extend(void)
{
    const struct lease *lease = a_lease();
    enum status result;

    if (!lease)
        return STATUS_OK;
    struct renewal const item = {lease->task.id, lease->token,
                                 dice_hits(&dice, 2)};
    return queue_extend(a_port(), now_ms, LEASE_MS, "worker", &item, 1, &result,
                        &err);
}

static enum status do_promote(void)
{
    size_t moved;
    int64_t next_due_ms;

    return queue_promote(a_port(), now_ms, BATCH_MAX, &moved, &next_due_ms,
                         &err);
}

static enum status do_something_to_a_task(void)
{
    const struct model_task *t = a_known_task();
    struct task_id holder;
    enum status result;

    if (!t)
        return STATUS_OK;
    struct task_ref const ref = {bytes_of(t->queue->name), t->task.id};
    switch (dice_roll(&dice, 3)) {
    case 0:
        return admin_remove(admin, now_ms,
                            dice_hits(&dice, 2) ? STATES_WAITING
                                                : STATES_INACTIVE,
                            &ref, 1, &result, &err);
    case 1:
        return admin_run_now(admin, now_ms, &ref, &err);
    default:
        return admin_requeue(admin, now_ms, &ref, 1, &result, &holder, &err);
    }
}

static enum status do_something_to_a_queue(void)
{
    static const enum task_state states[] = {TASK_SCHEDULED, TASK_READY,
                                             TASK_RETRY, TASK_DONE, TASK_DEAD};
    size_t removed;

    if (dice_hits(&dice, 4))
        return admin_purge(admin, now_ms, a_queue(),
                           states[dice_roll(&dice, 5)], BATCH_MAX, &removed,
                           &err);
    return admin_set_paused(admin, a_queue(), dice_hits(&dice, 3), &err);
}

static enum status do_pass(void)
{
    int64_t const ms =
        dice_hits(&dice, 4) ? LEASE_MS + 1 : (int64_t)dice_roll(&dice, 200);

    now_ms += ms;
    witness.model->there_ms = now_ms;
    return place.age ? place.age(place.context, ms, &err) : STATUS_OK;
}

static enum status do_anything(void)
{
    static enum status (*const ops[])(void) = {
        do_enqueue,
        do_enqueue,
        do_enqueue,
        do_lease,
        do_lease,
        do_lease,
        do_settle,
        do_settle,
        do_settle,
        do_extend,
        do_promote,
        do_take,
        do_pass,
        do_pass,
        do_something_to_a_task,
        do_pass,
        do_something_to_a_queue,
    };

    return ops[dice_roll(&dice, sizeof(ops) / sizeof(ops[0]))]();
}

/* What it complains of; "": nothing. */
static const char *run(uint64_t seed, size_t *step)
{
    static char complaint[MODEL_COMPLAINT_SIZE];
    struct model *m = witness.model;

    for (*step = 1; *step <= STEPS && model_is_fine(m); ++*step) {
        enum status const st = do_anything();
        if (st < 0)
            model_complain(m, NULL, "%s", err.text);
        const struct model_task *t = a_known_task();
        model_compare(m, admin, now_ms, &mem);
        if (t && model_find(m, bytes_of(t->queue->name), &t->task.id) == t)
            model_compare_one(m, admin, now_ms, t, &mem);
    }
    memcpy(complaint, m->complaint, sizeof(complaint));
    (void)seed;
    return complaint;
}

Test(model, every_store_answers_like_the_model)
{
    uint64_t const only = number_from("MODEL_SEED", 0);
    uint64_t const seeds = number_from("MODEL_SEEDS", 50);

    for (uint64_t seed = only ? only : 1; seed <= (only ? only : seeds);
         seed++) {
        size_t step;
        begin(seed);
        witness.trace = only ? stderr : NULL;

        const char *complaint = run(seed, &step);

        end();
        cr_assert(eq(str, (char *)complaint, ""),
                  "seed %d, step %zu; MODEL_SEED=%d shows all of it", (int)seed,
                  step - 1, (int)seed);
    }
}
