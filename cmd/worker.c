/*
 * worker.c - the worker command: the engine, its handlers and its log.
 *
 * The engine (library/engine.h) owns this thread; handlers run on others. A
 * signal only signals the wake that ends the engine's waits; the engine is
 * told what the signals have said, and the log what follows.
 */
#include "cmd/worker.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "adapters/log/log_metrics.h"
#include "adapters/system/system_clock.h"
#include "adapters/system/system_wake.h"
#include "cmd/library/engine.h"
#include "cmd/output.h"
#include "cmd/signals.h"
#include "cmd/wire.h"
#include "cmd/worker_metrics.h"

/* A command takes four descriptors and its thread one; the backend and others
 * some. */
#define DESCRIPTORS(concurrency) (5 * (concurrency) + 64)

_Static_assert(ENGINE_CANCEL_MS > EXEC_GRACE_MS,
               "a stopped command must have the time to be killed");

struct worker {
    const struct worker_options *options;
    struct worker_handlers handlers;
    struct wire wire;
    struct wake wake;
    struct clock_port log_clock;
    struct log log;
    struct metrics_port metrics;
    struct worker_metrics *served; /* NULL: no --metrics */
    struct engine engine;
};

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
        log_text("queues", bytes_of(w->engine.heartbeat.info.queues)),
        log_number("concurrency", w->options->concurrency),
        log_text("url", bytes_of(w->wire.url.masked)),
        log_number("pid", getpid()),
    };

    log_write(&w->log, LEVEL_INFO, "worker started", fields, 5);
}

static enum status open_engine(struct worker *w, struct error *err)
{
    struct engine *e = &w->engine;

    e->config = (struct engine_config){
        .plan = w->options->plan,
        .concurrency = (size_t)w->options->concurrency,
        .lease_ms = w->options->lease_ms,
        .shutdown_ms = w->options->service.shutdown_ms,
        .is_draining = w->options->is_draining,
        .handlers = {w->handlers.table, w->handlers.count},
    };
    memcpy(e->config.name, w->options->name, sizeof(e->config.name));
    e->ports = (struct engine_ports){
        .queue = w->wire.queue,
        .admin = w->wire.admin,
        .fleet = w->wire.fleet,
        .clock = w->wire.clock,
        .random = w->wire.random,
        .metrics = w->metrics,
    };
    e->wake = w->wake;
    return engine_open(e, err);
}

/* The log is there before the plugins, whose progress it tells. */
static void open_log(struct worker *w)
{
    system_clock_open(&w->log_clock);
    w->log = service_log(&w->options->service, w->log_clock);
}

static enum status open_parts(struct worker *w, struct error *err)
{
    enum status st = system_wake_open(&w->wake, err);

    if (st == STATUS_OK)
        st = log_metrics_open(&w->log, &w->metrics, err);
    if (st == STATUS_OK && w->options->has_metrics)
        st = worker_metrics_open(&w->options->metrics, &w->wire, &w->log,
                                 &w->metrics, &w->served, err);
    return st == STATUS_OK ? open_engine(w, err) : st;
}

static void worker_close(struct worker *w, enum exit_code code)
{
    engine_close(&w->engine);
    if (w->metrics.ops)
        metrics_close(w->metrics);
    if (!worker_metrics_close(w->served))
        _exit((int)output_end(code));
    if (w->log_clock.ops)
        w->log_clock.ops->close(w->log_clock.self);
    wire_close(&w->wire);
    worker_handlers_close(&w->handlers);
    /* The wake stays open: a signal may come until the end. */
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
    open_log(w);
    enum status st =
        worker_handlers_open(w->options, &w->log, &w->handlers, &err);
    if (st < 0) {
        complain("millrace: %s", err.text);
        return st == STATUS_REFUSED || st == STATUS_INVALID ? CODE_USAGE
                                                            : CODE_FAILED;
    }
    service_raise_descriptor_limit();
    enum exit_code const code = wire_open(
        globals, WIRE_QUEUE | WIRE_ADMIN | WIRE_FLEET | WIRE_RANDOM, &w->wire);
    if (code != CODE_FINE)
        return code;
    if (w->handlers.count == 0) {
        complain("millrace: no handlers: add --exec TYPE=COMMAND, --plugin or "
                 "--demo");
        return CODE_USAGE;
    }
    st = open_parts(w, &err);
    if (st < 0) {
        complain("millrace: %s", err.text);
        return CODE_FAILED;
    }
    return CODE_FINE;
}

static void heed_signals(struct worker *w)
{
    struct engine *e = &w->engine;
    enum engine_stage const stage = e->stage;
    bool const was_quiet = e->is_quiet;

    engine_heed(e, signals_stops(), signals_is_quiet());
    if (e->is_quiet != was_quiet)
        say(w, LEVEL_INFO, e->is_quiet ? "worker quiet" : "worker going on");
    if (stage == ENGINE_RUNNING && e->stage != ENGINE_RUNNING)
        say(w, LEVEL_INFO, "worker stopping");
    if (stage != ENGINE_CANCELLED && e->stage == ENGINE_CANCELLED)
        say(w, LEVEL_WARN, "worker stopping its handlers");
}

/* Takes a step; with each heartbeat, those who look on are told as well. */
static void step(struct worker *w)
{
    struct engine *e = &w->engine;
    int64_t const beat_at_ms = e->heartbeat.next_at_ms;

    engine_step(e);
    if (e->heartbeat.next_at_ms != beat_at_ms)
        worker_metrics_tend(w->served);
}

static enum exit_code end(struct worker *w)
{
    struct error err;
    size_t stuck;

    if (engine_end(&w->engine, &stuck, &err) == STATUS_OK)
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
        if (engine_is_over(&w->engine))
            break;
        step(w);
    }

    enum exit_code const code = end(w);
    say(w, LEVEL_INFO,
        w->engine.is_drained ? "worker drained" : "worker stopped");
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
        if (!consumer_is_idle(&worker.engine.consumer))
            _exit((int)output_end(code));
    }
    worker_close(&worker, code);
    return code;
}
