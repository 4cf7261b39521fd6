/*
 * threads_test.c - handlers on pool threads: order, numbers, results.
 */
#include "tests/adapters/threads_steps.h"

TestSuite(threads, .timeout = 60);

Test(threads, task_runs_and_comes_back_with_its_result)
{
    struct finished out[1];
    given_an_executor(2);

    submit("A", "echo", "{\"a\":1}");
    collect(out, 1);

    cr_assert(eq(int, out[0].outcome.kind, OUTCOME_DONE));
    cr_assert(bytes_is(out[0].outcome.result, "{\"a\":1}"));
    cr_assert(bytes_is(out[0].lease->task.type, "echo"));
    cr_assert(gt(i64, out[0].started_at_ms, 0));
    cr_assert(ge(i64, out[0].ended_at_ms, out[0].started_at_ms));
    executor_forget(executor, out, 1);
    close_all();
}

Test(threads, task_is_copied_when_submitted)
{
    struct finished out[2];
    char payload[] = "1";
    given_an_executor(1);
    submit("A", "gate", "");

    submit("B", "echo", payload);
    payload[0] = 'x';
    sem_post(&gate);
    collect(out, 2);

    cr_assert(bytes_is(out[1].outcome.result, "1"));
    close_all();
}

Test(threads, result_outlives_the_next_task_of_its_thread)
{
    struct finished out[3];
    given_an_executor(1);

    submit("A", "build", "10");
    submit("B", "build", "60000");
    submit("C", "build", "12");
    collect(out, 3);

    cr_assert(bytes_is(out[0].outcome.result, "10        "));
    cr_assert(eq(sz, out[1].outcome.result.len, 60000));
    cr_assert(eq(int, memcmp(out[1].outcome.result.at, "60000   ", 8), 0));
    cr_assert(bytes_is(out[2].outcome.result, "12          "));
    executor_forget(executor, out, 3);
    close_all();
}

Test(threads, high_priority_starts_first_then_arrival)
{
    struct finished out[5];
    struct lease const leases[] = {
        lease_of("B", "note", "1", PRIORITY_LOW),
        lease_of("C", "note", "2", PRIORITY_NORMAL),
        lease_of("D", "note", "3", PRIORITY_NORMAL),
        lease_of("E", "note", "4", PRIORITY_HIGH),
    };
    const struct lease *kept[4];
    given_an_executor(1);
    submit("A", "gate", "");
    sem_wait(&begun);

    cr_assert(
        eq(int, executor_submit(executor, leases, 4, kept, &err), STATUS_OK));
    sem_post(&gate);
    collect(out, 5);

    cr_assert(eq(str, order, "4231"));
    close_all();
}

Test(threads, as_many_run_at_once_as_concurrency_says)
{
    struct finished out[6];
    size_t running;
    given_an_executor(4);

    for (int i = 0; i < 6; i++)
        submit("A", "gate", "");
    for (int i = 0; i < 4; i++)
        sem_wait(&begun); /* would wait for ever if fewer ran at once */
    executor_collect(executor, out, 6, &running);

    cr_assert(eq(sz, running, 4));
    cr_assert(eq(int, sem_trywait(&begun), -1));
    for (int i = 0; i < 6; i++)
        sem_post(&gate);
    collect(out, 6);
    executor_collect(executor, out, 6, &running);
    cr_assert(eq(sz, running, 0));
    close_all();
}

Test(threads, idle_threads_run_at_once_too)
{
    struct finished out[4];
    given_an_executor(4);
    for (int round = 0; round < 200; round++) {
        for (int i = 0; i < 4; i++)
            submit("A", "gate", "");
        for (int i = 0; i < 4; i++)
            sem_wait(&begun);
        for (int i = 0; i < 4; i++)
            sem_post(&gate);
        collect(out, 4);
        executor_forget(executor, out, 4);
    }
    close_all();
}

Test(threads, collect_that_leaves_some_leaves_the_wake_signalled)
{
    struct finished out[3];
    size_t running;
    given_an_executor(1);
    submit("A", "nothing", "");
    submit("B", "nothing", "");
    submit("C", "nothing", "");
    collect(out, 1);
    submit("D", "gate", "");
    sem_wait(&begun); /* so A, B and C have ended */
    system_wake_drain(wake);

    cr_assert(eq(sz, executor_collect(executor, out, 1, &running), 1));
    cr_assert(is_awake());
    system_wake_drain(wake);
    cr_assert(eq(sz, executor_collect(executor, out, 1, &running), 1));
    cr_assert(not(is_awake()));

    sem_post(&gate);
    close_all();
}

Test(threads, wait_returns_at_once_when_something_has_ended)
{
    struct finished out[1];
    given_an_executor(1);
    submit("A", "nothing", "");
    submit("B", "gate", "");
    sem_wait(&begun);
    system_wake_drain(wake);

    executor_wait(executor, INT64_MAX);

    collect(out, 0);
    sem_post(&gate);
    close_all();
}

Test(threads, withdrawn_tasks_come_out_released_and_never_ran)
{
    struct finished out[3];
    given_an_executor(1);
    submit("A", "gate", "");
    sem_wait(&begun);
    submit("B", "note", "b");
    submit("C", "note", "c");

    executor_withdraw(executor);
    collect(out, 2);

    for (int i = 0; i < 2; i++) {
        cr_assert(eq(int, out[i].outcome.kind, OUTCOME_RELEASE));
        cr_assert(eq(i64, out[i].started_at_ms, 0));
    }
    sem_post(&gate);
    collect(out, 1);
    cr_assert(eq(int, out[0].outcome.kind, OUTCOME_DONE));
    cr_assert(eq(str, order, ""));
    close_all();
}

Test(threads, handlers_run_with_all_signals_blocked)
{
    struct finished out[1];
    given_an_executor(1);

    submit("A", "mask", "");
    collect(out, 1);

    cr_assert(eq(int, out[0].outcome.kind, OUTCOME_DONE));
    close_all();
}

Test(threads, close_does_not_wait_for_a_stuck_handler)
{
    given_an_executor(2);
    submit("A", "gate", "");
    submit("B", "nothing", "");
    sem_wait(&begun);

    close_all();

    sem_post(&gate); /* its thread leaves alone, and frees the rest */
}

Test(threads, nothing_gets_lost_in_many_small_batches)
{
    enum { TASKS = 20000 };
    struct finished out[CAPACITY];
    size_t submitted = 0;
    size_t ended = 0;
    size_t held = 0;
    given_an_executor(3);

    while (ended < TASKS) {
        while (held < CAPACITY && submitted < TASKS) {
            submit("A", submitted % 2 ? "nothing" : "echo", "1");
            submitted++;
            held++;
        }
        size_t running;
        struct pollfd at = {.fd = wake.fd, .events = POLLIN};
        poll(&at, 1, -1);
        system_wake_drain(wake);
        size_t const n = executor_collect(executor, out, CAPACITY, &running);
        executor_forget(executor, out, n);
        ended += n;
        held -= n;
    }

    cr_assert(eq(sz, held, 0));
    close_all();
}
