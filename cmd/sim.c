/*
 * sim.c - runs the queue in virtual time with everything going wrong that can.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/options.h"
#include "cmd/output.h"
#include "cmd/sim/sim_report.h"
#include "cmd/sim/sim_store.h"

#define KEY_SEED 0x100
#define KEY_SEEDS 0x101
#define KEY_STEPS 0x102
#define KEY_BACKEND 0x103
#define KEY_WORKERS 0x104

static const struct argp_option options[] = {
    {"seed", KEY_SEED, "N", 0, "the seed to begin with (default 1)", 0},
    {"seeds", KEY_SEEDS, "N", 0, "how many seeds to run (default 1)", 0},
    {"steps", KEY_STEPS, "N", 0, "actions of each run (default 120)", 0},
    {"backend", KEY_BACKEND, "URL", 0, "where to run (default memory:)", 0},
    {"workers", KEY_WORKERS, "N", 0, "1 to 8 (default: the seed decides)", 0},
    {0},
};

struct wishes {
    int64_t seed;
    int64_t seeds;
    int64_t steps;
    int64_t workers;
    const char *backend;
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct wishes *w = state->input;

    switch (key) {
    case KEY_SEED:
        return option_int("--seed", arg, 0, INT64_MAX - 1, &w->seed);
    case KEY_SEEDS:
        return option_int("--seeds", arg, 1, 1000000000, &w->seeds);
    case KEY_STEPS:
        return option_int("--steps", arg, 1, SIM_STEPS_MAX, &w->steps);
    case KEY_WORKERS:
        return option_int("--workers", arg, 1, SIM_WORKERS_MAX, &w->workers);
    case KEY_BACKEND:
        w->backend = arg;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* What all runs so far have come to. */
struct sums {
    int64_t seeds;
    int64_t tasks;
    int64_t runs;
    int64_t crashes;
    bool has_failed; /* the last one did */
};

static void print_sums(const struct globals *globals, const struct sums *sums)
{
    struct json_writer json = {0};

    if (!globals->is_json) {
        printf("%lld seeds, %lld tasks, %lld runs of handlers, %lld crashes: "
               "%s\n",
               (long long)sums->seeds, (long long)sums->tasks,
               (long long)sums->runs, (long long)sums->crashes,
               sums->has_failed ? "the last seed failed" : "all is well");
        return;
    }
    json_begin_object(&json, NULL);
    json_add_int(&json, "seeds", sums->seeds);
    json_add_int(&json, "tasks", sums->tasks);
    json_add_int(&json, "runs", sums->runs);
    json_add_int(&json, "crashes", sums->crashes);
    json_add_bool(&json, "failed", sums->has_failed);
    json_end_object(&json);
    output_json(&json);
    json_writer_release(&json);
}

/* Runs seed after seed until one fails. */
static enum status run_all(const struct wishes *w, struct sim_store *store,
                           struct sim_plan *plan, struct sums *sums,
                           struct error *err)
{
    struct sim_config config = {.seed = (uint64_t)w->seed,
                                .steps = (size_t)w->steps,
                                .workers = (size_t)w->workers,
                                .place = sim_store_place(store)};
    enum status st = STATUS_OK;

    for (; sums->seeds < w->seeds && !sums->has_failed && st == STATUS_OK;
         config.seed++) {
        struct sim_result result;
        sim_plan_make(&config, plan);
        st = sim_run(&config, plan, &result, err);
        if (st < 0)
            return st;
        sums->seeds++;
        sums->tasks += (int64_t)result.tasks;
        sums->runs += (int64_t)result.runs;
        sums->crashes += (int64_t)result.crashes;
        sums->has_failed = result.complaint[0] != '\0';
        if (sums->has_failed)
            st = sim_report(&config, store->shown, plan, &result, stderr, err);
    }
    return st;
}

static bool is_bad_url(const struct error *err)
{
    return err->field && strcmp(err->field, "url") == 0;
}

static enum exit_code run(const struct invocation *inv, const struct wishes *w)
{
    struct sim_plan *plan = malloc(sizeof(*plan));
    struct sums sums = {0};
    struct sim_store store;
    struct error err;

    if (!plan) {
        complain("millrace: no memory");
        return CODE_BACKEND;
    }
    enum status st = sim_store_open(w->backend, &store, &err);
    if (st == STATUS_OK) {
        st = run_all(w, &store, plan, &sums, &err);
        sim_store_close(&store);
    }
    free(plan);
    if (st < 0) {
        complain("millrace: %s", err.text);
        return st == STATUS_INVALID && !is_bad_url(&err) ? CODE_USAGE
                                                         : CODE_BACKEND;
    }
    print_sums(&inv->globals, &sums);
    return sums.has_failed ? CODE_FAILED : CODE_FINE;
}

enum exit_code command_sim(struct invocation *inv)
{
    struct option_set const set = {
        options, parse,
        "Runs producers, workers and an operator in virtual time while calls "
        "fail, answers get lost, workers die or stand still, and checks after "
        "each step that no task is lost or run by two.\vThe same seed is the "
        "same run. A run that fails ends it all: the seed, the command that "
        "repeats it and the shortest way to it that was found are told on "
        "stderr, exit 1.\n\nThe backend is memory:, sqlite: for a file that "
        "is removed again, sqlite:PATH for one that is not there yet, or the "
        "URL of a Redis, where it uses namespaces of its own and leaves "
        "nothing behind. MILLRACE_URL and --url do not count here."};
    struct wishes w = {
        .seed = 1, .seeds = 1, .steps = SIM_STEPS, .backend = "memory:"};
    enum exit_code code;

    if (!options_read(inv, &set, &w, &code))
        return code;
    return run(inv, &w);
}
