/*
 * bench.c - how fast a backend is, by the real use cases.
 */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "adapters/json/json_writer.h"
#include "adapters/system/system_wake.h"
#include "cmd/bench/bench.h"
#include "cmd/grid.h"
#include "cmd/options.h"
#include "cmd/output.h"
#include "cmd/signals.h"

#define DEFAULT_TASKS 100000
#define DEFAULT_LATENCY_TASKS 500
#define DEFAULT_DELAYED_TASKS 20000
#define NUMBER_SIZE 40

enum key {
    KEY_TASKS = 0x100,
    KEY_PAYLOAD,
    KEY_PRODUCERS,
    KEY_WORKERS,
    KEY_CONCURRENCY,
    KEY_BATCH,
    KEY_BACKLOG,
    KEY_PHASE,
};

static const struct argp_option options[] = {
    {"phase", KEY_PHASE, "PHASE", 0,
     "enqueue, drain, e2e, latency or delayed; repeatable, default all", 0},
    {"tasks", KEY_TASKS, "N", 0,
     "how many tasks (100000; latency 500; delayed 20000)", 0},
    {"payload", KEY_PAYLOAD, "BYTES", 0, "of each task (100)", 0},
    {"producers", KEY_PRODUCERS, "P", 0, "threads that enqueue (1)", 0},
    {"workers", KEY_WORKERS, "W", 0,
     "processes that run tasks; threads with memory: (1)", 0},
    {"concurrency", KEY_CONCURRENCY, "C", 0, "tasks at once a worker (10)", 0},
    {"batch", KEY_BATCH, "B", 0,
     "tasks a call of enqueue (100); in the phase delayed, 1: they fall due "
     "one by one, not all at once",
     0},
    {"backlog", KEY_BACKLOG, "N", 0, "tasks that wait already (0)", 0},
    {0},
};

static const char doc[] =
    "Measures how fast the backend is with real producers and workers, and "
    "leaves nothing behind.\v"
    "enqueue: producers alone. drain: workers alone, the tasks are there. e2e: "
    "both at once. latency: a task every 10 ms, from its enqueue to the start "
    "of its handler. delayed: from the instant that tasks are due to the start "
    "of their handlers. Handlers do nothing.\n\n"
    "A backlog waits in the same queue for enqueue and drain, else in another "
    "that no worker takes from.\n\n"
    "The tasks are in a namespace of their own, with SQLite in a file of their "
    "own beside the one that the URL names. CLIENT and SERVER: microseconds of "
    "processor time a task; COMMANDS a task, also those that scripts call; "
    "BYTES a waiting task; RSS: the peak of the largest process.";

struct wishes {
    struct bench_config config;
    bool has_tasks;
    bool has_phase[BENCH_PHASES];
    bool has_any_phase;
};

