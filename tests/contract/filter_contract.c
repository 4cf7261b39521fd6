/*
 * filter_contract.c - what admin_port.h promises about the filters of lists.
 */
#include "tests/contract/walk.h"

CONTRACT(filter, a_queue_keeps_the_others_out)
{
    given_a_task_in(f, "b", TASK_DEAD);
    given_tasks(f, "a", 3, NULL);
    given_tasks(f, "b", 2, NULL);

    THEN(eq(sz, walk(f, any_of("a"), 2)->count, 3));
    THEN(eq(sz, walk(f, any_of("b"), 2)->count, 3));
    THEN(eq(sz, walk(f, any_of("nowhere"), 2)->count, 0));
    THEN(eq(sz, walk(f, (struct task_filter){0}, 2)->count, 6));
}

CONTRACT(filter, a_type_keeps_the_others_out)
{
    struct task_filter const filter = {.type = BYTES("rare")};
    struct new_task rare = a_task(f, "a");
    rare.task.type = BYTES("rare");
    given_tasks(f, "a", 5, NULL);
    given(f, &rare);
    given_tasks(f, "a", 5, NULL);

    then_walk_is(f, walk(f, filter, 3), &rare.task.id, 1);
}

CONTRACT(filter, a_state_keeps_the_others_out)
{
    struct task_id const id = given_a_task_in(f, "a", TASK_RETRY);
    given_a_task_in(f, "a", TASK_DEAD);
    given_a_task_in(f, "a", TASK_SCHEDULED);
    given_tasks(f, "a", 3, NULL);

    then_walk_is(f, walk(f, in_state(TASK_RETRY), 3), &id, 1);
}

CONTRACT(filter, a_reason_keeps_the_others_and_the_living_out)
{
    struct task_filter const filter = {.reason = REASON_LOST};
    given_a_dead_task(f, "a", REASON_REJECTED);
    struct task_id const id = given_a_dead_task(f, "a", REASON_LOST);
    given_a_dead_task(f, "a", REASON_EXHAUSTED);
    given_a_task_in(f, "a", TASK_DONE);
    given_a_task(f, "a");

    then_walk_is(f, walk(f, filter, 3), &id, 1);
}

CONTRACT(filter, a_time_keeps_out_what_finished_later_and_what_has_not)
{
    struct task_id ids[2];
    ids[0] = given_a_task_in(f, "a", TASK_DONE);
    ids[1] = given_a_dead_task(f, "a", REASON_LOST);
    advance(f, 1000);
    struct task_filter const filter = {.before_ms = f->now_ms};
    given_a_task_in(f, "a", TASK_DONE);
    given_a_dead_task(f, "a", REASON_LOST);
    given_a_task(f, "a");

    then_walk_is(f, walk(f, filter, 3), ids, 2);
}

CONTRACT(filter, all_parts_of_a_filter_must_hold)
{
    struct task_filter filter = any_of("a");
    struct task_id const id = given_a_dead_task(f, "a", REASON_LOST);
    given_a_dead_task(f, "b", REASON_LOST);
    given_a_dead_task(f, "a", REASON_REJECTED);
    filter.type = BYTES("test");
    filter.has_state = true;
    filter.state = TASK_DEAD;
    filter.reason = REASON_LOST;
    filter.before_ms = f->now_ms + 1;

    then_walk_is(f, walk(f, filter, 3), &id, 1);
    filter.state = TASK_READY;
    THEN(eq(sz, walk(f, filter, 3)->count, 0));
}
