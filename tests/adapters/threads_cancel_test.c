/*
 * threads_cancel_test.c - handlers that are asked to end, and those whose time
 * is over.
 */
#include "tests/adapters/threads_steps.h"

TestSuite(threads, .timeout = 60);

Test(threads, cancelled_handler_is_told_and_comes_out_released)
{
    struct finished out[2];
    struct lease_token const token = {"A"};
    given_an_executor(2);
    submit("A", "cancelled", "");
    submit("B", "cancelled", "");
    sem_wait(&begun);
    sem_wait(&begun);

    executor_cancel(executor, &token);
    collect(out, 1);
    cr_assert(eq(str, (char *)out[0].lease->task.id.text, "A"));
    cr_assert(eq(int, out[0].outcome.kind, OUTCOME_RELEASE));

    executor_cancel(executor, NULL);
    collect(out, 1);
    cr_assert(eq(str, (char *)out[0].lease->task.id.text, "B"));
    cr_assert(eq(int, out[0].outcome.kind, OUTCOME_RELEASE));
    close_all();
}

Test(threads, cancel_of_a_lost_lease_spares_the_same_task_under_a_new_one)
{
    struct finished out[2];
    struct lease_token const lost = {"lost"};
    struct lease leases[2] = {lease_of("A", "cancelled", "", PRIORITY_NORMAL),
                              lease_of("A", "cancelled", "", PRIORITY_NORMAL)};
    const struct lease *kept[2];
    struct error err;
    leases[0].token = lost;
    given_an_executor(2);
    cr_assert(
        eq(int, executor_submit(executor, leases, 2, kept, &err), STATUS_OK));
    sem_wait(&begun);
    sem_wait(&begun);

    executor_cancel(executor, &lost);
    collect(out, 1);
    cr_assert(eq(ptr, (void *)out[0].lease, (void *)kept[0]));

    executor_cancel(executor, &leases[1].token);
    collect(out, 1);
    cr_assert(eq(ptr, (void *)out[0].lease, (void *)kept[1]));
    close_all();
}

Test(threads, cancel_does_not_reach_the_next_task_of_the_thread)
{
    struct finished out[2];
    given_an_executor(1);
    submit("A", "cancelled", "");
    sem_wait(&begun);
    submit("B", "ask", "");

    executor_cancel(executor, NULL);
    collect(out, 2);

    cr_assert(eq(int, out[1].outcome.kind, OUTCOME_DONE));
    close_all();
}

Test(threads, cancel_takes_back_a_task_that_was_not_started)
{
    struct finished out[2];
    struct lease_token const token = {"B"};
    given_an_executor(1);
    submit("A", "gate", "");
    sem_wait(&begun);
    submit("B", "note", "b");
    submit("C", "note", "c");

    executor_cancel(executor, &token);
    collect(out, 1);
    cr_assert(eq(str, (char *)out[0].lease->task.id.text, "B"));
    cr_assert(eq(int, out[0].outcome.kind, OUTCOME_RELEASE));

    sem_post(&gate);
    collect(out, 2);
    cr_assert(eq(str, order, "c"));
    close_all();
}

static void submit_for(const char *id, const char *type, int64_t timeout_ms)
{
    struct lease lease = lease_of(id, type, "", PRIORITY_NORMAL);
    const struct lease *kept;
    lease.task.timeout_ms = timeout_ms;

    cr_assert(
        eq(int, executor_submit(executor, &lease, 1, &kept, &err), STATUS_OK));
}

Test(threads, handler_is_asked_to_end_when_its_time_is_over)
{
    struct finished out[1];
    given_an_executor(3);
    submit_for("A", "cancelled", 1000000);
    submit_for("B", "cancelled", 20);

    collect(out, 1);

    cr_assert(eq(str, (char *)out[0].lease->task.id.text, "B"));
    cr_assert(eq(int, out[0].outcome.kind, OUTCOME_RETRY));
    cr_assert(bytes_is(out[0].outcome.error, "timed out after 20ms"));

    submit_for("C", "cancelled", 30);
    collect(out, 1);
    cr_assert(eq(str, (char *)out[0].lease->task.id.text, "C"));
    executor_cancel(executor, NULL);
    collect(out, 1);
    close_all();
}

Test(threads, handler_that_was_cancelled_first_does_not_time_out)
{
    struct finished out[2];
    given_an_executor(2);
    submit_for("A", "late", 30);
    sem_wait(&begun);
    executor_cancel(executor, NULL);

    submit_for("B", "cancelled", 60); /* so that the time of A is over */
    collect(out, 1);
    sem_post(&gate);
    collect(out + 1, 1);

    cr_assert(eq(str, (char *)out[0].lease->task.id.text, "B"));
    cr_assert(eq(int, out[1].outcome.kind, OUTCOME_RELEASE));
    close_all();
}
