/*
 * text_test.c - the small tools: lines, messages, arenas, characters.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <string.h>

#include "domain/arena.h"
#include "domain/error.h"
#include "domain/text.h"
#include "domain/utf8.h"
#include "tests/random.h"

Test(text, what_does_not_fit_is_cut_and_the_line_still_ends)
{
    char room[6];
    struct text t = text_in(room, sizeof(room));

    text_add(&t, "abc");
    cr_assert(not(t.is_cut));
    text_add(&t, "def");

    cr_assert(t.is_cut);
    cr_assert(eq(str, room, "abcde"));
    text_add_int(&t, 7);
    cr_assert(eq(str, room, "abcde"));
}

Test(text, numbers_are_written_whole)
{
    char room[80];
    struct text t = text_in(room, sizeof(room));

    text_add_int(&t, INT64_MIN);
    text_add(&t, " ");
    text_add_int(&t, INT64_MAX);
    text_add(&t, " ");
    text_add_int(&t, 0);
    text_add(&t, " ");
    text_add_padded(&t, 7, 3);

    cr_assert(eq(str, room, "-9223372036854775808 9223372036854775807 0 007"));
}

Test(text, numbers_read_up_to_their_limit)
{
    int64_t n = -1;

    cr_assert(text_read_int(BYTES("0"), 0, &n) && n == 0);
    cr_assert(text_read_int(BYTES("007"), 7, &n) && n == 7);
    cr_assert(text_read_int(BYTES("9223372036854775807"), INT64_MAX, &n));
    cr_assert(eq(i64, n, INT64_MAX));
    cr_assert(not(text_read_int(BYTES("9223372036854775808"), INT64_MAX, &n)));
    cr_assert(not(text_read_int(BYTES("8"), 7, &n)));
    cr_assert(not(text_read_int(BYTES("70"), 7, &n)));
    cr_assert(not(text_read_int(BYTES(""), 7, &n)));
    cr_assert(not(text_read_int(BYTES("-1"), 7, &n)));
    cr_assert(not(text_read_int(BYTES("1 "), 7, &n)));
}

Test(error, messages_show_what_does_not_print_as_a_question_mark)
{
    struct error err;

    cr_assert(eq(int, error_set(&err, STATUS_FULL, NULL, "a\nb\x1B\xC3\xA9"),
                 STATUS_FULL));

    cr_assert(eq(str, err.text, "a?b???"));
    cr_assert(eq(ptr, (void *)err.field, NULL));
}

Test(arena, gives_aligned_room_until_it_is_full)
{
    _Alignas(16) char room[64];
    struct arena a = {.base = room, .size = sizeof(room)};
    struct bytes copy;

    cr_assert(arena_copy(&a, BYTES("abc"), &copy));
    cr_assert(eq(str, (char *)copy.at, "abc"));
    char *at = arena_alloc(&a, 16);
    cr_assert(eq(ptr, at, room + 16));
    cr_assert(eq(ptr, arena_alloc(&a, 33), NULL));
    cr_assert(eq(ptr, arena_alloc(&a, SIZE_MAX), NULL));
    cr_assert(ne(ptr, arena_alloc(&a, 32), NULL));
    cr_assert(not(arena_copy(&a, BYTES(""), &copy)));

    arena_reset(&a);
    cr_assert(eq(ptr, arena_alloc(&a, 1), room));
}

Test(arena, a_copy_needs_room_for_its_nul)
{
    char room[4];
    struct arena a = {.base = room, .size = sizeof(room)};
    struct bytes copy = {NULL, 0};

    cr_assert(not(arena_copy(&a, BYTES("abcd"), &copy)));
    cr_assert(arena_copy(&a, BYTES("abc"), &copy));
    cr_assert(arena_copy(&a, bytes_of(NULL), &copy));
    cr_assert(eq(ptr, (void *)copy.at, NULL));
}

Test(text, a_byte_in_json_is_plain_or_an_escape)
{
    for (int byte = 0; byte < 256; byte++) {
        char out[BYTE_JSON_MAX], expected[BYTE_JSON_MAX + 1];
        bool const is_plain =
            byte >= 32 && byte < 127 && byte != '"' && byte != '\\';
        snprintf(expected, sizeof(expected), is_plain ? "%c" : "\\u%04x",
                 (unsigned)byte);

        size_t const len = byte_to_json((char)byte, out);

        cr_assert(eq(sz, len, strlen(expected)), "byte %d", byte);
        cr_expect(memcmp(out, expected, len) == 0, "byte %d", byte);
    }
}

/* The characters written by the book, one after the other. */
static size_t encode(uint32_t code, char *out)
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    size_t const len = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = len - 1; i > 0; i--, code >>= 6)
        out[i] = (char)(0x80 | (code & 0x3F));
    out[0] = (char)((0xF00 >> len) | code);
    return len;
}

Test(utf8, every_character_reads_and_no_surrogate_does)
{
    for (uint32_t code = 0; code < 0x110000 + 0x1000; code++) {
        char out[4];
        uint32_t back = UINT32_MAX;
        size_t const len = encode(code, out);
        bool const is_character =
            code <= 0x10FFFF && !(code >= 0xD800 && code <= 0xDFFF);

        size_t const read = utf8_read((struct bytes){out, len}, &back);

        cr_assert(eq(sz, read, is_character ? len : 0), "U+%04X", code);
        cr_assert(eq(u32, back, is_character ? code : UINT32_MAX));
        cr_assert(eq(sz, utf8_read((struct bytes){out, len - 1}, &back), 0));
    }
}
