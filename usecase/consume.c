#include "usecase/consume.h"

#include <assert.h>

#include "usecase/consume_parts.h"

/* Room for the bytes of one batch: at least one task of the largest kind. */
#define BATCH_BYTES ((size_t)4 * 1024 * 1024)

/* The most that one task's bytes take, with what copying adds. */
#define TASK_BYTES                                                             \
    ((size_t)PAYLOAD_MAX + HEADERS_MAX + KEY_MAX + ERROR_TAIL_MAX +            \
     QUEUE_NAME_MAX + TYPE_NAME_MAX + 64)

/* How a worker waits for a backend that fails: 50 ms, doubling, to 1 s, so
 * that none is idle for long once it is there again. */
static const struct backoff fault_backoff = {
    .kind = BACKOFF_EXPONENTIAL,
    .jitter = JITTER_EQUAL,
    .factor_milli = 2000,
    .base_ms = 50,
    .max_ms = 1000,
};

size_t consumer_capacity(size_t concurrency)
{
    return concurrency + PREFETCH_MAX;
}

size_t consumer_room_bytes(size_t concurrency)
{
    size_t const a_task = sizeof(struct lease *) + sizeof(size_t) +
                          sizeof(struct finished) + sizeof(struct lease) +
                          sizeof(struct lease *) + sizeof(struct settlement) +
                          sizeof(struct renewal) + sizeof(enum status);
    size_t const padding = 10 * 16;

    return consumer_capacity(concurrency) * a_task + BATCH_BYTES + TASK_BYTES +
           padding;
}

static void *carve(struct arena *room, size_t size)
{
    void *at = arena_alloc(room, size);

    assert(at); /* the caller promised consumer_room_bytes() */
    return at;
}

void consumer_init(struct consumer *c, const struct consumer_config *config,
                   struct consumer_ports ports, struct arena *room)
{
    size_t const n = consumer_capacity(config->concurrency);
    assert(config->concurrency >= 1 && config->concurrency <= CONCURRENCY_MAX);
    assert(config->lease_ms >= LEASE_MIN_MS);

    *c = (struct consumer){.config = *config, .ports = ports, .capacity = n};
    c->held = carve(room, n * sizeof(struct lease *));
    c->free_slots = carve(room, n * sizeof(size_t));
    c->finished = carve(room, n * sizeof(struct finished));
    c->leases = carve(room, n * sizeof(struct lease));
    c->kept = carve(room, n * sizeof(struct lease *));
    c->settlements = carve(room, n * sizeof(struct settlement));
    c->renewals = carve(room, n * sizeof(struct renewal));
    c->results = carve(room, n * sizeof(enum status));
    c->batch.base = arena_alloc(room, BATCH_BYTES);
    c->batch.size = BATCH_BYTES;
    c->aside_mem.base = arena_alloc(room, TASK_BYTES);
    c->aside_mem.size = TASK_BYTES;
    assert(c->batch.base && c->aside_mem.base);
    for (size_t i = 0; i < n; i++) {
        c->held[i] = NULL;
        c->free_slots[i] = n - 1 - i;
    }
    c->due_at_ms = INT64_MAX;
}

enum status consume_failed(struct consumer *c, const char *op, enum status st,
                           const struct error *err)
{
    metrics_backend_failed(c->ports.metrics, op, st, err);
    return st;
}

static void collect(struct consumer *c)
{
    c->finished_count +=
        executor_collect(c->ports.executor, c->finished + c->finished_count,
                         c->capacity - c->finished_count, &c->running);
}

