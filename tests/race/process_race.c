/*
 * process_race.c - commands as handlers on many threads at once.
 *
 * Some end by themselves, some at their timeout, some when they are cancelled;
 * in the end each task has come out once.
 */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "adapters/process/exec_handler.h"
#include "adapters/system/system_clock.h"
#include "adapters/system/system_wake.h"
#include "adapters/threads/thread_executor.h"

enum { TASKS = 200, CONCURRENCY = 8 };

static const char *const types[] = {"quick", "chatty", "slow", "endless"};

enum { TYPES = 4, ENDLESS = 3 };

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

static struct lease lease_of(size_t n)
{
    return (struct lease){
        .task = {.id = id_of(n),
                 .queue = BYTES("q"),
                 .type = bytes_of(types[n % TYPES]),
                 .payload = BYTES("{}"),
                 .timeout_ms = n % TYPES == 2 ? 5 : 60000},
        .token = token_of(n),
        .fencing = n,
    };
}

static void submit_all(struct executor_port executor)
{
    struct error err;

    for (size_t n = 0; n < TASKS; n++) {
        struct lease const lease = lease_of(n);
        const struct lease *kept;

        if (executor_submit(executor, &lease, 1, &kept, &err) == STATUS_OK)
            continue;
        fprintf(stderr, "%s\n", err.text);
        exit(1);
    }
}

static void see(const struct finished *f, bool has_ended[TASKS])
{
    size_t const n = f->lease->fencing;

    assert(!has_ended[n]);
    has_ended[n] = true;
    switch (n % TYPES) {
    case 2:
        assert(f->outcome.kind == OUTCOME_RETRY); /* timed out */
        break;
    case ENDLESS:
        assert(f->outcome.kind == OUTCOME_RELEASE);
        break;
    default:
        assert(f->outcome.kind == OUTCOME_DONE);
        break;
    }
}

/* The endless are cancelled again and again: some have not yet begun. */
static void cancel_endless(struct executor_port executor,
                           const bool has_ended[TASKS])
{
    for (size_t n = ENDLESS; n < TASKS; n += TYPES) {
        struct lease_token const token = token_of(n);

        if (!has_ended[n])
            executor_cancel(executor, &token);
    }
}

static void collect_all(struct executor_port executor, struct wake wake)
{
    static bool has_ended[TASKS];
    struct finished out[TASKS];
    size_t ended = 0;
    size_t running;

    while (ended < TASKS) {
        executor_wait(executor, 10);
        system_wake_drain(wake);
        size_t const n = executor_collect(executor, out, TASKS, &running);
        for (size_t i = 0; i < n; i++)
            see(&out[i], has_ended);
        executor_forget(executor, out, n);
        ended += n;
        cancel_endless(executor, has_ended);
    }
}

int main(void)
{
    static struct exec_command commands[TYPES] = {
        {.command = "cat"},
        {.command = "seq 2000; seq 2000 >&2"},
        {.command = "exec sleep 1000"},
        {.command = "exec sleep 1000"}};
    static struct handler table[TYPES];
    struct thread_executor_config config = {.handlers = {table, TYPES},
                                            .concurrency = CONCURRENCY,
                                            .capacity = TASKS};
    struct executor_port executor;
    struct exec_host *host;
    struct error err;

    if (exec_host_open(&host, &err) || system_wake_open(&config.wake, &err))
        return 1;
    for (size_t i = 0; i < TYPES; i++) {
        commands[i].host = host;
        table[i] = (struct handler){types[i], exec_handler_run, &commands[i]};
    }
    system_clock_open(&config.clock);
    if (thread_executor_open(&config, &executor, &err))
        return 1;

    submit_all(executor);
    collect_all(executor, config.wake);

    executor_close(executor);
    exec_host_close(host);
    system_wake_close(&config.wake);
    return 0;
}
