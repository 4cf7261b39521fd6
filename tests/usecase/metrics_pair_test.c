/*
 * metrics_pair_test.c - both are told everything, once.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "adapters/doubles/spy_metrics.h"
#include "usecase/metrics_pair.h"

static struct error err;

Test(metrics_pair, both_are_told_everything_once)
{
    static const struct scrub_check checks[] = {{.name = "a"}, {.name = NULL}};
    struct scrub_tally const tally = {.found = 2};
    struct store_report const store = {checks, &tally};
    struct lease lease = {.task = task_default()};
    struct verdict const done = {.action = VERDICT_DONE};
    struct attempt_report const attempt = {.lease = &lease, .verdict = &done};
    struct metrics_port spies[2];
    struct metrics_port both;
    struct metrics_pair pair;
    for (size_t i = 0; i < 2; i++)
        cr_assert(eq(int, spy_metrics_open(&spies[i], &err), STATUS_OK));
    metrics_pair_open(&pair, spies[0], spies[1], &both);
    metrics_port_check(both);
    error_set(&err, STATUS_UNAVAILABLE, NULL, "gone");

    metrics_attempt_settled(both, &attempt);
    metrics_backend_failed(both, "lease", STATUS_UNAVAILABLE, &err);
    metrics_backend_recovered(both);
    metrics_store_examined(both, &store);

    for (size_t i = 0; i < 2; i++) {
        const struct spy_record *spy = spy_metrics_record(spies[i]);
        cr_assert(eq(sz, spy->attempts, 1));
        cr_assert(eq(sz, spy->failures, 1));
        cr_assert(eq(str, (char *)spy->failed_op, "lease"));
        cr_assert(eq(sz, spy->recoveries, 1));
        cr_assert(eq(sz, spy->walks, 1));
        cr_assert(eq(sz, spy->flaws, 2));
    }
    metrics_close(both);
}