static error_t parse_phase(const char *text, struct wishes *w)
{
    enum bench_phase phase;

    if (!bench_phase_from(text, &phase))
        return option_bad_value(
            "--phase", text, "must be enqueue, drain, e2e, latency or delayed");
    w->has_phase[phase] = w->has_any_phase = true;
    return 0;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct wishes *w = state->input;
    struct bench_config *c = &w->config;

    switch (key) {
    case KEY_PHASE:
        return parse_phase(arg, w);
    case KEY_TASKS:
        w->has_tasks = true;
        return option_int("--tasks", arg, 1, BENCH_TASKS_MAX, &c->tasks);
    case KEY_PAYLOAD:
        return option_int("--payload", arg, BENCH_PAYLOAD_MIN, PAYLOAD_MAX,
                          &c->payload);
    case KEY_PRODUCERS:
        return option_int("--producers", arg, 1, BENCH_ACTORS_MAX,
                          &c->producers);
    case KEY_WORKERS:
        return option_int("--workers", arg, 1, BENCH_ACTORS_MAX, &c->workers);
    case KEY_CONCURRENCY:
        return option_int("--concurrency", arg, 1, BENCH_CONCURRENCY_MAX,
                          &c->concurrency);
    case KEY_BATCH:
        return option_int("--batch", arg, 1, BATCH_MAX, &c->batch);
    case KEY_BACKLOG:
        return option_int("--backlog", arg, 0, BENCH_TASKS_MAX, &c->backlog);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* A number for people or for JSON, with as many decimals; NAN: NULL. */
static const char *number(double value, int decimals, char out[NUMBER_SIZE])
{
    if (isnan(value))
        return NULL;
    snprintf(out, NUMBER_SIZE, "%.*f", decimals, value);
    return out;
}

/* What a row shows, in the order in which it does. */
struct figure {
    const char *name; /* in JSON */
    double value;
    int decimals;
};
#define FIGURES 10

static void figures_of(const struct bench_result *r, struct figure out[FIGURES])
{
    struct figure const all[FIGURES] = {
        {"seconds", r->seconds, 6},
        {"tasks_per_s", r->tasks_per_s, 1},
        {"p50_ms", r->p50_ms, 3},
        {"p99_ms", r->p99_ms, 3},
        {"max_ms", r->max_ms, 3},
        {"client_cpu_us", r->client_cpu_us, 3},
        {"server_cpu_us", r->server_cpu_us, 3},
        {"commands_per_task", r->commands, 3},
        {"bytes_per_task", r->bytes, 1},
        {"rss_kb", r->rss_kb < 0 ? NAN : (double)r->rss_kb, 0},
    };

    memcpy(out, all, sizeof(all));
}

static void print_json(const struct bench_config *config,
                       const struct bench_result *result)
{
    struct json_writer json = {0};
    struct figure figures[FIGURES];
    char text[NUMBER_SIZE];

    figures_of(result, figures);
    json_begin_object(&json, NULL);
    json_add_string(&json, "phase", bytes_of(bench_phase_name(config->phase)));
    json_add_string(&json, "backend", bytes_of(result->backend));
    json_add_int(&json, "tasks", config->tasks);
    for (size_t i = 0; i < FIGURES; i++)
        json_add_raw(
            &json, figures[i].name,
            bytes_of(number(figures[i].value, figures[i].decimals, text)));
    json_end_object(&json);
    output_json(&json);
    json_writer_release(&json);
}

static void add_row(struct grid *grid, const struct bench_config *config,
                    const struct bench_result *result)
{
    static const int decimals[FIGURES] = {3, 0, 2, 2, 2, 2, 2, 2, 0, 0};
    struct figure figures[FIGURES];
    char text[NUMBER_SIZE];

    figures_of(result, figures);
    grid_add(grid, bytes_of(bench_phase_name(config->phase)));
    grid_add(grid, bytes_of(result->backend));
    grid_add_int(grid, config->tasks);
    for (size_t i = 0; i < FIGURES; i++) {
        const char *shown = number(figures[i].value, decimals[i], text);
        grid_add(grid, bytes_of(shown ? shown : "-"));
    }
}

static void settle_tasks(const struct wishes *w, struct bench_config *config)
{
    if (w->has_tasks)
        return;
    config->tasks = DEFAULT_TASKS;
    if (config->phase == BENCH_LATENCY)
        config->tasks = DEFAULT_LATENCY_TASKS;
    else if (config->phase == BENCH_DELAYED)
        config->tasks = DEFAULT_DELAYED_TASKS;
}

/* Runs the phases that are asked for, until one fails; JSON comes as it is
 * measured, and a table once all is. */
static enum exit_code run_all(const struct globals *globals,
                              const struct wishes *w)
{
    static const struct column columns[] = {
        {"PHASE", false},  {"BACKEND", false}, {"TASKS", true},
        {"SECONDS", true}, {"TASKS/S", true},  {"P50 MS", true},
        {"P99 MS", true},  {"MAX MS", true},   {"CLIENT", true},
        {"SERVER", true},  {"COMMANDS", true}, {"BYTES", true},
        {"RSS KB", true},
    };
    struct grid grid = {.columns = columns,
                        .count = sizeof(columns) / sizeof(columns[0])};
    enum exit_code code = CODE_FINE;

    for (size_t i = 0; i < BENCH_PHASES && code == CODE_FINE; i++) {
        struct bench_config config = w->config;
        struct bench_result result;
        if (w->has_any_phase && !w->has_phase[i])
            continue;
        config.phase = (enum bench_phase)i;
        settle_tasks(w, &config);
        code = bench_run(globals, &config, &result);
        if (code != CODE_FINE)
            break;
        if (!globals->is_json)
            add_row(&grid, &config, &result);
        else
            print_json(&config, &result);
        if (!output_flush())
            break;
    }
    if (grid.used > 0)
        grid_print(&grid);
    grid_release(&grid);
    return code;
}

enum exit_code command_bench(struct invocation *inv)
{
    struct option_set const set = {options, parse, doc};
    struct wishes w = {.config = {.payload = 100,
                                  .producers = 1,
                                  .workers = 1,
                                  .concurrency = 10,
                                  .batch = 100}};
    struct wake wake;
    struct error err;
    enum exit_code code;

    if (!options_read(inv, &set, &w, &code))
        return code;
    if (system_wake_open(&wake, &err) < 0) {
        complain("millrace: %s", err.text);
        return CODE_FAILED;
    }
    signals_begin(wake, false); /* which stays open until the end */
    return run_all(&inv->globals, &w);
}
