/*
 * pull_test.c - pull workers in virtual time: what is handed to them, and what
 * follows from what they say.
 */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "tests/usecase/world.h"
#include "usecase/pull.h"

#define HELD 16
#define ROOM ((size_t)8 * 1024 * 1024)

/* A world, and what asks for its tasks. */
struct stage {
    struct world w;
    struct worker reaper; /* takes back what runs out */
    struct puller *puller;
    struct arena mem;
    struct lease leases[HELD];
    size_t count;
};

static void stage_open(struct stage *s)
{
    world_open(&s->w);
    worker_open(&s->w, &s->reaper, "reaper", 1);
    consumer_set_quiet(&s->reaper.consumer, true);
    s->puller = calloc(1, sizeof(*s->puller));
    s->mem = (struct arena){.base = malloc(ROOM), .size = ROOM};
    cr_assert(s->puller && s->mem.base);
    s->puller->queue = s->reaper.queue;
    s->puller->admin = s->w.admin;
    s->puller->clock = s->w.clock;
    s->puller->random = s->w.random;
    s->puller->metrics = s->reaper.spy;
}

static void stage_close(struct stage *s)
{
    free(s->mem.base);
    free(s->puller);
    worker_kill(&s->reaper);
    world_close(&s->w);
}

static void lease(struct stage *s, size_t max)
{
    static const struct queue_plan every = {.kind = PLAN_EVERY};
    struct pull_request const req = {
        .plan = &every, .max = max, .lease_ms = LEASE_MS, .worker = "puller"};

    arena_reset(&s->mem);
    cr_assert(pull_lease(s->puller, &req, &s->mem, s->leases, &s->count,
                         &s->w.err) == STATUS_OK,
              "%s", s->w.err.text);
}

/* Says how the i-th lease ended. */
static enum status settle(struct stage *s, size_t i, struct outcome outcome)
{
    struct pull_outcome const item = {
        .ref = {.queue = BYTES(DEFAULT_QUEUE), .id = s->leases[i].task.id},
        .token = s->leases[i].token,
        .started_at_ms = clock_now_ms(s->w.clock),
        .outcome = outcome,
    };
    enum status result;

    cr_assert(pull_settle(s->puller, &item, 1, &s->mem, &result, &s->w.err) ==
                  STATUS_OK,
              "%s", s->w.err.text);
    return result;
}

static struct task_record find(struct stage *s, const struct task_id *id)
{
    bool found;
    struct task_record const record = world_find(&s->w, id, &found);

    cr_assert(found);
    return record;
}

/* Nobody settles: the leases run out and are taken back. */
static void crash(struct stage *s)
{
    world_pass(&s->w, LEASE_MS + 1);
    worker_steps(&s->w, &s->reaper, 3);
}

Test(pull, judges_by_the_task_that_is_stored)
{
    struct stage s;
    stage_open(&s);
    struct task_spec spec = work();
    spec.task.max_attempts = 2;
    struct task_id const id = world_enqueue(&s.w, &spec);
    struct outcome const retry = {.kind = OUTCOME_RETRY, .error = BYTES("no")};

    lease(&s, 1);
    cr_assert_eq(settle(&s, 0, retry), STATUS_OK);
    cr_assert_eq(find(&s, &id).state, TASK_RETRY);
    world_pass(&s.w, DAY_MS);
    worker_steps(&s.w, &s.reaper, 2);
    lease(&s, 1);
    cr_assert_eq(settle(&s, 0, retry), STATUS_OK);

    cr_assert_eq(find(&s, &id).reason, REASON_EXHAUSTED);
    stage_close(&s);
}

Test(pull, tells_a_lost_lease_from_an_unknown_task)
{
    struct stage s;
    stage_open(&s);
    struct task_spec const spec = work();
    world_enqueue(&s.w, &spec);
    struct outcome const done = {.kind = OUTCOME_DONE};

    lease(&s, 1);
    struct lease const old = s.leases[0];
    crash(&s);
    lease(&s, 1);
    struct lease const now = s.leases[0];
    s.leases[0] = old;
    cr_assert_eq(settle(&s, 0, done), STATUS_LEASE_LOST);
    s.leases[0] = now;
    cr_assert_eq(settle(&s, 0, done), STATUS_OK);
    cr_assert_eq(settle(&s, 0, done), STATUS_NOT_FOUND);

    stage_close(&s);
}

Test(pull, hands_a_task_over_that_counts_as_started)
{
    struct stage s;
    stage_open(&s);
    struct task_spec spec = work();
    spec.task.max_attempts = 1;
    struct task_id const id = world_enqueue(&s.w, &spec);

    lease(&s, 1);
    crash(&s);

    cr_assert_eq(find(&s, &id).reason, REASON_LOST);
    stage_close(&s);
}

Test(pull, hands_a_suspect_over_alone)
{
    struct stage s;
    stage_open(&s);
    struct task_spec spec = work();
    spec.task.max_crashes = 2;
    struct task_id const suspect = world_enqueue(&s.w, &spec);
    lease(&s, 1);
    crash(&s);
    struct task_spec const plain = work();
    struct task_id const other = world_enqueue(&s.w, &plain);

    lease(&s, HELD);

    cr_assert_eq(s.count, 1);
    cr_assert_str_eq(s.leases[0].task.id.text, suspect.text);
    cr_assert_eq(find(&s, &other).state, TASK_READY);
    cr_assert_eq(find(&s, &other).task.attempt, 0);
    stage_close(&s);
}

Test(pull, settles_what_has_expired_instead_of_handing_it_over)
{
    struct stage s;
    stage_open(&s);
    struct task_spec spec = work();
    spec.task.expires_ms = 1000;
    struct task_id const late = world_enqueue(&s.w, &spec);
    struct task_spec const plain = work();
    world_enqueue(&s.w, &plain);
    world_pass(&s.w, 2000);

    lease(&s, HELD);

    cr_assert_eq(s.count, 1);
    cr_assert_eq(find(&s, &late).reason, REASON_EXPIRED);
    stage_close(&s);
}

Test(pull, leaves_everything_as_it_was_after_a_fault)
{
    struct stage s;
    stage_open(&s);
    struct task_spec const spec = work();
    struct task_id const id = world_enqueue(&s.w, &spec);
    lease(&s, 1);
    struct pull_outcome const item = {
        .ref = {.queue = BYTES(DEFAULT_QUEUE), .id = id},
        .token = s.leases[0].token,
        .outcome = {.kind = OUTCOME_DONE},
    };
    enum status result;

    faulty_queue_fail(s.puller->queue, QUEUE_SETTLE, FAULT_BEFORE, 0, 1,
                      STATUS_UNAVAILABLE);
    cr_assert(pull_settle(s.puller, &item, 1, &s.mem, &result, &s.w.err) < 0);
    cr_assert_eq(find(&s, &id).state, TASK_ACTIVE);
    cr_assert_eq(settle(&s, 0, item.outcome), STATUS_OK);

    stage_close(&s);
}
