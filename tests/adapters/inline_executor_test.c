/*
 * inline_executor_test.c - handlers that run inside collect.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "adapters/doubles/inline_executor.h"

static struct error err;
static int64_t now_ms = 1000;
static struct executor_port executor;
static char order[64]; /* the payloads, as their handlers ran */

static int64_t read_now(void *self)
{
    (void)self;
    return now_ms;
}

static void close_nothing(void *self)
{
    (void)self;
}

static const struct clock_ops fixed_ops = {"fixed", read_now, close_nothing};

static struct outcome note(const struct handler_call *call, void *context)
{
    struct bytes const payload = call->lease->task.payload;
    (void)context;

    strncat(order, payload.at, payload.len);
    now_ms += 5;
    return (struct outcome){.kind = OUTCOME_DONE};
}

static struct outcome cancel_self(const struct handler_call *call,
                                  void *context)
{
    (void)context;
    executor_cancel(executor, &call->lease->token);
    cr_assert(call->is_cancelled(call));
    return (struct outcome){.kind = OUTCOME_RETRY};
}

static const struct handler table[] = {
    {"note", note, NULL},
    {"cancel", cancel_self, NULL},
};

static void pass(void *context, int64_t ms)
{
    (void)context;
    now_ms += ms;
}

static void given_an_executor(size_t concurrency)
{
    struct inline_executor_config const config = {
        .handlers = {table, 2},
        .clock = {&fixed_ops, &now_ms},
        .concurrency = concurrency,
        .capacity = 8,
        .pass = pass,
    };

    cr_assert(
        eq(int, inline_executor_open(&config, &executor, &err), STATUS_OK));
    executor_port_check(executor);
}

static void submit(const char *type, const char *payload,
                   enum priority priority)
{
    struct lease const lease = {.task = {.id = {"ID"},
                                         .queue = BYTES("q"),
                                         .type = bytes_of(type),
                                         .payload = bytes_of(payload),
                                         .priority = priority},
                                .token = {"TOKEN"}};
    const struct lease *kept;

    cr_assert(
        eq(int, executor_submit(executor, &lease, 1, &kept, &err), STATUS_OK));
}

static size_t collect(struct finished *out, size_t max)
{
    size_t running = 99;
    size_t const n = executor_collect(executor, out, max, &running);

    cr_assert(eq(sz, running, 0));
    return n;
}

Test(inline_executor, runs_in_order_of_priority_then_arrival)
{
    struct finished out[8];
    given_an_executor(8);
    submit("note", "1", PRIORITY_LOW);
    submit("note", "2", PRIORITY_NORMAL);
    submit("note", "3", PRIORITY_NORMAL);
    submit("note", "4", PRIORITY_HIGH);

    cr_assert(eq(sz, collect(out, 8), 4));

    cr_assert(eq(str, order, "4231"));
    executor_close(executor);
}

Test(inline_executor, one_collect_runs_concurrency_tasks)
{
    struct finished out[8];
    given_an_executor(2);
    for (int i = 0; i < 3; i++)
        submit("note", "n", PRIORITY_NORMAL);

    cr_assert(eq(sz, collect(out, 8), 2));
    cr_assert(eq(sz, collect(out, 8), 1));
    cr_assert(eq(sz, collect(out, 8), 0));
    executor_close(executor);
}

Test(inline_executor, tells_when_a_handler_ran)
{
    struct finished out[1];
    given_an_executor(1);
    submit("note", "n", PRIORITY_NORMAL);

    cr_assert(eq(sz, collect(out, 1), 1));

    cr_assert(eq(i64, out[0].started_at_ms, 1000));
    cr_assert(eq(i64, out[0].ended_at_ms, 1005));
    cr_assert(eq(int, out[0].outcome.kind, OUTCOME_DONE));
    executor_close(executor);
}

Test(inline_executor, withdrawn_tasks_come_out_released_and_never_ran)
{
    struct finished out[8];
    given_an_executor(8);
    submit("note", "n", PRIORITY_NORMAL);

    executor_withdraw(executor);

    cr_assert(eq(sz, collect(out, 8), 1));
    cr_assert(eq(int, out[0].outcome.kind, OUTCOME_RELEASE));
    cr_assert(eq(i64, out[0].started_at_ms, 0));
    cr_assert(eq(str, order, ""));
    executor_close(executor);
}

Test(inline_executor, cancelled_handler_comes_out_released)
{
    struct finished out[8];
    given_an_executor(8);
    submit("cancel", "n", PRIORITY_NORMAL);

    cr_assert(eq(sz, collect(out, 8), 1));

    cr_assert(eq(int, out[0].outcome.kind, OUTCOME_RELEASE));
    executor_close(executor);
}

Test(inline_executor, cancel_takes_back_a_task_that_was_not_started)
{
    struct finished out[8];
    struct lease_token const token = {"TOKEN"};
    given_an_executor(8);
    submit("note", "n", PRIORITY_NORMAL);

    executor_cancel(executor, &token);

    cr_assert(eq(sz, collect(out, 8), 1));
    cr_assert(eq(int, out[0].outcome.kind, OUTCOME_RELEASE));
    cr_assert(eq(str, order, ""));
    executor_close(executor);
}

Test(inline_executor, forgotten_room_is_used_again)
{
    struct finished out[8];
    given_an_executor(8);

    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 8; i++)
            submit("note", "", PRIORITY_NORMAL);
        cr_assert(eq(sz, collect(out, 8), 8));
        executor_forget(executor, out, 8);
    }
    executor_close(executor);
}

Test(inline_executor, waiting_passes_time_only_when_nothing_is_to_run)
{
    given_an_executor(1);
    submit("note", "n", PRIORITY_NORMAL);
    executor_wait(executor, 50);
    cr_assert(eq(i64, now_ms, 1000));

    executor_withdraw(executor);
    executor_wait(executor, 50);
    cr_assert(eq(i64, now_ms, 1000)); /* something waits to be collected */

    struct finished out[1];
    cr_assert(eq(sz, collect(out, 1), 1));
    executor_wait(executor, 50);
    cr_assert(eq(i64, now_ms, 1050));
    executor_close(executor);
}
