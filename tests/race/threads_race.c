/*
 * threads_race.c - all operations of the thread executor, in every order.
 *
 * Exits with 0 if each task came out exactly once.
 */
#include <assert.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "adapters/system/system_clock.h"
#include "adapters/system/system_wake.h"
#include "adapters/threads/thread_executor.h"

enum { TASKS = 20000, CAPACITY = 128, CONCURRENCY = 4, LARGEST_BATCH = 16 };

struct race {
    struct executor_port executor;
    struct wake wake;
    uint32_t random;
    bool is_held[TASKS];
    size_t submitted;
    size_t held;
};

/* Its result lives in the arena; small ones and such as need a block. */
static struct outcome build(const struct handler_call *call, void *context)
{
    size_t const len = call->lease->fencing % 64 == 0 ? 20000 : 20;
    char *at = arena_alloc(call->mem, len);
    (void)context;

    memset(at, ' ', len);
    at[0] = '1';
    return (struct outcome){.kind = OUTCOME_DONE, .result = {at, len}};
}

static struct outcome until_cancelled(const struct handler_call *call,
                                      void *context)
{
    struct pollfd at = {.fd = call->cancel.fd, .events = POLLIN};
    (void)context;

    poll(&at, 1, 1);
    return (struct outcome){.kind = call->is_cancelled(call) ? OUTCOME_RETRY
                                                             : OUTCOME_DONE};
}

static struct outcome until_readable(const struct handler_call *call,
                                     void *context)
{
    struct wake const *gate = context;
    struct pollfd at = {.fd = gate->fd, .events = POLLIN};
    (void)call;

    poll(&at, 1, -1);
    return (struct outcome){.kind = OUTCOME_DONE};
}

/* An LCG (Numerical Recipes): the same every time. */
static uint32_t next_random(struct race *r, uint32_t below)
{
    r->random = r->random * 1664525 + 1013904223;
    return (r->random >> 8) % below;
}

static struct task_id id_of(size_t n)
{
    struct task_id id;

    snprintf(id.text, sizeof(id.text), "%026zu", n);
    return id;
}

static struct lease_token token_of(size_t n)
{
    struct lease_token token;

    snprintf(token.text, sizeof(token.text), "%zu", n);
    return token;
}

static void submit(struct race *r)
{
    struct lease leases[LARGEST_BATCH];
    const struct lease *kept[LARGEST_BATCH];
    struct error err;
    size_t n = 1 + next_random(r, LARGEST_BATCH);

    if (n > CAPACITY - r->held)
        n = CAPACITY - r->held;
    if (n > TASKS - r->submitted)
        n = TASKS - r->submitted;
    for (size_t i = 0; i < n; i++) {
        size_t const at = r->submitted + i;
        bool const is_slow = next_random(r, 32) == 0;
        leases[i] = (struct lease){
            .task = {.id = id_of(at),
                     .queue = BYTES("q"),
                     .type = bytes_of(is_slow ? "slow" : "build"),
                     .payload = BYTES("{}"),
                     .timeout_ms = is_slow ? 1 : 1000,
                     .priority = (enum priority)next_random(r, PRIORITIES)},
            .token = token_of(at),
            .fencing = at,
        };
        r->is_held[at] = true;
    }
    if (n > 0 && executor_submit(r->executor, leases, n, kept, &err) < 0) {
        fprintf(stderr, "%s\n", err.text);
        exit(1);
    }
    r->submitted += n;
    r->held += n;
}

static void collect(struct race *r)
{
    struct finished out[CAPACITY];
    size_t running;

    system_wake_drain(r->wake);
    size_t const n = executor_collect(r->executor, out,
                                      1 + next_random(r, CAPACITY), &running);
    assert(running <= CONCURRENCY);
    for (size_t i = 0; i < n; i++) {
        assert(r->is_held[out[i].lease->fencing]);
        assert(!out[i].outcome.result.at || out[i].outcome.result.at[0] == '1');
        r->is_held[out[i].lease->fencing] = false;
    }
    executor_forget(r->executor, out, n);
    r->held -= n;
}

static void step(struct race *r)
{
    struct lease_token token;

    switch (next_random(r, 16)) {
    case 0:
        executor_withdraw(r->executor);
        break;
    case 1:
        executor_cancel(r->executor, NULL);
        break;
    case 2:
        token = token_of(next_random(r, (uint32_t)r->submitted + 1));
        executor_cancel(r->executor, &token);
        break;
    case 3:
        if (r->held > 0)
            executor_wait(r->executor, 1000);
        break;
    default:
        submit(r);
        break;
    }
    collect(r);
}

int main(void)
{
    static struct race r = {.random = 1};
    static struct wake gate; /* outlives main: it is for one that is stuck */
    struct clock_port clock;
    struct error err;
    struct lease stuck = {
        .task = {.queue = BYTES("q"), .type = BYTES("stuck")}};
    const struct lease *kept;
    static struct handler const table[] = {{"build", build, NULL},
                                           {"slow", until_cancelled, NULL},
                                           {"stuck", until_readable, &gate}};

    system_clock_open(&clock);
    if (system_wake_open(&r.wake, &err) || system_wake_open(&gate, &err))
        return 1;
    struct thread_executor_config const config = {.handlers = {table, 3},
                                                  .clock = clock,
                                                  .wake = r.wake,
                                                  .concurrency = CONCURRENCY,
                                                  .capacity = CAPACITY};
    if (thread_executor_open(&config, &r.executor, &err))
        return 1;

    while (r.submitted < TASKS || r.held > 0)
        step(&r);
    if (executor_submit(r.executor, &stuck, 1, &kept, &err))
        return 1;
    executor_close(r.executor);
    system_wake_close(&r.wake);
    system_wake_signal(gate); /* whoever is stuck leaves after the close */
    return 0;
}
