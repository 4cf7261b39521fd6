/*
 * testing.c - the kit of millrace-testing.h: the real engine and the real
 * store, over a clock, an executor and faults that the test commands.
 */
#include <stdlib.h>

#include "adapters/doubles/faulty_queue.h"
#include "adapters/doubles/inline_executor.h"
#include "adapters/doubles/scripted_random.h"
#include "adapters/doubles/spy_metrics.h"
#include "adapters/doubles/virtual_clock.h"
#include "cmd/library/client.h"
#include "cmd/library/millrace-testing.h"
#include "cmd/library/registry.h"
#include "usecase/consume.h"

#define START_MS INT64_C(1893456000000) /* 2030-01-01T00:00:00Z */
#define FAULTS_MAX 100                  /* in a row: the fault does not end */

struct mr_testing {
    struct home *home;
    struct mr_client *client;
    struct clock_port clock;
    struct random_port random;
    struct queue_port queue;
    struct metrics_port metrics;
    struct observer observer; /* nobody listens */
    struct registry registry;
    struct executor_port executor; /* from the first run on, as is the rest */
    struct consumer consumer;
    char *room;
    bool is_running;
};

/* A memory backend, under the kit's clock. */
static enum status open_home(struct mr_testing *kit, struct error *err)
{
    struct backend_url url;
    struct place place;
    enum status st = backend_url_parse(BYTES("memory:"), &url, err);

    if (st == STATUS_OK)
        st = place_open(&url, &place, err);
    if (st < 0)
        return st;
    st = virtual_clock_open(START_MS, &kit->clock, err);
    if (st < 0) {
        place_close(&place);
        return st;
    }
    place_set_clock(&place, kit->clock);
    kit->home = home_new(&place);
    if (kit->home)
        return STATUS_OK;
    place_close(&place);
    return error_set(err, STATUS_NO_MEMORY, NULL, "no memory for a kit");
}

static enum status open_faulty(struct mr_testing *kit, struct queue_port *out,
                               struct error *err)
{
    struct queue_port inner;
    enum status st = home_open_queue(kit->home, &inner, err);

    if (st < 0)
        return st;
    st = faulty_queue_open(inner, out, err);
    if (st < 0)
        queue_close(inner);
    return st;
}

static enum status open_parts(struct mr_testing *kit, struct error *err)
{
    struct mr_error ignored;
    enum status st = open_home(kit, err);

    if (st < 0)
        return st;
    if (client_new(kit->home, "memory:", &kit->client, &ignored) != MR_OK)
        return error_set(err, STATUS_NO_MEMORY, NULL, "no memory for a kit");
    kit->client->is_hasty = true;
    st = scripted_random_open(NULL, 0, 1, &kit->client->random, err);
    if (st == STATUS_OK)
        st = open_faulty(kit, &kit->client->queue, err);
    if (st == STATUS_OK)
        st = scripted_random_open(NULL, 0, 2, &kit->random, err);
    if (st == STATUS_OK)
        st = open_faulty(kit, &kit->queue, err);
    if (st == STATUS_OK)
        st = spy_metrics_open(&kit->metrics, err);
    return st;
}

void mr_testing_free(struct mr_testing *kit)
{
    if (!kit)
        return;
    if (kit->executor.ops)
        executor_close(kit->executor);
    if (kit->metrics.ops)
        metrics_close(kit->metrics);
    if (kit->queue.ops)
        queue_close(kit->queue);
    if (kit->random.ops)
        kit->random.ops->close(kit->random.self);
    mr_client_free(kit->client);
    home_let_go(kit->home);
    observer_release(&kit->observer);
    free(kit->room);
    free(kit);
}

enum mr_code mr_testing_open(struct mr_testing **out, struct mr_error *err)
{
    struct error why;

