/*
 * backoff_test.c - waits grow as promised, stay under the cap, and spread.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>

#include "domain/backoff.h"
#include "domain/limits.h"
#include "tests/random.h"
#include "tests/table.h"

static struct error err;

static struct backoff parsed(const char *text)
{
    struct backoff b = backoff_default();
    cr_assert(eq(int, backoff_parse(bytes_of(text), &b, &err), STATUS_OK),
              "%s: %s", text, err.text);
    return b;
}

static struct backoff some_backoff(struct random_source *random)
{
    int64_t const max_ms =
        (int64_t)(random_next(random) % (DURATION_MAX_MS + 1)) >>
        random_next(random) % 39;
    return (struct backoff){
        .kind = (enum backoff_kind)(random_next(random) % 3),
        .jitter = JITTER_NONE,
        .factor_milli = 1000 + (int32_t)(random_next(random) % 3000),
        .base_ms = (int64_t)(random_next(random) % ((uint64_t)max_ms + 1)) >>
                   random_next(random) % 39,
        .max_ms = max_ms,
    };
}

Test(backoff, waits_are_those_of_the_table)
{
    struct table t = table_read("backoff.tsv", 6);

    for (size_t i = 0; i < t.count; i++) {
        const char *const *cell = t.rows[i].cells;
        struct backoff b = backoff_default();
        cr_assert(backoff_kind_from(bytes_of(cell[0]), &b.kind));
        b.base_ms = atoll(cell[1]);
        b.max_ms = atoll(cell[2]);
        b.factor_milli = atoi(cell[3]);

        int64_t const wait = backoff_wait_ms(&b, atoll(cell[4]));

        cr_assert(eq(i64, wait, atoll(cell[5])), "line %d", t.rows[i].line);
    }
    table_release(&t);
}

Test(backoff, the_zeroth_wait_is_the_first)
{
    struct backoff const b = parsed("linear:2s:1m");

    cr_assert(eq(i64, backoff_wait_ms(&b, 0), 2000));
    cr_assert(eq(i64, backoff_wait_ms(&b, INT64_MIN), 2000));
}

Test(backoff, no_wait_is_shorter_than_the_one_before_or_longer_than_the_cap)
{
    struct random_source random = random_seeded(1);

    for (int i = 0; i < 2000; i++) {
        struct backoff const b = some_backoff(&random);
        int64_t last = 0;
        for (int64_t n = 1; n > 0 && n < INT64_MAX / 3; n += n / 2 + 1) {
            int64_t const wait = backoff_wait_ms(&b, n);
            cr_assert(wait >= last && wait <= b.max_ms,
                      "case %d: wait %lld is %lld after %lld", i, (long long)n,
                      (long long)wait, (long long)last);
            last = wait;
        }
    }
}

Test(backoff, without_jitter_a_wait_is_exact)
{
    struct backoff b = parsed("constant:10s");
    b.jitter = JITTER_NONE;

    cr_assert(eq(i64, backoff_jittered_ms(&b, 1, UINT64_MAX), 10000));
    cr_assert(eq(i64, backoff_jittered_ms(&b, 1, 0), 10000));
}

Test(backoff, full_jitter_reaches_from_nothing_to_the_wait)
{
    struct backoff b = parsed("constant:10s");
    b.jitter = JITTER_FULL;

    cr_assert(eq(i64, backoff_jittered_ms(&b, 1, 0), 0));
    cr_assert(eq(i64, backoff_jittered_ms(&b, 1, UINT64_C(1) << 63), 5000));
    cr_assert(eq(i64, backoff_jittered_ms(&b, 1, UINT64_MAX), 10000));
}

Test(backoff, equal_jitter_reaches_from_half_the_wait_to_the_wait)
{
    struct backoff b = parsed("constant:9999ms");
    b.jitter = JITTER_EQUAL;

    cr_assert(eq(i64, backoff_jittered_ms(&b, 1, 0), 4999));
    cr_assert(eq(i64, backoff_jittered_ms(&b, 1, UINT64_MAX), 9999));
}

Test(backoff, jitter_of_the_longest_wait_and_of_none_stays_inside)
{
    struct backoff longest = parsed("constant:3650d:3650d");
    struct backoff none = parsed("constant:0");

    cr_assert(
        eq(i64, backoff_jittered_ms(&longest, 1, UINT64_MAX), DURATION_MAX_MS));
    cr_assert(eq(i64, backoff_jittered_ms(&none, 1, UINT64_MAX), 0));
}

Test(backoff, jitter_is_even)
{
    struct random_source random = random_seeded(2);
    struct backoff b = parsed("constant:9ms");
    int seen[10] = {0};
    b.jitter = JITTER_FULL;

    for (int i = 0; i < 100000; i++)
        seen[backoff_jittered_ms(&b, 1, random_next(&random))]++;

    for (int ms = 0; ms < 10; ms++) /* 5 standard deviations are 474 */
        cr_assert(abs(seen[ms] - 10000) < 474, "%d ms: %d", ms, seen[ms]);
}

Test(backoff, text_keeps_what_it_does_not_name)
{
    struct backoff b = {BACKOFF_LINEAR, JITTER_EQUAL, 3000, 7, 70};

    cr_assert(eq(int, backoff_parse(BYTES("exponential"), &b, &err), 0));

    cr_assert(eq(int, b.kind, BACKOFF_EXPONENTIAL));
    cr_assert(eq(int, b.jitter, JITTER_EQUAL));
    cr_assert(eq(int, b.factor_milli, 3000));
    cr_assert(eq(i64, b.base_ms, 7));
    cr_assert(eq(i64, b.max_ms, 70));
}

Test(backoff, text_names_base_and_maximum)
{
    struct backoff const b = parsed("linear:5s:1m30s");

    cr_assert(eq(int, b.kind, BACKOFF_LINEAR));
    cr_assert(eq(i64, b.base_ms, 5000));
    cr_assert(eq(i64, b.max_ms, 90000));
}

Test(backoff, a_base_beyond_the_default_maximum_raises_it)
{
    struct backoff const b = parsed("constant:2h");

    cr_assert(eq(i64, b.base_ms, 7200000));
    cr_assert(eq(i64, b.max_ms, 7200000));
}

Test(backoff, bad_text_is_refused_and_changes_nothing)
{
    static const char *const bad[] = {
        "",
        "cubic",
        "Linear",
        "linear:",
        ":5s",
        "linear:5s:",
        "linear:5s:1m:1",
        "linear::1m",
        "linear:x",
        "linear 5s",
        "linear:-5s",
        "linear:2m:1m",
        "linear:5s:1m:",
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct backoff b = backoff_default();
        struct backoff const before = b;

        enum status const st = backoff_parse(bytes_of(bad[i]), &b, &err);

        cr_assert(eq(int, st, STATUS_INVALID), "%s", bad[i]);
        cr_assert(eq(str, (char *)err.field, "backoff"));
        cr_assert(eq(int, memcmp(&b, &before, sizeof(b)), 0), "%s", bad[i]);
    }
}

Test(backoff, names_read_back)
{
    for (int i = 0; i < 3; i++) {
        enum backoff_kind kind;
        enum jitter jitter;
        const char *name = backoff_kind_name((enum backoff_kind)i);
        cr_assert(backoff_kind_from(bytes_of(name), &kind));
        cr_assert(eq(int, kind, i));
        name = jitter_name((enum jitter)i);
        cr_assert(jitter_from(bytes_of(name), &jitter));
        cr_assert(eq(int, jitter, i));
    }
}
