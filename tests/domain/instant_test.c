/*
 * instant_test.c - points in time read and write as RFC 3339.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "domain/instant.h"
#include "domain/limits.h"
#include "tests/random.h"
#include "tests/table.h"

static struct error err;

Test(instant, texts_of_the_table_read_and_are_written_as_it_says)
{
    struct table t = table_read("instants.tsv", 3);

    for (size_t i = 0; i < t.count; i++) {
        const char *const *cell = t.rows[i].cells;
        char text[INSTANT_TEXT_SIZE];
        int64_t ms = -1;

        enum status const st =
            instant_parse(bytes_of(cell[0]), "run_at", &ms, &err);

        cr_assert(eq(int, st, STATUS_OK), "%s: %s", cell[0], err.text);
        cr_assert(eq(i64, ms, atoll(cell[1])), "%s", cell[0]);
        instant_format(ms, text);
        cr_assert(eq(str, text, (char *)cell[2]));
    }
    table_release(&t);
}

Test(instant, bad_texts_are_refused_by_field_text_and_rule)
{
    struct table t = table_read("instants_bad.tsv", 2);

    for (size_t i = 0; i < t.count; i++) {
        const char *const *cell = t.rows[i].cells;
        char message[200];
        int64_t ms = 42;
        snprintf(message, sizeof(message), "run_at: bad time \"%s\": %s",
                 cell[0], cell[1]);

        enum status const st =
            instant_parse(bytes_of(cell[0]), "run_at", &ms, &err);

        cr_assert(eq(int, st, STATUS_INVALID), "%s", cell[0]);
        cr_assert(eq(str, err.text, message));
        cr_assert(eq(str, (char *)err.field, "run_at"));
        cr_assert(eq(i64, ms, 42), "%s", cell[0]);
    }
    table_release(&t);
}

Test(instant, what_is_written_reads_back)
{
    struct random_source random = random_seeded(4);

    for (int i = 0; i < 20000; i++) {
        int64_t const ms =
            (int64_t)(random_next(&random) % (INSTANT_MAX_MS + 1));
        char text[INSTANT_TEXT_SIZE];
        int64_t back = -1;

        instant_format(ms, text);
        enum status const st =
            instant_parse(bytes_of(text), "run_at", &back, &err);

        cr_assert(eq(int, st, STATUS_OK), "%s", err.text);
        cr_assert(eq(i64, back, ms), "%s", text);
    }
}

Test(instant, every_day_of_400_years_is_that_of_the_c_library)
{
    for (int64_t day = 0; day < 146097; day++) {
        time_t const at = (time_t)(day * 86400);
        char text[INSTANT_TEXT_SIZE];
        char expected[64];
        struct tm tm;
        gmtime_r(&at, &tm);
        strftime(expected, sizeof(expected), "%Y-%m-%dT00:00:00.000Z", &tm);

        instant_format(day * 86400000, text);

        cr_assert(eq(str, text, expected));
    }
}

Test(instant, out_of_range_is_written_as_the_nearest_end)
{
    char text[INSTANT_TEXT_SIZE];

    instant_format(-1, text);
    cr_assert(eq(str, text, "1970-01-01T00:00:00.000Z"));
    instant_format(INT64_MAX, text);
    cr_assert(eq(str, text, "9999-12-31T23:59:59.999Z"));
}

Test(instant, after_stops_at_the_last_instant)
{
    cr_assert(eq(i64, instant_after(5, 7), 12));
    cr_assert(eq(i64, instant_after(INSTANT_MAX_MS - 1, 1), INSTANT_MAX_MS));
    cr_assert(eq(i64, instant_after(INSTANT_MAX_MS, 1), INSTANT_MAX_MS));
    cr_assert(eq(i64, instant_after(1, INT64_MAX), INSTANT_MAX_MS));
    cr_assert(eq(i64, instant_after(INT64_MAX, INT64_MAX), INSTANT_MAX_MS));
}
