/*
 * reap_contract.c - what queue_port.h promises about the ends of leases:
 * extend and take_expired.
 */
#include <string.h>

#include "tests/contract/fixture.h"

CONTRACT(reap, with_no_lease_ended_there_is_nothing)
{
    given_tasks(f, "a", 2, NULL);
    given_a_lease(f, "a");

    THEN(eq(sz, take_up_to(f, 10, LONG_LEASE_MS), 0));
}

CONTRACT(reap, an_ended_lease_is_handed_over)
{
    struct new_task task = a_task(f, "a");
    task.task.key = BYTES("k");
    task.task.headers = BYTES("{\"h\":\"1\"}");
    task.task.priority = PRIORITY_LOW;
    given(f, &task);
    struct lease const old = given_an_ended_lease(f, "a");

    THEN(eq(sz, take_up_to(f, 10, 54321), 1));

    const struct lease *taken = &f->leases[0];
    THEN(IS_ID(taken->task.id, task.task.id));
    THEN(IS_BYTES(taken->task.queue, BYTES("a")));
    THEN(IS_BYTES(taken->task.type, task.task.type));
    THEN(IS_BYTES(taken->task.payload, task.task.payload));
    THEN(IS_BYTES(taken->task.headers, task.task.headers));
    THEN(IS_BYTES(taken->task.key, task.task.key));
    THEN(eq(int, taken->task.priority, PRIORITY_LOW));
    THEN(eq(i64, taken->task.created_at_ms, task.task.created_at_ms));
    THEN(eq(i32, taken->task.attempt, old.task.attempt));
    THEN(eq(i64, taken->until_ms, f->now_ms + 54321));
    THEN(taken->fencing > old.fencing);
}

CONTRACT(reap, the_start_of_the_attempt_is_told_if_it_is_known)
{
    given_a_task(f, "a");
    struct lease const old = given_an_ended_lease(f, "a");

    THEN(eq(sz, take_up_to(f, 1, LONG_LEASE_MS), 1));

    int64_t const started_at_ms = f->leases[0].started_at_ms;
    THEN(started_at_ms == 0 || (started_at_ms >= old.started_at_ms - 20000 &&
                                started_at_ms <= f->now_ms));
}

CONTRACT(reap, the_taker_settles_it)
{
    static const enum verdict_action actions[] = {VERDICT_DONE, VERDICT_RETRY,
                                                  VERDICT_DEAD, VERDICT_RELEASE,
                                                  VERDICT_SNOOZE};
    static const enum task_state states[] = {TASK_DONE, TASK_RETRY, TASK_DEAD,
                                             TASK_READY, TASK_SCHEDULED};

    for (size_t i = 0; i < 5; i++) {
        char queue[] = "a";
        queue[0] = (char)('a' + i);
        struct new_task task = a_task(f, queue);
        task.task.retain_ms = 3600000;
        given(f, &task);
        given_an_ended_lease(f, queue);
        THEN(eq(sz, take_up_to(f, 10, LONG_LEASE_MS), 1));
        struct lease const taken = f->leases[0];
        struct settlement item = snoozed_until(f, &taken, f->now_ms + 5000);
        item.verdict.action = actions[i];
        item.verdict.reason =
            actions[i] == VERDICT_DEAD ? REASON_LOST : REASON_NONE;

        THEN(eq(int, settle(f, item), STATUS_OK));

        THEN(eq(int, find(f, queue, task.task.id).state, states[i]));
    }
}

CONTRACT(reap, who_took_it_is_on_record)
{
    struct task_id const id = given_a_task(f, "a");
    given_an_ended_lease(f, "a");
    THEN(eq(sz, take_up_to(f, 1, LONG_LEASE_MS), 1));

    struct task_record const record = find(f, "a", id);

    THEN(eq(int, record.state, TASK_ACTIVE));
    THEN(eq(i32, record.task.attempt, 1));
    THEN(IS_BYTES(record.worker, BYTES("reaper")));
    THEN(record.lease_until_ms > f->now_ms);
}

