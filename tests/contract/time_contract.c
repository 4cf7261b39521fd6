/*
 * time_contract.c - what queue_port.h promises about promote: what is due
 * becomes ready, what is over is forgotten.
 */
#include "tests/contract/fixture.h"

/* A task of queue that is due ms from now; its id. */
static struct task_id given_due_in(struct fixture *f, const char *queue,
                                   int64_t ms)
{
    struct new_task task = a_task(f, queue);

    task.task.run_at_ms += ms;
    return given(f, &task);
}

/* One call; how many moved. */
static size_t promote_up_to(struct fixture *f, size_t limit,
                            int64_t *next_due_ms)
{
    size_t moved;

    THEN(eq(
        int,
        queue_promote(f->queue, f->now_ms, limit, &moved, next_due_ms, &f->err),
        STATUS_OK));
    return moved;
}

/* Asserts that leasing all of queue a gives ids[n] in that order. */
static void then_order_is(struct fixture *f, const struct task_id *ids,
                          size_t n)
{
    THEN(eq(sz, lease_up_to(f, "a", BATCH_MAX), n));
    for (size_t i = 0; i < n; i++)
        THEN(IS_ID(f->leases[i].task.id, ids[i]));
}

CONTRACT(promote, with_nothing_scheduled_nothing_is_due)
{
    int64_t next_due_ms;
    given_a_task(f, "a");

    THEN(eq(sz, promote_up_to(f, 100, &next_due_ms), 0));

    THEN(eq(i64, next_due_ms, INT64_MAX));
}

CONTRACT(promote, it_moves_what_is_due_and_tells_when_the_next_one_is)
{
    int64_t next_due_ms;
    struct task_id const early = given_due_in(f, "a", 1000);
    struct task_id const late = given_due_in(f, "a", 9000);
    int64_t const late_ms = f->now_ms + 9000;
    advance(f, 1000);

    THEN(eq(sz, promote_up_to(f, 100, &next_due_ms), 1));

    THEN(eq(i64, next_due_ms, late_ms));
    THEN(eq(int, find(f, "a", early).state, TASK_READY));
    THEN(eq(int, find(f, "a", late).state, TASK_SCHEDULED));
}

CONTRACT(promote, nothing_moves_a_millisecond_early)
{
    int64_t next_due_ms;
    struct task_id const id = given_due_in(f, "a", 1000);
    int64_t const due_ms = f->now_ms + 1000;
    advance(f, 999);

    THEN(eq(sz, promote_up_to(f, 100, &next_due_ms), 0));

    THEN(eq(i64, next_due_ms, due_ms));
    THEN(eq(int, find(f, "a", id).state, TASK_SCHEDULED));
}

CONTRACT(promote, the_earliest_comes_first)
{
    struct task_id ids[4];
    ids[3] = given_due_in(f, "a", 4000);
    ids[0] = given_due_in(f, "a", 1000);
    ids[2] = given_due_in(f, "a", 3000);
    ids[1] = given_due_in(f, "a", 2000);
    advance(f, 10000);

    THEN(eq(sz, promote(f), 4));

    then_order_is(f, ids, 4);
}

CONTRACT(promote, what_is_due_at_one_time_comes_by_id)
{
    struct new_task tasks[5];
    struct task_id ids[5];
    for (size_t i = 0; i < 5; i++) {
        tasks[i] = a_task(f, "a");
        tasks[i].task.run_at_ms += 1000;
        ids[i] = tasks[i].task.id;
    }
    for (size_t i = 5; i > 0; i--)
        given(f, &tasks[i - 1]);
    advance(f, 1000);

    THEN(eq(sz, promote(f), 5));

    then_order_is(f, ids, 5);
}

CONTRACT(promote, scheduled_tasks_and_retries_are_one_order)
{
    struct task_id ids[3];
    ids[1] = given_a_task(f, "a");
    struct lease const lease = given_a_lease(f, "a");
    THEN(eq(int, settle(f, retry_at(f, &lease, f->now_ms + 2000)), STATUS_OK));
    ids[2] = given_due_in(f, "a", 3000);
    ids[0] = given_due_in(f, "a", 1000);
    advance(f, 5000);

    THEN(eq(sz, promote(f), 3));

    then_order_is(f, ids, 3);
}

CONTRACT(promote, it_moves_no_more_than_the_limit)
{
    struct task_id ids[5];
    int64_t next_due_ms;
    for (size_t i = 0; i < 5; i++)
        ids[i] = given_due_in(f, "a", 1000 + (int64_t)i);
    advance(f, 5000);

    THEN(eq(sz, promote_up_to(f, 3, &next_due_ms), 3));
    THEN(next_due_ms <= f->now_ms);
    THEN(eq(i64, stats_of(f, "a").waiting[TASK_READY], 3));
    THEN(eq(sz, promote_up_to(f, 3, &next_due_ms), 2));
    THEN(eq(i64, next_due_ms, INT64_MAX));

    then_order_is(f, ids, 5);
}

