/*
 * stats_contract.c - what admin_port.h promises about statistics.
 */
#include <string.h>

#include "tests/contract/fixture.h"

static size_t read_stats(struct fixture *f, struct bytes after, size_t max,
                         struct queue_stats *rows)
{
    size_t count;

    THEN(eq(int,
            admin_stats(f->admin, f->now_ms, after, max, rows, &count, &f->err),
            STATUS_OK));
    THEN(count <= max);
    return count;
}

CONTRACT(stats, an_empty_store_has_no_rows)
{
    struct queue_stats rows[5];

    THEN(eq(sz, read_stats(f, (struct bytes){0}, 5, rows), 0));
}

CONTRACT(stats, every_state_is_counted)
{
    static const size_t numbers[TASK_STATES] = {3, 6, 5, 2, 4, 1};
    static const enum task_state order[] = {TASK_DEAD,  TASK_DONE,
                                            TASK_RETRY, TASK_ACTIVE,
                                            TASK_READY, TASK_SCHEDULED};
    for (size_t i = 0; i < TASK_STATES; i++)
        for (size_t n = 0; n < numbers[order[i]]; n++)
            given_a_task_in(f, "a", order[i]);

    struct queue_stats const row = stats_of(f, "a");

    for (size_t state = 0; state < TASK_STATES; state++)
        THEN(eq(i64, row.waiting[state], (int64_t)numbers[state]));
    THEN(eq(i64, row.done, 4));
    THEN(eq(i64, row.failed, 3));
    THEN(row.is_paused == false);
}

CONTRACT(stats, a_task_is_counted_where_it_is)
{
    struct new_task task = a_task(f, "a");
    task.task.run_at_ms += 1000;
    given(f, &task);
    THEN(eq(i64, stats_of(f, "a").waiting[TASK_SCHEDULED], 1));
    advance(f, 1000);
    THEN(eq(sz, promote(f), 1));
    THEN(eq(i64, stats_of(f, "a").waiting[TASK_SCHEDULED], 0));
    THEN(eq(i64, stats_of(f, "a").waiting[TASK_READY], 1));
    struct lease const lease = given_an_ended_lease(f, "a");
    THEN(eq(i64, stats_of(f, "a").waiting[TASK_READY], 0));
    THEN(eq(i64, stats_of(f, "a").waiting[TASK_ACTIVE], 1));
    THEN(eq(sz, take_up_to(f, 1, LONG_LEASE_MS), 1));
    THEN(eq(i64, stats_of(f, "a").waiting[TASK_ACTIVE], 1));
    struct lease const taken = f->leases[0];
    THEN(eq(int, settle(f, done(f, &lease)), STATUS_LEASE_LOST));
    THEN(eq(int, settle(f, dead(f, &taken, REASON_LOST)), STATUS_OK));
    THEN(eq(i64, stats_of(f, "a").waiting[TASK_ACTIVE], 0));
    THEN(eq(i64, stats_of(f, "a").waiting[TASK_DEAD], 1));
}

CONTRACT(stats, successes_are_counted_for_ever)
{
    for (int i = 0; i < 3; i++) {
        given_a_task(f, "a");
        struct lease const lease = given_a_lease(f, "a");
        THEN(eq(int, settle(f, done(f, &lease)), STATUS_OK));
    }

    THEN(eq(i64, stats_of(f, "a").done, 3));
    THEN(eq(i64, stats_of(f, "a").waiting[TASK_DONE], 0));
}

CONTRACT(stats, failures_are_counted_where_the_verdict_says_so)
{
    given_tasks(f, "a", 5, NULL);
    THEN(eq(sz, lease_up_to(f, "a", 5), 5));
    struct lease leases[5];
    memcpy(leases, f->leases, sizeof(leases));

    THEN(eq(int, settle(f, retry_at(f, &leases[0], f->now_ms + 1)), STATUS_OK));
    THEN(eq(int, settle(f, dead(f, &leases[1], REASON_EXHAUSTED)), STATUS_OK));
    THEN(eq(int, settle(f, dead(f, &leases[2], REASON_EXPIRED)), STATUS_OK));
    THEN(eq(int, settle(f, released(f, &leases[3])), STATUS_OK));
    THEN(eq(int, settle(f, snoozed_until(f, &leases[4], f->now_ms + 1)),
            STATUS_OK));

    THEN(eq(i64, stats_of(f, "a").failed, 2));
    THEN(eq(i64, stats_of(f, "a").done, 0));
}

