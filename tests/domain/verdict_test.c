/*
 * verdict_test.c - what follows from each way an attempt can end.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>

#include "domain/verdict.h"
#include "tests/random.h"
#include "tests/table.h"

#define NOW INT64_C(1790000000000)

static struct task leased(int attempt, int max_attempts, int crashes,
                          int max_crashes)
{
    struct task task = task_default();

    task.backoff.jitter = JITTER_NONE;
    task.attempt = attempt;
    task.max_attempts = max_attempts;
    task.crashes = crashes;
    task.max_crashes = max_crashes;
    return task;
}

static struct outcome outcome_called(const char *name)
{
    static const struct {
        const char *name;
        struct outcome outcome;
    } outcomes[] = {
        {"done", {.kind = OUTCOME_DONE}},
        {"retry", {.kind = OUTCOME_RETRY}},
        {"reject", {.kind = OUTCOME_REJECT}},
        {"snooze", {.kind = OUTCOME_SNOOZE}},
        {"release", {.kind = OUTCOME_RELEASE}},
        {"crash", {.kind = OUTCOME_CRASH, .is_started = true}},
        {"vanish", {.kind = OUTCOME_CRASH, .is_started = false}},
        {"expire", {.kind = OUTCOME_EXPIRE}},
    };

    for (size_t i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); i++)
        if (strcmp(outcomes[i].name, name) == 0)
            return outcomes[i].outcome;
    cr_fatal("no outcome %s", name);
}

Test(verdict, outcomes_lead_to_what_the_table_says)
{
    struct table t = table_read("verdicts.tsv", 12);

    for (size_t i = 0; i < t.count; i++) {
        const char *const *cell = t.rows[i].cells;
        int const line = t.rows[i].line;
        struct task const task =
            leased(atoi(cell[0]), atoi(cell[1]), atoi(cell[2]), atoi(cell[3]));
        struct outcome outcome = outcome_called(cell[4]);
        outcome.after_ms = cell[5][0] == '-' ? -1 : atoll(cell[5]);

        struct verdict const v = verdict_of(&task, &outcome, NOW, 0);

        cr_assert(
            eq(str, (char *)verdict_action_name(v.action), (char *)cell[6]),
            "line %d", line);
        cr_assert(eq(str, (char *)reason_name(v.reason), (char *)cell[7]),
                  "line %d", line);
        cr_assert(eq(i64, v.run_at_ms - NOW, atoll(cell[8])), "line %d", line);
        cr_assert(eq(int, v.attempt, atoi(cell[9])), "line %d", line);
        cr_assert(eq(int, v.crashes, atoi(cell[10])), "line %d", line);
        cr_assert(eq(int, v.is_failure, strcmp(cell[11], "yes") == 0),
                  "line %d", line);
    }
    table_release(&t);
}

Test(verdict, waits_have_the_jitter_of_the_random_bits)
{
    struct task task = leased(3, 10, 1, 3);
    struct outcome const retry = {.kind = OUTCOME_RETRY, .after_ms = -1};
    struct outcome const crash = {.kind = OUTCOME_CRASH};
    task.backoff.jitter = JITTER_FULL;

    cr_assert(eq(i64, verdict_of(&task, &retry, NOW, 0).run_at_ms, NOW));
    cr_assert(eq(i64, verdict_of(&task, &retry, NOW, 1ULL << 63).run_at_ms,
                 NOW + 2000));
    cr_assert(eq(i64, verdict_of(&task, &crash, NOW, 1ULL << 63).run_at_ms,
                 NOW + 500));
}

Test(verdict, a_wait_asked_for_has_no_jitter)
{
    struct task task = leased(3, 10, 0, 3);
    struct outcome const retry = {.kind = OUTCOME_RETRY, .after_ms = 777};
    task.backoff.jitter = JITTER_FULL;

    cr_assert(eq(i64, verdict_of(&task, &retry, NOW, 5).run_at_ms, NOW + 777));
}

Test(verdict, no_wait_goes_beyond_the_last_instant)
{
    struct task const task = leased(1, 10, 0, 3);
    struct outcome const snooze = {.kind = OUTCOME_SNOOZE,
                                   .after_ms = INT64_MAX};
    struct outcome const retry = {.kind = OUTCOME_RETRY, .after_ms = INT64_MAX};

    cr_assert(
        eq(i64, verdict_of(&task, &snooze, NOW, 0).run_at_ms, INSTANT_MAX_MS));
    cr_assert(
        eq(i64, verdict_of(&task, &retry, NOW, 0).run_at_ms, INSTANT_MAX_MS));
}

/* Lives a life: whatever happens to it, a task comes to an end, and neither
 * runs nor crashes more often than it may. */
Test(verdict, every_task_ends_within_its_attempts_and_crashes)
{
    struct random_source random = random_seeded(9);

    for (int i = 0; i < 5000; i++) {
        struct task task = leased(0, 1 + (int)(random_next(&random) % 12), 0,
                                  1 + (int)(random_next(&random) % 5));
        int failures = 0;
        struct verdict v;
        do {
            static const char *const ends[] = {"retry", "crash", "vanish",
                                               "snooze", "release"};
            struct outcome outcome =
                outcome_called(ends[random_next(&random) % 5]);
            outcome.after_ms = -1;
            task.attempt++;
            v = verdict_of(&task, &outcome, NOW, random_next(&random));
            failures += v.is_failure;
            task.attempt = v.attempt;
            task.crashes = v.crashes;
            cr_assert(eq(int, task.attempt, failures), "case %d", i);
            cr_assert(le(int, task.attempt, task.max_attempts), "case %d", i);
            cr_assert(le(int, task.crashes, task.max_crashes), "case %d", i);
        } while (v.action != VERDICT_DEAD);
        cr_assert(task.attempt == task.max_attempts ||
                      task.crashes == task.max_crashes,
                  "case %d", i);
    }
}

Test(verdict, a_crash_would_kill_exactly_where_a_started_one_does)
{
    struct outcome const crash = {.kind = OUTCOME_CRASH, .is_started = true};

    for (int attempt = 1; attempt <= 4; attempt++) {
        for (int crashes = 0; crashes <= 3; crashes++) {
            struct task const task = leased(attempt, 4, crashes, 3);
            struct verdict const v = verdict_of(&task, &crash, NOW, 0);
            cr_assert(eq(int, verdict_crash_would_kill(&task),
                         v.action == VERDICT_DEAD),
                      "attempt %d, crashes %d", attempt, crashes);
        }
    }
}

Test(verdict, a_task_may_start_until_it_expires)
{
    struct task task = task_default();
    task.created_at_ms = NOW;
    cr_assert(verdict_may_start(&task, INSTANT_MAX_MS));

    task.expires_ms = 1000;
    cr_assert(verdict_may_start(&task, NOW + 999));
    cr_assert(not(verdict_may_start(&task, NOW + 1000)));
}
