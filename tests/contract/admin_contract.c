/*
 * admin_contract.c - what admin_port.h promises about single tasks and queues.
 */
#include <string.h>

#include "tests/contract/fixture.h"

/* A ULID that nothing has. */
static struct task_id nobody(struct fixture *f)
{
    return a_task(f, "a").task.id;
}

static enum status find_status(struct fixture *f, struct bytes queue,
                               struct task_id id, struct task_record *out)
{
    struct task_ref const ref = {queue, id};

    return admin_find(f->admin, f->now_ms, &ref, &f->mem, out, &f->err);
}

CONTRACT(find, an_unknown_id_is_not_found)
{
    struct task_record record;
    given_a_task(f, "a");

    THEN(eq(int, find_status(f, BYTES("a"), nobody(f), &record),
            STATUS_NOT_FOUND));
    THEN(eq(int, find_status(f, (struct bytes){0}, nobody(f), &record),
            STATUS_NOT_FOUND));
}

CONTRACT(find, an_unknown_queue_has_nothing)
{
    struct task_record record;
    struct task_id const id = given_a_task(f, "a");

    THEN(eq(int, find_status(f, BYTES("b"), id, &record), STATUS_NOT_FOUND));
}

CONTRACT(find, every_state_is_found_and_told)
{
    static const char *const queues[TASK_STATES] = {"a", "b", "c",
                                                    "d", "e", "f"};

    for (int state = 0; state < TASK_STATES; state++) {
        struct task_id const id =
            given_a_task_in(f, queues[state], (enum task_state)state);

        struct task_record const record = find(f, queues[state], id);

        THEN(IS_ID(record.task.id, id));
        THEN(eq(int, record.state, state));
        THEN(IS_BYTES(record.task.queue, bytes_of(queues[state])));
        THEN(IS_BYTES(record.task.payload, BYTES("{\"n\":1}")));
        THEN(eq(int, record.reason,
                state == TASK_DEAD ? REASON_EXHAUSTED : REASON_NONE));
        THEN(eq(int, record.finished_at_ms != 0,
                state == TASK_DONE || state == TASK_DEAD));
        THEN(eq(int, record.lease_until_ms != 0, state == TASK_ACTIVE));
        THEN(eq(int, record.worker.at != NULL, state == TASK_ACTIVE));
        THEN(eq(i32, record.task.attempt, state >= TASK_ACTIVE));
    }
}

CONTRACT(find, without_a_queue_the_first_by_name_answers)
{
    struct task_record record;
    struct new_task task = a_task(f, "b");
    given(f, &task);
    task.is_id_new = false;
    task.task.queue = BYTES("c");
    given(f, &task);
    task.task.queue = BYTES("a");
    given(f, &task);

    THEN(eq(int, find_status(f, (struct bytes){0}, task.task.id, &record),
            STATUS_OK));

    THEN(IS_BYTES(record.task.queue, BYTES("a")));
}

CONTRACT(find, without_a_queue_every_state_is_found)
{
    static const char *const queues[TASK_STATES] = {"a", "b", "c",
                                                    "d", "e", "f"};

    for (int state = 0; state < TASK_STATES; state++) {
        struct task_record record;
        struct task_id const id =
            given_a_task_in(f, queues[state], (enum task_state)state);

        THEN(
            eq(int, find_status(f, (struct bytes){0}, id, &record), STATUS_OK));

        THEN(eq(int, record.state, state));
        THEN(IS_BYTES(record.task.queue, bytes_of(queues[state])));
    }
}

CONTRACT(find, an_id_of_long_ago_is_found)
{
    struct new_task task = a_task(f, "a");
    struct task_id_source ids = {0};
    task.task.id = task_id_next(&ids, 1000, 12345, BYTES("somewhere-else"));
    task.is_id_new = false;
    given(f, &task);
    struct task_record record;

    THEN(eq(int, find(f, "a", task.task.id).state, TASK_READY));
    THEN(eq(int, find_status(f, (struct bytes){0}, task.task.id, &record),
            STATUS_OK));
    struct lease const lease = given_a_lease(f, "a");
    THEN(eq(int, find(f, "a", task.task.id).state, TASK_ACTIVE));
    THEN(eq(int, settle(f, released(f, &lease)), STATUS_OK));
    THEN(eq(int, find(f, "a", task.task.id).state, TASK_READY));
}

/* Removes one task; the result. */
static enum status remove_one(struct fixture *f, const char *queue,
                              struct task_id id)
{
    struct task_ref const ref = {bytes_of(queue), id};
    enum status result;

    THEN(eq(int, admin_remove(f->admin, f->now_ms, &ref, 1, &result, &f->err),
            STATUS_OK));
    return result;
}

