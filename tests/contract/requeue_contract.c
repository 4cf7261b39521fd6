/*
 * requeue_contract.c - what admin_port.h promises about dead tasks that start
 * again.
 */
#include <string.h>

#include "tests/contract/fixture.h"

/* A ULID that nothing has. */
static struct task_id nobody(struct fixture *f)
{
    return a_task(f, "a").task.id;
}

/* Requeues one task; the result, and who holds its key. */
static enum status requeue_one(struct fixture *f, const char *queue,
                               struct task_id id, struct task_id *holder)
{
    struct task_ref const ref = {bytes_of(queue), id};
    enum status result;

    THEN(eq(
        int,
        admin_requeue(f->admin, f->now_ms, &ref, 1, &result, holder, &f->err),
        STATUS_OK));
    return result;
}

CONTRACT(requeue, a_dead_task_starts_again_from_nothing)
{
    struct new_task task = a_task(f, "a");
    struct task_id holder;
    task.task.expires_ms = 1000;
    given(f, &task);
    struct lease lease = given_a_lease(f, "a");
    struct settlement item = dead(f, &lease, REASON_LOST);
    item.verdict.attempt = 7;
    item.verdict.crashes = 3;
    THEN(eq(int, settle(f, item), STATUS_OK));
    struct task const was = find(f, "a", task.task.id).task;
    advance(f, 5000);

    THEN(eq(int, requeue_one(f, "a", task.task.id, &holder), STATUS_OK));

    struct task const expected = task_requeued(&was, f->now_ms);
    struct task_record const record = find(f, "a", task.task.id);
    THEN(eq(int, record.state, TASK_READY));
    THEN(eq(int, record.reason, REASON_NONE));
    THEN(eq(i64, record.started_at_ms, 0));
    THEN(eq(i64, record.finished_at_ms, 0));
    THEN(eq(i32, record.task.attempt, 0));
    THEN(eq(i32, record.task.crashes, 0));
    THEN(eq(i64, record.task.expires_ms, expected.expires_ms));
    THEN(eq(i64, record.task.run_at_ms, expected.run_at_ms));
    THEN(eq(i64, record.task.created_at_ms, expected.created_at_ms));
    THEN(IS_BYTES(record.task.last_error, BYTES("it died")));
    lease = given_a_lease(f, "a");
    THEN(eq(i32, lease.task.attempt, 1));
    THEN(verdict_may_start(&lease.task, f->now_ms) == true);
}

CONTRACT(requeue, another_state_is_wrong)
{
    static const enum task_state states[] = {
        TASK_SCHEDULED, TASK_READY, TASK_ACTIVE, TASK_RETRY, TASK_DONE};
    static const char *const queues[] = {"a", "b", "c", "d", "e"};
    struct task_id holder;

    for (size_t i = 0; i < 5; i++) {
        struct task_id const id = given_a_task_in(f, queues[i], states[i]);

        THEN(eq(int, requeue_one(f, queues[i], id, &holder),
                STATUS_WRONG_STATE));

        THEN(eq(int, find(f, queues[i], id).state, states[i]));
    }
}

CONTRACT(requeue, an_unknown_task_is_not_found)
{
    struct task_id holder;
    given_a_task(f, "a");

    THEN(eq(int, requeue_one(f, "a", nobody(f), &holder), STATUS_NOT_FOUND));
    THEN(eq(int, requeue_one(f, "b", nobody(f), &holder), STATUS_NOT_FOUND));
}

CONTRACT(requeue, a_key_that_another_holds_leaves_it_dead)
{
    struct new_task task = a_task(f, "a");
    struct task_id holder;
    task.task.key = BYTES("k");
    given(f, &task);
    struct lease const lease = given_a_lease(f, "a");
    THEN(eq(int, settle(f, dead(f, &lease, REASON_LOST)), STATUS_OK));
    struct new_task other = a_task(f, "a");
    other.task.key = BYTES("k");
    given(f, &other);

    THEN(eq(int, requeue_one(f, "a", task.task.id, &holder), STATUS_KEY_HELD));

    THEN(IS_ID(holder, other.task.id));
    THEN(eq(int, find(f, "a", task.task.id).state, TASK_DEAD));
}

CONTRACT(requeue, it_takes_its_key_again)
{
    struct new_task task = a_task(f, "a");
    struct task_id holder;
    task.task.key = BYTES("k");
    given(f, &task);
    struct lease const lease = given_a_lease(f, "a");
    THEN(eq(int, settle(f, dead(f, &lease, REASON_LOST)), STATUS_OK));

    THEN(eq(int, requeue_one(f, "a", task.task.id, &holder), STATUS_OK));

    struct new_task other = a_task(f, "a");
    other.task.key = BYTES("k");
    struct enqueued const result = enqueue_one(f, &other);
    THEN(eq(int, result.is_duplicate, true));
    THEN(IS_ID(result.id, task.task.id));
}

CONTRACT(requeue, a_window_of_its_own_does_not_stand_in_its_way)
{
    struct new_task task = a_task(f, "a");
    struct task_id holder;
    task.task.key = BYTES("k");
    task.task.key_ttl_ms = 60000;
    given(f, &task);
    struct lease const lease = given_a_lease(f, "a");
    THEN(eq(int, settle(f, dead(f, &lease, REASON_LOST)), STATUS_OK));

    THEN(eq(int, requeue_one(f, "a", task.task.id, &holder), STATUS_OK));
}

CONTRACT(requeue, of_two_with_one_key_the_first_gets_it)
{
    struct task_ref refs[2];
    struct task_id holders[2];
    enum status results[2];
    for (size_t i = 0; i < 2; i++) {
        struct new_task task = a_task(f, "a");
        task.task.key = BYTES("k");
        refs[i] = (struct task_ref){BYTES("a"), given(f, &task)};
        struct lease const lease = given_a_lease(f, "a");
        THEN(eq(int, settle(f, dead(f, &lease, REASON_LOST)), STATUS_OK));
    }

    THEN(eq(
        int,
        admin_requeue(f->admin, f->now_ms, refs, 2, results, holders, &f->err),
        STATUS_OK));

    THEN(eq(int, results[0], STATUS_OK));
    THEN(eq(int, results[1], STATUS_KEY_HELD));
    THEN(IS_ID(holders[1], refs[0].id));
}

CONTRACT(requeue, it_reports_per_item)
{
    struct task_ref const refs[3] = {
        {BYTES("a"), nobody(f)},
        {{0}, given_a_dead_task(f, "b", REASON_LOST)},
        {BYTES("c"), given_a_task(f, "c")},
    };
    struct task_id holders[3];
    enum status results[3];

    THEN(eq(
        int,
        admin_requeue(f->admin, f->now_ms, refs, 3, results, holders, &f->err),
        STATUS_OK));

    THEN(eq(int, results[0], STATUS_NOT_FOUND));
    THEN(eq(int, results[1], STATUS_OK));
    THEN(eq(int, results[2], STATUS_WRONG_STATE));
}