static int64_t earliest(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* When the next thing is to be done, if nothing happens before. */
static int64_t wait_until(const struct consumer *c, int64_t until_ms)
{
    until_ms = earliest(until_ms, c->due_at_ms);
    until_ms = earliest(until_ms, c->reap_at_ms);
    if (c->held_count > 0)
        until_ms = earliest(until_ms, c->extend_at_ms);
    if (c->is_set_aside)
        until_ms = earliest(until_ms, c->aside_until_ms);
    return until_ms;
}

/* Begins what there is room for, or waits. */
static enum status proceed(struct consumer *c, int64_t now_ms, int64_t until_ms)
{
    size_t const room = consume_room(c);
    size_t leased = 0;

    if (c->is_stopping && c->held_count == 0)
        return STATUS_OK; /* nothing will come any more */
    until_ms = wait_until(c, until_ms);
    if (room == 0) {
        executor_wait(c->ports.executor, until_ms - now_ms);
        return STATUS_OK;
    }

    enum status const st = consume_lease(c, room, until_ms, &leased);
    if (st == STATUS_OK && leased == 0)
        c->promote_at_ms = 0; /* it may have been woken by a due time */
    return st;
}

static enum status work(struct consumer *c, int64_t now_ms, int64_t until_ms)
{
    enum status st = consume_settle_finished(c);

    if (st >= 0)
        st = consume_upkeep(c, now_ms);
    if (st >= 0)
        st = consume_attend_aside(c, now_ms);
    if (st >= 0)
        st = proceed(c, now_ms, until_ms);
    return st;
}

/* After the clock was set back, nothing waits for the time it was before. */
static void forget_times(struct consumer *c)
{
    c->promote_at_ms = 0;
    c->due_at_ms = INT64_MAX;
    c->reap_at_ms = 0;
    c->extend_at_ms = 0;
    c->retry_at_ms = 0;
    c->aside_until_ms = 0;
}

void consumer_step(struct consumer *c, int64_t until_ms)
{
    int64_t const now_ms = clock_now_ms(c->ports.clock);

    if (now_ms < c->seen_ms)
        forget_times(c);
    c->seen_ms = now_ms;
    collect(c);
    if (now_ms < c->retry_at_ms) {
        until_ms = earliest(until_ms, c->retry_at_ms);
        executor_wait(c->ports.executor, until_ms - now_ms);
        return;
    }

    if (work(c, now_ms, until_ms) < 0) {
        c->faults++;
        c->retry_at_ms = clock_now_ms(c->ports.clock) +
                         backoff_jittered_ms(&fault_backoff, c->faults,
                                             random_bits(c->ports.random));
    } else if (c->faults > 0) {
        c->faults = 0;
        metrics_backend_recovered(c->ports.metrics);
    }
}

void consumer_set_quiet(struct consumer *c, bool is_quiet)
{
    c->is_quiet = is_quiet;
}

void consumer_stop(struct consumer *c)
{
    c->is_stopping = true;
    executor_withdraw(c->ports.executor);
}

void consumer_cancel_all(struct consumer *c)
{
    executor_cancel(c->ports.executor, NULL);
}

bool consumer_is_idle(const struct consumer *c)
{
    return c->held_count == 0 && !c->is_set_aside;
}

enum status consumer_abandon(struct consumer *c, struct error *err)
{
    struct outcome const release = {.kind = OUTCOME_RELEASE};
    size_t n = 0;

    /* What has finished need not run again; a fault is told to the metrics,
     * and what it leaves goes back with the rest. */
    enum status const settled = consume_settle_finished(c);
    (void)settled;
    for (size_t slot = 0; slot < c->capacity; slot++) {
        if (!c->held[slot])
            continue;
        consume_judge(c, n, c->held[slot], &release, 0);
        n++;
    }
    if (c->is_set_aside)
        consume_judge(c, n++, &c->aside, &release, 0);
    for (size_t at = 0; at < n; at += BATCH_MAX) {
        size_t const part = n - at < BATCH_MAX ? n - at : BATCH_MAX;
        enum status const st =
            queue_settle(c->ports.queue, clock_now_ms(c->ports.clock),
                         c->settlements + at, part, c->results, err);
        if (st < 0)
            return st;
    }
    return STATUS_OK;
}
