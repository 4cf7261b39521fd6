/*
 * fencing_contract.c - a token is good for one lease, and for nothing else.
 */
#include <string.h>

#include "tests/contract/fixture.h"

/* Asserts that nothing can be done with lease. */
static void then_lost(struct fixture *f, const struct lease *lease)
{
    int64_t const later_ms = f->now_ms + 5000;

    THEN(eq(int, settle(f, done(f, lease)), STATUS_LEASE_LOST));
    THEN(eq(int, settle(f, retry_at(f, lease, later_ms)), STATUS_LEASE_LOST));
    THEN(eq(int, settle(f, dead(f, lease, REASON_LOST)), STATUS_LEASE_LOST));
    THEN(eq(int, settle(f, released(f, lease)), STATUS_LEASE_LOST));
    THEN(eq(int, settle(f, snoozed_until(f, lease, later_ms)),
            STATUS_LEASE_LOST));
    THEN(eq(int, extend(f, lease, LONG_LEASE_MS), STATUS_LEASE_LOST));
}

CONTRACT(fencing, a_done_lease_is_lost)
{
    given_a_task(f, "a");
    struct lease const lease = given_a_lease(f, "a");
    THEN(eq(int, settle(f, done(f, &lease)), STATUS_OK));

    then_lost(f, &lease);

    THEN(eq(i64, stats_of(f, "a").done, 1));
    THEN(eq(i64, stats_of(f, "a").failed, 0));
    THEN(not(is_there(f, "a", lease.task.id)));
}

CONTRACT(fencing, a_done_lease_whose_task_is_kept_is_lost)
{
    struct new_task task = a_task(f, "a");
    task.task.retain_ms = 60000;
    given(f, &task);
    struct lease const lease = given_a_lease(f, "a");
    THEN(eq(int, settle(f, done(f, &lease)), STATUS_OK));

    then_lost(f, &lease);

    THEN(eq(int, find(f, "a", lease.task.id).state, TASK_DONE));
}

CONTRACT(fencing, a_released_lease_is_lost)
{
    given_a_task(f, "a");
    struct lease const lease = given_a_lease(f, "a");
    THEN(eq(int, settle(f, released(f, &lease)), STATUS_OK));

    then_lost(f, &lease);

    THEN(eq(int, find(f, "a", lease.task.id).state, TASK_READY));
}

CONTRACT(fencing, a_retried_lease_is_lost)
{
    given_a_task(f, "a");
    struct lease const lease = given_a_lease(f, "a");
    THEN(eq(int, settle(f, retry_at(f, &lease, f->now_ms)), STATUS_OK));

    then_lost(f, &lease);
    THEN(eq(int, find(f, "a", lease.task.id).state, TASK_RETRY));
    THEN(eq(sz, promote(f), 1));
    then_lost(f, &lease);

    THEN(eq(int, find(f, "a", lease.task.id).state, TASK_READY));
}

CONTRACT(fencing, a_dead_lease_is_lost)
{
    given_a_task(f, "a");
    struct lease const lease = given_a_lease(f, "a");
    THEN(eq(int, settle(f, dead(f, &lease, REASON_LOST)), STATUS_OK));

    then_lost(f, &lease);

    THEN(eq(int, find(f, "a", lease.task.id).state, TASK_DEAD));
    THEN(eq(i64, stats_of(f, "a").failed, 1));
}

CONTRACT(fencing, a_lease_is_lost_once_the_task_is_leased_again)
{
    given_a_task(f, "a");
    struct lease const old = given_a_lease(f, "a");
    THEN(eq(int, settle(f, released(f, &old)), STATUS_OK));
    struct lease const current = given_a_lease(f, "a");

    then_lost(f, &old);

    THEN(ne(str, (char *)old.token.text, (char *)current.token.text));
    THEN(eq(int, find(f, "a", old.task.id).state, TASK_ACTIVE));
    THEN(eq(int, settle(f, done(f, &current)), STATUS_OK));
}

CONTRACT(fencing, a_lease_is_lost_once_it_is_taken)
{
    given_a_task(f, "a");
    struct lease const old = given_an_ended_lease(f, "a");
    THEN(eq(sz, take_up_to(f, 1, LONG_LEASE_MS), 1));
    struct lease const taken = f->leases[0];

    then_lost(f, &old);

    THEN(ne(str, (char *)old.token.text, (char *)taken.token.text));
    THEN(eq(int, find(f, "a", old.task.id).state, TASK_ACTIVE));
    THEN(eq(int, settle(f, done(f, &taken)), STATUS_OK));
}

CONTRACT(fencing, a_lease_stays_lost_after_the_taken_one_is_settled)
{
    given_a_task(f, "a");
    struct lease const old = given_an_ended_lease(f, "a");
    THEN(eq(sz, take_up_to(f, 1, LONG_LEASE_MS), 1));
    struct lease const taken = f->leases[0];
    THEN(eq(int, settle(f, released(f, &taken)), STATUS_OK));

    then_lost(f, &old);
    then_lost(f, &taken);

    THEN(eq(int, find(f, "a", old.task.id).state, TASK_READY));
}

