/*
 * key_contract.c - what task.h and the ports promise about idempotency keys.
 */
#include "tests/contract/fixture.h"

static struct new_task a_keyed_task(struct fixture *f, const char *queue,
                                    const char *key)
{
    struct new_task task = a_task(f, queue);

    task.task.key = bytes_of(key);
    return task;
}

/* A task that holds key for ttl_ms from now; its id. */
static struct task_id given_a_window(struct fixture *f, const char *key,
                                     int64_t ttl_ms)
{
    struct new_task task = a_keyed_task(f, "a", key);

    task.task.key_ttl_ms = ttl_ms;
    return given(f, &task);
}

static struct enqueued enqueue_key(struct fixture *f, const char *key)
{
    struct new_task const task = a_keyed_task(f, "a", key);

    return enqueue_one(f, &task);
}

static bool is_held(struct fixture *f, const char *key)
{
    return enqueue_key(f, key).is_duplicate;
}

CONTRACT(key, a_held_key_answers_its_holder)
{
    struct new_task const holder = a_keyed_task(f, "a", "k");
    given(f, &holder);

    struct enqueued const result = enqueue_key(f, "k");

    THEN(eq(int, result.is_duplicate, true));
    THEN(IS_ID(result.id, holder.task.id));
    THEN(eq(int, result.state, TASK_READY));
    THEN(eq(sz, lease_up_to(f, "a", 10), 1));
}

CONTRACT(key, the_answer_tells_the_state_of_the_holder)
{
    struct new_task task = a_keyed_task(f, "a", "k");
    task.task.run_at_ms += 5000;
    given(f, &task);

    THEN(eq(int, enqueue_key(f, "k").state, TASK_SCHEDULED));
    advance(f, 5000);
    THEN(eq(sz, promote(f), 1));
    THEN(eq(int, enqueue_key(f, "k").state, TASK_READY));
    struct lease const lease = given_a_lease(f, "a");
    THEN(eq(int, enqueue_key(f, "k").state, TASK_ACTIVE));
    THEN(eq(int, settle(f, retry_at(f, &lease, f->now_ms + 5000)), STATUS_OK));
    THEN(eq(int, enqueue_key(f, "k").state, TASK_RETRY));
}

CONTRACT(key, a_key_belongs_to_its_queue)
{
    struct new_task const first = a_keyed_task(f, "a", "k");
    struct new_task const second = a_keyed_task(f, "b", "k");
    given(f, &first);

    THEN(eq(int, enqueue_one(f, &second).is_duplicate, false));
}

CONTRACT(key, keys_are_compared_byte_for_byte)
{
    struct new_task const task = a_keyed_task(f, "a", "key");
    given(f, &task);

    THEN(eq(int, is_held(f, "Key"), false));
    THEN(eq(int, is_held(f, "key "), false));
    THEN(eq(int, is_held(f, "ke"), false));
    THEN(eq(int, is_held(f, "k\xc3\xa9y"), false));
    THEN(eq(int, is_held(f, "key"), true));
}

CONTRACT(key, of_two_with_one_key_in_one_call_the_first_wins)
{
    struct new_task const tasks[2] = {a_keyed_task(f, "a", "k"),
                                      a_keyed_task(f, "a", "k")};
    struct enqueued results[2];

    THEN(eq(int, queue_enqueue(f->queue, f->now_ms, tasks, 2, results, &f->err),
            STATUS_OK));

    THEN(eq(int, results[0].is_duplicate, false));
    THEN(eq(int, results[1].is_duplicate, true));
    THEN(IS_ID(results[1].id, tasks[0].task.id));
    THEN(eq(sz, lease_up_to(f, "a", 10), 1));
}

CONTRACT(key, a_scheduled_task_holds_its_key)
{
    struct new_task task = a_keyed_task(f, "a", "k");
    task.task.run_at_ms += 5000;
    given(f, &task);

    THEN(eq(int, is_held(f, "k"), true));
}

CONTRACT(key, it_is_held_until_the_task_is_done)
{
    struct new_task const task = a_keyed_task(f, "a", "k");
    given(f, &task);
    struct lease const lease = given_a_lease(f, "a");
    THEN(eq(int, is_held(f, "k"), true));

    THEN(eq(int, settle(f, done(f, &lease)), STATUS_OK));

    THEN(eq(int, is_held(f, "k"), false));
}

