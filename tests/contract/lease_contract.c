/*
 * lease_contract.c - what queue_port.h promises about lease: which tasks, in
 * which order, and what a lease tells.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/contract/fixture.h"

static struct task_id given_priority(struct fixture *f, enum priority priority)
{
    struct new_task task = a_task(f, "a");

    task.task.priority = priority;
    return given(f, &task);
}

/* Asserts that leasing all of queue a gives ids[n] in that order. */
static void then_order_is(struct fixture *f, const struct task_id *ids,
                          size_t n)
{
    THEN(eq(sz, lease_up_to(f, "a", BATCH_MAX), n));
    for (size_t i = 0; i < n; i++)
        THEN(IS_ID(f->leases[i].task.id, ids[i]));
}

CONTRACT(lease, an_empty_store_answers_empty)
{
    THEN(eq(sz, lease_up_to(f, "a", 10), 0));
    THEN(eq(sz, lease_up_to(f, "*", 10), 0));
}

CONTRACT(lease, it_counts_the_attempt_it_is_for)
{
    given_a_task(f, "a");

    struct lease lease = given_a_lease(f, "a");
    THEN(eq(i32, lease.task.attempt, 1));
    THEN(eq(int, settle(f, retry_at(f, &lease, f->now_ms)), STATUS_OK));
    THEN(eq(sz, promote(f), 1));

    lease = given_a_lease(f, "a");
    THEN(eq(i32, lease.task.attempt, 2));
}

CONTRACT(lease, it_tells_when_it_began_and_ends)
{
    given_a_task(f, "a");

    THEN(eq(sz, lease_for(f, "a", 1, 12345), 1));

    THEN(eq(i64, f->leases[0].started_at_ms, f->now_ms));
    THEN(eq(i64, f->leases[0].until_ms, f->now_ms + 12345));
    THEN(eq(int, f->leases[0].is_started, false));
}

CONTRACT(lease, its_token_has_no_blanks_quotes_or_control_characters)
{
    char queue[QUEUE_NAME_MAX + 1] = {0};
    memset(queue, 'q', QUEUE_NAME_MAX);
    given_a_task(f, queue);

    struct lease const lease = given_a_lease(f, queue);

    size_t const len = strlen(lease.token.text);
    THEN(len > 0);
    for (size_t i = 0; i < len; i++) {
        char const c = lease.token.text[i];
        THEN(c > ' ');
        THEN(c < 127);
        THEN(ne(int, c, '"'));
        THEN(ne(int, c, '\''));
    }
}

CONTRACT(lease, the_fencing_number_grows_with_every_lease)
{
    uint64_t last = 0;
    given_a_task(f, "a");

    for (int i = 0; i < 5; i++) {
        struct lease const lease = given_a_lease(f, "a");
        THEN(lease.fencing > last);
        last = lease.fencing;
        THEN(eq(int, settle(f, released(f, &lease)), STATUS_OK));
    }
    struct lease lease = given_a_lease(f, "a");
    THEN(lease.fencing > last);
    last = lease.fencing;
    THEN(eq(int, settle(f, retry_at(f, &lease, f->now_ms)), STATUS_OK));
    promote(f);
    THEN(given_an_ended_lease(f, "a").fencing > last);
    last = f->leases[0].fencing;
    THEN(eq(sz, take_up_to(f, 1, LONG_LEASE_MS), 1));
    THEN(f->leases[0].fencing > last);
}

CONTRACT(lease, what_is_leased_is_not_leased_again)
{
    given_tasks(f, "a", 3, NULL);
    struct queue_port other = another_queue(f);
    THEN(eq(sz, lease_up_to(f, "a", 2), 2));
    struct task_id const first = f->leases[0].task.id;
    struct task_id const second = f->leases[1].task.id;

    struct lease_request req = a_request(f, "*");
    size_t count;
    req.max = 10;
    THEN(eq(int, queue_lease(other, &req, &f->mem, f->leases, &count, &f->err),
            STATUS_OK));

    THEN(eq(sz, count, 1));
    THEN(not(same_id(f->leases[0].task.id, first)));
    THEN(not(same_id(f->leases[0].task.id, second)));
    THEN(eq(sz, lease_up_to(f, "*", 10), 0));
    queue_close(other);
}

CONTRACT(lease, it_gives_no_more_than_asked_for)
{
    given_tasks(f, "a", 10, NULL);

    THEN(eq(sz, lease_up_to(f, "a", 3), 3));
    THEN(eq(sz, lease_up_to(f, "a", 3), 3));
    THEN(eq(sz, lease_up_to(f, "a", 10), 4));
    THEN(eq(sz, lease_up_to(f, "a", 10), 0));
}