CONTRACT(remove, a_task_that_is_not_active_is_gone)
{
    static const char *const queues[TASK_STATES] = {"a", "b", "c",
                                                    "d", "e", "f"};

    for (int state = 0; state < TASK_STATES; state++) {
        if (state == TASK_ACTIVE)
            continue;
        const char *queue = queues[state];
        struct task_id const id =
            given_a_task_in(f, queue, (enum task_state)state);

        THEN(eq(int, remove_one(f, queue, id), STATUS_OK));

        THEN(not(is_there(f, queue, id)));
        THEN(eq(i64, stats_of(f, queue).waiting[state], 0));
        THEN(eq(int, remove_one(f, queue, id), STATUS_NOT_FOUND));
    }
    advance(f, 4000000);
    THEN(eq(sz, promote(f), 0));
    THEN(eq(sz, lease_up_to(f, "*", 10), 0));
}

CONTRACT(remove, an_active_task_stays)
{
    struct task_id const id = given_a_task_in(f, "a", TASK_ACTIVE);
    struct lease const lease = f->leases[0];

    THEN(eq(int, remove_one(f, "a", id), STATUS_WRONG_STATE));

    THEN(eq(int, settle(f, done(f, &lease)), STATUS_OK));
}

CONTRACT(remove, a_taken_task_stays)
{
    struct task_id const id = given_a_task(f, "a");
    given_an_ended_lease(f, "a");
    THEN(eq(sz, take_up_to(f, 1, LONG_LEASE_MS), 1));

    THEN(eq(int, remove_one(f, "a", id), STATUS_WRONG_STATE));
}

CONTRACT(remove, the_neighbours_stay)
{
    struct task_id ids[3];
    given_tasks(f, "a", 3, ids);

    THEN(eq(int, remove_one(f, "a", ids[1]), STATUS_OK));

    THEN(eq(sz, lease_up_to(f, "a", 10), 2));
    THEN(IS_ID(f->leases[0].task.id, ids[0]));
    THEN(IS_ID(f->leases[1].task.id, ids[2]));
}

CONTRACT(remove, a_removed_id_is_free)
{
    struct new_task task = a_task(f, "a");
    given(f, &task);
    THEN(eq(int, remove_one(f, "a", task.task.id), STATUS_OK));
    task.is_id_new = false;

    THEN(eq(int, enqueue_one(f, &task).is_duplicate, false));
}

CONTRACT(remove, it_reports_per_item)
{
    struct task_ref const refs[4] = {
        {BYTES("a"), given_a_task_in(f, "a", TASK_DEAD)},
        {BYTES("a"), nobody(f)},
        {BYTES("b"), given_a_task_in(f, "b", TASK_ACTIVE)},
        {{0}, given_a_task_in(f, "c", TASK_SCHEDULED)},
    };
    enum status results[4];

    THEN(eq(int, admin_remove(f->admin, f->now_ms, refs, 4, results, &f->err),
            STATUS_OK));

    THEN(eq(int, results[0], STATUS_OK));
    THEN(eq(int, results[1], STATUS_NOT_FOUND));
    THEN(eq(int, results[2], STATUS_WRONG_STATE));
    THEN(eq(int, results[3], STATUS_OK));
}

static enum status run_now(struct fixture *f, const char *queue,
                           struct task_id id)
{
    struct task_ref const ref = {bytes_of(queue), id};

    return admin_run_now(f->admin, f->now_ms, &ref, &f->err);
}

CONTRACT(run_now, a_scheduled_or_retrying_task_is_ready)
{
    static const enum task_state states[2] = {TASK_SCHEDULED, TASK_RETRY};

    for (size_t i = 0; i < 2; i++) {
        struct task_id const id = given_a_task_in(f, "a", states[i]);

        THEN(eq(int, run_now(f, "a", id), STATUS_OK));

        THEN(eq(int, find(f, "a", id).state, TASK_READY));
        struct lease const lease = given_a_lease(f, "a");
        THEN(IS_ID(lease.task.id, id));
        THEN(eq(i32, lease.task.attempt, states[i] == TASK_RETRY ? 2 : 1));
        THEN(lease.task.run_at_ms <= f->now_ms);
        THEN(eq(int, settle(f, done(f, &lease)), STATUS_OK));
    }
    advance(f, 10000);
    THEN(eq(sz, promote(f), 0));
}

CONTRACT(run_now, another_state_is_wrong)
{
    static const enum task_state states[] = {TASK_READY, TASK_ACTIVE, TASK_DONE,
                                             TASK_DEAD};
    static const char *const queues[] = {"a", "b", "c", "d"};

    for (size_t i = 0; i < 4; i++) {
        struct task_id const id = given_a_task_in(f, queues[i], states[i]);

        THEN(eq(int, run_now(f, queues[i], id), STATUS_WRONG_STATE));

        THEN(eq(int, find(f, queues[i], id).state, states[i]));
    }
}

