/*
 * line_reader_test.c - lines come as soon as they are there, and whole.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <unistd.h>

#include "cmd/line_reader.h"

#define LIMIT 16
#define SIZE 40

static char buffer[SIZE];
static struct line_reader reader;
static struct bytes line;
static uint64_t length;
static int in; /* what is written here comes out of the reader */

static void set_up(void)
{
    int ends[2];

    cr_assert(eq(int, pipe(ends), 0));
    in = ends[1];
    line_reader_init(&reader, ends[0], buffer, SIZE, LIMIT);
}

TestSuite(line_reader, .init = set_up);

static void given(const char *text)
{
    cr_assert(eq(int, (int)write(in, text, strlen(text)), (int)strlen(text)));
}

static const char *take(void)
{
    static char text[SIZE + 1];

    if (line_reader_take(&reader, &line, &length) != LINE_READY)
        return "(none)";
    snprintf(text, sizeof(text), "%.*s", (int)line.len, line.at);
    return text;
}

Test(line_reader, hands_out_what_is_there_without_waiting)
{
    given("one\ntwo\nthr");

    cr_assert(line_reader_wait(&reader));

    cr_assert(eq(str, (char *)take(), "one"));
    cr_assert(eq(str, (char *)take(), "two"));
    cr_assert(eq(str, (char *)take(), "(none)"));
    cr_assert(not(line_reader_read_ahead(&reader)));

    given("ee\n");
    cr_assert(line_reader_wait(&reader));
    cr_assert(eq(str, (char *)take(), "three"));
}

Test(line_reader, reading_ahead_leaves_lines_where_they_are)
{
    given("one\n");
    cr_assert(line_reader_wait(&reader));
    cr_assert(eq(str, (char *)take(), "one"));
    struct bytes const first = line;

    given("two\n");
    cr_assert(line_reader_read_ahead(&reader));

    cr_assert(eq(str, (char *)take(), "two"));
    cr_assert(bytes_is(first, "one"));
}

Test(line_reader, the_last_line_needs_no_end)
{
    given("one\n\nlast");
    close(in);

    cr_assert(line_reader_wait(&reader));
    cr_assert(eq(str, (char *)take(), "one"));
    cr_assert(eq(str, (char *)take(), ""));
    cr_assert(eq(str, (char *)take(), "(none)"));
    cr_assert(line_reader_wait(&reader));

    cr_assert(eq(str, (char *)take(), "last"));
    cr_assert(not(line_reader_wait(&reader)));
    cr_assert(eq(int, reader.error, 0));
}

Test(line_reader, the_last_line_is_not_lost_when_it_was_read_ahead)
{
    given("last");
    cr_assert(line_reader_wait(&reader));
    cr_assert(eq(str, (char *)take(), "(none)"));
    close(in);

    cr_assert(not(line_reader_read_ahead(&reader)));
    cr_assert(line_reader_wait(&reader));

    cr_assert(eq(str, (char *)take(), "last"));
    cr_assert(not(line_reader_wait(&reader)));
}

Test(line_reader, a_line_of_the_limit_is_not_too_long)
{
    given("0123456789abcdef\n0123456789abcdef!\nok\n");
    cr_assert(line_reader_wait(&reader));

    cr_assert(eq(str, (char *)take(), "0123456789abcdef"));
    cr_assert(
        eq(int, line_reader_take(&reader, &line, &length), LINE_TOO_LONG));
    cr_assert(eq(u64, length, 17));
    cr_assert(eq(str, (char *)take(), "ok"));
}

Test(line_reader, a_line_far_too_long_passes_through_a_small_buffer)
{
    for (int i = 0; i < 100; i++) {
        given("0123456789");
        cr_assert(line_reader_wait(&reader));
        cr_assert(
            eq(int, line_reader_take(&reader, &line, &length), LINE_NONE));
    }
    given("!\nok\n");
    cr_assert(line_reader_wait(&reader));

    cr_assert(
        eq(int, line_reader_take(&reader, &line, &length), LINE_TOO_LONG));
    cr_assert(eq(u64, length, 1001));
    cr_assert(eq(str, (char *)take(), "ok"));
}

Test(line_reader, a_line_too_long_may_be_the_last)
{
    given("0123456789abcdef0123456789");
    close(in);
    cr_assert(line_reader_wait(&reader));
    cr_assert(eq(int, line_reader_take(&reader, &line, &length), LINE_NONE));
    cr_assert(line_reader_wait(&reader));

    cr_assert(
        eq(int, line_reader_take(&reader, &line, &length), LINE_TOO_LONG));
    cr_assert(eq(u64, length, 26));
    cr_assert(not(line_reader_wait(&reader)));
}

Test(line_reader, a_fault_of_the_input_is_no_end)
{
    line_reader_init(&reader, -1, buffer, SIZE, LIMIT);

    cr_assert(not(line_reader_wait(&reader)));

    cr_assert(ne(int, reader.error, 0));
    cr_assert(eq(str, (char *)take(), "(none)"));
}