CONTRACT(lease, tasks_come_in_the_order_they_arrived)
{
    struct task_id ids[20];
    given_tasks(f, "a", 10, ids);
    for (size_t i = 10; i < 20; i++)
        ids[i] = given_a_task(f, "a");

    then_order_is(f, ids, 20);
}

CONTRACT(lease, priority_comes_before_age)
{
    struct task_id ids[6];
    ids[4] = given_priority(f, PRIORITY_LOW);
    ids[2] = given_priority(f, PRIORITY_NORMAL);
    ids[0] = given_priority(f, PRIORITY_HIGH);
    advance(f, 1000);
    ids[5] = given_priority(f, PRIORITY_LOW);
    ids[3] = given_priority(f, PRIORITY_NORMAL);
    ids[1] = given_priority(f, PRIORITY_HIGH);

    then_order_is(f, ids, 6);
}

CONTRACT(lease, priority_comes_first_one_by_one_too)
{
    struct task_id const low = given_priority(f, PRIORITY_LOW);
    struct task_id const normal = given_priority(f, PRIORITY_NORMAL);
    struct task_id const high = given_priority(f, PRIORITY_HIGH);

    THEN(IS_ID(given_a_lease(f, "a").task.id, high));
    THEN(IS_ID(given_a_lease(f, "a").task.id, normal));
    THEN(IS_ID(given_a_lease(f, "a").task.id, low));
}

CONTRACT(lease, priority_comes_first_also_where_it_is_new)
{
    given_priority(f, PRIORITY_NORMAL);
    given_a_lease(f, "a");
    struct task_id const normal = given_priority(f, PRIORITY_NORMAL);
    struct task_id const high = given_priority(f, PRIORITY_HIGH);

    THEN(eq(sz, lease_up_to(f, "a", 10), 2));

    THEN(IS_ID(f->leases[0].task.id, high));
    THEN(IS_ID(f->leases[1].task.id, normal));
}

CONTRACT(lease, a_priority_that_is_new_is_not_passed_over)
{
    given_priority(f, PRIORITY_LOW);
    given_a_lease(f, "a");
    given_priority(f, PRIORITY_LOW);
    struct task_id const high = given_priority(f, PRIORITY_HIGH);
    given_tasks(f, "b", 4, NULL);
    given_a_lease(f, "b");

    THEN(eq(sz, lease_up_to(f, "*", 4), 4));

    bool is_high_leased = false;
    for (size_t i = 0; i < 4; i++)
        is_high_leased |= same_id(f->leases[i].task.id, high);
    THEN(is_high_leased == true);
}

CONTRACT(lease, age_counts_from_becoming_ready)
{
    struct task_id ids[2];
    struct new_task scheduled = a_task(f, "a");
    scheduled.task.run_at_ms += 5000;
    ids[1] = given(f, &scheduled);
    ids[0] = given_a_task(f, "a");
    advance(f, 5000);
    THEN(eq(sz, promote(f), 1));

    then_order_is(f, ids, 2);
}

CONTRACT(lease, what_is_released_joins_at_the_end)
{
    struct task_id ids[3];
    ids[2] = given_a_task(f, "a");
    ids[0] = given_a_task(f, "a");
    ids[1] = given_a_task(f, "a");
    struct lease const lease = given_a_lease(f, "a");

    THEN(eq(int, settle(f, released(f, &lease)), STATUS_OK));

    then_order_is(f, ids, 3);
}

CONTRACT(lease, what_is_released_joins_at_the_end_of_its_priority)
{
    struct task_id ids[3];
    ids[1] = given_priority(f, PRIORITY_HIGH);
    ids[2] = given_priority(f, PRIORITY_NORMAL);
    struct lease const lease = given_a_lease(f, "a");
    ids[0] = given_priority(f, PRIORITY_HIGH);

    THEN(eq(int, settle(f, released(f, &lease)), STATUS_OK));

    then_order_is(f, ids, 3);
}

CONTRACT(lease, the_priority_is_kept_over_a_retry)
{
    struct task_id ids[2];
    ids[0] = given_priority(f, PRIORITY_HIGH);
    struct lease const lease = given_a_lease(f, "a");
    ids[1] = given_priority(f, PRIORITY_NORMAL);
    THEN(eq(int, settle(f, retry_at(f, &lease, f->now_ms)), STATUS_OK));
    THEN(eq(sz, promote(f), 1));

    then_order_is(f, ids, 2);
}

