/*
 * admin_test.c - dead letters by what they have in common, and questions
 * about many queues at once.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>

#include "tests/usecase/world.h"
#include "usecase/dead_letters.h"
#include "usecase/heartbeat.h"
#include "usecase/inspect.h"

static struct world w;
static struct worker a;
static char bytes[1 << 20];
static struct arena mem = {.base = bytes, .size = sizeof(bytes)};

static void open_world(void)
{
    world_open(&w);
    worker_open(&w, &a, "a", 100);
    w.answer = (struct outcome){.kind = OUTCOME_REJECT, .error = BYTES("no")};
}

static void close_world(void)
{
    worker_kill(&a);
    world_close(&w);
}

TestSuite(admin, .init = open_world, .fini = close_world);

static void given_dead_tasks(size_t n)
{
    struct task_spec const spec = work();

    for (size_t i = 0; i < n; i++)
        world_enqueue(&w, &spec);
    while (w.calls < n)
        worker_steps(&w, &a, 1);
    worker_steps(&w, &a, 2);
}

static int64_t count(enum task_state state)
{
    struct queue_stats row;
    size_t n = 0;

    cr_assert(eq(int,
                 admin_stats(w.admin, clock_now_ms(w.clock), (struct bytes){0},
                             1, &row, &n, &w.err),
                 0));
    return n ? row.waiting[state] : 0;
}

Test(admin, all_dead_tasks_are_requeued_over_many_pages)
{
    struct dead_letter_run const run = {.action = DEAD_LETTER_REQUEUE};
    size_t changed;
    given_dead_tasks(350);

    enum status const st =
        dead_letters_run(w.admin, w.clock, &run, &mem, &changed, &w.err);

    cr_assert(eq(int, st, STATUS_OK));
    cr_assert(eq(sz, changed, 350));
    cr_assert(eq(i64, count(TASK_DEAD), 0));
    cr_assert(eq(i64, count(TASK_READY), 350));
}

Test(admin, only_what_matches_is_deleted)
{
    struct dead_letter_run run = {.action = DEAD_LETTER_DELETE,
                                  .filter = {.type = BYTES("other")}};
    size_t changed;
    given_dead_tasks(3);

    cr_assert(eq(
        int, dead_letters_run(w.admin, w.clock, &run, &mem, &changed, &w.err),
        0));
    cr_assert(eq(sz, changed, 0));
    run.filter.type = BYTES("work");
    cr_assert(eq(
        int, dead_letters_run(w.admin, w.clock, &run, &mem, &changed, &w.err),
        0));

    cr_assert(eq(sz, changed, 3));
    cr_assert(eq(i64, count(TASK_DEAD), 0));
}

static void remember(void *context, const struct task_record *record,
                     enum status why, const struct task_id *holder)
{
    struct task_id *out = context;

    (void)record;
    cr_assert(eq(int, why, STATUS_KEY_HELD));
    *out = *holder;
}

Test(admin, a_dead_task_whose_key_is_held_stays_and_says_by_whom)
{
    struct task_id holder = {0};
    struct dead_letter_run const run = {
        .action = DEAD_LETTER_REQUEUE, .refused = remember, .context = &holder};
    struct task_spec spec = work();
    size_t changed;
    spec.task.key = BYTES("k");
    world_enqueue(&w, &spec);
    worker_steps(&w, &a, 4);
    struct task_id const successor = world_enqueue(&w, &spec);

    cr_assert(eq(
        int, dead_letters_run(w.admin, w.clock, &run, &mem, &changed, &w.err),
        0));

    cr_assert(eq(sz, changed, 0));
    cr_assert(eq(str, holder.text, (char *)successor.text));
    cr_assert(eq(i64, count(TASK_DEAD), 1));
}

Test(admin, drained_means_that_no_queue_of_the_plan_has_open_tasks)
{
    struct queue_plan const every = {.kind = PLAN_EVERY};
    struct queue_plan plan;
    struct task_spec spec = work();
    bool is_drained = false;
    cr_assert(eq(int, queue_plan_parse_strict(BYTES("x,y"), &plan, &w.err), 0));
    spec.task.queue = BYTES("z");
    spec.delay_ms = 1000;
    world_enqueue(&w, &spec);

    cr_assert(eq(
        int, inspect_is_drained(w.admin, w.clock, &plan, &is_drained, &w.err),
        0));
    cr_assert(is_drained);
    cr_assert(eq(
        int, inspect_is_drained(w.admin, w.clock, &every, &is_drained, &w.err),
        0));
    cr_assert(not(is_drained));
}

Test(admin, drained_looks_at_every_queue_also_beyond_the_first_page)
{
    struct queue_plan const every = {.kind = PLAN_EVERY};
    struct task_spec spec = work();
    char name[16];
    bool is_drained = true;
    for (int i = 0; i < 70; i++) {
        snprintf(name, sizeof(name), "q%02d", i);
        spec.task.queue = bytes_of(name);
        spec.delay_ms = i == 69 ? DAY_MS : 0;
        world_enqueue(&w, &spec);
    }
    w.answer = (struct outcome){.kind = OUTCOME_DONE};
    worker_steps(&w, &a, 10);

    cr_assert(eq(
        int, inspect_is_drained(w.admin, w.clock, &every, &is_drained, &w.err),
        0));

    cr_assert(not(is_drained));
}

Test(admin, purging_a_queue_spares_its_dead)
{
    struct task_spec spec = work();
    size_t removed;
    given_dead_tasks(2);
    world_enqueue(&w, &spec);
    spec.delay_ms = 1000;
    world_enqueue(&w, &spec);

    cr_assert(eq(int,
                 inspect_purge(w.admin, w.clock, BYTES("default"), NULL,
                               &removed, &w.err),
                 0));

    cr_assert(eq(sz, removed, 2));
    cr_assert(eq(i64, count(TASK_DEAD), 2));
    cr_assert(eq(i64, count(TASK_READY), 0));
}

Test(admin, purging_an_unknown_queue_says_so)
{
    size_t removed;

    cr_assert(eq(int,
                 inspect_purge(w.admin, w.clock, BYTES("nowhere"), NULL,
                               &removed, &w.err),
                 STATUS_NOT_FOUND));
}

Test(admin, a_heart_beats_at_its_pace_and_stops_when_told)
{
    struct heartbeat hb = {.clock = w.clock, .info = {.name = "a"}};
    struct worker_info seen[2];
    size_t n = 0;
    int64_t const start_ms = clock_now_ms(w.clock);
    cr_assert(eq(
        int, w.backend.ops->open_fleet(w.backend.self, &hb.fleet, &w.err), 0));

    heartbeat_tick(&hb, 1);
    world_pass(&w, HEARTBEAT_EVERY_MS - 1);
    heartbeat_tick(&hb, 2);
    cr_assert(eq(int, fleet_workers(hb.fleet, 0, "", 2, seen, &n, &w.err), 0));
    cr_assert(eq(i64, seen[0].seen_at_ms, start_ms));
    cr_assert(eq(i64, seen[0].busy, 1));
    heartbeat_end(&hb);

    cr_assert(eq(int, fleet_workers(hb.fleet, 0, "", 2, seen, &n, &w.err), 0));
    cr_assert(eq(sz, n, 0));
    fleet_close(hb.fleet);
}