    if (!out)
        return refuse(err, MR_MISUSE, "out", "mr_testing_open: out is NULL");
    struct mr_testing *kit = calloc(1, sizeof(*kit));
    if (!kit)
        return refuse(err, MR_NO_MEMORY, NULL, "no memory for a kit");
    observer_init(&kit->observer, NULL, NULL);
    kit->registry.observer = &kit->observer;
    enum status const st = open_parts(kit, &why);
    if (st < 0)
        mr_testing_free(kit);
    else
        *out = kit;
    return failure(err, st, &why);
}

struct mr_client *mr_testing_client(struct mr_testing *kit)
{
    return kit ? kit->client : NULL;
}

int64_t mr_testing_now_ms(const struct mr_testing *kit)
{
    return kit ? clock_now_ms(kit->clock) : 0;
}

void mr_testing_pass(struct mr_testing *kit, int64_t ms)
{
    if (kit && ms > 0 && ms <= DURATION_MAX_MS)
        virtual_clock_advance(kit->clock, ms);
}

enum mr_code mr_testing_handle(struct mr_testing *kit, const char *type,
                               mr_handler handler, void *context,
                               struct mr_error *err)
{
    struct error why;

    if (!kit || !type || !handler)
        return refuse(err, MR_MISUSE, NULL,
                      "the kit, the type or the handler is NULL");
    if (kit->executor.ops)
        return refuse(err, MR_MISUSE, "kit",
                      "handlers are registered before anything has run");
    return failure(
        err, registry_add(&kit->registry, type, handler, context, &why), &why);
}

static enum status open_executor(struct mr_testing *kit, struct error *err)
{
    struct inline_executor_config const config = {
        .handlers = {kit->registry.table, kit->registry.count},
        .clock = kit->clock,
        .concurrency = 1,
        .capacity = consumer_capacity(1),
    };

    return inline_executor_open(&config, &kit->executor, err);
}

/* Makes the worker, when something is first to be run. */
static enum status need_worker(struct mr_testing *kit, struct error *err)
{
    struct consumer_config const config = {.plan = {.kind = PLAN_EVERY},
                                           .worker = "testing",
                                           .concurrency = 1,
                                           .lease_ms = DEFAULT_LEASE_MS,
                                           .wake = WAKE_NEVER};
    struct arena room = {.size = consumer_room_bytes(1)};

    if (kit->executor.ops)
        return STATUS_OK;
    room.base = malloc(room.size);
    if (!room.base)
        return error_set(err, STATUS_NO_MEMORY, NULL, "no memory for tasks");
    enum status const st = open_executor(kit, err);
    if (st < 0) {
        free(room.base);
        return st;
    }
    struct consumer_ports const ports = {.queue = kit->queue,
                                         .executor = kit->executor,
                                         .clock = kit->clock,
                                         .random = kit->random,
                                         .metrics = kit->metrics};
    kit->room = room.base;
    consumer_init(&kit->consumer, &config, ports, &room);
    return STATUS_OK;
}

/* Takes one step; true: there may be more to do now. */
static bool step(struct mr_testing *kit)
{
    struct consumer *c = &kit->consumer;
    const struct spy_record *record = spy_metrics_record(kit->metrics);
    size_t const before = record->attempts;

    consumer_step(c, clock_now_ms(kit->clock));
    return !consumer_is_idle(c) || record->attempts > before || c->faults > 0;
}

/* The worker waits until it tries again: the time passes. */
static enum status sit_out_fault(struct mr_testing *kit, struct error *err)
{
    const struct spy_record *record = spy_metrics_record(kit->metrics);
    struct consumer *c = &kit->consumer;
    int64_t const wait_ms = c->retry_at_ms - clock_now_ms(kit->clock);

    if (c->faults >= FAULTS_MAX)
        return error_set(err, record->failed_status, NULL, record->failed_text);
    if (wait_ms > 0)
        virtual_clock_advance(kit->clock, wait_ms);
    return STATUS_OK;
}

/* Steps until nothing is left to do at this time: the first step that finds
 * nothing has the next one look for what is due. */
