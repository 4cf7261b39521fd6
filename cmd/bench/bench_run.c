/*
 * One phase from beginning to end. The order matters: processes are forked
 * before this one opens anything; the backlog is put in while the workers wait
 * at the gate; only then does the clock start.
 */
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "adapters/system/system_wake.h"
#include "cmd/bench/bench.h"
#include "cmd/bench/bench_crew.h"
#include "cmd/bench/bench_place.h"
#include "cmd/bench/bench_producers.h"
#include "cmd/bench/bench_samples.h"
#include "cmd/output.h"
#include "cmd/signals.h"
#include "cmd/wire.h"

#define LOOK_MS 250 /* how often to show progress and look after workers */
#define EVERY_NS INT64_C(10000000) /* between two tasks of BENCH_LATENCY */
#define APART_MS 10                /* and of BENCH_DELAYED, one by one */
#define BACKLOG_BATCH 500
#define AHEAD_MS 500 /* how long before it is due the first task is put in, */
#define AHEAD_TASKS_A_MS 20 /* at least, and more by their number */

struct run {
    const struct bench_config *config;
    struct bench_place place;
    struct wire wire; /* while it is open */
    struct bench_board *board;
    struct bench_crew crew;
    struct bench_producers producers;
    struct bench_samples samples;
    struct bench_usage before;
    struct bench_usage empty; /* without tasks */
    bool is_measuring;
    int64_t begin_ns;
    int64_t begin_cpu_us;
    enum exit_code code;
};

static bool has_workers(const struct bench_config *config)
{
    return config->phase != BENCH_ENQUEUE;
}

static bool has_samples(const struct bench_config *config)
{
    return config->phase == BENCH_LATENCY || config->phase == BENCH_DELAYED;
}

/* Complains once, and remembers the exit status. */
static bool fail(struct run *run, enum status st, const struct error *err)
{
    struct wire const named = {.url = run->place.url};

    if (run->code == CODE_FINE)
        run->code = wire_fault(&named, st, err);
    return false;
}

static bool is_fine(struct run *run, enum status st, const struct error *err)
{
    return st < 0 ? fail(run, st, err) : true;
}

static void show_progress(const struct run *run)
{
    int64_t const done =
        run->is_measuring && has_workers(run->config)
            ? run->config->tasks - (int64_t)atomic_load(&run->board->left)
            : (int64_t)atomic_load(&run->producers.sent);

    if (!isatty(STDERR_FILENO))
        return;
    fprintf(stderr, "\r\033[K%s%s: %lld tasks",
            bench_phase_name(run->config->phase),
            run->is_measuring ? "" : ", setting up", (long long)done);
    fflush(stderr);
}

static void clear_progress(void)
{
    if (!isatty(STDERR_FILENO))
        return;
    fputs("\r\033[K", stderr);
    fflush(stderr);
}

/* Whether the benchmark is still worth something; complains if not. */
static bool is_sound(struct run *run)
{
    struct error err;

    if (run->code != CODE_FINE)
        return false;
    if (atomic_load(&run->board->has_fault))
        return fail(run, STATUS_UNAVAILABLE, &run->board->fault);
    if (bench_crew_has_lost_one(&run->crew))
        return fail(run,
                    error_set(&err, STATUS_UNAVAILABLE, NULL,
                              "bench: a worker has ended by itself"),
                    &err);
    if (signals_stops() > 0) {
        complain("millrace: bench: stopped");
        run->code = CODE_FAILED;
    }
    return run->code == CODE_FINE;
}

typedef bool condition(const struct run *run);

static bool are_workers_ready(const struct run *run)
{
    return (size_t)atomic_load(&run->board->ready) == run->crew.count;
}

static bool is_poured(const struct run *run)
{
    return bench_producers_are_done(&run->producers);
}

static bool is_drained(const struct run *run)
{
    return atomic_load(&run->board->end_ns) != 0;
}

