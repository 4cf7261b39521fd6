/*
 * worker.c - the worker command: the engine's loop and its end.
 *
 * The engine owns this thread; handlers run on others. A signal only signals
 * the wake that ends the engine's waits; here is decided what follows:
 *   running    until told to stop, or drained
 *   stopping   leases nothing more; handlers may finish, until the deadline
 *   cancelled  handlers are asked to end; until a last deadline
 * Whatever is held then is given back, so that others need not wait for its
 * lease to run out.
 */
#include "cmd/worker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "adapters/log/log_metrics.h"
#include "adapters/system/system_clock.h"
#include "adapters/system/system_wake.h"
#include "adapters/threads/thread_executor.h"
#include "cmd/output.h"
#include "cmd/signals.h"
#include "cmd/wire.h"
#include "cmd/worker_metrics.h"
#include "domain/text.h"
#include "usecase/heartbeat.h"
#include "usecase/inspect.h"

/* A command takes four descriptors and its thread one; the backend and others
 * some. */
#define DESCRIPTORS(concurrency) (5 * (concurrency) + 64)
#define END_LOOK_MS 100 /* how often to look whether all is done */
#define CANCEL_MS (EXEC_GRACE_MS + 2000) /* how long stopped handlers have */
#define CANCEL_AT_ONCE_MS 1000           /* the same, when told twice */

enum stage {
    STAGE_RUNNING,
    STAGE_STOPPING,
    STAGE_CANCELLED,
};

struct worker {
    const struct worker_options *options;
    struct worker_handlers handlers;
    struct wire wire;
    struct wake wake;
    struct clock_port log_clock;
    struct log log;
    struct metrics_port metrics;
    struct worker_metrics *served; /* NULL: no --metrics */
    struct executor_port executor;
    char *room;
    struct consumer consumer;
    struct heartbeat heartbeat;
    enum stage stage;
    int64_t deadline_ms;   /* of the stage, by the monotonic clock */
    int64_t drain_look_ms; /* when to look again, by the same */
    int64_t beat_at_ms;    /* the next heartbeat */
    int stops_heeded;
    bool is_quiet;
    bool is_drained;
};

static int64_t monotonic_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void say(const struct worker *w, enum log_level level, const char *event)
{
    struct log_field const fields[] = {
        log_text("worker", bytes_of(w->options->name))};

    log_write(&w->log, level, event, fields, 1);
}

static void say_started(const struct worker *w)
{
    struct log_field const fields[] = {
        log_text("worker", bytes_of(w->options->name)),
        log_text("queues", bytes_of(w->heartbeat.info.queues)),
        log_number("concurrency", w->options->concurrency),
        log_text("url", bytes_of(w->wire.url.masked)),
        log_number("pid", getpid()),
    };

    log_write(&w->log, LEVEL_INFO, "worker started", fields, 5);
}

static void set_up_heartbeat(struct worker *w)
{
    struct worker_info *info = &w->heartbeat.info;
    struct text queues = text_in(info->queues, sizeof(info->queues));

    w->heartbeat.fleet = w->wire.fleet;
    w->heartbeat.clock = w->wire.clock;
    memcpy(info->name, w->options->name, sizeof(info->name));
    if (gethostname(info->host, sizeof(info->host) - 1) < 0)
        memcpy(info->host, "?", 2);
    queue_plan_add(&queues, &w->options->plan);
    info->pid = getpid();
    info->concurrency = w->options->concurrency;
    info->started_at_ms = clock_now_ms(w->wire.clock);
}

static enum status open_executor(struct worker *w, struct error *err)
{
    size_t const concurrency = (size_t)w->options->concurrency;
    struct thread_executor_config const config = {
        .handlers = {w->handlers.table, w->handlers.count},
        .clock = w->wire.clock,
        .wake = w->wake,
        .concurrency = concurrency,
        .capacity = consumer_capacity(concurrency),
    };

    return thread_executor_open(&config, &w->executor, err);
}