CONTRACT(stats, removing_and_purging_keep_the_totals)
{
    struct task_ref const ref = {BYTES("a"),
                                 given_a_task_in(f, "a", TASK_DEAD)};
    enum status result;
    size_t removed;
    given_a_task_in(f, "a", TASK_DONE);

    THEN(eq(int,
            admin_remove(f->admin, f->now_ms, STATES_INACTIVE, &ref, 1, &result,
                         &f->err),
            STATUS_OK));
    THEN(eq(int,
            admin_purge(f->admin, f->now_ms, BYTES("a"), TASK_DONE, 10,
                        &removed, &f->err),
            STATUS_OK));

    THEN(eq(i64, stats_of(f, "a").failed, 1));
    THEN(eq(i64, stats_of(f, "a").done, 1));
    THEN(eq(i64, stats_of(f, "a").waiting[TASK_DONE], 0));
    THEN(eq(i64, stats_of(f, "a").waiting[TASK_DEAD], 0));
}

/* Backends may go by their own clock, a little off the test's. */
static void then_is_about(struct fixture *f, int64_t actual_ms,
                          int64_t expected_ms)
{
    THEN(actual_ms >= expected_ms - 20000);
    THEN(actual_ms <= expected_ms + 20000);
}

CONTRACT(stats, the_oldest_ready_task_is_told)
{
    int64_t const first_ms = f->now_ms;
    given_a_task(f, "a");
    given_a_task(f, "a");

    then_is_about(f, stats_of(f, "a").oldest_ready_at_ms, first_ms);
    given_a_lease(f, "a");
    then_is_about(f, stats_of(f, "a").oldest_ready_at_ms, first_ms);
    given_a_lease(f, "a");
    THEN(eq(i64, stats_of(f, "a").oldest_ready_at_ms, 0));
}

CONTRACT(stats, the_oldest_may_have_any_priority)
{
    static const char *const queues[PRIORITIES] = {"a", "b", "c"};

    for (int first = 0; first < PRIORITIES; first++) {
        int64_t const first_ms = f->now_ms;
        for (int i = 0; i < PRIORITIES; i++) {
            struct new_task task = a_task(f, queues[first]);
            task.task.priority = (enum priority)((first + i) % PRIORITIES);
            given(f, &task);
            then_is_about(f, stats_of(f, queues[first]).oldest_ready_at_ms,
                          first_ms);
            f->now_ms += 5000000;
        }
        f->now_ms = first_ms;
    }
}

CONTRACT(stats, without_a_ready_task_there_is_no_oldest)
{
    given_a_task_in(f, "a", TASK_DEAD);
    given_a_task_in(f, "a", TASK_SCHEDULED);
    given_a_task_in(f, "a", TASK_ACTIVE);

    THEN(eq(i64, stats_of(f, "a").oldest_ready_at_ms, 0));
}

CONTRACT(stats, rows_come_by_name)
{
    struct queue_stats rows[10];
    static const char *const order[] = {"0", "a", "a-b", "a.b", "ab", "b"};
    static const size_t made[] = {3, 1, 5, 0, 2, 4};
    for (size_t i = 0; i < 6; i++)
        given_a_task(f, order[made[i]]);

    THEN(eq(sz, read_stats(f, (struct bytes){0}, 10, rows), 6));

    for (size_t i = 0; i < 6; i++)
        THEN(eq(str, rows[i].queue, (char *)order[i]));
}

CONTRACT(stats, rows_go_on_after_a_name)
{
    struct queue_stats rows[10];
    given_a_task(f, "a");
    given_a_task(f, "b");
    given_a_task(f, "d");

    THEN(eq(sz, read_stats(f, (struct bytes){0}, 2, rows), 2));
    THEN(eq(str, rows[1].queue, "b"));
    THEN(eq(sz, read_stats(f, BYTES("b"), 2, rows), 1));
    THEN(eq(str, rows[0].queue, "d"));
    THEN(eq(sz, read_stats(f, BYTES("c"), 2, rows), 1));
    THEN(eq(str, rows[0].queue, "d"));
    THEN(eq(sz, read_stats(f, BYTES("d"), 2, rows), 0));
}

CONTRACT(stats, a_queue_that_is_empty_again_keeps_its_row)
{
    given_a_task(f, "a");
    struct lease const lease = given_a_lease(f, "a");
    THEN(eq(int, settle(f, done(f, &lease)), STATUS_OK));

    struct queue_stats const row = stats_of(f, "a");

    for (size_t state = 0; state < TASK_STATES; state++)
        THEN(eq(i64, row.waiting[state], 0));
    THEN(eq(i64, row.done, 1));
}

CONTRACT(stats, a_pause_is_told)
{
    given_a_task(f, "a");
    THEN(eq(int, admin_set_paused(f->admin, BYTES("a"), true, &f->err),
            STATUS_OK));
    THEN(stats_of(f, "a").is_paused == true);

    THEN(eq(int, admin_set_paused(f->admin, BYTES("a"), false, &f->err),
            STATUS_OK));

    THEN(stats_of(f, "a").is_paused == false);
}
