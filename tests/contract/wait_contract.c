/*
 * wait_contract.c - what queue_port.h promises about a lease that waits.
 *
 * A helper thread sleeps in lease; the test's own thread does what should end
 * that, and joins it. Where the end does not come, Criterion's timeout does.
 */
#include <sys/eventfd.h>
#include <unistd.h>

#include "tests/contract/sleeper.h"

CONTRACT(wait, what_is_there_is_handed_out_at_once)
{
    struct lease_request req = a_request(f, "a");
    size_t count;
    given_a_task(f, "a");
    req.until_ms = f->now_ms + 10 * PATIENCE_MS;
    req.max = 5;

    THEN(eq(int,
            queue_lease(f->queue, &req, &f->mem, f->leases, &count, &f->err),
            STATUS_OK));

    THEN(eq(sz, count, 1));
}

CONTRACT(wait, an_enqueue_ends_it)
{
    struct sleeper *s = given_a_sleeper(f, "a");

    struct task_id const id = given_a_task(f, "a");

    then_it_gets(f, s, id);
}

CONTRACT(wait, an_enqueue_of_any_priority_ends_it)
{
    for (int priority = 0; priority < PRIORITIES; priority++) {
        struct sleeper *s = given_a_sleeper(f, "a");
        struct new_task task = a_task(f, "a");
        task.task.priority = (enum priority)priority;

        given(f, &task);

        then_it_gets(f, s, task.task.id);
    }
}

CONTRACT(wait, an_enqueue_to_any_of_its_queues_ends_it)
{
    given_a_task_in(f, "b", TASK_DONE);
    struct sleeper *s = given_a_sleeper(f, "a=3,b=1");

    struct task_id const id = given_a_task(f, "b");

    then_it_gets(f, s, id);
}

CONTRACT(wait, an_enqueue_to_a_new_queue_ends_it)
{
    struct sleeper *s = given_a_sleeper(f, "*");

    struct task_id const id = given_a_task(f, "new");

    then_it_gets(f, s, id);
}

CONTRACT(wait, an_enqueue_to_another_queue_does_not_end_it)
{
    struct sleeper *s = given_a_sleeper(f, "a");

    given_a_task(f, "b");
    struct task_id const id = given_a_task(f, "a");

    then_it_gets(f, s, id);
}

CONTRACT(wait, a_release_ends_it)
{
    struct task_id const id = given_a_task(f, "a");
    struct lease const lease = given_a_lease(f, "a");
    struct sleeper *s = given_a_sleeper(f, "a");

    THEN(eq(int, settle(f, released(f, &lease)), STATUS_OK));

    then_it_gets(f, s, id);
}

CONTRACT(wait, a_requeue_ends_it)
{
    struct task_ref const ref = {BYTES("a"),
                                 given_a_dead_task(f, "a", REASON_REJECTED)};
    struct sleeper *s = given_a_sleeper(f, "a");
    struct task_id holder;
    enum status result;

    THEN(eq(
        int,
        admin_requeue(f->admin, f->now_ms, &ref, 1, &result, &holder, &f->err),
        STATUS_OK));

    THEN(eq(int, result, STATUS_OK));
    then_it_gets(f, s, ref.id);
}

CONTRACT(wait, running_a_task_now_ends_it)
{
    struct new_task task = a_task(f, "a");
    task.task.run_at_ms += 100 * PATIENCE_MS;
    given(f, &task);
    struct task_ref const ref = {BYTES("a"), task.task.id};
    struct sleeper *s = given_a_sleeper(f, "a");

    THEN(eq(int, admin_run_now(f->admin, f->now_ms, &ref, &f->err), STATUS_OK));

    then_it_gets(f, s, ref.id);
}

CONTRACT(wait, a_resume_ends_it)
{
    struct task_id const id = given_a_task(f, "a");
    THEN(eq(int, admin_set_paused(f->admin, BYTES("a"), true, &f->err),
            STATUS_OK));
    struct sleeper *s = given_a_sleeper(f, "a");

    THEN(eq(int, admin_set_paused(f->admin, BYTES("a"), false, &f->err),
            STATUS_OK));

    then_it_gets(f, s, id);
}