CONTRACT(reap, what_is_taken_is_not_leased)
{
    given_a_task(f, "a");
    given_an_ended_lease(f, "a");
    THEN(eq(sz, take_up_to(f, 1, LONG_LEASE_MS), 1));

    THEN(eq(sz, lease_up_to(f, "a", 10), 0));
}

CONTRACT(reap, what_is_taken_is_not_taken_by_another)
{
    given_tasks(f, "a", 3, NULL);
    THEN(eq(sz, lease_for(f, "a", 3, SHORT_LEASE_MS), 3));
    advance(f, SHORT_LEASE_MS);
    THEN(eq(sz, take_up_to(f, 2, LONG_LEASE_MS), 2));
    struct task_id const first = f->leases[0].task.id;
    struct task_id const second = f->leases[1].task.id;

    THEN(eq(sz, take_up_to(f, 10, LONG_LEASE_MS), 1));

    THEN(not(same_id(f->leases[0].task.id, first)));
    THEN(not(same_id(f->leases[0].task.id, second)));
}

CONTRACT(reap, a_taker_that_dies_leaves_a_lease_like_any_other)
{
    struct task_id const id = given_a_task(f, "a");
    given_an_ended_lease(f, "a");
    THEN(eq(sz, take_up_to(f, 10, SHORT_LEASE_MS), 1));
    struct lease const first = f->leases[0];
    advance(f, SHORT_LEASE_MS);

    THEN(eq(sz, take_up_to(f, 10, LONG_LEASE_MS), 1));

    struct lease const second = f->leases[0];
    THEN(IS_ID(second.task.id, id));
    THEN(eq(i32, second.task.attempt, 1));
    THEN(second.fencing > first.fencing);
    THEN(eq(int, settle(f, released(f, &first)), STATUS_LEASE_LOST));
    THEN(eq(int, settle(f, released(f, &second)), STATUS_OK));
}

CONTRACT(reap, a_taken_lease_can_be_extended)
{
    given_a_task(f, "a");
    given_an_ended_lease(f, "a");
    THEN(eq(sz, take_up_to(f, 10, SHORT_LEASE_MS), 1));
    struct lease const taken = f->leases[0];
    struct renewal const item = {.id = taken.task.id, .token = taken.token};
    enum status result;

    THEN(eq(int,
            queue_extend(f->queue, f->now_ms, LONG_LEASE_MS, "reaper", &item, 1,
                         &result, &f->err),
            STATUS_OK));

    THEN(eq(int, result, STATUS_OK));
    advance(f, SHORT_LEASE_MS);
    THEN(eq(sz, take_up_to(f, 10, LONG_LEASE_MS), 0));
    THEN(eq(int, settle(f, done(f, &taken)), STATUS_OK));
}

CONTRACT(reap, leases_of_all_queues_and_priorities_are_taken)
{
    struct new_task task = a_task(f, "b");
    task.task.priority = PRIORITY_HIGH;
    given(f, &task);
    task = a_task(f, "b");
    task.task.priority = PRIORITY_LOW;
    given(f, &task);
    given_a_task(f, "a");
    given_a_task(f, "c");
    THEN(eq(sz, lease_for(f, "*", 10, SHORT_LEASE_MS), 4));
    advance(f, SHORT_LEASE_MS);

    THEN(eq(sz, take_up_to(f, 10, LONG_LEASE_MS), 4));
}

CONTRACT(reap, leases_of_a_paused_queue_are_taken)
{
    given_a_task(f, "a");
    given_an_ended_lease(f, "a");
    THEN(eq(int, admin_set_paused(f->admin, BYTES("a"), true, &f->err),
            STATUS_OK));

    THEN(eq(sz, take_up_to(f, 10, LONG_LEASE_MS), 1));
}

CONTRACT(reap, only_what_has_ended_is_taken)
{
    given_tasks(f, "a", 4, NULL);
    THEN(eq(sz, lease_for(f, "a", 2, LONG_LEASE_MS), 2));
    THEN(eq(sz, lease_for(f, "a", 2, SHORT_LEASE_MS), 2));
    struct task_id const third = f->leases[0].task.id;
    struct task_id const fourth = f->leases[1].task.id;
    advance(f, SHORT_LEASE_MS);

    THEN(eq(sz, take_up_to(f, 10, LONG_LEASE_MS), 2));

    for (size_t i = 0; i < 2; i++)
        THEN(same_id(f->leases[i].task.id, third) ||
             same_id(f->leases[i].task.id, fourth));
}