static bool wait_until(struct run *run, condition *is_over)
{
    struct pollfd news = {.fd = run->board->news.fd, .events = POLLIN};

    while (is_sound(run)) {
        system_wake_drain(run->board->news);
        if (is_over(run))
            break;
        show_progress(run);
        poll(&news, 1, LOOK_MS);
    }
    clear_progress();
    return run->code == CODE_FINE && is_sound(run);
}

static bool start_producers(struct run *run, const struct bench_load *load)
{
    struct error err;

    return is_fine(run,
                   bench_producers_start(&run->producers, run->config, load,
                                         run->board, run->wire.backend, &err),
                   &err);
}

/* Puts in what is to be there beforehand. */
static bool put_in(struct run *run, const char *queue, int64_t tasks)
{
    struct bench_load const load = {
        .queue = queue, .tasks = tasks, .batch = BACKLOG_BATCH};

    if (tasks == 0)
        return true;
    bool is_done = start_producers(run, &load);
    bench_producers_go(&run->producers);
    is_done = is_done && wait_until(run, is_poured);
    bench_producers_stop(&run->producers);
    return is_done;
}

static bool set_up_backlog(struct run *run)
{
    const struct bench_config *config = run->config;

    switch (config->phase) {
    case BENCH_ENQUEUE:
        return put_in(run, BENCH_QUEUE, config->backlog);
    case BENCH_DRAIN:
        return put_in(run, BENCH_QUEUE, config->tasks + config->backlog);
    case BENCH_E2E:
    case BENCH_LATENCY:
    case BENCH_DELAYED:
        return put_in(run, BENCH_QUEUE_ASIDE, config->backlog);
    }
    return true;
}

/* Opens the backend and starts the workers, in the order that suits it. */
static bool open_actors(struct run *run)
{
    const struct bench_config *config = run->config;
    struct error err;
    bool const has_processes = has_workers(config) && !run->place.is_inside;

    if (has_processes &&
        !is_fine(
            run,
            bench_crew_fork(&run->crew, config, run->board, &run->place, &err),
            &err))
        return false;
    run->code = wire_open_url(&run->place.url, 0, &run->wire);
    if (run->code != CODE_FINE)
        return false;
    return !has_workers(config) || has_processes ||
           is_fine(run,
                   bench_crew_spawn(&run->crew, config, run->board,
                                    run->wire.backend, &err),
                   &err);
}

static struct bench_load measured_load(struct run *run)
{
    const struct bench_config *config = run->config;
    struct bench_load load = {.queue = BENCH_QUEUE,
                              .tasks = config->tasks,
                              .batch = config->batch,
                              .sent_ns = run->samples.sent_ns,
                              .kept_ns = run->samples.kept_ns};

    if (config->phase == BENCH_LATENCY) {
        load.batch = 1;
        load.every_ns = EVERY_NS * config->producers;
    } else if (config->phase == BENCH_DELAYED) {
        bool const is_one_by_one = config->batch == 1;
        int64_t const ahead_ms = AHEAD_MS + config->tasks / AHEAD_TASKS_A_MS;
        load.batch = is_one_by_one ? BACKLOG_BATCH : config->batch;
        load.apart_ms = is_one_by_one ? APART_MS : 0;
        load.due_at_ms = clock_now_ms(run->wire.clock) + ahead_ms;
        bench_samples_expect(&run->samples, run->wire.clock, &load);
    }
    return load;
}

static bool begin_measuring(struct run *run)
{
    struct error err;

    if (!is_fine(run, bench_place_usage(&run->place, &run->before, &err), &err))
        return false;
    bench_forget_peak();
    run->is_measuring = true;
    run->begin_cpu_us = bench_cpu_us();
    run->begin_ns = bench_now_ns();
    system_wake_signal(run->board->gate);
    return true;
}

static bool measure(struct run *run)
{
    const struct bench_config *config = run->config;
    bool const has_producers = config->phase != BENCH_DRAIN;

    if (has_producers) {
        struct bench_load const load = measured_load(run);
        if (!start_producers(run, &load))
            return false;
    }
    if (!begin_measuring(run))
        return false;
    if (has_producers)
        bench_producers_go(&run->producers);
    return wait_until(run, has_workers(config) ? is_drained : is_poured);
}

