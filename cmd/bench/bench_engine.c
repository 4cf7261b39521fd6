#include "cmd/bench/bench_engine.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>

#include "adapters/system/system_wake.h"
#include "adapters/threads/thread_executor.h"
#include "domain/text.h"
#include "usecase/consume.h"

#define STEP_MS 1000 /* how long a step may wait; all that counts wakes it */
#define GIVE_BACK_NS INT64_C(5000000000)

struct run {
    const struct bench_engine *engine;
    struct bench_board *board;
    struct bench_tally *tally;
    struct clock_port clock;
    struct executor_port executor;
    struct consumer consumer;
    char *room;
};

/* Notes when the task whose number leads the payload was started first. */
static struct outcome handle(const struct handler_call *call, void *context)
{
    struct bench_board *board = context;
    struct bytes const payload = call->lease->task.payload;
    struct bytes const digits = {payload.at + 1, BENCH_PAYLOAD_MIN - 2};
    int64_t number;
    long long none = 0;

    if (board->started_ns &&
        text_read_int(digits, BENCH_TASKS_MAX - 1, &number))
        atomic_compare_exchange_strong(&board->started_ns[number], &none,
                                       bench_now_ns());
    return (struct outcome){.kind = OUTCOME_DONE};
}

/* Whoever settles the last task says so. */
static void run_attempt_settled(void *self, const struct attempt_report *report)
{
    struct bench_board *board = ((struct run *)self)->board;

    if (report->status != STATUS_OK ||
        report->verdict->action != VERDICT_DONE ||
        atomic_fetch_sub(&board->left, 1) != 1)
        return;
    atomic_store(&board->end_ns, bench_now_ns());
    system_wake_signal(board->news);
}

/* The engine would go on as soon as it can; but then it measures something
 * else. */
static void run_backend_failed(void *self, const char *op, enum status status,
                               const struct error *err)
{
    struct run *run = self;

    (void)op;
    (void)status;
    bench_board_fail(run->board, err);
}

static void run_backend_recovered(void *self)
{
    (void)self;
}

static void run_metrics_close(void *self)
{
    (void)self;
}

static const struct metrics_ops run_metrics_ops = {
    .name = "bench",
    .attempt_settled = run_attempt_settled,
    .backend_failed = run_backend_failed,
    .backend_recovered = run_backend_recovered,
    .close = run_metrics_close,
};

static void set_up_consumer(struct run *run, const struct bench_ports *ports)
{
    const struct bench_engine *engine = run->engine;
    size_t const concurrency = (size_t)engine->config->concurrency;
    struct arena room = {.base = run->room,
                         .size = consumer_room_bytes(concurrency)};
    struct consumer_ports const of_consumer = {
        .queue = ports->queue,
        .executor = run->executor,
        .clock = ports->clock,
        .random = ports->random,
        .metrics = {&run_metrics_ops, run},
    };
    struct consumer_config config = {
        .plan = {.kind = PLAN_STRICT,
                 .count = 1,
                 .queues = {{.name = BENCH_QUEUE, .weight = 1}}},
        .concurrency = concurrency,
        .lease_ms = DEFAULT_LEASE_MS,
        .wake = engine->wake,
    };

    snprintf(config.worker, sizeof(config.worker), "bench-%zu", engine->index);
    consumer_init(&run->consumer, &config, of_consumer, &room);
}

static enum status set_up(struct run *run, const struct handler *handler,
                          const struct bench_ports *ports, struct error *err)
{
    size_t const concurrency = (size_t)run->engine->config->concurrency;
    struct thread_executor_config const config = {
        .handlers = {handler, 1},
        .clock = ports->clock,
        .wake = run->engine->wake,
        .concurrency = concurrency,
        .capacity = consumer_capacity(concurrency),
    };

    run->room = malloc(consumer_room_bytes(concurrency));
    if (!run->room)
        return error_set(err, STATUS_NO_MEMORY, NULL,
                         "bench: no memory for a worker");
    enum status const st = thread_executor_open(&config, &run->executor, err);
    if (st < 0)
        return st;
    set_up_consumer(run, ports);
    return STATUS_OK;
}

static void tear_down(struct run *run)
{
    if (run->executor.ops)
        executor_close(run->executor);
    free(run->room);
}

static void wait_for_gate(struct run *run)
{
    struct pollfd at[] = {{.fd = run->board->gate.fd, .events = POLLIN},
                          {.fd = run->engine->wake.fd, .events = POLLIN}};

    atomic_fetch_add(&run->board->ready, 1);
    system_wake_signal(run->board->news);
    while (!atomic_load(&run->board->is_stopping) && at[0].revents == 0)
        poll(at, 2, -1);
}

static void step(struct run *run)
{
    system_wake_drain(run->engine->wake);
    consumer_step(&run->consumer, clock_now_ms(run->clock) + STEP_MS);
}

/* Ends what it holds, so that no handler runs on. */
static void stop(struct run *run)
{
    int64_t const deadline_ns = bench_now_ns() + GIVE_BACK_NS;

    consumer_stop(&run->consumer);
    while (!consumer_is_idle(&run->consumer) && bench_now_ns() < deadline_ns &&
           !atomic_load(&run->board->has_fault))
        step(run);
}

static void work(struct run *run)
{
    int64_t const before_us = bench_cpu_us();

    while (!atomic_load(&run->board->is_stopping))
        step(run);
    atomic_store(&run->tally->cpu_us, bench_cpu_us() - before_us);
    atomic_store(&run->tally->peak_kb, bench_peak_kb());
}

void bench_engine_run(const struct bench_engine *engine,
                      const struct bench_ports *ports)
{
    struct run run = {.engine = engine,
                      .board = engine->board,
                      .tally = &engine->board->tallies[engine->index],
                      .clock = ports->clock};
    struct handler const handler = {
        .type = BENCH_TYPE, .run = handle, .context = engine->board};
    struct error err;

    if (set_up(&run, &handler, ports, &err) == STATUS_OK) {
        wait_for_gate(&run);
        work(&run);
        stop(&run);
    } else {
        bench_board_fail(engine->board, &err);
    }
    tear_down(&run);
}