CONTRACT(reap, what_was_settled_is_not_taken)
{
    given_tasks(f, "a", 2, NULL);
    THEN(eq(sz, lease_for(f, "a", 2, SHORT_LEASE_MS), 2));
    struct lease const first = f->leases[0];
    struct lease const second = f->leases[1];
    THEN(eq(int, settle(f, done(f, &first)), STATUS_OK));
    THEN(eq(int, settle(f, released(f, &second)), STATUS_OK));
    advance(f, SHORT_LEASE_MS);

    THEN(eq(sz, take_up_to(f, 10, LONG_LEASE_MS), 0));
}

CONTRACT(reap, a_small_arena_takes_fewer_and_the_rest_comes_next)
{
    enum { SIZE = 400000, TASKS = 5 };
    static char payload[SIZE];
    static char room[PAYLOAD_MAX + HEADERS_MAX + 65536];
    memset(payload, 'x', SIZE);
    for (int i = 0; i < TASKS; i++) {
        struct new_task task = a_task(f, "a");
        task.task.payload = (struct bytes){payload, SIZE};
        given(f, &task);
    }
    THEN(eq(sz, lease_for(f, "a", TASKS, SHORT_LEASE_MS), TASKS));
    advance(f, SHORT_LEASE_MS);

    size_t total = 0;
    while (total < TASKS) {
        struct arena mem = {.base = room, .size = sizeof(room)};
        struct reap_request const req = {TASKS, LONG_LEASE_MS, "reaper",
                                         f->now_ms};
        size_t count;
        THEN(eq(int,
                queue_take_expired(f->queue, &req, &mem, f->leases, &count,
                                   &f->err),
                STATUS_OK));
        THEN(count > 0);
        THEN(count < 4);
        total += count;
    }

    THEN(eq(sz, total, TASKS));
}

/* Extends lease, putting on record that its handler has begun. */
static void mark_started(struct fixture *f, const struct lease *lease,
                         int64_t lease_ms)
{
    struct renewal const item = {lease->task.id, lease->token, true};
    enum status result;

    THEN(eq(int,
            queue_extend(f->queue, f->now_ms, lease_ms, "worker", &item, 1,
                         &result, &f->err),
            STATUS_OK));
    THEN(eq(int, result, STATUS_OK));
}

CONTRACT(started, a_start_that_is_on_record_is_told_to_the_taker)
{
    given_a_task(f, "a");
    THEN(eq(sz, lease_for(f, "a", 1, SHORT_LEASE_MS), 1));
    struct lease const lease = f->leases[0];
    mark_started(f, &lease, SHORT_LEASE_MS);
    advance(f, SHORT_LEASE_MS);

    THEN(eq(sz, take_up_to(f, 1, SHORT_LEASE_MS), 1));
    THEN(f->leases[0].is_started == true);
    advance(f, SHORT_LEASE_MS);
    THEN(eq(sz, take_up_to(f, 1, LONG_LEASE_MS), 1));
    THEN(f->leases[0].is_started == true);
}

CONTRACT(started, without_a_record_nothing_is_told)
{
    given_a_task(f, "a");
    THEN(eq(sz, lease_for(f, "a", 1, SHORT_LEASE_MS), 1));
    struct lease const lease = f->leases[0];
    THEN(eq(int, extend(f, &lease, SHORT_LEASE_MS), STATUS_OK));
    advance(f, SHORT_LEASE_MS);

    THEN(eq(sz, take_up_to(f, 1, LONG_LEASE_MS), 1));

    THEN(f->leases[0].is_started == false);
}

CONTRACT(started, a_later_extend_keeps_the_record)
{
    given_a_task(f, "a");
    THEN(eq(sz, lease_for(f, "a", 1, SHORT_LEASE_MS), 1));
    struct lease const lease = f->leases[0];
    mark_started(f, &lease, SHORT_LEASE_MS);
    THEN(eq(int, extend(f, &lease, SHORT_LEASE_MS), STATUS_OK));
    advance(f, SHORT_LEASE_MS);

    THEN(eq(sz, take_up_to(f, 1, LONG_LEASE_MS), 1));

    THEN(f->leases[0].is_started == true);
}

