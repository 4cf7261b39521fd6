/*
 * settle_contract.c - what queue_port.h promises about settle: what becomes of
 * a task by each verdict.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/contract/fixture.h"

CONTRACT(settle, a_done_task_is_gone)
{
    struct task_id const id = given_a_task(f, "a");
    struct lease const lease = given_a_lease(f, "a");

    THEN(eq(int, settle(f, done(f, &lease)), STATUS_OK));

    THEN(not(is_there(f, "a", id)));
    THEN(eq(sz, lease_up_to(f, "a", 1), 0));
}

/* A lease of a task that is kept when it is done. */
static struct lease given_a_kept_lease(struct fixture *f)
{
    struct new_task task = a_task(f, "a");

    task.task.retain_ms = 60000;
    given(f, &task);
    return given_a_lease(f, "a");
}

CONTRACT(settle, a_done_task_that_is_retained_keeps_its_result)
{
    struct lease const lease = given_a_kept_lease(f);
    struct settlement item = done(f, &lease);
    item.result = BYTES("{\"answer\":42}");
    item.started_at_ms = f->now_ms;
    advance(f, 1234);

    THEN(eq(int, settle(f, item), STATUS_OK));

    struct task_record const record = find(f, "a", lease.task.id);
    THEN(eq(int, record.state, TASK_DONE));
    THEN(IS_BYTES(record.result, BYTES("{\"answer\":42}")));
    THEN(eq(i64, record.started_at_ms, item.started_at_ms));
    THEN(eq(i64, record.finished_at_ms, f->now_ms));
    THEN(eq(i32, record.task.attempt, 1));
    THEN(IS_BYTES(record.task.payload, BYTES("{\"n\":1}")));
    THEN(eq(sz, record.worker.len, 0));
    THEN(eq(i64, record.lease_until_ms, 0));
}

CONTRACT(settle, a_result_may_be_absent)
{
    struct lease const lease = given_a_kept_lease(f);

    THEN(eq(int, settle(f, done(f, &lease)), STATUS_OK));

    THEN(eq(ptr, (void *)find(f, "a", lease.task.id).result.at, NULL));
}

CONTRACT(settle, the_largest_result_survives_byte_for_byte)
{
    struct lease const lease = given_a_kept_lease(f);
    struct settlement item = done(f, &lease);
    char *result = malloc(RESULT_JSON_MAX);
    for (size_t i = 0; i < RESULT_JSON_MAX; i++)
        result[i] = (char)(1 + i % 255);
    item.result = (struct bytes){result, RESULT_JSON_MAX};

    THEN(eq(int, settle(f, item), STATUS_OK));

    struct task_record const record = find(f, "a", lease.task.id);
    THEN(eq(int, bytes_equal(record.result, item.result), true));
    free(result);
}

CONTRACT(settle, a_retry_waits_until_its_time)
{
    given_a_task(f, "a");
    struct lease const lease = given_a_lease(f, "a");
    struct settlement item = retry_at(f, &lease, f->now_ms + 5000);
    item.verdict.attempt = 1;
    item.verdict.crashes = 2;
    item.error = BYTES("broken \"pipe\"");

    THEN(eq(int, settle(f, item), STATUS_OK));

    struct task_record const record = find(f, "a", lease.task.id);
    THEN(eq(int, record.state, TASK_RETRY));
    THEN(eq(i64, record.task.run_at_ms, f->now_ms + 5000));
    THEN(eq(i32, record.task.attempt, 1));
    THEN(eq(i32, record.task.crashes, 2));
    THEN(IS_BYTES(record.task.last_error, BYTES("broken \"pipe\"")));
    THEN(eq(i64, record.started_at_ms, item.started_at_ms));
    THEN(eq(i64, record.finished_at_ms, 0));
    THEN(eq(sz, record.worker.len, 0));
    THEN(eq(sz, lease_up_to(f, "a", 1), 0));
}

CONTRACT(settle, a_retry_that_is_due_now_waits_for_promote)
{
    given_a_task(f, "a");
    struct lease const lease = given_a_lease(f, "a");

    THEN(eq(int, settle(f, retry_at(f, &lease, f->now_ms)), STATUS_OK));

    THEN(eq(int, find(f, "a", lease.task.id).state, TASK_RETRY));
    THEN(eq(sz, promote(f), 1));
    THEN(eq(int, find(f, "a", lease.task.id).state, TASK_READY));
}

CONTRACT(settle, what_a_failure_leaves_comes_with_the_next_lease)
{
    given_a_task(f, "a");
    struct lease lease = given_a_lease(f, "a");
    struct settlement item = retry_at(f, &lease, f->now_ms);
    item.verdict.crashes = 1;
    item.error = BYTES("first");
    THEN(eq(int, settle(f, item), STATUS_OK));
    THEN(eq(sz, promote(f), 1));

    lease = given_a_lease(f, "a");

    THEN(eq(i32, lease.task.attempt, 2));
    THEN(eq(i32, lease.task.crashes, 1));
    THEN(IS_BYTES(lease.task.last_error, BYTES("first")));
}