CONTRACT(promote, it_serves_all_queues)
{
    given_due_in(f, "a", 1000);
    given_due_in(f, "b", 1000);
    given_due_in(f, "c", 1000);
    advance(f, 1000);

    THEN(eq(sz, promote(f), 3));

    THEN(eq(sz, lease_up_to(f, "*", 10), 3));
}

CONTRACT(promote, the_next_one_due_may_be_in_any_queue)
{
    int64_t next_due_ms;
    given_due_in(f, "a", 3000);
    given_due_in(f, "b", 1000);
    given_due_in(f, "c", 2000);

    THEN(eq(sz, promote_up_to(f, 100, &next_due_ms), 0));

    THEN(eq(i64, next_due_ms, f->now_ms + 1000));
}

CONTRACT(promote, a_task_is_moved_once_by_whichever_port)
{
    struct queue_port other = another_queue(f);
    size_t moved;
    int64_t next_due_ms;
    given_due_in(f, "a", 1000);
    advance(f, 1000);
    THEN(eq(sz, promote(f), 1));

    THEN(eq(int,
            queue_promote(other, f->now_ms, 100, &moved, &next_due_ms, &f->err),
            STATUS_OK));

    THEN(eq(sz, moved, 0));
    THEN(eq(sz, lease_up_to(f, "a", 10), 1));
    queue_close(other);
}

CONTRACT(promote, it_moves_the_tasks_of_a_paused_queue_too)
{
    struct task_id const id = given_due_in(f, "a", 1000);
    THEN(eq(int, admin_set_paused(f->admin, BYTES("a"), true, &f->err),
            STATUS_OK));
    advance(f, 1000);

    THEN(eq(sz, promote(f), 1));

    THEN(eq(int, find(f, "a", id).state, TASK_READY));
    THEN(eq(sz, lease_up_to(f, "a", 10), 0));
}

CONTRACT(promote, a_moved_task_keeps_its_priority)
{
    struct new_task task = a_task(f, "a");
    task.task.priority = PRIORITY_HIGH;
    task.task.run_at_ms += 1000;
    given(f, &task);
    given_a_task(f, "a");
    advance(f, 1000);

    THEN(eq(sz, promote(f), 1));

    THEN(IS_ID(given_a_lease(f, "a").task.id, task.task.id));
}

CONTRACT(promote, many_due_tasks_all_become_ready)
{
    enum { MANY = 2500 };
    for (int i = 0; i < MANY; i++)
        given_due_in(f, i % 2 ? "a" : "b", 1000 + i % 7);
    advance(f, 2000);

    THEN(eq(sz, promote(f), MANY));

    THEN(eq(i64, stats_of(f, "a").waiting[TASK_READY], MANY / 2));
    THEN(eq(i64, stats_of(f, "b").waiting[TASK_READY], MANY / 2));
}

/* A done task of queue a that is kept for retain_ms; its id. */
static struct task_id given_a_result(struct fixture *f, int64_t retain_ms)
{
    struct new_task task = a_task(f, "a");
    task.task.retain_ms = retain_ms;
    given(f, &task);
    struct lease const lease = given_a_lease(f, "a");

    THEN(eq(int, settle(f, done(f, &lease)), STATUS_OK));
    return task.task.id;
}

CONTRACT(retention, a_done_task_is_kept_as_long_as_it_wants)
{
    struct task_id const id = given_a_result(f, 5000);
    advance(f, 4999);

    promote(f);

    THEN(is_there(f, "a", id) == true);
}

CONTRACT(retention, a_done_task_is_forgotten_afterwards)
{
    struct task_id const id = given_a_result(f, 5000);
    struct task_id const other = given_a_result(f, 50000);
    advance(f, 5000);

    promote(f);

    THEN(not(is_there(f, "a", id)));
    THEN(is_there(f, "a", other) == true);
    THEN(eq(i64, stats_of(f, "a").waiting[TASK_DONE], 1));
    THEN(eq(i64, stats_of(f, "a").done, 2));
}

CONTRACT(retention, the_id_of_a_forgotten_task_is_free)
{
    struct new_task again = a_task(f, "a");
    again.task.id = given_a_result(f, 5000);
    again.is_id_new = false;
    advance(f, 5000);
    promote(f);

    THEN(eq(int, enqueue_one(f, &again).is_duplicate, false));
}

CONTRACT(retention, no_more_than_the_limit_are_forgotten_at_once)
{
    int64_t next_due_ms;
    for (int i = 0; i < 5; i++)
        given_a_result(f, 1000);
    advance(f, 1000);

    promote_up_to(f, 2, &next_due_ms);
    THEN(stats_of(f, "a").waiting[TASK_DONE] >= 3);
    promote_up_to(f, 2, &next_due_ms);
    promote_up_to(f, 2, &next_due_ms);

    THEN(eq(i64, stats_of(f, "a").waiting[TASK_DONE], 0));
}

CONTRACT(retention, forgetting_does_not_count_as_moving)
{
    int64_t next_due_ms;
    given_a_result(f, 1000);
    advance(f, 1000);

    THEN(eq(sz, promote_up_to(f, 100, &next_due_ms), 0));
}
