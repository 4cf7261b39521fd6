/*
 * backend_url_test.c - URLs are read whole, and no message tells a secret.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/random.h"
#include "tests/table.h"
#include "usecase/backend_url.h"
#include "usecase/backend_url_mask.h"

static struct error err;

static char *or_dash(char *text)
{
    return text[0] ? text : "-";
}

Test(backend_url, parts_are_those_of_the_table)
{
    struct table t = table_read("urls.tsv", 10);

    for (size_t i = 0; i < t.count; i++) {
        char *const *cell = (char *const *)t.rows[i].cells;
        struct backend_url url;

        enum status const st = backend_url_parse(bytes_of(cell[0]), &url, &err);

        cr_assert(eq(int, st, STATUS_OK), "%s", err.text);
        cr_assert(eq(str, url.scheme, cell[1]), "%s", cell[0]);
        cr_assert(eq(str, or_dash(url.path), cell[2]), "%s", cell[0]);
        cr_assert(eq(str, or_dash(url.host), cell[3]), "%s", cell[0]);
        cr_assert(eq(int, url.port, atoi(cell[4])), "%s", cell[0]);
        cr_assert(eq(int, url.db, atoi(cell[5])), "%s", cell[0]);
        cr_assert(eq(str, or_dash(url.user), cell[6]), "%s", cell[0]);
        cr_assert(eq(str, or_dash(url.password), cell[7]), "%s", cell[0]);
        cr_assert(eq(str, url.namespace, cell[8]), "%s", cell[0]);
        cr_assert(
            eq(int, url.sync == SYNC_NORMAL, strcmp(cell[9], "normal") == 0),
            "%s", cell[0]);
    }
    table_release(&t);
}

Test(backend_url, broken_ones_are_refused_with_the_reason)
{
    struct table t = table_read("urls_bad.tsv", 2);

    for (size_t i = 0; i < t.count; i++) {
        const char *const *cell = t.rows[i].cells;
        struct backend_url url = {.port = 1};
        char masked[256];
        char message[512];
        struct text shown = text_in(masked, sizeof(masked));
        backend_url_mask(bytes_of(cell[0]), &shown);
        snprintf(message, sizeof(message), "url: bad URL \"%s\": %s", masked,
                 cell[1]);

        enum status const st = backend_url_parse(bytes_of(cell[0]), &url, &err);

        cr_assert(eq(int, st, STATUS_INVALID), "%s", cell[0]);
        cr_assert(eq(str, err.text, message));
        cr_assert(eq(str, (char *)err.field, "url"));
        cr_assert(eq(int, url.port, 1), "%s", cell[0]);
    }
    table_release(&t);
}

Test(backend_url, secrets_are_shown_as_stars)
{
    struct table t = table_read("urls_masked.tsv", 2);

    for (size_t i = 0; i < t.count; i++) {
        const char *const *cell = t.rows[i].cells;
        struct backend_url url;
        char masked[256];
        struct text shown = text_in(masked, sizeof(masked));

        backend_url_mask(bytes_of(cell[0]), &shown);

        cr_assert(eq(str, masked, (char *)cell[1]));
        if (backend_url_parse(bytes_of(cell[0]), &url, &err) == STATUS_OK)
            cr_assert(eq(str, url.masked, (char *)cell[1]));
        else
            cr_assert(eq(ptr, strstr(err.text, "secret"), NULL), "%s",
                      err.text);
    }
    table_release(&t);
}

/* Breaks a good URL at random, anywhere but in its password. */
Test(backend_url, no_broken_url_tells_its_password)
{
    static const char good[] = "redis://joe:SECRET@host:6379/1?namespace=n";
    static const char marks[] = ":/@?&=%[]#x \n";
    struct random_source random = random_seeded(11);

    for (int i = 0; i < 100000; i++) {
        char text[sizeof(good)];
        struct backend_url url;
        memcpy(text, good, sizeof(good));
        for (int k = 0; k < 3; k++) {
            size_t const at = random_next(&random) % (sizeof(good) - 1);
            bool const is_fixed = at >= 11 && at <= 18;
            if (!is_fixed)
                text[at] = marks[random_next(&random) % (sizeof(marks) - 1)];
        }

        if (backend_url_parse(bytes_of(text), &url, &err) != STATUS_OK)
            cr_assert(eq(ptr, strstr(err.text, "SECRET"), NULL), "%s: %s", text,
                      err.text);
        else
            cr_assert(eq(ptr, strstr(url.masked, "SECRET"), NULL), "%s", text);
    }
}

Test(backend_url, parts_that_are_too_long_are_refused)
{
    struct backend_url url;
    char text[BACKEND_URL_MAX + 2] = "redis://h:1/1?namespace=n&";
    memset(text + 8, 'h', sizeof(text) - 9);

    cr_assert(eq(int,
                 backend_url_parse((struct bytes){text, BACKEND_URL_MAX + 1},
                                   &url, &err),
                 STATUS_INVALID));
    cr_assert(eq(str, err.text, "url too large: 1025 bytes, limit 1024"));

    struct bytes const longest = {text, 8 + BACKEND_HOST_SIZE - 1};
    struct bytes const longer = {text, 8 + BACKEND_HOST_SIZE};
    cr_assert(eq(int, backend_url_parse(longest, &url, &err), STATUS_OK));
    cr_assert(eq(int, backend_url_parse(longer, &url, &err), STATUS_INVALID));
}

Test(backend_url, an_absent_text_and_a_nul_inside_are_refused)
{
    struct backend_url url;

    cr_assert(ne(int, backend_url_parse(bytes_of(NULL), &url, &err), 0));
    cr_assert(ne(int, backend_url_parse(BYTES("sqlite:a\0b"), &url, &err), 0));
}
