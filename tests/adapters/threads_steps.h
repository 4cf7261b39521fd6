/*
 * threads_steps.h - a pool of threads, and handlers that tests can hold back.
 *
 * What is promised about order and numbers is checked at gates that hold the
 * handlers back, never by waiting for time to pass.
 */
#ifndef TESTS_ADAPTERS_THREADS_STEPS_H
#define TESTS_ADAPTERS_THREADS_STEPS_H

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

static inline struct outcome done(void)
{
    return (struct outcome){.kind = OUTCOME_DONE};
}

static inline struct outcome nothing(const struct handler_call *call,
                                     void *context)
{
    (void)call;
    (void)context;
    return done();
}

static inline struct outcome note(const struct handler_call *call,
                                  void *context)
{
    (void)context;
    order[atomic_fetch_add(&order_len, 1)] = call->lease->task.payload.at[0];
    return done();
}

static inline struct outcome wait_at_gate(const struct handler_call *call,
                                          void *context)
{
    (void)call;
    (void)context;
    sem_post(&begun);
    sem_wait(&gate);
    return done();
}

static inline struct outcome fail_at_gate(const struct handler_call *call,
                                          void *context)
{
    wait_at_gate(call, context);
    return (struct outcome){.kind = OUTCOME_RETRY};
}

static inline struct outcome echo(const struct handler_call *call,
                                  void *context)
{
    (void)context;
    return (struct outcome){.kind = OUTCOME_DONE,
                            .result = call->lease->task.payload};
}

/* Its result lives in the arena, as long as the payload says. */
static inline struct outcome build(const struct handler_call *call,
                                   void *context)
{
    size_t const len = (size_t)atol(call->lease->task.payload.at);
    char *at = arena_alloc(call->mem, len);
    (void)context;

    memset(at, ' ', len);
    memcpy(at, call->lease->task.payload.at, call->lease->task.payload.len);
    return (struct outcome){.kind = OUTCOME_DONE, .result = {at, len}};
}

/* Sleeps on its wake; what it then says is "cancelled". */
static inline struct outcome until_cancelled(const struct handler_call *call,
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
static inline struct outcome ask(const struct handler_call *call, void *context)
{
    struct pollfd at = {.fd = call->cancel.fd, .events = POLLIN};
    (void)context;

    bool const is_asked = call->is_cancelled(call) || poll(&at, 1, 0) != 0;
    return (struct outcome){.kind = is_asked ? OUTCOME_REJECT : OUTCOME_DONE};
}

static inline struct outcome read_mask(const struct handler_call *call,
                                       void *context)
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

static inline void given_an_executor(size_t concurrency)
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

static inline void close_all(void)
{
    executor_close(executor);
    system_wake_close(&wake);
}

static inline struct lease lease_of(const char *id, const char *type,
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

static inline void submit(const char *id, const char *type, const char *payload)
{
    struct lease const lease = lease_of(id, type, payload, PRIORITY_NORMAL);
    const struct lease *kept;

    cr_assert(
        eq(int, executor_submit(executor, &lease, 1, &kept, &err), STATUS_OK));
}

/* Collects n, sleeping on the wake as the engine does. */
static inline void collect(struct finished *out, size_t n)
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

static inline bool is_awake(void)
{
    struct pollfd at = {.fd = wake.fd, .events = POLLIN};

    return poll(&at, 1, 0) == 1;
}

#endif
