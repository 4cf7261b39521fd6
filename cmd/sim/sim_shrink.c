/*
 * sim_shrink.c - a shorter way to the same failure.
 *
 * Delta debugging (A. Zeller, R. Hildebrandt, "Simplifying and Isolating
 * Failure-Inducing Input", 2002) in its simplest form: leave out a run of
 * actions and keep that if it still fails; halve the runs; then take the
 * faults out of what is left, one by one.
 */
#include <stdlib.h>
#include <string.h>

#include "cmd/sim/sim.h"
#include "domain/task_id.h"

struct shrinking {
    struct sim_config config;
    size_t tries;
    struct sim_plan *best;
    struct sim_plan *candidate;
    struct sim_result *result; /* of best */
    struct error *err;
    enum status status;
};

/* Without the id in front of it. */
static const char *gist(const char *complaint)
{
    const char *colon = strchr(complaint, ':');

    return colon == complaint + TASK_ID_LEN ? colon : complaint;
}

/* Whether two complaints are about the same thing, numbers and names apart:
 * a shorter plan must not lead to another failure. */
static bool is_alike(const char *a, const char *b)
{
    static const char starts_detail[] = "0123456789";

    a = gist(a);
    b = gist(b);
    size_t const len = strcspn(a, starts_detail);
    return strcspn(b, starts_detail) == len && strncmp(a, b, len) == 0;
}

/* Takes the candidate if it fails, too. */
static bool keeps_failing(struct shrinking *sh)
{
    struct sim_result result;

    if (sh->tries == 0 || sh->status < 0)
        return false;
    sh->tries--;
    sh->status = sim_run(&sh->config, sh->candidate, &result, sh->err);
    if (sh->status < 0 || result.complaint[0] == '\0' ||
        !is_alike(result.complaint, sh->result->complaint))
        return false;
    if (result.at < sh->candidate->count)
        sh->candidate->count = result.at; /* what came after did not matter */
    *sh->best = *sh->candidate;
    *sh->result = result;
    return true;
}

/* Without the n actions from from on. */
static bool leaves_out(struct shrinking *sh, size_t from, size_t n)
{
    struct sim_plan *c = sh->candidate;

    *c = *sh->best;
    memmove(&c->actions[from], &c->actions[from + n],
            (c->count - from - n) * sizeof(c->actions[0]));
    c->count -= n;
    return keeps_failing(sh);
}

static void leave_out_all(struct shrinking *sh)
{
    for (size_t n = sh->best->count / 2; n > 0; n /= 2)
        for (size_t from = 0; from + n <= sh->best->count;)
            if (!leaves_out(sh, from, n))
                from += n;
}

static void take_out_faults(struct shrinking *sh)
{
    for (size_t i = 0; i < sh->best->count; i++) {
        if (sh->best->actions[i].chaos.kind == CHAOS_NONE)
            continue;
        *sh->candidate = *sh->best;
        sh->candidate->actions[i].chaos.kind = CHAOS_NONE;
        (void)keeps_failing(sh);
    }
}

enum status sim_shrink(const struct sim_config *config, size_t tries,
                       struct sim_plan *plan, struct sim_result *result,
                       struct error *err)
{
    struct shrinking sh = {
        .config = *config,
        .tries = tries,
        .best = plan,
        .candidate = malloc(sizeof(struct sim_plan)),
        .result = result,
        .err = err,
    };

    if (!sh.candidate)
        return error_set(err, STATUS_NO_MEMORY, NULL, "sim: no memory");
    size_t before;
    sh.config.trace = NULL;
    if (result->at < plan->count)
        plan->count = result->at;
    do {
        before = plan->count;
        leave_out_all(&sh);
        take_out_faults(&sh); /* one that is gone may have hidden more */
    } while (plan->count < before);
    free(sh.candidate);
    return sh.status;
}