static enum status set_up_consumer(struct worker *w, struct error *err)
{
    size_t const concurrency = (size_t)w->options->concurrency;
    struct consumer_config config = {.plan = w->options->plan,
                                     .concurrency = concurrency,
                                     .lease_ms = w->options->lease_ms,
                                     .wake = w->wake};
    struct consumer_ports const ports = {.queue = w->wire.queue,
                                         .executor = w->executor,
                                         .clock = w->wire.clock,
                                         .random = w->wire.random,
                                         .metrics = w->metrics};
    struct arena room = {.size = consumer_room_bytes(concurrency)};

    w->room = malloc(room.size);
    if (!w->room)
        return error_set(err, STATUS_NO_MEMORY, NULL, "no memory for tasks");
    room.base = w->room;
    memcpy(config.worker, w->options->name, sizeof(config.worker));
    consumer_init(&w->consumer, &config, ports, &room);
    return STATUS_OK;
}

static enum status open_parts(struct worker *w, struct error *err)
{
    enum status st = system_wake_open(&w->wake, err);

    system_clock_open(&w->log_clock);
    w->log = (struct log){.fd = STDERR_FILENO,
                          .least = w->options->log_level,
                          .format = w->options->log_format,
                          .clock = w->log_clock};
    if (st == STATUS_OK)
        st = log_metrics_open(&w->log, &w->metrics, err);
    if (st == STATUS_OK && w->options->has_metrics)
        st = worker_metrics_open(&w->options->metrics, &w->wire, &w->log,
                                 &w->metrics, &w->served, err);
    if (st == STATUS_OK)
        st = open_executor(w, err);
    if (st == STATUS_OK)
        st = set_up_consumer(w, err);
    if (st < 0)
        return st;
    metrics_port_check(w->metrics);
    executor_port_check(w->executor);
    set_up_heartbeat(w);
    return STATUS_OK;
}

static void worker_close(struct worker *w, enum exit_code code)
{
    if (w->executor.ops)
        executor_close(w->executor);
    if (w->metrics.ops)
        metrics_close(w->metrics);
    if (!worker_metrics_close(w->served))
        _exit((int)output_end(code));
    if (w->log_clock.ops)
        w->log_clock.ops->close(w->log_clock.self);
    wire_close(&w->wire);
    worker_handlers_close(&w->handlers);
    free(w->room);
    /* The wake stays open: a signal may come until the end. */
}

/* The soft limit is low for the sake of select(), which is not used here. */
static void raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit); /* failed: it is as it was */
}

static void warn_of_few_descriptors(const struct worker *w)
{
    struct rlimit limit;
    int64_t const wanted = DESCRIPTORS(w->options->concurrency);
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 ||
        limit.rlim_cur >= (rlim_t)wanted)
        return;

    struct log_field const fields[] = {
        log_number("limit", (int64_t)limit.rlim_cur),
        log_number("wanted", wanted),
        log_text("hint", BYTES("lower --concurrency or raise ulimit -n")),
    };
    log_write(&w->log, LEVEL_WARN, "descriptors may run out", fields, 3);
}

static enum exit_code worker_open(struct worker *w,
                                  const struct globals *globals)
{
    struct error err;

    /* The commands' guard before anything else: it is a fork of us. */
    enum status st = worker_handlers_open(w->options, &w->handlers, &err);
    if (st < 0) {
        complain("millrace: %s", err.text);
        return CODE_FAILED;
    }
    raise_descriptor_limit();
    enum exit_code const code = wire_open(
        globals, WIRE_QUEUE | WIRE_ADMIN | WIRE_FLEET | WIRE_RANDOM, &w->wire);
    if (code != CODE_FINE)
        return code;
    if (w->handlers.count == 0) {
        complain("millrace: no handlers: add --exec TYPE=COMMAND or --demo");
        return CODE_USAGE;
    }
    st = open_parts(w, &err);
    if (st < 0) {
        complain("millrace: %s", err.text);
        return CODE_FAILED;
    }
    return CODE_FINE;
}

static void begin_stop(struct worker *w)
{
    w->stage = STAGE_STOPPING;
    w->deadline_ms = monotonic_ms() + w->options->shutdown_ms;
    say(w, LEVEL_INFO, "worker stopping");
    consumer_stop(&w->consumer);
}