CONTRACT(key, a_done_task_that_is_kept_holds_no_key)
{
    struct new_task task = a_keyed_task(f, "a", "k");
    task.task.retain_ms = 3600000;
    given(f, &task);
    struct lease const lease = given_a_lease(f, "a");

    THEN(eq(int, settle(f, done(f, &lease)), STATUS_OK));

    THEN(eq(int, is_held(f, "k"), false));
    THEN(eq(int, find(f, "a", task.task.id).state, TASK_DONE));
}

CONTRACT(key, it_is_held_until_the_task_is_dead)
{
    struct new_task const task = a_keyed_task(f, "a", "k");
    given(f, &task);
    struct lease const lease = given_a_lease(f, "a");

    THEN(eq(int, settle(f, dead(f, &lease, REASON_REJECTED)), STATUS_OK));

    THEN(eq(int, is_held(f, "k"), false));
}

CONTRACT(key, it_is_held_until_the_task_is_removed)
{
    struct new_task const task = a_keyed_task(f, "a", "k");
    given(f, &task);
    struct task_ref const ref = {BYTES("a"), task.task.id};
    enum status result;

    THEN(eq(int,
            admin_remove(f->admin, f->now_ms, STATES_INACTIVE, &ref, 1, &result,
                         &f->err),
            STATUS_OK));

    THEN(eq(int, result, STATUS_OK));
    THEN(eq(int, is_held(f, "k"), false));
}

CONTRACT(key, it_is_held_until_the_task_is_purged)
{
    struct new_task const task = a_keyed_task(f, "a", "k");
    given(f, &task);
    size_t removed;

    THEN(eq(int,
            admin_purge(f->admin, f->now_ms, BYTES("a"), TASK_READY, 10,
                        &removed, &f->err),
            STATUS_OK));

    THEN(eq(sz, removed, 1));
    THEN(eq(int, is_held(f, "k"), false));
}

CONTRACT(key, it_is_held_over_retry_snooze_and_release)
{
    struct new_task const task = a_keyed_task(f, "a", "k");
    given(f, &task);

    struct lease lease = given_a_lease(f, "a");
    THEN(eq(int, settle(f, released(f, &lease)), STATUS_OK));
    THEN(eq(int, is_held(f, "k"), true));
    lease = given_a_lease(f, "a");
    THEN(eq(int, settle(f, snoozed_until(f, &lease, f->now_ms)), STATUS_OK));
    THEN(eq(int, is_held(f, "k"), true));
    THEN(eq(sz, promote(f), 1));
    lease = given_a_lease(f, "a");
    THEN(eq(int, settle(f, retry_at(f, &lease, f->now_ms)), STATUS_OK));
    THEN(eq(int, is_held(f, "k"), true));
    THEN(eq(sz, promote(f), 1));
    lease = given_a_lease(f, "a");
    THEN(eq(int, settle(f, done(f, &lease)), STATUS_OK));
    THEN(eq(int, is_held(f, "k"), false));
}

CONTRACT(key, it_is_held_while_an_ended_lease_is_taken)
{
    struct new_task const task = a_keyed_task(f, "a", "k");
    given(f, &task);
    given_an_ended_lease(f, "a");

    THEN(eq(sz, take_up_to(f, 1, LONG_LEASE_MS), 1));

    THEN(IS_ID(enqueue_key(f, "k").id, task.task.id));
    struct lease const taken = f->leases[0];
    THEN(eq(int, settle(f, done(f, &taken)), STATUS_OK));
    THEN(eq(int, is_held(f, "k"), false));
}

CONTRACT(key, a_window_is_held_after_the_task_is_done)
{
    struct task_id const holder = given_a_window(f, "k", 60000);
    struct lease const lease = given_a_lease(f, "a");
    THEN(eq(int, settle(f, done(f, &lease)), STATUS_OK));
    advance(f, 59999);

    struct enqueued const result = enqueue_key(f, "k");

    THEN(eq(int, result.is_duplicate, true));
    THEN(IS_ID(result.id, holder));
    THEN(eq(int, result.state, TASK_DONE));
}