CONTRACT(wait, a_promote_by_another_port_ends_it)
{
    struct new_task task = a_task(f, "a");
    task.task.run_at_ms += 100 * PATIENCE_MS;
    given(f, &task);
    struct sleeper *s = given_a_sleeper(f, "a");

    f->now_ms = task.task.run_at_ms;
    THEN(eq(sz, promote(f), 1));

    then_it_gets(f, s, task.task.id);
}

CONTRACT(wait, a_due_time_ends_it)
{
    struct new_task task = a_task(f, "a");
    task.task.run_at_ms += 50;
    given(f, &task);

    struct sleeper *s = given_a_sleeper(f, "a");

    then_it_gets_nothing(f, s);
}

CONTRACT(wait, a_task_that_is_scheduled_meanwhile_ends_it_when_it_is_due)
{
    struct new_task late = a_task(f, "a");
    late.task.run_at_ms += 100 * PATIENCE_MS;
    given(f, &late);
    struct sleeper *s = given_a_sleeper(f, "a");
    struct new_task task = a_task(f, "a");
    task.task.run_at_ms += 50;

    given(f, &task);

    then_it_gets_nothing(f, s);
}

CONTRACT(wait, a_retry_that_is_settled_meanwhile_ends_it_when_it_is_due)
{
    given_a_task(f, "a");
    struct lease const lease = given_a_lease(f, "a");
    struct sleeper *s = given_a_sleeper(f, "a");

    THEN(eq(int, settle(f, retry_at(f, &lease, f->now_ms + 50)), STATUS_OK));

    then_it_gets_nothing(f, s);
}

CONTRACT(wait, it_ends_at_its_time_and_not_before)
{
    struct sleeper *s = given_a_sleeper_for(f, "a", 50, WAKE_NEVER);

    wait_for(s);

    THEN(eq(int, s->status, STATUS_EMPTY));
    THEN(s->slept_ms >= 49);
    end(s);
}

CONTRACT(wait, a_time_that_is_past_does_not_wait)
{
    struct lease_request req = a_request(f, "a");
    size_t count;
    req.until_ms = f->now_ms - 1000;

    THEN(eq(int,
            queue_lease(f->queue, &req, &f->mem, f->leases, &count, &f->err),
            STATUS_EMPTY));
}

