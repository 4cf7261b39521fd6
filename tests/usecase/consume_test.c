/*
 * consume_test.c - the worker engine, a step at a time, in virtual time.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "tests/usecase/world.h"

static struct world w;
static struct worker a;

static void open_world(void)
{
    world_open(&w);
    worker_open(&w, &a, "a", 4);
}

static void close_world(void)
{
    worker_kill(&a);
    world_close(&w);
}

TestSuite(consume, .init = open_world, .fini = close_world);

static void then_state_is(const struct task_id *id, enum task_state state)
{
    bool found;
    struct task_record const record = world_find(&w, id, &found);

    cr_assert(found, "the task is gone");
    cr_assert(eq(str, (char *)task_state_name(record.state),
                 (char *)task_state_name(state)));
}

static void then_it_is_gone(const struct task_id *id)
{
    bool found;

    world_find(&w, id, &found);
    cr_assert(not(found));
}

Test(consume, a_task_that_succeeds_runs_once_and_is_gone)
{
    struct task_spec const spec = work();
    struct task_id const id = world_enqueue(&w, &spec);

    worker_steps(&w, &a, 5);

    cr_assert(eq(sz, w.calls, 1));
    then_it_is_gone(&id);
    cr_assert(eq(sz, spy_metrics_record(a.spy)->by_action[VERDICT_DONE], 1));
    cr_assert(consumer_is_idle(&a.consumer));
}

Test(consume, a_backoff_of_three_days_is_waited_out_in_virtual_time)
{
    struct task_spec spec = work();
    spec.task.backoff = (struct backoff){.kind = BACKOFF_CONSTANT,
                                         .jitter = JITTER_NONE,
                                         .factor_milli = 1000,
                                         .base_ms = 3 * DAY_MS,
                                         .max_ms = 3 * DAY_MS};
    struct task_id const id = world_enqueue(&w, &spec);
    w.answer = (struct outcome){
        .kind = OUTCOME_RETRY, .after_ms = -1, .error = BYTES("not yet")};
    worker_steps(&w, &a, 3);
    then_state_is(&id, TASK_RETRY);

    world_pass(&w, 3 * DAY_MS - 1);
    worker_steps(&w, &a, 5);
    cr_assert(eq(sz, w.calls, 1));
    w.answer = (struct outcome){.kind = OUTCOME_DONE};
    world_pass(&w, 1);
    worker_steps(&w, &a, 5);

    cr_assert(eq(sz, w.calls, 2));
    cr_assert(eq(i32, w.last_attempt, 2));
    then_it_is_gone(&id);
}

Test(consume, the_last_attempt_that_fails_ends_in_the_dead_letter_queue)
{
    struct task_spec spec = work();
    spec.task.max_attempts = 2;
    struct task_id const id = world_enqueue(&w, &spec);
    w.answer = (struct outcome){
        .kind = OUTCOME_RETRY, .after_ms = 1000, .error = BYTES("no luck")};

    worker_steps(&w, &a, 3);
    world_pass(&w, 1000);
    worker_steps(&w, &a, 3);

    bool found;
    struct task_record const dead = world_find(&w, &id, &found);
    cr_assert(eq(int, dead.state, TASK_DEAD));
    cr_assert(eq(int, dead.reason, REASON_EXHAUSTED));
    cr_assert(eq(i32, dead.task.attempt, 2));
    cr_assert(bytes_is(dead.task.last_error, "no luck"));
}

Test(consume, a_task_past_its_expiry_is_dead_and_never_ran)
{
    struct task_spec spec = work();
    spec.task.expires_ms = 1000;
    struct task_id const id = world_enqueue(&w, &spec);

    world_pass(&w, 1000);
    worker_steps(&w, &a, 3);

    bool found;
    struct task_record const dead = world_find(&w, &id, &found);
    cr_assert(eq(int, dead.reason, REASON_EXPIRED));
    cr_assert(eq(i32, dead.task.attempt, 0));
    cr_assert(eq(sz, w.calls, 0));
}

Test(consume, a_type_without_a_handler_is_a_failed_attempt)
{
    struct task_spec spec = work();
    spec.task.type = BYTES("nobody");
    struct task_id const id = world_enqueue(&w, &spec);

    worker_steps(&w, &a, 3);

    bool found;
    struct task_record const waits = world_find(&w, &id, &found);
    cr_assert(eq(int, waits.state, TASK_RETRY));
    cr_assert(bytes_is(waits.task.last_error, "no handler for type nobody"));
}

Test(consume, what_a_dead_worker_held_is_run_by_another_after_the_lease)
{
    struct worker b;
    struct task_spec const spec = work();
    struct task_id const id = world_enqueue(&w, &spec);
    worker_steps(&w, &a, 1); /* leased and submitted, not run */
    worker_kill(&a);
    worker_open(&w, &b, "b", 4);

    worker_steps(&w, &b, 3);
    cr_assert(eq(sz, w.calls, 0));
    world_pass(&w, LEASE_MS);
    worker_steps(&w, &b, 5);

    cr_assert(eq(sz, w.calls, 1));
    cr_assert(eq(i32, w.last_attempt, 2));
    cr_assert(eq(sz, spy_metrics_record(b.spy)->reaped, 1));
    then_it_is_gone(&id);
    worker_kill(&b);
    worker_open(&w, &a, "a", 4);
}