CONTRACT(settle, a_later_error_takes_the_place_of_the_first)
{
    given_a_task(f, "a");
    struct lease lease = given_a_lease(f, "a");
    struct settlement item = retry_at(f, &lease, f->now_ms);
    item.error = BYTES("the first and longer one");
    THEN(eq(int, settle(f, item), STATUS_OK));
    THEN(eq(sz, promote(f), 1));
    lease = given_a_lease(f, "a");
    item = retry_at(f, &lease, f->now_ms);
    item.error = BYTES("second");

    THEN(eq(int, settle(f, item), STATUS_OK));

    THEN(
        IS_BYTES(find(f, "a", lease.task.id).task.last_error, BYTES("second")));
}

CONTRACT(settle, release_and_snooze_leave_the_error_as_it_is)
{
    given_a_task(f, "a");
    struct lease lease = given_a_lease(f, "a");
    THEN(eq(int, settle(f, retry_at(f, &lease, f->now_ms)), STATUS_OK));
    THEN(eq(sz, promote(f), 1));

    lease = given_a_lease(f, "a");
    THEN(eq(int, settle(f, released(f, &lease)), STATUS_OK));
    lease = given_a_lease(f, "a");
    THEN(eq(int, settle(f, snoozed_until(f, &lease, f->now_ms)), STATUS_OK));
    THEN(eq(sz, promote(f), 1));

    lease = given_a_lease(f, "a");
    THEN(IS_BYTES(lease.task.last_error, BYTES("it failed")));
}

CONTRACT(settle, the_longest_error_survives_byte_for_byte)
{
    given_a_task(f, "a");
    struct lease const lease = given_a_lease(f, "a");
    struct settlement item = retry_at(f, &lease, f->now_ms);
    char error[ERROR_TAIL_MAX];
    for (size_t i = 0; i < ERROR_TAIL_MAX; i++)
        error[i] = (char)(1 + i % 255);
    item.error = (struct bytes){error, ERROR_TAIL_MAX};

    THEN(eq(int, settle(f, item), STATUS_OK));

    THEN(IS_BYTES(find(f, "a", lease.task.id).task.last_error, item.error));
}

CONTRACT(settle, a_dead_task_is_kept_with_its_reason)
{
    static const enum reason reasons[] = {REASON_EXHAUSTED, REASON_REJECTED,
                                          REASON_EXPIRED, REASON_LOST};

    for (size_t i = 0; i < 4; i++) {
        given_a_task(f, "a");
        struct lease const lease = given_a_lease(f, "a");
        struct settlement item = dead(f, &lease, reasons[i]);
        item.verdict.crashes = 3;

        THEN(eq(int, settle(f, item), STATUS_OK));

        struct task_record const record = find(f, "a", lease.task.id);
        THEN(eq(int, record.state, TASK_DEAD));
        THEN(eq(int, record.reason, reasons[i]));
        THEN(eq(i64, record.finished_at_ms, f->now_ms));
        THEN(eq(i64, record.started_at_ms, item.started_at_ms));
        THEN(eq(i32, record.task.attempt, 1));
        THEN(eq(i32, record.task.crashes, 3));
        THEN(IS_BYTES(record.task.last_error, BYTES("it died")));
        THEN(eq(sz, lease_up_to(f, "a", 1), 0));
    }
}

CONTRACT(settle, a_dead_task_is_never_promoted_or_forgotten)
{
    struct new_task task = a_task(f, "a");
    task.task.retain_ms = 1000;
    given(f, &task);
    struct lease const lease = given_a_lease(f, "a");
    THEN(eq(int, settle(f, dead(f, &lease, REASON_LOST)), STATUS_OK));

    advance(f, DURATION_MAX_MS / 10);
    THEN(eq(sz, promote(f), 0));

    THEN(eq(int, find(f, "a", task.task.id).state, TASK_DEAD));
}

CONTRACT(settle, a_released_task_is_ready_at_once_and_no_attempt_is_used)
{
    given_a_task(f, "a");
    struct lease lease = given_a_lease(f, "a");

    THEN(eq(int, settle(f, released(f, &lease)), STATUS_OK));

    struct task_record const record = find(f, "a", lease.task.id);
    THEN(eq(int, record.state, TASK_READY));
    THEN(eq(i32, record.task.attempt, 0));
    lease = given_a_lease(f, "a");
    THEN(eq(i32, lease.task.attempt, 1));
}

CONTRACT(settle, a_snooze_before_any_attempt_is_scheduled)
{
    given_a_task(f, "a");
    struct lease const lease = given_a_lease(f, "a");

    THEN(eq(int, settle(f, snoozed_until(f, &lease, f->now_ms + 5000)),
            STATUS_OK));

    struct task_record const record = find(f, "a", lease.task.id);
    THEN(eq(int, record.state, TASK_SCHEDULED));
    THEN(eq(i64, record.task.run_at_ms, f->now_ms + 5000));
    THEN(eq(i32, record.task.attempt, 0));
}

