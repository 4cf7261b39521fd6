/*
 * json_text_test.c - what is JSON passes, what is not is told why.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "domain/json_text.h"
#include "domain/limits.h"
#include "tests/random.h"
#include "tests/table.h"

static struct error err;

static enum status check(struct bytes text)
{
    return json_text_check(text, PAYLOAD_DEPTH_MAX, "payload", &err);
}

static DIR *open_fixtures(const char *folder)
{
    char path[1024];
    snprintf(path, sizeof(path), "%s/%s", getenv("FIXTURES"), folder);
    DIR *dir = opendir(path);
    cr_assert(dir != NULL, "no %s", path);
    return dir;
}

/* How many files are there, and that check answers expected for each. */
static size_t check_all(const char *folder, enum status expected)
{
    DIR *dir = open_fixtures(folder);
    size_t n = 0;

    for (struct dirent *entry; (entry = readdir(dir));) {
        if (entry->d_name[0] == '.')
            continue;
        char name[512];
        snprintf(name, sizeof(name), "%s/%s", folder, entry->d_name);
        struct bytes const text = fixture_read(name);
        cr_assert(eq(int, check(text), expected), "%s: %s", name, err.text);
        free((char *)text.at);
        n++;
    }
    closedir(dir);
    return n;
}

Test(json_text, every_valid_file_passes)
{
    cr_assert(gt(sz, check_all("json/valid", STATUS_OK), 0));
}

Test(json_text, every_invalid_file_is_refused)
{
    struct table t = table_read("json/invalid.tsv", 2);

    cr_assert(eq(sz, check_all("json/invalid", STATUS_INVALID), t.count));

    table_release(&t);
}

Test(json_text, messages_tell_field_reason_and_place)
{
    struct table t = table_read("json/invalid.tsv", 2);

    for (size_t i = 0; i < t.count; i++) {
        const char *const *cell = t.rows[i].cells;
        char name[256];
        char message[256];
        snprintf(name, sizeof(name), "json/invalid/%s", cell[0]);
        snprintf(message, sizeof(message), "payload: %s", cell[1]);
        struct bytes const text = fixture_read(name);

        enum status const st = check(text);

        cr_assert(eq(int, st, STATUS_INVALID), "%s", name);
        cr_assert(eq(str, err.text, message), "%s", name);
        cr_assert(eq(str, (char *)err.field, "payload"));
        free((char *)text.at);
    }
    table_release(&t);
}

Test(json_text, an_absent_text_is_empty)
{
    cr_assert(eq(int, check(bytes_of(NULL)), STATUS_INVALID));

    cr_assert(eq(str, err.text, "payload: empty"));
}

Test(json_text, whatever_is_cut_from_the_end_of_a_document_leaves_none)
{
    struct bytes const text =
        BYTES("{\"a\":[1.5e-3,true,null,\"\\ud83d\\ude00\xC3\xA9\"]}");

    cr_assert(eq(int, check(text), STATUS_OK), "%s", err.text);
    for (size_t len = 0; len < text.len; len++)
        cr_assert(eq(int, check((struct bytes){text.at, len}), STATUS_INVALID),
                  "%zu bytes", len);
}

Test(json_text, never_reads_beyond_the_text)
{
    struct random_source random = random_seeded(8);
    static const char bytes[] = "[]{}\",:\\u0d8e1-+. tfn\xC3\xA9\xF0\x9F";

    for (int i = 0; i < 200000; i++) {
        size_t const len = random_next(&random) % 12;
        char *text = malloc(len > 0 ? len : 1); /* exact, for the sanitizer */
        cr_assert(text != NULL);
        for (size_t k = 0; k < len; k++)
            text[k] = bytes[random_next(&random) % (sizeof(bytes) - 1)];
        size_t value_len = 0;

        enum status const whole = check((struct bytes){text, len});
        enum status const value = json_text_value((struct bytes){text, len}, 8,
                                                  "x", &value_len, &err);

        if (whole == STATUS_OK)
            cr_assert(eq(int, value, STATUS_OK), "%.*s", (int)len, text);
        cr_assert(le(sz, value_len, len));
        free(text);
    }
}

/* Answers in microseconds or reads it all in milliseconds; a scanner that
 * recursed would overflow its stack, one that was quadratic take minutes. */