Test(consume, a_poison_pill_is_dead_after_max_crashes)
{
    struct task_spec spec = work();
    spec.task.max_crashes = 3;
    struct task_id const id = world_enqueue(&w, &spec);

    for (size_t i = 0; i < 3; i++) {
        /* reap, promote, lease, submit: and then the process is gone */
        while (a.consumer.held_count == 0)
            worker_steps(&w, &a, 1);
        worker_kill(&a);
        worker_open(&w, &a, "a", 4);
        world_pass(&w, LEASE_MS);
        worker_steps(&w, &a, 1);
        world_pass(&w, DAY_MS);
    }
    worker_steps(&w, &a, 3);

    bool found;
    struct task_record const dead = world_find(&w, &id, &found);
    cr_assert(eq(int, dead.state, TASK_DEAD));
    cr_assert(eq(int, dead.reason, REASON_LOST));
    cr_assert(eq(i32, dead.task.crashes, 3));
}

/* A task that one more crash would end, ready behind n plain ones. */
static struct task_id given_a_suspect_behind(size_t n)
{
    struct task_spec const plain = work();
    struct task_spec spec = work();
    spec.task.max_crashes = 2;
    struct task_id const id = world_enqueue(&w, &spec);

    while (a.consumer.held_count == 0)
        worker_steps(&w, &a, 1);
    worker_kill(&a);
    worker_open(&w, &a, "a", 4);
    world_pass(&w, LEASE_MS);
    for (size_t i = 0; i < n; i++)
        world_enqueue(&w, &plain);
    return id;
}

static bool is_held(const struct task_id *id)
{
    for (size_t slot = 0; slot < a.consumer.capacity; slot++)
        if (a.consumer.held[slot] &&
            strcmp(a.consumer.held[slot]->task.id.text, id->text) == 0)
            return true;
    return false;
}

Test(consume, a_task_that_one_more_crash_would_end_runs_alone)
{
    struct task_id const id = given_a_suspect_behind(10);
    size_t seen = 0;

    for (size_t i = 0; i < 40; i++) {
        worker_steps(&w, &a, 1);
        if (!is_held(&id))
            continue;
        cr_assert(eq(sz, a.consumer.held_count, 1));
        seen++;
    }

    cr_assert(ge(sz, seen, 1));
    cr_assert(eq(sz, w.calls, 11));
    then_it_is_gone(&id);
}

Test(consume, what_was_set_aside_goes_back_when_the_worker_stops)
{
    struct task_id const id = given_a_suspect_behind(3);
    while (!a.consumer.is_set_aside)
        worker_steps(&w, &a, 1);

    consumer_stop(&a.consumer);
    worker_steps(&w, &a, 3);

    bool found;
    struct task_record const back = world_find(&w, &id, &found);
    cr_assert(eq(int, back.state, TASK_READY));
    cr_assert(eq(i32, back.task.attempt, 1));
    cr_assert(eq(i32, back.task.crashes, 1));
    cr_assert(consumer_is_idle(&a.consumer));
}

