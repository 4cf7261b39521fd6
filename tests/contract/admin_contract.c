/*
 * admin_contract.c - what admin_port.h promises about single tasks.
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

    THEN(eq(int,
            admin_remove(f->admin, f->now_ms, STATES_INACTIVE, &ref, 1, &result,
                         &f->err),
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

    THEN(eq(int,
            admin_remove(f->admin, f->now_ms, STATES_INACTIVE, refs, 4, results,
                         &f->err),
            STATUS_OK));

    THEN(eq(int, results[0], STATUS_OK));
    THEN(eq(int, results[1], STATUS_NOT_FOUND));
    THEN(eq(int, results[2], STATUS_WRONG_STATE));
    THEN(eq(int, results[3], STATUS_OK));
}

CONTRACT(remove, a_task_in_another_state_than_asked_for_stays)
{
    static const enum task_state all[] = {TASK_SCHEDULED, TASK_READY,
                                          TASK_RETRY, TASK_DONE, TASK_DEAD};

    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        struct task_ref const ref = {BYTES("q"),
                                     given_a_task_in(f, "q", all[i])};
        enum status result = STATUS_OK;
        THEN(eq(int,
                admin_remove(f->admin, f->now_ms,
                             STATES_INACTIVE & ~STATE_SET(all[i]), &ref, 1,
                             &result, &f->err),
                STATUS_OK));
        THEN(eq(int, result, STATUS_WRONG_STATE));
        THEN(eq(int,
                admin_remove(f->admin, f->now_ms, STATE_SET(all[i]), &ref, 1,
                             &result, &f->err),
                STATUS_OK));
        THEN(eq(int, result, STATUS_OK));
    }
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