Test(json_text, a_mebibyte_of_anything_answers_at_once, .timeout = 20)
{
    static char text[PAYLOAD_MAX];

    memset(text, '[', sizeof(text));
    cr_assert(eq(int, check((struct bytes){text, sizeof(text)}), -1));
    cr_assert(eq(str, err.text, "payload: nested deeper than 512 at byte 512"));

    memset(text, ' ', sizeof(text));
    cr_assert(eq(int, check((struct bytes){text, sizeof(text)}), -1));
    cr_assert(eq(str, err.text, "payload: empty"));

    memset(text, '9', sizeof(text));
    cr_assert(eq(int, check((struct bytes){text, sizeof(text)}), 0));

    for (size_t i = 0; i < sizeof(text); i += 4)
        memcpy(text + i, "[],", 4);
    for (size_t i = 3; i < sizeof(text); i += 4)
        text[i] = ' ';
    text[0] = '[';
    memcpy(text + sizeof(text) - 4, "[] ]", 4);
    memcpy(text, "[ [],", 5);
    memcpy(text + 5, "   ", 3);
    cr_assert(eq(int, check((struct bytes){text, sizeof(text)}), 0), "%s",
              err.text);
}

Test(json_text, depth_is_what_the_caller_allows)
{
    struct bytes const two = BYTES("[{\"a\":1},[]]");

    cr_assert(eq(int, json_text_check(two, 2, "x", &err), STATUS_OK));
    cr_assert(eq(int, json_text_check(two, 1, "x", &err), STATUS_INVALID));
    cr_assert(eq(str, err.text, "x: nested deeper than 1 at byte 1"));
    cr_assert(eq(int, json_text_check(BYTES("7"), 0, "x", &err), STATUS_OK));
}

Test(json_text, value_ends_where_the_first_value_ends)
{
    const struct {
        struct bytes text;
        size_t len;
    } cases[] = {
        {BYTES("1,2"), 1},           {BYTES(" {\"a\":[}]} x"), 0},
        {BYTES(" {\"a\":[]} x"), 9}, {BYTES("\"a\"\"b\""), 3},
        {BYTES("nullnull"), 4},      {BYTES("[1] "), 3},
        {BYTES("-1.5e3}"), 6},       {BYTES("tru"), 0},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t len = 0;

        enum status const st =
            json_text_value(cases[i].text, 8, "x", &len, &err);

        cr_assert(eq(int, st == STATUS_OK, cases[i].len > 0), "%s",
                  cases[i].text.at);
        cr_assert(eq(sz, len, cases[i].len), "%s", cases[i].text.at);
    }
}

Test(json_text, headers_are_an_object_of_strings)
{
    struct table t = table_read("headers.tsv", 2);

    for (size_t i = 0; i < t.count; i++) {
        const char *const *cell = t.rows[i].cells;
        char message[256] = "";
        bool const is_good = strcmp(cell[1], "ok") == 0;
        if (!is_good)
            snprintf(message, sizeof(message), "headers: %s", cell[1]);
        err.text[0] = '\0';

        enum status const st = json_text_check_headers(bytes_of(cell[0]), &err);

        cr_assert(eq(int, st, is_good ? STATUS_OK : STATUS_INVALID), "%s: %s",
                  cell[0], err.text);
        cr_assert(eq(str, err.text, message), "%s", cell[0]);
    }
    table_release(&t);
}

Test(json_text, headers_have_a_largest_size)
{
    static char text[HEADERS_MAX + 1];
    memset(text, ' ', sizeof(text));
    memcpy(text, "{}", 2);

    cr_assert(eq(
        int, json_text_check_headers((struct bytes){text, HEADERS_MAX}, &err),
        STATUS_OK));
    cr_assert(
        eq(int,
           json_text_check_headers((struct bytes){text, HEADERS_MAX + 1}, &err),
           STATUS_INVALID));
    cr_assert(eq(str, err.text, "headers too large: 16385 bytes, limit 16384"));
}

/* As many members as fit: the table of names must take them all. */
Test(json_text, the_last_of_the_most_names_is_still_compared)
{
    static char text[HEADERS_MAX];
    size_t len = 1;
    text[0] = '{';
    for (int i = 0; len + 20 < sizeof(text); i++)
        len += (size_t)sprintf(text + len, "\"%x\":\"\",", i);
    memcpy(text + len, "\"z\":\"\"}", 7);

    struct bytes const headers = {text, len + 7};
    cr_assert(eq(int, json_text_check_headers(headers, &err), STATUS_OK), "%s",
              err.text);
    text[len + 1] = '7';
    cr_assert(eq(int, json_text_check_headers(headers, &err), STATUS_INVALID));
}