/* What a waiting task takes: those of the backlog are like the others. The
 * producers have freed what was theirs, and a file is closed, since before that
 * part of it is in its log. */
static bool weigh_tasks(struct run *run, double *out)
{
    bool const is_file = !run->place.is_inside && isnan(run->before.cpu_us);
    struct bench_usage full;
    struct error err;

    if (is_file)
        wire_close(&run->wire);
    if (!is_fine(run, bench_place_usage(&run->place, &full, &err), &err))
        return false;
    *out = (full.bytes - run->empty.bytes) /
           (double)(run->config->tasks + run->config->backlog);
    return true;
}

static double client_cpu_us(const struct run *run)
{
    int64_t sum = bench_cpu_us() - run->begin_cpu_us;

    for (size_t i = 0; !run->place.is_inside && i < run->board->workers; i++)
        sum += atomic_load(&run->board->tallies[i].cpu_us);
    return (double)sum;
}

static int64_t peak_kb(const struct run *run)
{
    int64_t peak = bench_peak_kb();

    for (size_t i = 0; i < run->board->workers; i++) {
        int64_t const of_worker = atomic_load(&run->board->tallies[i].peak_kb);
        peak = of_worker > peak ? of_worker : peak;
    }
    return peak;
}

static void close_actors(struct run *run)
{
    if (run->board)
        bench_crew_stop(&run->crew);
    bench_producers_stop(&run->producers);
}

/* What is told by clocks and by the backend. The peak and the processor time of
 * workers are known once they have ended; what tasks take on disk, once the
 * file is closed. */
static bool sum_up(struct run *run, struct bench_result *out)
{
    struct bench_usage after;
    struct error err;
    double const tasks = (double)run->config->tasks;
    int64_t const end_ns = has_workers(run->config)
                               ? atomic_load(&run->board->end_ns)
                               : atomic_load(&run->producers.end_ns);

    if (!is_fine(run, bench_place_usage(&run->place, &after, &err), &err))
        return false;
    *out = (struct bench_result){
        .backend = run->wire.backend.ops->name,
        .seconds = (double)(end_ns - run->begin_ns) / 1e9,
        .p50_ms = NAN,
        .p99_ms = NAN,
        .max_ms = NAN,
        .server_cpu_us = (after.cpu_us - run->before.cpu_us) / tasks,
        .commands = (after.commands - run->before.commands) / tasks,
        .bytes = NAN,
    };
    close_actors(run);
    out->client_cpu_us = client_cpu_us(run) / tasks;
    out->rss_kb = peak_kb(run);
    if (run->config->phase == BENCH_ENQUEUE && !weigh_tasks(run, &out->bytes))
        return false;
    if (has_samples(run->config))
        bench_samples_sum_up(&run->samples, run->board->started_ns, out);
    out->tasks_per_s = tasks / out->seconds;
    return true;
}

static void run_phase(struct run *run, struct bench_result *out)
{
    const struct bench_config *config = run->config;
    struct error err;

    if (is_fine(run,
                bench_board_new(config, has_samples(config), &run->board, &err),
                &err) &&
        (!has_samples(config) ||
         is_fine(run, bench_samples_open(&run->samples, config, &err), &err)) &&
        open_actors(run) &&
        is_fine(run, bench_place_usage(&run->place, &run->empty, &err), &err) &&
        set_up_backlog(run) && wait_until(run, are_workers_ready) &&
        measure(run))
        sum_up(run, out);
}

enum exit_code bench_run(const struct globals *globals,
                         const struct bench_config *config,
                         struct bench_result *out)
{
    struct run run = {.config = config};
    struct error err;

    run.code = bench_place_find(globals, &run.place);
    if (run.code != CODE_FINE)
        return run.code;
    run_phase(&run, out);

    close_actors(&run);
    wire_close(&run.wire);
    enum status const st = bench_place_clear(&run.place, &err);
    if (st < 0)
        fail(&run, st, &err);
    bench_samples_close(&run.samples);
    bench_board_free(run.board);
    return run.code;
}