/* One at a time, ten seconds each: a lease is over before all have ended. */
Test(consume, what_is_set_aside_goes_back_when_the_others_take_too_long)
{
    struct worker slow;
    struct task_id const id = given_a_suspect_behind(6);
    worker_open(&w, &slow, "slow", 1);
    slow.consumer.prefetch = 8;
    w.takes_ms = LEASE_MS / 3;
    worker_steps(&w, &slow, 1);
    cr_assert(slow.consumer.is_set_aside);
    consumer_set_quiet(&slow.consumer, true);

    worker_steps(&w, &slow, 4);

    bool found;
    struct task_record const back = world_find(&w, &id, &found);
    cr_assert(eq(int, back.state, TASK_READY));
    cr_assert(eq(i32, back.task.attempt, 1));
    cr_assert(not(slow.consumer.is_set_aside));
    worker_kill(&slow);
}

Test(consume, a_task_on_its_last_chance_starts_only_with_its_start_on_record)
{
    struct task_spec spec = work();
    spec.task.max_attempts = 1;
    world_enqueue(&w, &spec);
    faulty_queue_fail(a.queue, QUEUE_EXTEND, FAULT_BEFORE, 0, 1,
                      STATUS_UNAVAILABLE);

    worker_steps(&w, &a, 3);

    cr_assert(eq(sz, w.calls, 0));
    cr_assert(ge(sz, faulty_queue_calls(a.queue, QUEUE_EXTEND), 1));
}

Test(consume, a_last_chance_is_recorded_also_when_its_neighbour_meets_a_fault)
{
    struct task_spec spec = work();
    spec.task.expires_ms = 1000;
    world_enqueue(&w, &spec);
    world_pass(&w, 1000);
    spec = work();
    spec.task.max_attempts = 1;
    world_enqueue(&w, &spec);
    faulty_queue_fail(a.queue, QUEUE_SETTLE, FAULT_BEFORE, 0, 1,
                      STATUS_UNAVAILABLE);

    worker_steps(&w, &a, 1);

    cr_assert(eq(sz, faulty_queue_calls(a.queue, QUEUE_SETTLE), 1));
    cr_assert(eq(sz, faulty_queue_calls(a.queue, QUEUE_EXTEND), 1));
}

Test(consume, a_task_whose_start_could_not_be_recorded_is_not_lost)
{
    struct task_spec spec = work();
    spec.task.max_attempts = 1;
    struct task_id const id = world_enqueue(&w, &spec);
    faulty_queue_fail(a.queue, QUEUE_EXTEND, FAULT_BEFORE, 0, 1,
                      STATUS_UNAVAILABLE);
    worker_steps(&w, &a, 3);

    world_pass(&w, LEASE_MS);
    worker_steps(&w, &a, 5);

    cr_assert(eq(sz, w.calls, 1));
    cr_assert(eq(i32, w.last_attempt, 1));
    then_it_is_gone(&id);
}

Test(consume, critical_tasks_are_never_prefetched)
{
    struct task_spec spec = work();
    spec.task.max_attempts = 1;
    for (size_t i = 0; i < 20; i++)
        world_enqueue(&w, &spec);
    a.consumer.prefetch = PREFETCH_MAX;

    worker_steps(&w, &a, 1);

    cr_assert(eq(sz, a.consumer.held_count, 4));
    struct queue_stats row;
    size_t n;
    cr_assert(eq(int,
                 admin_stats(w.admin, clock_now_ms(w.clock), (struct bytes){0},
                             1, &row, &n, &w.err),
                 0));
    cr_assert(eq(i64, row.waiting[TASK_READY], 16));
    cr_assert(eq(i64, row.waiting[TASK_ACTIVE], 4));
}

Test(consume, plain_tasks_are_prefetched_when_handlers_are_quick)
{
    struct task_spec const spec = work();
    for (size_t i = 0; i < 20; i++)
        world_enqueue(&w, &spec);
    a.consumer.prefetch = 6;

    worker_steps(&w, &a, 1);

    cr_assert(eq(sz, a.consumer.held_count, 10));
}

