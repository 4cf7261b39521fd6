#include "tests/usecase/world.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>

#include "adapters/memory/memory_backend.h"

static struct outcome do_work(const struct handler_call *call, void *context)
{
    struct world *w = context;

    w->calls++;
    w->last = call->lease->task.id;
    w->last_attempt = call->lease->task.attempt;
    virtual_clock_advance(w->clock, w->takes_ms);
    return w->answer;
}

void world_open(struct world *w)
{
    struct backend_url url;

    *w = (struct world){.answer = {.kind = OUTCOME_DONE}};
    w->table[0] = (struct handler){"work", do_work, w};
    cr_assert(eq(int, backend_url_parse(BYTES("memory:"), &url, &w->err), 0));
    cr_assert(eq(int, memory_backend_open(&url, &w->backend, &w->err), 0));
    cr_assert(
        eq(int, virtual_clock_open(1750000000000, &w->clock, &w->err), 0));
    cr_assert(
        eq(int, scripted_random_open(NULL, 0, 1, &w->random, &w->err), 0));
    cr_assert(
        eq(int, w->backend.ops->open_admin(w->backend.self, &w->admin, &w->err),
           0));
    w->producer.clock = w->clock;
    w->producer.random = w->random;
    cr_assert(eq(int,
                 w->backend.ops->open_queue(w->backend.self, &w->producer.queue,
                                            &w->err),
                 0));
}

void world_close(struct world *w)
{
    queue_close(w->producer.queue);
    admin_close(w->admin);
    w->backend.ops->close(w->backend.self);
    w->random.ops->close(w->random.self);
    w->clock.ops->close(w->clock.self);
}

void worker_open(struct world *w, struct worker *worker, const char *name,
                 size_t concurrency)
{
    struct inline_executor_config const executor = {
        .handlers = {w->table, 1},
        .clock = w->clock,
        .concurrency = concurrency,
        .capacity = consumer_capacity(concurrency),
    };
    struct consumer_config config = {.plan = {.kind = PLAN_EVERY},
                                     .concurrency = concurrency,
                                     .lease_ms = LEASE_MS,
                                     .wake = WAKE_NEVER};
    struct arena room = {.size = consumer_room_bytes(concurrency)};
    struct queue_port inner;

    memcpy(config.worker, name, strlen(name) + 1);
    cr_assert(eq(
        int, w->backend.ops->open_queue(w->backend.self, &inner, &w->err), 0));
    cr_assert(eq(int, faulty_queue_open(inner, &worker->queue, &w->err), 0));
    cr_assert(eq(int, spy_metrics_open(&worker->spy, &w->err), 0));
    cr_assert(eq(
        int, inline_executor_open(&executor, &worker->executor, &w->err), 0));
    worker->room = room.base = malloc(room.size);
    cr_assert(ne(ptr, room.base, NULL));
    struct consumer_ports const ports = {worker->queue, worker->executor,
                                         w->clock, w->random, worker->spy};
    consumer_init(&worker->consumer, &config, ports, &room);
}

void worker_kill(struct worker *worker)
{
    queue_close(worker->queue);
    executor_close(worker->executor);
    worker->spy.ops->close(worker->spy.self);
    free(worker->room);
}

void worker_steps(struct world *w, struct worker *worker, size_t n)
{
    for (size_t i = 0; i < n; i++)
        consumer_step(&worker->consumer, clock_now_ms(w->clock));
}

void world_pass(struct world *w, int64_t ms)
{
    virtual_clock_advance(w->clock, ms);
}

struct task_spec work(void)
{
    struct task_spec spec = {.task = task_default()};

    spec.task.type = BYTES("work");
    spec.task.payload = BYTES("null");
    return spec;
}

struct task_id world_enqueue(struct world *w, const struct task_spec *spec)
{
    struct new_task room;
    struct enqueued result;

    cr_assert(eq(int,
                 enqueue(&w->producer, spec, 1, &room, &result, NULL, &w->err),
                 0),
              "%s", w->err.text);
    return result.id;
}

struct task_record world_find(struct world *w, const struct task_id *id,
                              bool *found)
{
    static char bytes[1 << 16];
    static struct arena mem = {.base = bytes, .size = sizeof(bytes)};
    struct task_ref const ref = {.id = *id};
    struct task_record record = {0};

    arena_reset(&mem);
    enum status const st = admin_find(w->admin, clock_now_ms(w->clock), &ref,
                                      &mem, &record, &w->err);
    cr_assert(ge(int, st, 0), "%s", w->err.text);
    *found = st == STATUS_OK;
    return record;
}
