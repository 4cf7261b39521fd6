/*
 * duration_test.c - durations read and write as people do.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "domain/duration.h"
#include "domain/limits.h"
#include "tests/random.h"
#include "tests/table.h"

static struct error err;

static const char *written(int64_t ms)
{
    static char room[64];
    struct text t = text_in(room, sizeof(room));

    duration_add(&t, ms);
    return room;
}

Test(duration, texts_of_the_table_read_and_are_written_as_it_says)
{
    struct table t = table_read("durations.tsv", 3);

    for (size_t i = 0; i < t.count; i++) {
        const char *const *cell = t.rows[i].cells;
        int64_t ms = -1;

        enum status const st =
            duration_parse(bytes_of(cell[0]), "in", &ms, &err);

        cr_assert(eq(int, st, STATUS_OK), "%s: %s", cell[0], err.text);
        cr_assert(eq(i64, ms, atoll(cell[1])), "%s", cell[0]);
        cr_assert(eq(str, (char *)written(ms), (char *)cell[2]));
    }
    table_release(&t);
}

Test(duration, bad_texts_are_refused_by_field_text_and_rule)
{
    struct table t = table_read("durations_bad.tsv", 2);

    for (size_t i = 0; i < t.count; i++) {
        const char *const *cell = t.rows[i].cells;
        char message[200];
        int64_t ms = 42;
        snprintf(message, sizeof(message), "in: bad duration \"%s\": %s",
                 cell[0], cell[1]);

        enum status const st =
            duration_parse(bytes_of(cell[0]), "in", &ms, &err);

        cr_assert(eq(int, st, STATUS_INVALID), "%s", cell[0]);
        cr_assert(eq(str, err.text, message));
        cr_assert(eq(str, (char *)err.field, "in"));
        cr_assert(eq(i64, ms, 42), "%s", cell[0]);
    }
    table_release(&t);
}

Test(duration, an_absent_text_and_a_nul_inside_are_refused)
{
    int64_t ms;

    cr_assert(ne(int, duration_parse(bytes_of(NULL), "in", &ms, &err), 0));
    cr_assert(ne(int, duration_parse(BYTES("5s\0"), "in", &ms, &err), 0));
}

Test(duration, what_is_written_reads_back)
{
    struct random_source random = random_seeded(3);

    for (int i = 0; i < 20000; i++) {
        int64_t const ms =
            (int64_t)(random_next(&random) % (DURATION_MAX_MS + 1)) >>
            random_next(&random) % 39;
        int64_t back = -1;

        enum status const st =
            duration_parse(bytes_of(written(ms)), "in", &back, &err);

        cr_assert(eq(int, st, STATUS_OK), "%s", err.text);
        cr_assert(eq(i64, back, ms));
    }
}
