/*
 * purge_contract.c - what admin_port.h promises about whole queues.
 */
#include <string.h>

#include "tests/contract/fixture.h"

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
