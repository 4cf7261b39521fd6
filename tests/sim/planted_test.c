/*
 * planted_test.c - that the simulation finds what it is there to find.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <criterion/parameterized.h>
#include <stdlib.h>

#include "cmd/sim/sim_report.h"
#include "cmd/sim/sim_store.h"
#include "tests/sim/planted.h"

#define SEEDS 500

static struct sim_store store;
static struct sim_config config;
static struct sim_plan plan;
static struct sim_result result;
static struct planted planted;
static struct error err;

static void open_store(void)
{
    cr_assert(eq(int, sim_store_open("memory:", &store, &err), 0));
    config = (struct sim_config){.steps = SIM_STEPS,
                                 .place = sim_store_place(&store)};
    config.place.is_ordered = false; /* so that it finds what matters more */
}

static void close_store(void)
{
    sim_store_close(&store);
}

/* Whether the run of seed fails. */
static bool fails(uint64_t seed)
{
    config.seed = seed;
    sim_plan_make(&config, &plan);
    cr_assert(eq(int, sim_run(&config, &plan, &result, &err), 0), "%s",
              err.text);
    return result.complaint[0] != '\0';
}

/* The first seed that finds flaw; 0: none does. */
static uint64_t finder_of(enum flaw flaw)
{
    plant(flaw, &planted, &config);
    for (uint64_t seed = 1; seed <= SEEDS; seed++)
        if (fails(seed))
            return seed;
    return 0;
}

static struct criterion_test_params all_flaws(void)
{
    static int flaws[FLAWS - 1];

    for (int i = 0; i < FLAWS - 1; i++)
        flaws[i] = i + 1;
    return cr_make_param_array(int, flaws, FLAWS - 1);
}

TestSuite(planted, .init = open_store, .fini = close_store);

ParameterizedTestParameters(planted, each_flaw_is_found)
{
    return all_flaws();
}

ParameterizedTest(int *index, planted, each_flaw_is_found)
{
    enum flaw const flaw = (enum flaw) * index;

    uint64_t const seed = finder_of(flaw);

    cr_assert(seed > 0, "a store that %s: not found", flaw_name(flaw));
    cr_assert(strstr(result.complaint, flaw_sign(flaw)) != NULL,
              "a store that %s: seed %d finds '%s'", flaw_name(flaw), (int)seed,
              result.complaint);
    config.flaws = (struct sim_flaws){.context = NULL};
    for (uint64_t same = 1; same <= seed; same++)
        cr_assert(not(fails(same)), "seed %d fails without it: %s", (int)same,
                  result.complaint);
}

ParameterizedTestParameters(planted, a_failing_run_is_shrunk_to_a_short_one)
{
    return all_flaws();
}

ParameterizedTest(int *index, planted, a_failing_run_is_shrunk_to_a_short_one)
{
    enum flaw const flaw = (enum flaw) * index;
    cr_assert(finder_of(flaw) > 0);

    cr_assert(eq(int, sim_shrink(&config, 3000, &plan, &result, &err), 0));

    cr_assert(plan.count <= 25, "a store that %s: %zu steps", flaw_name(flaw),
              plan.count);
    cr_assert(eq(int, sim_run(&config, &plan, &result, &err), 0));
    cr_assert(strstr(result.complaint, flaw_sign(flaw)) != NULL,
              "a store that %s: shrunk to '%s'", flaw_name(flaw),
              result.complaint);
}

Test(planted, a_failing_run_is_told_with_the_command_that_repeats_it)
{
    uint64_t const seed = finder_of(FLAW_SETTLES_BY_ID);
    char expected[128];
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    config.workers = 2;
    cr_assert(fails(seed) && out);

    enum status const st =
        sim_report(&config, "redis://:secret@host", &plan, &result, out, &err);

    fclose(out);
    cr_assert(eq(int, st, 0));
    snprintf(expected, sizeof(expected),
             "\nmillrace sim --seed %d --steps %d --backend redis://:***@host "
             "--workers 2\n",
             (int)seed, SIM_STEPS);
    cr_assert(strstr(text, expected) != NULL, "%s", text);
    cr_assert(strstr(text, flaw_sign(FLAW_SETTLES_BY_ID)) != NULL, "%s", text);
    free(text);
}