Test(consume, slow_handlers_get_no_prefetch)
{
    struct task_spec const spec = work();
    for (size_t i = 0; i < 20; i++)
        world_enqueue(&w, &spec);
    w.takes_ms = 1000;
    a.consumer.prefetch = 6;

    worker_steps(&w, &a, 4);

    cr_assert(eq(sz, a.consumer.prefetch, 0));
    cr_assert(le(sz, a.consumer.held_count, 4));
}

Test(consume, a_settle_that_failed_is_repeated_and_the_task_not_run_again)
{
    struct task_spec const spec = work();
    struct task_id const id = world_enqueue(&w, &spec);
    faulty_queue_fail(a.queue, QUEUE_SETTLE, FAULT_BEFORE, 0, 2,
                      STATUS_UNAVAILABLE);

    for (size_t i = 0; i < 20; i++) {
        worker_steps(&w, &a, 1);
        world_pass(&w, 1000);
    }

    cr_assert(eq(sz, w.calls, 1));
    then_it_is_gone(&id);
    cr_assert(eq(sz, spy_metrics_record(a.spy)->recoveries, 1));
}

Test(consume, a_settle_whose_answer_was_lost_is_reported_as_lease_lost)
{
    struct task_spec const spec = work();
    struct task_id const id = world_enqueue(&w, &spec);
    faulty_queue_fail(a.queue, QUEUE_SETTLE, FAULT_AFTER, 0, 1,
                      STATUS_UNAVAILABLE);

    for (size_t i = 0; i < 10; i++) {
        worker_steps(&w, &a, 1);
        world_pass(&w, 1000);
    }

    cr_assert(eq(sz, w.calls, 1));
    cr_assert(eq(sz, spy_metrics_record(a.spy)->lost, 1));
    then_it_is_gone(&id);
}

Test(consume, a_backend_that_fails_is_asked_less_and_less_often)
{
    faulty_queue_fail(a.queue, QUEUE_TAKE_EXPIRED, FAULT_BEFORE, 0, 1000,
                      STATUS_UNAVAILABLE);

    for (size_t i = 0; i < 10000; i++) {
        worker_steps(&w, &a, 1);
        world_pass(&w, 1);
    }

    /* 50, 100, … 2000 ms with equal jitter: at most one in half of each */
    cr_assert(le(sz, faulty_queue_calls(a.queue, QUEUE_TAKE_EXPIRED), 18));
    cr_assert(ge(sz, faulty_queue_calls(a.queue, QUEUE_TAKE_EXPIRED), 8));
}

Test(consume, a_backend_that_is_full_keeps_nobody_from_running_tasks)
{
    struct task_spec const spec = work();
    world_enqueue(&w, &spec);
    faulty_queue_fail(a.queue, QUEUE_TAKE_EXPIRED, FAULT_BEFORE, 0, 1000,
                      STATUS_FULL);
    faulty_queue_fail(a.queue, QUEUE_PROMOTE, FAULT_BEFORE, 0, 1000,
                      STATUS_FULL);

    worker_steps(&w, &a, 5);

    cr_assert(eq(sz, w.calls, 1));
    cr_assert(eq(sz, spy_metrics_record(a.spy)->by_action[VERDICT_DONE], 1));
}

Test(consume, a_quiet_worker_leases_nothing_until_it_is_loud_again)
{
    struct task_spec const spec = work();
    world_enqueue(&w, &spec);

    consumer_set_quiet(&a.consumer, true);
    worker_steps(&w, &a, 5);
    cr_assert(eq(sz, w.calls, 0));
    consumer_set_quiet(&a.consumer, false);
    worker_steps(&w, &a, 5);

    cr_assert(eq(sz, w.calls, 1));
}