CONTRACT(key, a_window_ends_with_its_time)
{
    given_a_window(f, "k", 60000);
    struct lease const lease = given_a_lease(f, "a");
    THEN(eq(int, settle(f, done(f, &lease)), STATUS_OK));

    advance(f, 60000);

    THEN(eq(int, is_held(f, "k"), false));
}

CONTRACT(key, a_window_ends_with_its_time_after_promote_too)
{
    given_a_window(f, "k", 60000);
    struct lease const lease = given_a_lease(f, "a");
    THEN(eq(int, settle(f, done(f, &lease)), STATUS_OK));
    advance(f, 59999);
    promote(f);
    THEN(eq(int, is_held(f, "k"), true));

    advance(f, 1);
    promote(f);

    THEN(eq(int, is_held(f, "k"), false));
}

CONTRACT(key, a_window_counts_from_the_creation_of_the_task)
{
    struct new_task task = a_keyed_task(f, "a", "k");
    task.task.created_at_ms -= 50000;
    task.task.key_ttl_ms = 60000;
    given(f, &task);
    advance(f, 9999);
    THEN(eq(int, is_held(f, "k"), true));

    advance(f, 1);

    THEN(eq(int, is_held(f, "k"), false));
}

CONTRACT(key, who_comes_after_his_own_window_finds_the_key_held_all_the_same)
{
    struct task_id const holder = given_a_window(f, "k", 60000);
    struct new_task late = a_keyed_task(f, "a", "k");
    late.task.created_at_ms -= 5000;
    late.task.key_ttl_ms = 5000;

    THEN(IS_ID(enqueue_one(f, &late).id, holder));
}

CONTRACT(key, who_comes_after_his_own_window_holds_nothing)
{
    struct new_task late = a_keyed_task(f, "a", "k");
    late.task.created_at_ms -= 5000;
    late.task.key_ttl_ms = 5000;
    given(f, &late);

    THEN(eq(int, is_held(f, "k"), false));
}

CONTRACT(key, a_window_is_held_by_a_dead_task)
{
    given_a_window(f, "k", 60000);
    struct lease const lease = given_a_lease(f, "a");
    THEN(eq(int, settle(f, dead(f, &lease, REASON_REJECTED)), STATUS_OK));

    THEN(eq(int, enqueue_key(f, "k").state, TASK_DEAD));
    advance(f, 60000);
    THEN(eq(int, is_held(f, "k"), false));
}

CONTRACT(key, a_window_goes_on_when_its_task_is_removed)
{
    struct task_ref const ref = {BYTES("a"), given_a_window(f, "k", 60000)};
    enum status result;

    THEN(eq(int,
            admin_remove(f->admin, f->now_ms, STATES_INACTIVE, &ref, 1, &result,
                         &f->err),
            STATUS_OK));

    THEN(IS_ID(enqueue_key(f, "k").id, ref.id));
    advance(f, 60000);
    THEN(eq(int, is_held(f, "k"), false));
}

CONTRACT(key, a_window_ends_also_while_its_task_is_there)
{
    struct task_id const first = given_a_window(f, "k", 60000);
    struct lease const lease = given_a_lease(f, "a");
    advance(f, 60000);

    struct enqueued const second = enqueue_key(f, "k");

    THEN(eq(int, second.is_duplicate, false));
    THEN(eq(int, settle(f, done(f, &lease)), STATUS_OK));
    THEN(ne(str, (char *)first.text, (char *)second.id.text));
    THEN(IS_ID(enqueue_key(f, "k").id, second.id));
}

CONTRACT(key, who_lost_a_window_does_not_end_the_next_ones)
{
    struct task_ref const first = {BYTES("a"), given_a_window(f, "k", 60000)};
    enum status result;
    advance(f, 60000);
    struct enqueued const second = enqueue_key(f, "k");

    THEN(eq(int,
            admin_remove(f->admin, f->now_ms, STATES_INACTIVE, &first, 1,
                         &result, &f->err),
            STATUS_OK));

    THEN(IS_ID(enqueue_key(f, "k").id, second.id));
}