CONTRACT(run_now, an_unknown_task_is_not_found)
{
    given_a_task(f, "a");

    THEN(eq(int, run_now(f, "a", nobody(f)), STATUS_NOT_FOUND));
    THEN(eq(int, run_now(f, "b", nobody(f)), STATUS_NOT_FOUND));
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

/* Purges queue; how many went. */
static size_t purge(struct fixture *f, const char *queue, enum task_state state,
                    size_t limit)
{
    size_t removed;

    THEN(eq(int,
            admin_purge(f->admin, f->now_ms, bytes_of(queue), state, limit,
                        &removed, &f->err),
            STATUS_OK));
    return removed;
}

CONTRACT(purge, it_removes_one_state_of_one_queue)
{
    static const enum task_state states[] = {TASK_DEAD, TASK_DONE, TASK_RETRY,
                                             TASK_SCHEDULED, TASK_READY};
    struct task_id ids[5];
    for (size_t i = 0; i < 5; i++)
        ids[i] = given_a_task_in(f, "a", states[i]);
    struct task_id const other = given_a_task(f, "b");

    for (size_t i = 0; i < 5; i++) {
        THEN(eq(sz, purge(f, "a", states[i], 100), 1));
        THEN(not(is_there(f, "a", ids[i])));
        for (size_t j = i + 1; j < 5; j++)
            THEN(is_there(f, "a", ids[j]) == true);
        THEN(eq(i64, stats_of(f, "a").waiting[states[i]], 0));
    }

    THEN(is_there(f, "b", other) == true);
}

CONTRACT(purge, it_goes_on_until_fewer_than_the_limit_went)
{
    given_tasks(f, "a", 5, NULL);
    struct new_task low = a_task(f, "a");
    low.task.priority = PRIORITY_LOW;
    given(f, &low);
    size_t total = 0;
    size_t removed;

    do {
        removed = purge(f, "a", TASK_READY, 4);
        THEN(removed <= 4);
        total += removed;
    } while (removed == 4);

    THEN(eq(sz, total, 6));
    THEN(eq(sz, lease_up_to(f, "a", 10), 0));
}

CONTRACT(purge, ready_tasks_go_and_active_ones_stay)
{
    given_tasks(f, "a", 10, NULL);
    THEN(eq(sz, lease_up_to(f, "a", 3), 3));
    struct lease leases[3];
    memcpy(leases, f->leases, sizeof(leases));

    THEN(eq(sz, purge(f, "a", TASK_READY, 100), 7));

    for (size_t i = 0; i < 3; i++)
        THEN(eq(int, settle(f, done(f, &leases[i])), STATUS_OK));
    THEN(eq(sz, lease_up_to(f, "a", 10), 0));
    struct task_id const next = given_a_task(f, "a");
    THEN(IS_ID(given_a_lease(f, "a").task.id, next));
}

CONTRACT(purge, an_unknown_queue_is_not_found)
{
    size_t removed;
    given_a_task(f, "a");

    THEN(eq(int,
            admin_purge(f->admin, f->now_ms, BYTES("b"), TASK_READY, 10,
                        &removed, &f->err),
            STATUS_NOT_FOUND));
}

CONTRACT(purge, an_empty_queue_has_nothing_to_remove)
{
    given_a_task_in(f, "a", TASK_DEAD);

    THEN(eq(sz, purge(f, "a", TASK_READY, 10), 0));
}

CONTRACT(pause, pausing_makes_a_queue)
{
    THEN(eq(int, admin_set_paused(f->admin, BYTES("a"), true, &f->err),
            STATUS_OK));

    THEN(stats_of(f, "a").is_paused == true);
    given_a_task(f, "a");
    THEN(eq(sz, lease_up_to(f, "a", 1), 0));
}

CONTRACT(pause, resuming_an_unknown_queue_is_not_found)
{
    given_a_task(f, "a");

    THEN(eq(int, admin_set_paused(f->admin, BYTES("b"), false, &f->err),
            STATUS_NOT_FOUND));
}

CONTRACT(pause, both_may_be_repeated)
{
    given_a_task(f, "a");

    for (int i = 0; i < 2; i++)
        THEN(eq(int, admin_set_paused(f->admin, BYTES("a"), true, &f->err),
                STATUS_OK));
    THEN(stats_of(f, "a").is_paused == true);
    for (int i = 0; i < 2; i++)
        THEN(eq(int, admin_set_paused(f->admin, BYTES("a"), false, &f->err),
                STATUS_OK));
    THEN(stats_of(f, "a").is_paused == false);
}
