#include "cmd/library/engine.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "adapters/system/system_random.h"
#include "adapters/system/system_wake.h"
#include "adapters/threads/thread_executor.h"
#include "domain/text.h"
#include "usecase/inspect.h"

#define END_LOOK_MS 100 /* how often to look whether all is done */

static int64_t monotonic_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void set_up_heartbeat(struct engine *e)
{
    struct worker_info *info = &e->heartbeat.info;
    struct text queues = text_in(info->queues, sizeof(info->queues));

    e->heartbeat.fleet = e->ports.fleet;
    e->heartbeat.clock = e->ports.clock;
    memcpy(info->name, e->config.name, sizeof(info->name));
    if (gethostname(info->host, sizeof(info->host) - 1) < 0)
        memcpy(info->host, "?", 2);
    queue_plan_add(&queues, &e->config.plan);
    info->pid = getpid();
    info->concurrency = (int64_t)e->config.concurrency;
    info->started_at_ms = clock_now_ms(e->ports.clock);
}

static enum status open_executor(struct engine *e, struct error *err)
{
    struct thread_executor_config const config = {
        .handlers = e->config.handlers,
        .clock = e->ports.clock,
        .wake = e->wake,
        .concurrency = e->config.concurrency,
        .capacity = consumer_capacity(e->config.concurrency),
        .left = e->config.left,
        .context = e->config.context,
    };

    return thread_executor_open(&config, &e->executor, err);
}

static enum status set_up_consumer(struct engine *e, struct error *err)
{
    struct consumer_config config = {.plan = e->config.plan,
                                     .concurrency = e->config.concurrency,
                                     .lease_ms = e->config.lease_ms,
                                     .wake = e->wake};
    struct consumer_ports const ports = {.queue = e->ports.queue,
                                         .executor = e->executor,
                                         .clock = e->ports.clock,
                                         .random = e->ports.random,
                                         .metrics = e->ports.metrics};
    struct arena room = {.size = consumer_room_bytes(config.concurrency)};

    e->room = malloc(room.size);
    if (!e->room)
        return error_set(err, STATUS_NO_MEMORY, NULL, "no memory for tasks");
    room.base = e->room;
    memcpy(config.worker, e->config.name, sizeof(config.worker));
    consumer_init(&e->consumer, &config, ports, &room);
    return STATUS_OK;
}

enum status engine_open(struct engine *e, struct error *err)
{
    enum status st = open_executor(e, err);

    if (st == STATUS_OK)
        st = set_up_consumer(e, err);
    if (st < 0)
        return st;
    executor_port_check(e->executor);
    metrics_port_check(e->ports.metrics);
    set_up_heartbeat(e);
    return STATUS_OK;
}

void engine_close(struct engine *e)
{
    if (e->executor.ops)
        executor_close(e->executor);
    free(e->room);
    e->executor = (struct executor_port){0};
    e->room = NULL;
}

static void stop(struct engine *e)
{
    e->stage = ENGINE_STOPPING;
    e->deadline_ms = monotonic_ms() + e->config.shutdown_ms;
    consumer_stop(&e->consumer);
}

static void cancel(struct engine *e, int64_t patience_ms)
{
    int64_t const deadline_ms = monotonic_ms() + patience_ms;

    if (e->stage != ENGINE_CANCELLED || deadline_ms < e->deadline_ms)
        e->deadline_ms = deadline_ms;
    e->stage = ENGINE_CANCELLED;
    consumer_cancel_all(&e->consumer);
}

void engine_heed(struct engine *e, int stops, bool is_quiet)
{
    if (is_quiet != e->is_quiet) {
        e->is_quiet = is_quiet;
        consumer_set_quiet(&e->consumer, is_quiet);
    }
    if (stops > 0 && e->stage == ENGINE_RUNNING)
        stop(e);
    if (stops > 1 && stops > e->stops_heeded)
        cancel(e, ENGINE_CANCEL_AT_ONCE_MS);
    else if (e->stage == ENGINE_STOPPING && monotonic_ms() >= e->deadline_ms)
        cancel(e, ENGINE_CANCEL_MS);
    e->stops_heeded = stops;
}

/* Asks the backend now and then while draining. */
bool engine_is_over(struct engine *e)
{
    int64_t const now_ms = monotonic_ms();
    struct error ignored;

    if (e->stage == ENGINE_CANCELLED && now_ms >= e->deadline_ms)
        return true;
    if (!consumer_is_idle(&e->consumer))
        return false;
    if (e->stage != ENGINE_RUNNING)
        return true;
    if (!e->config.is_draining || now_ms < e->drain_look_ms)
        return false;

    e->drain_look_ms = now_ms + END_LOOK_MS;
    bool is_drained;
    enum status const st = inspect_is_drained(
        e->ports.admin, e->ports.clock, &e->config.plan, &is_drained, &ignored);
    e->is_drained = st == STATUS_OK && is_drained;
    return e->is_drained;
}

/* Until when a step may wait, by the backend's clock. */
static int64_t next_until(struct engine *e)
{
    int64_t const until_ms =
        heartbeat_tick(&e->heartbeat, (int64_t)e->consumer.running);
    int64_t const now_ms = clock_now_ms(e->ports.clock);
    int64_t wait_ms = until_ms - now_ms;

    /* A step that settles the last task goes on to wait for the next one, and
     * the end is to be noticed. */
    if ((e->config.is_draining || e->stage != ENGINE_RUNNING) &&
        wait_ms > END_LOOK_MS)
        wait_ms = END_LOOK_MS;
    return now_ms + (wait_ms > 0 ? wait_ms : 0);
}

void engine_step(struct engine *e)
{
    consumer_step(&e->consumer, next_until(e));
}

enum status engine_end(struct engine *e, size_t *stuck, struct error *err)
{
    enum status st = STATUS_OK;

    *stuck = consumer_is_idle(&e->consumer) ? 0 : e->consumer.running;
    if (!consumer_is_idle(&e->consumer))
        st = consumer_abandon(&e->consumer, err);
    heartbeat_end(&e->heartbeat);
    return st;
}

enum status engine_make_name(char out[WORKER_NAME_MAX + 1], struct error *err)
{
    char host[40] = "";
    struct random_port random;
    enum status const st = system_random_open(&random, err);

    if (st < 0)
        return st;
    if (gethostname(host, sizeof(host) - 1) < 0 || host[0] == '\0')
        memcpy(host, "worker", sizeof("worker"));
    for (char *c = host; *c; c++)
        if (!plain_name_is_valid((struct bytes){c, 1}))
            *c = c == host ? 'h' : '-';
    snprintf(out, WORKER_NAME_MAX + 1, "%s-%ld-%04x", host, (long)getpid(),
             (unsigned)(random_bits(random) & 0xffff));
    random.ops->close(random.self);
    return STATUS_OK;
}