static enum status drain(struct mr_testing *kit, struct error *err)
{
    for (int idle = 0; idle < 2; idle++) {
        if (step(kit))
            idle = -1;
        if (kit->consumer.faults == 0)
            continue;
        enum status const st = sit_out_fault(kit, err);
        if (st < 0)
            return st;
    }
    return STATUS_OK;
}

/* Lets time pass until end_ms, stopping where something is due. */
static enum status advance(struct mr_testing *kit, int64_t end_ms,
                           struct error *err)
{
    enum status st = drain(kit, err);
    int64_t now_ms;

    while (st == STATUS_OK && (now_ms = clock_now_ms(kit->clock)) < end_ms) {
        int64_t const due_ms = kit->consumer.due_at_ms;
        int64_t const next_ms = due_ms < end_ms ? due_ms : end_ms;
        virtual_clock_advance(kit->clock,
                              next_ms > now_ms ? next_ms - now_ms : 1);
        st = drain(kit, err);
    }
    return st;
}

static enum mr_code run(struct mr_testing *kit, int64_t ms, size_t *ran,
                        struct mr_error *err)
{
    struct error why;

    if (!kit)
        return refuse(err, MR_MISUSE, "kit", "the kit is NULL");
    if (ms < 0 || ms > DURATION_MAX_MS)
        return failure(
            err, error_out_of_range(&why, "ms", ms, 0, DURATION_MAX_MS), &why);
    if (kit->is_running)
        return refuse(err, MR_MISUSE, "kit",
                      "the kit is running already: this is its handler");
    enum status st = need_worker(kit, &why);
    if (st < 0)
        return failure(err, st, &why);

    const struct spy_record *record = spy_metrics_record(kit->metrics);
    size_t const before = record->attempts;
    kit->is_running = true;
    st = advance(kit, clock_now_ms(kit->clock) + ms, &why);
    kit->is_running = false;
    if (ran)
        *ran = record->attempts - before;
    return failure(err, st, &why);
}

enum mr_code mr_testing_drain(struct mr_testing *kit, size_t *ran,
                              struct mr_error *err)
{
    return run(kit, 0, ran, err);
}

enum mr_code mr_testing_advance(struct mr_testing *kit, int64_t ms, size_t *ran,
                                struct mr_error *err)
{
    return run(kit, ms, ran, err);
}

static bool read_op(enum mr_testing_op op, enum queue_op *out)
{
    switch (op) {
    case MR_TESTING_ENQUEUE:
        *out = QUEUE_ENQUEUE;
        return true;
    case MR_TESTING_LEASE:
        *out = QUEUE_LEASE;
        return true;
    case MR_TESTING_SETTLE:
        *out = QUEUE_SETTLE;
        return true;
    case MR_TESTING_PROMOTE:
        *out = QUEUE_PROMOTE;
        return true;
    }
    return false;
}

enum mr_code mr_testing_fail(struct mr_testing *kit, enum mr_testing_op op,
                             enum mr_testing_time when, size_t skip,
                             size_t times, enum mr_code code,
                             struct mr_error *err)
{
    enum queue_op which;
    enum status fault;

    if (!kit)
        return refuse(err, MR_MISUSE, "kit", "the kit is NULL");
    if (!read_op(op, &which))
        return refuse(err, MR_INVALID, "op", "op: there is no such operation");
    if (when != MR_TESTING_BEFORE && when != MR_TESTING_AFTER)
        return refuse(err, MR_INVALID, "when", "when: must be before or after");
    if (!fault_of_code(code, &fault))
        return refuse(err, MR_INVALID, "code",
                      "code: a backend does not fail with that");
    faulty_queue_fail(which == QUEUE_ENQUEUE ? kit->client->queue : kit->queue,
                      which,
                      when == MR_TESTING_BEFORE ? FAULT_BEFORE : FAULT_AFTER,
                      skip, times, fault);
    return MR_OK;
}