CONTRACT(lease, other_queues_are_left_alone)
{
    struct task_id const mine = given_a_task(f, "b");
    given_a_task(f, "a");
    given_a_task(f, "bb");

    THEN(eq(sz, lease_up_to(f, "b", 10), 1));
    THEN(IS_ID(f->leases[0].task.id, mine));
}

static void pause_queue(struct fixture *f, const char *queue, bool is_paused)
{
    THEN(eq(int,
            admin_set_paused(f->admin, bytes_of(queue), is_paused, &f->err),
            STATUS_OK));
}

CONTRACT(lease, a_paused_queue_gives_nothing)
{
    given_a_task(f, "a");
    struct task_id const other = given_a_task(f, "b");

    pause_queue(f, "a", true);

    given_a_task(f, "a");
    THEN(eq(sz, lease_up_to(f, "a", 10), 0));
    THEN(eq(sz, lease_up_to(f, "*", 10), 1));
    THEN(IS_ID(f->leases[0].task.id, other));
}

CONTRACT(lease, a_resumed_queue_gives_what_it_has)
{
    given_tasks(f, "a", 2, NULL);
    pause_queue(f, "a", true);
    THEN(eq(sz, lease_up_to(f, "a", 10), 0));

    pause_queue(f, "a", false);

    THEN(eq(sz, lease_up_to(f, "a", 10), 2));
}

CONTRACT(lease, a_pause_is_seen_by_other_ports)
{
    struct queue_port other = another_queue(f);
    struct lease_request const req = a_request(f, "a");
    size_t count;
    given_tasks(f, "a", 2, NULL);
    THEN(eq(int, queue_lease(other, &req, &f->mem, f->leases, &count, &f->err),
            STATUS_OK));

    pause_queue(f, "a", true);

    THEN(eq(int, queue_lease(other, &req, &f->mem, f->leases, &count, &f->err),
            STATUS_EMPTY));
    queue_close(other);
}

CONTRACT(lease, a_pause_leaves_running_leases_alone)
{
    given_a_task(f, "a");
    struct lease const lease = given_a_lease(f, "a");

    pause_queue(f, "a", true);

    THEN(eq(int, extend(f, &lease, LONG_LEASE_MS), STATUS_OK));
    THEN(eq(int, settle(f, done(f, &lease)), STATUS_OK));
}

CONTRACT(lease, a_task_past_its_expiry_is_handed_over_like_any_other)
{
    struct new_task task = a_task(f, "a");
    task.task.expires_ms = 1000;
    given(f, &task);
    advance(f, 5000);

    struct lease const lease = given_a_lease(f, "a");

    THEN(IS_ID(lease.task.id, task.task.id));
    THEN(not(verdict_may_start(&lease.task, f->now_ms)));
}

CONTRACT(lease, a_small_arena_gets_fewer_and_the_rest_comes_next)
{
    enum { SIZE = 400000, TASKS = 7 };
    static char room[PAYLOAD_MAX + HEADERS_MAX + 65536];
    char *payload = calloc(1, SIZE);
    memset(payload, 'x', SIZE);
    for (int i = 0; i < TASKS; i++) {
        struct new_task task = a_task(f, "a");
        task.task.payload = (struct bytes){payload, SIZE};
        given(f, &task);
    }

    size_t total = 0;
    while (total < TASKS) {
        struct arena mem = {.base = room, .size = sizeof(room)};
        struct lease_request req = a_request(f, "a");
        size_t count;
        req.max = TASKS;
        THEN(eq(int,
                queue_lease(f->queue, &req, &mem, f->leases, &count, &f->err),
                STATUS_OK));
        THEN(count > 0);
        THEN(count < 4);
        for (size_t i = 0; i < count; i++)
            THEN(eq(sz, f->leases[i].task.payload.len, SIZE));
        total += count;
    }

    THEN(eq(sz, total, TASKS));
    free(payload);
}

CONTRACT(lease, the_worker_and_the_end_are_on_record)
{
    struct task_id const id = given_a_task(f, "a");

    THEN(eq(sz, lease_for(f, "a", 1, 54321), 1));

    struct task_record const record = find(f, "a", id);
    THEN(eq(int, record.state, TASK_ACTIVE));
    THEN(IS_BYTES(record.worker, BYTES("worker")));
    THEN(eq(i32, record.task.attempt, 1));
    THEN(record.lease_until_ms >= f->now_ms + 54321 - 20000);
    THEN(record.lease_until_ms <= f->now_ms + 54321 + 20000);
}
