/*
 * sim_plan.c - what is done in a run, and a shorter way to the same failure.
 */
#include <stdio.h>

#include "cmd/sim/dice.h"
#include "cmd/sim/sim.h"

/* How often each kind comes, of 100. */
static const size_t shares[SIM_KINDS] = {
    [SIM_PRODUCE] = 16, [SIM_WORK] = 46,   [SIM_REAP] = 6,   [SIM_OPERATE] = 7,
    [SIM_IMPOSE] = 6,   [SIM_RESTART] = 2, [SIM_FREEZE] = 2, [SIM_PASS] = 15,
};

static const char *const kind_names[SIM_KINDS] = {
    [SIM_PRODUCE] = "produce", [SIM_WORK] = "work",
    [SIM_REAP] = "reap",       [SIM_OPERATE] = "operate",
    [SIM_IMPOSE] = "impose",   [SIM_RESTART] = "restart",
    [SIM_FREEZE] = "freeze",   [SIM_PASS] = "pass",
};

static const char *const chaos_names[] = {
    [CHAOS_NONE] = "",
    [CHAOS_FAIL] = "fails",
    [CHAOS_CRASH] = "dies",
    [CHAOS_STALL] = "stands still",
};

static enum sim_kind a_kind(struct dice *d)
{
    size_t roll = dice_roll(d, 100);
    size_t kind = 0;

    while (roll >= shares[kind])
        roll -= shares[kind++];
    return (enum sim_kind)kind;
}

static struct chaos a_chaos(struct dice *d)
{
    static const enum chaos_kind kinds[] = {CHAOS_FAIL, CHAOS_CRASH,
                                            CHAOS_STALL};

    struct chaos chaos = {.kind = CHAOS_NONE};

    if (dice_roll(d, 3) > 0)
        return chaos;
    chaos.kind = kinds[dice_roll(d, 3)];
    chaos.is_after = dice_hits(d, 2);
    chaos.call = dice_roll(d, 5);
    chaos.is_full =
        chaos.kind == CHAOS_FAIL && !chaos.is_after && dice_hits(d, 3);
    return chaos;
}

void sim_plan_make(const struct sim_config *config, struct sim_plan *plan)
{
    struct dice d = {config->seed ^ UINT64_C(0x6D696C6C72616365)};

    plan->count = config->steps;
    for (size_t i = 0; i < plan->count; i++) {
        struct sim_action *a = &plan->actions[i];
        a->kind = a_kind(&d);
        a->actor = dice_roll(&d, 64);
        a->chaos = a_chaos(&d);
        a->bits = dice_bits(&d);
    }
}

void sim_action_print(const struct sim_action *action, char *out, size_t size)
{
    int const used =
        snprintf(out, size, "%s %zu", kind_names[action->kind], action->actor);

    if (action->chaos.kind != CHAOS_NONE)
        snprintf(out + used, size - (size_t)used, ", %s %s call %zu",
                 action->chaos.is_full ? "finds it full"
                                       : chaos_names[action->chaos.kind],
                 action->chaos.is_after ? "after" : "before",
                 action->chaos.call + 1);
}