static void cancel(struct worker *w, int64_t patience_ms)
{
    int64_t const deadline_ms = monotonic_ms() + patience_ms;

    if (w->stage != STAGE_CANCELLED || deadline_ms < w->deadline_ms)
        w->deadline_ms = deadline_ms;
    w->stage = STAGE_CANCELLED;
    say(w, LEVEL_WARN, "worker stopping its handlers");
    consumer_cancel_all(&w->consumer);
}

static void heed_signals(struct worker *w)
{
    int const stops = signals_stops();
    bool const is_quiet = signals_is_quiet();

    if (is_quiet != w->is_quiet) {
        w->is_quiet = is_quiet;
        consumer_set_quiet(&w->consumer, is_quiet);
        say(w, LEVEL_INFO, is_quiet ? "worker quiet" : "worker going on");
    }
    if (stops > 0 && w->stage == STAGE_RUNNING)
        begin_stop(w);
    if (stops > 1 && stops > w->stops_heeded)
        cancel(w, CANCEL_AT_ONCE_MS);
    else if (w->stage == STAGE_STOPPING && monotonic_ms() >= w->deadline_ms)
        cancel(w, CANCEL_MS);
    w->stops_heeded = stops;
}

/* Whether to leave; asks the backend now and then while draining. */
static bool is_over(struct worker *w)
{
    int64_t const now_ms = monotonic_ms();
    struct error ignored;

    if (w->stage == STAGE_CANCELLED && now_ms >= w->deadline_ms)
        return true;
    if (!consumer_is_idle(&w->consumer))
        return false;
    if (w->stage != STAGE_RUNNING)
        return true;
    if (!w->options->is_draining || now_ms < w->drain_look_ms)
        return false;

    w->drain_look_ms = now_ms + END_LOOK_MS;
    bool is_drained;
    enum status const st = inspect_is_drained(
        w->wire.admin, w->wire.clock, &w->options->plan, &is_drained, &ignored);
    w->is_drained = st == STATUS_OK && is_drained;
    return w->is_drained;
}

/* Until when a step may wait, by the backend's clock. */
static int64_t next_until(struct worker *w)
{
    int64_t until_ms =
        heartbeat_tick(&w->heartbeat, (int64_t)w->consumer.running);
    if (until_ms != w->beat_at_ms)
        worker_metrics_tend(w->served);
    w->beat_at_ms = until_ms;
    int64_t const now_ms = clock_now_ms(w->wire.clock);
    int64_t wait_ms = until_ms - now_ms;

    /* A step that settles the last task goes on to wait for the next one, and
     * the end is to be noticed. */
    if ((w->options->is_draining || w->stage != STAGE_RUNNING) &&
        wait_ms > END_LOOK_MS)
        wait_ms = END_LOOK_MS;
    return now_ms + (wait_ms > 0 ? wait_ms : 0);
}

static enum exit_code give_back(struct worker *w)
{
    struct error err;

    if (consumer_is_idle(&w->consumer))
        return CODE_FINE;
    if (consumer_abandon(&w->consumer, &err) == STATUS_OK)
        return CODE_FINE;
    complain("millrace: %s: tasks were not given back, their leases must run "
             "out: %s",
             w->wire.url.masked, err.text);
    return CODE_BACKEND;
}

static enum exit_code run(struct worker *w)
{
    signals_begin(w->wake, true);
    say_started(w);
    warn_of_few_descriptors(w);
    for (;;) {
        system_wake_drain(w->wake);
        heed_signals(w);
        if (is_over(w))
            break;
        consumer_step(&w->consumer, next_until(w));
    }

    enum exit_code const code = give_back(w);
    heartbeat_end(&w->heartbeat);
    say(w, LEVEL_INFO, w->is_drained ? "worker drained" : "worker stopped");
    return code;
}

enum exit_code command_worker(struct invocation *inv)
{
    struct worker_options options;
    struct worker worker = {.options = &options, .wake = WAKE_NEVER};
    enum exit_code code;

    if (!worker_options_read(inv, &options, &code))
        return code;
    code = worker_open(&worker, &inv->globals);
    if (code == CODE_FINE) {
        code = run(&worker);
        /* Handlers that did not end use what would be closed. */
        if (!consumer_is_idle(&worker.consumer))
            _exit((int)output_end(code));
    }
    worker_close(&worker, code);
    return code;
}
