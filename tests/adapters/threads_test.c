/*
 * threads_test.c - handlers on pool threads.
 *
 * What is promised about order and numbers is checked at gates that hold the
 * handlers back, never by waiting for time to pass.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>

#include "adapters/system/system_clock.h"
#include "adapters/system/system_wake.h"
#include "adapters/threads/thread_executor.h"

enum { CAPACITY = 64 };

static struct error err;
static struct clock_port clock_used;
static struct wake wake;
static struct executor_port executor;

/* Handlers say that they have begun, then wait until the gate lets one by. */
static sem_t begun;
static sem_t gate;

/* The types, in the order their handlers began. */
static char order[CAPACITY + 1];
static atomic_size_t order_len;

static struct outcome done(void)
{
    return (struct outcome){.kind = OUTCOME_DONE};
}

static struct outcome nothing(const struct handler_call *call, void *context)
{
    (void)call;
    (void)context;
    return done();
}

static struct outcome note(const struct handler_call *call, void *context)
{
    (void)context;
    order[atomic_fetch_add(&order_len, 1)] = call->lease->task.payload.at[0];
    return done();
}

static struct outcome wait_at_gate(const struct handler_call *call,
                                   void *context)
{
    (void)call;
    (void)context;
    sem_post(&begun);
    sem_wait(&gate);
    return done();
}

static struct outcome fail_at_gate(const struct handler_call *call,
                                   void *context)
{
    wait_at_gate(call, context);
    return (struct outcome){.kind = OUTCOME_RETRY};
}

static struct outcome echo(const struct handler_call *call, void *context)
{
    (void)context;
    return (struct outcome){.kind = OUTCOME_DONE,
                            .result = call->lease->task.payload};
}

/* Its result lives in the arena, as long as the payload says. */
static struct outcome build(const struct handler_call *call, void *context)
{
    size_t const len = (size_t)atol(call->lease->task.payload.at);
    char *at = arena_alloc(call->mem, len);
    (void)context;

    memset(at, ' ', len);
    memcpy(at, call->lease->task.payload.at, call->lease->task.payload.len);
    return (struct outcome){.kind = OUTCOME_DONE, .result = {at, len}};
}

/* Sleeps on its wake; what it then says is "cancelled". */
static struct outcome until_cancelled(const struct handler_call *call,
                                      void *context)
{
    struct pollfd at = {.fd = call->cancel.fd, .events = POLLIN};
    (void)context;

    sem_post(&begun);
    poll(&at, 1, -1);
    return (struct outcome){.kind = call->is_cancelled(call) ? OUTCOME_RETRY
                                                             : OUTCOME_REJECT};
}

/* Done if nobody has asked it to end. */
static struct outcome ask(const struct handler_call *call, void *context)
{
    struct pollfd at = {.fd = call->cancel.fd, .events = POLLIN};
    (void)context;

    bool const is_asked = call->is_cancelled(call) || poll(&at, 1, 0) != 0;
    return (struct outcome){.kind = is_asked ? OUTCOME_REJECT : OUTCOME_DONE};
}

static struct outcome read_mask(const struct handler_call *call, void *context)
{
    sigset_t mask;
    (void)call;
    (void)context;

    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    bool const blocks = sigismember(&mask, SIGTERM) == 1;
    return (struct outcome){.kind = blocks ? OUTCOME_DONE : OUTCOME_REJECT};
}

static const struct handler table[] = {
    {"nothing", nothing, NULL},
    {"note", note, NULL},
    {"gate", wait_at_gate, NULL},
    {"late", fail_at_gate, NULL},
    {"echo", echo, NULL},
    {"build", build, NULL},
    {"cancelled", until_cancelled, NULL},
    {"ask", ask, NULL},
    {"mask", read_mask, NULL},
};

static void given_an_executor(size_t concurrency)
{
    system_clock_open(&clock_used);
    cr_assert(eq(int, system_wake_open(&wake, &err), STATUS_OK));
    sem_init(&begun, 0, 0);
    sem_init(&gate, 0, 0);
    struct thread_executor_config const config = {
        .handlers = {table, sizeof(table) / sizeof(table[0])},
        .clock = clock_used,
        .wake = wake,
        .concurrency = concurrency,
        .capacity = CAPACITY,
    };
    cr_assert(
        eq(int, thread_executor_open(&config, &executor, &err), STATUS_OK));
    executor_port_check(executor);
}

static void close_all(void)
{
    executor_close(executor);
    system_wake_close(&wake);
}

TestSuite(threads, .timeout = 60);

static struct lease lease_of(const char *id, const char *type,
                             const char *payload, enum priority priority)
{
    struct lease lease = {.task = {.queue = BYTES("q"),
                                   .type = bytes_of(type),
                                   .payload = bytes_of(payload),
                                   .priority = priority}};

    snprintf(lease.task.id.text, sizeof(lease.task.id.text), "%s", id);
    snprintf(lease.token.text, sizeof(lease.token.text), "%s", id);
    return lease;
}

static void submit(const char *id, const char *type, const char *payload)
{
    struct lease const lease = lease_of(id, type, payload, PRIORITY_NORMAL);
    const struct lease *kept;

    cr_assert(
        eq(int, executor_submit(executor, &lease, 1, &kept, &err), STATUS_OK));
}

/* Collects n, sleeping on the wake as the engine does. */
static void collect(struct finished *out, size_t n)
{
    size_t running;
    size_t got = 0;

    while (got < n) {
        struct pollfd at = {.fd = wake.fd, .events = POLLIN};
        poll(&at, 1, -1);
        system_wake_drain(wake);
        got += executor_collect(executor, out + got, n - got, &running);
    }
}

static bool is_awake(void)
{
    struct pollfd at = {.fd = wake.fd, .events = POLLIN};

    return poll(&at, 1, 0) == 1;
}

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