Test(consume, stopping_gives_back_what_was_not_started_without_an_attempt)
{
    struct task_spec const spec = work();
    struct task_id const id = world_enqueue(&w, &spec);
    worker_steps(&w, &a, 1);
    then_state_is(&id, TASK_ACTIVE);

    consumer_stop(&a.consumer);
    worker_steps(&w, &a, 3);

    bool found;
    struct task_record const back = world_find(&w, &id, &found);
    cr_assert(eq(int, back.state, TASK_READY));
    cr_assert(eq(i32, back.task.attempt, 0));
    cr_assert(eq(sz, w.calls, 0));
    cr_assert(consumer_is_idle(&a.consumer));
}

Test(consume, abandoning_settles_what_has_finished)
{
    struct task_spec const spec = work();
    struct task_id const id = world_enqueue(&w, &spec);
    faulty_queue_fail(a.queue, QUEUE_SETTLE, FAULT_BEFORE, 0, 1,
                      STATUS_UNAVAILABLE);
    worker_steps(&w, &a, 2);
    cr_assert(eq(sz, w.calls, 1));

    cr_assert(eq(int, consumer_abandon(&a.consumer, &w.err), STATUS_OK));

    then_it_is_gone(&id);
}

Test(consume, abandoning_releases_what_handlers_do_not_give_back)
{
    struct task_spec const spec = work();
    struct task_id const id = world_enqueue(&w, &spec);
    worker_steps(&w, &a, 1);

    cr_assert(eq(int, consumer_abandon(&a.consumer, &w.err), STATUS_OK));

    then_state_is(&id, TASK_READY);
}

/* One at a time, ten seconds each: the seventh waits for two leases' time. */
Test(consume, leases_are_extended_as_long_as_tasks_are_held)
{
    struct worker slow, onlooker;
    struct task_spec const spec = work();
    worker_open(&w, &slow, "slow", 1);
    worker_open(&w, &onlooker, "onlooker", 1);
    consumer_set_quiet(&onlooker.consumer, true);
    for (size_t i = 0; i < 7; i++)
        world_enqueue(&w, &spec);
    slow.consumer.prefetch = 6;
    w.takes_ms = 10000;

    for (size_t i = 0; i < 10; i++) {
        worker_steps(&w, &slow, 1);
        worker_steps(&w, &onlooker, 1);
    }

    cr_assert(eq(sz, w.calls, 7));
    cr_assert(eq(sz, spy_metrics_record(onlooker.spy)->reaped, 0));
    cr_assert(eq(sz, spy_metrics_record(slow.spy)->lost, 0));
    worker_kill(&slow);
    worker_kill(&onlooker);
}

Test(consume, a_late_settle_by_a_frozen_worker_changes_nothing)
{
    struct worker slow, rival;
    struct task_spec const spec = work();
    worker_open(&w, &slow, "slow", 1);
    worker_open(&w, &rival, "rival", 1);
    world_enqueue(&w, &spec);
    worker_steps(&w, &slow, 1);

    world_pass(&w, LEASE_MS);
    worker_steps(&w, &rival, 3);
    worker_steps(&w, &slow, 3);

    cr_assert(eq(sz, spy_metrics_record(slow.spy)->lost, 1));
    cr_assert(
        eq(sz, spy_metrics_record(rival.spy)->by_action[VERDICT_DONE], 1));
    cr_assert(eq(sz, spy_metrics_record(slow.spy)->by_action[VERDICT_DONE], 0));
    worker_kill(&slow);
    worker_kill(&rival);
}

Test(consume, a_clock_set_back_stops_nothing)
{
    struct task_spec const spec = work();
    worker_steps(&w, &a, 3);

    world_pass(&w, -DAY_MS);
    world_enqueue(&w, &spec);
    worker_steps(&w, &a, 5);

    cr_assert(eq(sz, w.calls, 1));
}

Test(consume, a_snoozed_task_comes_back_without_an_attempt_used)
{
    struct task_spec const spec = work();
    world_enqueue(&w, &spec);
    w.answer = (struct outcome){.kind = OUTCOME_SNOOZE, .after_ms = 5000};
    worker_steps(&w, &a, 3);

    w.answer = (struct outcome){.kind = OUTCOME_DONE};
    world_pass(&w, 5000);
    worker_steps(&w, &a, 5);

    cr_assert(eq(sz, w.calls, 2));
    cr_assert(eq(i32, w.last_attempt, 1));
}
