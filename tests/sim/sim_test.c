/*
 * sim_test.c - many seeds, in the store that SIM_URL names (else the server
 * of with_redis), SIM_SEEDS of them.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>

#include "cmd/sim/sim_report.h"
#include "cmd/sim/sim_store.h"

static struct sim_store store;
static struct sim_config config;
static struct sim_plan plan;
static struct sim_result result;
static struct error err;

static const char *url(void)
{
    const char *given = getenv("SIM_URL");

    return given ? given : getenv("MILLRACE_TEST_REDIS");
}

static uint64_t seeds(void)
{
    const char *given = getenv("SIM_SEEDS");

    return given ? strtoull(given, NULL, 10) : 100;
}

static void open_store(void)
{
    cr_assert(ne(ptr, (void *)url(), NULL), "no store: set SIM_URL");
    cr_assert(eq(int, sim_store_open(url(), &store, &err), 0), "%s", err.text);
    config = (struct sim_config){.steps = SIM_STEPS,
                                 .place = sim_store_place(&store)};
}

static void close_store(void)
{
    sim_store_close(&store);
}

TestSuite(sim, .init = open_store, .fini = close_store);

static void run_seed(uint64_t seed)
{
    config.seed = seed;
    sim_plan_make(&config, &plan);
    cr_assert(eq(int, sim_run(&config, &plan, &result, &err), 0), "%s",
              err.text);
}

Test(sim, no_seed_loses_or_doubles_a_task)
{
    size_t tasks = 0;

    for (uint64_t seed = 1; seed <= seeds(); seed++) {
        run_seed(seed);
        tasks += result.tasks;
        if (result.complaint[0] == '\0')
            continue;
        enum status const st =
            sim_report(&config, url(), &plan, &result, stderr, &err);
        cr_assert(false, "%s", st < 0 ? err.text : "see above");
    }
    cr_assert(gt(sz, tasks, 10 * seeds())); /* something has been going on */
}

Test(sim, the_same_seed_is_the_same_run)
{
    if (config.place.age)
        return; /* a server's clock goes on between two calls */
    for (uint64_t seed = 1; seed <= 20; seed++) {
        run_seed(seed);
        uint64_t const first = result.hash;

        run_seed(seed);

        cr_assert(eq(u64, result.hash, first), "seed %d", (int)seed);
    }
}

Test(sim, another_seed_is_another_run)
{
    run_seed(1);
    uint64_t const first = result.hash;

    run_seed(2);

    cr_assert(ne(u64, result.hash, first));
}