static struct wake given_a_wake(void)
{
    return (struct wake){eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
}

static void signal_wake(struct wake wake)
{
    uint64_t const one = 1;

    cr_assert(write(wake.fd, &one, sizeof(one)) == sizeof(one));
}

CONTRACT(wait, a_wake_by_another_thread_ends_it)
{
    struct wake const wake = given_a_wake();
    struct sleeper *s = given_a_sleeper_for(f, "a", 10 * PATIENCE_MS, wake);

    signal_wake(wake);

    then_it_gets_nothing(f, s);
    close(wake.fd);
}

CONTRACT(wait, a_wake_that_came_before_ends_it_and_is_left_as_it_is)
{
    struct wake const wake = given_a_wake();
    uint64_t count;
    signal_wake(wake);

    struct sleeper *s = given_a_sleeper_for(f, "a", 10 * PATIENCE_MS, wake);
    then_it_gets_nothing(f, s);

    THEN(read(wake.fd, &count, sizeof(count)) == sizeof(count));
    THEN(eq(u64, count, 1));
    close(wake.fd);
}

CONTRACT(wait, a_wake_does_not_keep_from_what_is_ready)
{
    struct wake const wake = given_a_wake();
    signal_wake(wake);
    struct task_id const id = given_a_task(f, "a");

    struct sleeper *s = given_a_sleeper_for(f, "a", 10 * PATIENCE_MS, wake);

    then_it_gets(f, s, id);
    close(wake.fd);
}

CONTRACT(wait, a_port_can_wait_again_and_again)
{
    struct wake const wake = given_a_wake();
    struct lease_request req = a_request(f, "a");
    size_t count;
    signal_wake(wake);
    req.until_ms = f->now_ms + 10 * PATIENCE_MS;
    req.wake = wake;

    for (int i = 0; i < 5; i++) {
        THEN(
            eq(int,
               queue_lease(f->queue, &req, &f->mem, f->leases, &count, &f->err),
               STATUS_EMPTY));
        struct task_id const id = given_a_task(f, "a");
        THEN(
            eq(int,
               queue_lease(f->queue, &req, &f->mem, f->leases, &count, &f->err),
               STATUS_OK));
        THEN(IS_ID(f->leases[0].task.id, id));
    }
    close(wake.fd);
}

CONTRACT(wait, of_two_that_wait_each_gets_a_task)
{
    struct sleeper *first = given_a_sleeper(f, "a");
    struct sleeper *second = given_a_sleeper(f, "a");

    given_a_task(f, "a");
    given_a_task(f, "a");
    wait_for(first);
    wait_for(second);

    THEN(eq(int, first->status, STATUS_OK));
    THEN(eq(int, second->status, STATUS_OK));
    THEN(not(same_id(first->lease.task.id, second->lease.task.id)));
    end(first);
    end(second);
}

CONTRACT(wait, it_does_not_burn_the_processor)
{
    struct sleeper *s = given_a_sleeper_for(f, "a", 400, WAKE_NEVER);

    wait_for(s);

    THEN(s->cpu_ms < 200);
    end(s);
}

CONTRACT(wait, the_lease_runs_from_when_it_was_given)
{
    struct sleeper *s = given_a_sleeper(f, "a");
    int64_t const asked_at_ms = f->now_ms;

    given_a_task(f, "a");
    wait_for(s);

    THEN(eq(int, s->status, STATUS_OK));
    THEN(s->lease.until_ms >= asked_at_ms + LONG_LEASE_MS);
    THEN(s->lease.until_ms <= asked_at_ms + LONG_LEASE_MS + PATIENCE_MS);
    end(s);
}

CONTRACT(wait, what_a_pause_hides_does_not_end_it)
{
    struct wake const wake = given_a_wake();
    struct task_id const id = given_a_task(f, "b");
    THEN(eq(int, admin_set_paused(f->admin, BYTES("a"), true, &f->err),
            STATUS_OK));
    struct lease const lease = given_a_lease(f, "b");
    struct sleeper *s =
        given_a_sleeper_for(f, "a=1,b=1", 10 * PATIENCE_MS, wake);

    given_a_task(f, "a");
    THEN(eq(int, settle(f, released(f, &lease)), STATUS_OK));

    then_it_gets(f, s, id);
    close(wake.fd);
}

CONTRACT(wait, a_closed_port_gives_back_what_it_had_fetched)
{
    struct sleeper *s = given_a_sleeper_for(f, "a", 20, WAKE_NEVER);
    wait_for(s);
    THEN(eq(int, s->status, STATUS_EMPTY));
    struct task_id const id = given_a_task(f, "a");

    end(s);

    struct lease_request req = a_request(f, "a");
    size_t count;
    req.until_ms = f->now_ms + 10 * PATIENCE_MS;
    THEN(eq(int,
            queue_lease(f->queue, &req, &f->mem, f->leases, &count, &f->err),
            STATUS_OK));
    THEN(IS_ID(f->leases[0].task.id, id));
    THEN(eq(i32, f->leases[0].task.attempt, 1));
}

CONTRACT(wait, what_came_meanwhile_is_handed_out_by_the_next_call)
{
    struct sleeper *s = given_a_sleeper_for(f, "a", 20, WAKE_NEVER);
    wait_for(s);
    THEN(eq(int, s->status, STATUS_EMPTY));
    struct task_id const id = given_a_task(f, "a");

    s->req.until_ms = f->now_ms + 10 * PATIENCE_MS;
    sleep_again(s);

    THEN(eq(int, s->status, STATUS_OK));
    THEN(IS_ID(s->lease.task.id, id));
    end(s);
}