CONTRACT(started, the_record_is_of_one_lease_only)
{
    given_a_task(f, "a");
    struct lease const first = given_a_lease(f, "a");
    mark_started(f, &first, LONG_LEASE_MS);
    THEN(eq(int, settle(f, released(f, &first)), STATUS_OK));
    given_an_ended_lease(f, "a");

    THEN(eq(sz, take_up_to(f, 1, LONG_LEASE_MS), 1));

    THEN(f->leases[0].is_started == false);
}

CONTRACT(extend, an_extended_lease_is_not_taken)
{
    given_a_task(f, "a");
    THEN(eq(sz, lease_for(f, "a", 1, SHORT_LEASE_MS), 1));
    struct lease const lease = f->leases[0];

    THEN(eq(int, extend(f, &lease, LONG_LEASE_MS), STATUS_OK));

    advance(f, SHORT_LEASE_MS);
    THEN(eq(sz, take_up_to(f, 1, LONG_LEASE_MS), 0));
    THEN(eq(int, settle(f, done(f, &lease)), STATUS_OK));
}

CONTRACT(extend, an_extended_lease_ends_in_its_turn)
{
    given_a_task(f, "a");
    struct lease const lease = given_a_lease(f, "a");
    THEN(eq(int, extend(f, &lease, SHORT_LEASE_MS), STATUS_OK));
    advance(f, SHORT_LEASE_MS);

    THEN(eq(sz, take_up_to(f, 1, LONG_LEASE_MS), 1));
}

CONTRACT(extend, it_lasts_from_now_on)
{
    struct task_id const id = given_a_task(f, "a");
    struct lease const lease = given_a_lease(f, "a");
    advance(f, LONG_LEASE_MS - 10000);

    THEN(eq(int, extend(f, &lease, LONG_LEASE_MS), STATUS_OK));

    struct task_record const record = find(f, "a", id);
    THEN(record.lease_until_ms >= f->now_ms + LONG_LEASE_MS - 20000);
    THEN(record.lease_until_ms <= f->now_ms + LONG_LEASE_MS + 20000);
}

CONTRACT(extend, it_reports_per_item)
{
    given_tasks(f, "a", 3, NULL);
    THEN(eq(sz, lease_up_to(f, "a", 3), 3));
    struct renewal items[3];
    struct lease const second = f->leases[1];
    enum status results[3];
    for (size_t i = 0; i < 3; i++)
        items[i] =
            (struct renewal){f->leases[i].task.id, f->leases[i].token, false};
    THEN(eq(int, settle(f, done(f, &second)), STATUS_OK));

    THEN(eq(int,
            queue_extend(f->queue, f->now_ms, LONG_LEASE_MS, "worker", items, 3,
                         results, &f->err),
            STATUS_OK));

    THEN(eq(int, results[0], STATUS_OK));
    THEN(eq(int, results[1], STATUS_LEASE_LOST));
    THEN(eq(int, results[2], STATUS_OK));
}

CONTRACT(extend, the_largest_batch_is_extended_whole)
{
    static struct renewal items[BATCH_MAX];
    static enum status results[BATCH_MAX];
    given_tasks(f, "a", BATCH_MAX, NULL);
    THEN(eq(sz, lease_for(f, "a", BATCH_MAX, SHORT_LEASE_MS), BATCH_MAX));
    for (size_t i = 0; i < BATCH_MAX; i++)
        items[i] =
            (struct renewal){f->leases[i].task.id, f->leases[i].token, false};

    THEN(eq(int,
            queue_extend(f->queue, f->now_ms, LONG_LEASE_MS, "worker", items,
                         BATCH_MAX, results, &f->err),
            STATUS_OK));

    for (size_t i = 0; i < BATCH_MAX; i++)
        THEN(eq(int, results[i], STATUS_OK));
    advance(f, SHORT_LEASE_MS);
    THEN(eq(sz, take_up_to(f, BATCH_MAX, LONG_LEASE_MS), 0));
}