CONTRACT(fencing, of_two_settlements_of_one_lease_in_a_call_the_first_counts)
{
    given_a_task(f, "a");
    struct lease const lease = given_a_lease(f, "a");
    struct settlement const items[2] = {done(f, &lease), done(f, &lease)};
    enum status results[2];

    THEN(eq(int, queue_settle(f->queue, f->now_ms, items, 2, results, &f->err),
            STATUS_OK));

    THEN(eq(int, results[0], STATUS_OK));
    THEN(eq(int, results[1], STATUS_LEASE_LOST));
    THEN(eq(i64, stats_of(f, "a").done, 1));
}

CONTRACT(fencing, the_token_of_another_task_is_worth_nothing)
{
    given_tasks(f, "a", 2, NULL);
    THEN(eq(sz, lease_up_to(f, "a", 2), 2));
    struct lease const first = f->leases[0];
    struct lease const second = f->leases[1];
    struct lease mixed = first;
    mixed.token = second.token;

    then_lost(f, &mixed);

    THEN(eq(int, settle(f, done(f, &first)), STATUS_OK));
    THEN(eq(int, settle(f, done(f, &second)), STATUS_OK));
}

CONTRACT(fencing, a_token_of_another_queue_is_worth_nothing)
{
    given_a_task(f, "a");
    given_a_task(f, "b");
    struct lease const a = given_a_lease(f, "a");
    struct lease const b = given_a_lease(f, "b");
    struct lease mixed = a;
    mixed.token = b.token;

    then_lost(f, &mixed);

    THEN(eq(int, settle(f, done(f, &a)), STATUS_OK));
    THEN(eq(int, settle(f, done(f, &b)), STATUS_OK));
}

CONTRACT(fencing, forged_tokens_are_worth_nothing)
{
    static const char *const forged[] = {"",
                                         "x",
                                         "0",
                                         ":",
                                         "a:",
                                         ":1",
                                         "a:0",
                                         "a:x",
                                         "a:1:1",
                                         "-1",
                                         "a:-1",
                                         "%s%n",
                                         "a:99999999999999999999999999999999",
                                         "{}",
                                         "0-0",
                                         "a:0-0",
                                         "nowhere:1"};
    given_tasks(f, "a", 2, NULL);
    struct lease const lease = given_a_lease(f, "a");

    for (size_t i = 0; i < sizeof(forged) / sizeof(forged[0]); i++) {
        struct lease copy = lease;
        memset(&copy.token, 0, sizeof(copy.token));
        strcpy(copy.token.text, forged[i]);
        then_lost(f, &copy);
    }

    THEN(eq(int, settle(f, done(f, &lease)), STATUS_OK));
    THEN(eq(sz, lease_up_to(f, "a", 10), 1));
}

CONTRACT(fencing, a_token_with_a_byte_changed_is_worth_nothing)
{
    given_tasks(f, "a", 3, NULL);
    struct lease const lease = given_a_lease(f, "a");
    size_t const len = strlen(lease.token.text);

    for (size_t i = 0; i < len; i++) {
        struct lease copy = lease;
        copy.token.text[i] = copy.token.text[i] == '7' ? '8' : '7';
        then_lost(f, &copy);
    }
    struct lease longer = lease;
    if (len + 1 < LEASE_TOKEN_SIZE) {
        longer.token.text[len] = '1';
        longer.token.text[len + 1] = '\0';
        then_lost(f, &longer);
    }

    THEN(eq(int, settle(f, done(f, &lease)), STATUS_OK));
    THEN(eq(i64, stats_of(f, "a").waiting[TASK_READY], 2));
}

CONTRACT(fencing, a_token_for_a_task_that_is_only_ready_is_worth_nothing)
{
    given_tasks(f, "a", 2, NULL);
    struct lease lease = given_a_lease(f, "a");
    struct lease const real = lease;
    THEN(eq(sz, lease_up_to(f, "a", 1), 1));
    struct lease const second = f->leases[0];
    THEN(eq(int, settle(f, released(f, &second)), STATUS_OK));

    lease.task.id = second.task.id;
    then_lost(f, &lease);

    THEN(eq(int, find(f, "a", second.task.id).state, TASK_READY));
    THEN(eq(int, settle(f, done(f, &real)), STATUS_OK));
}

CONTRACT(fencing, an_ended_lease_that_nobody_took_can_be_settled)
{
    given_tasks(f, "a", 4, NULL);
    THEN(eq(sz, lease_for(f, "a", 4, SHORT_LEASE_MS), 4));
    struct lease leases[4];
    memcpy(leases, f->leases, sizeof(leases));
    advance(f, SHORT_LEASE_MS * 10);

    THEN(eq(int, settle(f, done(f, &leases[0])), STATUS_OK));
    THEN(eq(int, settle(f, released(f, &leases[1])), STATUS_OK));
    THEN(eq(int, settle(f, dead(f, &leases[2], REASON_LOST)), STATUS_OK));
    THEN(eq(int, settle(f, retry_at(f, &leases[3], f->now_ms + 5000)),
            STATUS_OK));

    THEN(eq(sz, take_up_to(f, 10, LONG_LEASE_MS), 0));
    THEN(eq(i64, stats_of(f, "a").done, 1));
}

CONTRACT(fencing, an_ended_lease_that_nobody_took_can_be_extended)
{
    given_a_task(f, "a");
    struct lease const lease = given_an_ended_lease(f, "a");

    THEN(eq(int, extend(f, &lease, LONG_LEASE_MS), STATUS_OK));

    THEN(eq(sz, take_up_to(f, 10, LONG_LEASE_MS), 0));
    THEN(eq(int, settle(f, done(f, &lease)), STATUS_OK));
}