CONTRACT(settle, a_snooze_after_an_attempt_is_a_retry)
{
    given_a_task(f, "a");
    struct lease lease = given_a_lease(f, "a");
    THEN(eq(int, settle(f, retry_at(f, &lease, f->now_ms)), STATUS_OK));
    THEN(eq(sz, promote(f), 1));
    lease = given_a_lease(f, "a");

    THEN(eq(int, settle(f, snoozed_until(f, &lease, f->now_ms + 5000)),
            STATUS_OK));

    struct task_record const record = find(f, "a", lease.task.id);
    THEN(eq(int, record.state, TASK_RETRY));
    THEN(eq(i64, record.task.run_at_ms, f->now_ms + 5000));
    THEN(eq(i32, record.task.attempt, 1));
}

/* Leases five tasks of queue a into leases, and f->leases. */
static void given_five_leases(struct fixture *f, struct lease *leases)
{
    given_tasks(f, "a", 5, NULL);
    THEN(eq(sz, lease_up_to(f, "a", 5), 5));
    memcpy(leases, f->leases, 5 * sizeof(leases[0]));
}

CONTRACT(settle, one_call_carries_out_all_verdicts)
{
    struct lease leases[5];
    given_five_leases(f, leases);
    struct settlement const items[5] = {
        done(f, &leases[0]),
        retry_at(f, &leases[1], f->now_ms + 5000),
        dead(f, &leases[2], REASON_LOST),
        released(f, &leases[3]),
        snoozed_until(f, &leases[4], f->now_ms + 5000),
    };
    enum status results[5];

    THEN(eq(int, queue_settle(f->queue, f->now_ms, items, 5, results, &f->err),
            STATUS_OK));

    for (size_t i = 0; i < 5; i++)
        THEN(eq(int, results[i], STATUS_OK));
    THEN(not(is_there(f, "a", leases[0].task.id)));
    THEN(eq(int, find(f, "a", leases[1].task.id).state, TASK_RETRY));
    THEN(eq(int, find(f, "a", leases[2].task.id).state, TASK_DEAD));
    THEN(eq(int, find(f, "a", leases[3].task.id).state, TASK_READY));
    THEN(eq(int, find(f, "a", leases[4].task.id).state, TASK_SCHEDULED));
}

CONTRACT(settle, a_mixed_batch_reports_per_item)
{
    struct lease leases[5];
    given_five_leases(f, leases);
    THEN(eq(int, settle(f, done(f, &leases[1])), STATUS_OK));
    THEN(eq(int, settle(f, released(f, &leases[3])), STATUS_OK));
    struct settlement items[5];
    enum status results[5];
    for (size_t i = 0; i < 5; i++)
        items[i] =
            i % 2 ? dead(f, &leases[i], REASON_LOST) : done(f, &leases[i]);

    THEN(eq(int, queue_settle(f->queue, f->now_ms, items, 5, results, &f->err),
            STATUS_OK));

    for (size_t i = 0; i < 5; i++)
        THEN(eq(int, results[i], i % 2 ? STATUS_LEASE_LOST : STATUS_OK));
    THEN(eq(int, find(f, "a", leases[3].task.id).state, TASK_READY));
    THEN(eq(i64, stats_of(f, "a").done, 4));
    THEN(eq(i64, stats_of(f, "a").failed, 0));
}

CONTRACT(settle, the_largest_batch_is_settled_whole)
{
    static struct settlement items[BATCH_MAX];
    static enum status results[BATCH_MAX];
    given_tasks(f, "a", BATCH_MAX / 2, NULL);
    given_tasks(f, "b", BATCH_MAX / 2, NULL);
    THEN(eq(sz, lease_up_to(f, "*", BATCH_MAX), BATCH_MAX));
    for (size_t i = 0; i < BATCH_MAX; i++)
        items[i] = done(f, &f->leases[i]);

    THEN(eq(
        int,
        queue_settle(f->queue, f->now_ms, items, BATCH_MAX, results, &f->err),
        STATUS_OK));

    for (size_t i = 0; i < BATCH_MAX; i++)
        THEN(eq(int, results[i], STATUS_OK));
    THEN(eq(i64, stats_of(f, "a").done, BATCH_MAX / 2));
    THEN(eq(i64, stats_of(f, "b").done, BATCH_MAX / 2));
    THEN(eq(i64, stats_of(f, "b").waiting[TASK_ACTIVE], 0));
}

CONTRACT(settle, any_port_may_settle)
{
    given_a_task(f, "a");
    struct lease const lease = given_a_lease(f, "a");
    struct settlement const item = done(f, &lease);
    struct queue_port other = another_queue(f);
    enum status result;

    THEN(eq(int, queue_settle(other, f->now_ms, &item, 1, &result, &f->err),
            STATUS_OK));

    THEN(eq(int, result, STATUS_OK));
    queue_close(other);
}
