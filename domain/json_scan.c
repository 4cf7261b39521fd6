#include "domain/json_scan.h"

#include <assert.h>

#include "domain/utf8.h"

struct scan scan_of(struct bytes text, size_t max_depth)
{
    assert(max_depth <= JSON_DEPTH_MAX);
    return (struct scan){.text = text, .max_depth = max_depth};
}

bool scan_fail(struct scan *s, const char *why)
{
    s->why = why;
    return false;
}

/* The byte at hand, or -1 at the end. */
static int peek(const struct scan *s)
{
    return s->at < s->text.len ? (unsigned char)s->text.at[s->at] : -1;
}

bool scan_take(struct scan *s, int byte)
{
    if (peek(s) != byte)
        return false;
    s->at++;
    return true;
}

static bool take_digits(struct scan *s)
{
    size_t const from = s->at;

    while (peek(s) >= '0' && peek(s) <= '9')
        s->at++;
    return s->at > from;
}

void scan_blanks(struct scan *s)
{
    while (scan_take(s, ' ') || scan_take(s, '\n') || scan_take(s, '\r') ||
           scan_take(s, '\t'))
        ;
}

static bool scan_word(struct scan *s, const char *word)
{
    size_t const len = strlen(word);

    if (s->text.len - s->at < len || memcmp(s->text.at + s->at, word, len) != 0)
        return scan_fail(s, "no value");
    s->at += len;
    return true;
}

static bool scan_number(struct scan *s)
{
    scan_take(s, '-');
    if (scan_take(s, '0')) {
        if (peek(s) >= '0' && peek(s) <= '9')
            return scan_fail(s, "number with a leading zero");
    } else if (!take_digits(s)) {
        return scan_fail(s, "number without digits");
    }
    if (scan_take(s, '.') && !take_digits(s))
        return scan_fail(s, "number without digits");
    if (scan_take(s, 'e') || scan_take(s, 'E')) {
        if (!scan_take(s, '+'))
            scan_take(s, '-');
        if (!take_digits(s))
            return scan_fail(s, "number without digits");
    }
    return true;
}

/* Four hexadecimal digits into *unit. */
static bool scan_hex(struct scan *s, uint32_t *unit)
{
    *unit = 0;
    for (int i = 0; i < 4; i++) {
        int const c = peek(s);
        int const letter = c | 0x20; /* lower case */
        if (c >= '0' && c <= '9')
            *unit = *unit << 4 | (uint32_t)(c - '0');
        else if (c >= 0 && letter >= 'a' && letter <= 'f')
            *unit = *unit << 4 | (uint32_t)(letter - 'a' + 10);
        else
            return scan_fail(s, "bad escape");
        s->at++;
    }
    return true;
}

/* What follows \u, a pair of surrogates being one character. */
static bool scan_unicode_escape(struct scan *s, uint32_t *code)
{
    size_t const from = s->at - 2;
    uint32_t low;

    if (!scan_hex(s, code))
        return false;
    if (*code < 0xD800 || *code > 0xDFFF)
        return true;
    if (*code <= 0xDBFF && scan_take(s, '\\') && scan_take(s, 'u')) {
        if (!scan_hex(s, &low))
            return false;
        if (low >= 0xDC00 && low <= 0xDFFF) {
            *code = 0x10000 + ((*code - 0xD800) << 10) + (low - 0xDC00);
            return true;
        }
    }
    s->at = from;
    return scan_fail(s, "lone surrogate");
}

static bool scan_escape(struct scan *s, uint32_t *code)
{
    static const char letters[] = "\"\\/bfnrt";
    static const char meant[] = "\"\\/\b\f\n\r\t";

    s->at++;
    if (scan_take(s, 'u'))
        return scan_unicode_escape(s, code);
    int const c = peek(s);
    const char *found = c > 0 ? memchr(letters, c, 8) : NULL;
    if (!found)
        return scan_fail(s, "bad escape");
    *code = (uint32_t)meant[found - letters];
    s->at++;
    return true;
}

/* One character inside a string, decoded. */
bool scan_character(struct scan *s, uint32_t *code)
{
    int const c = peek(s);

    if (c < 0)
        return scan_fail(s, "string without an end");
    if (c < 0x20)
        return scan_fail(s, "control character in a string");
    if (c == '\\')
        return scan_escape(s, code);
    size_t const len = utf8_read(
        (struct bytes){s->text.at + s->at, s->text.len - s->at}, code);
    if (len == 0)
        return scan_fail(s, "bad UTF-8");
    s->at += len;
    return true;
}

static bool is_plain(unsigned char c)
{
    return c >= 0x20 && c <= 0x7E && c != '"' && c != '\\';
}

/* A word with every byte set to n. */
#define EACH(n) (UINT64_C(0x0101010101010101) * (n))

/* Whether all eight bytes at from are plain. In each term the highest bit of a
 * byte tells: one of 0x80 and more; of those below, 0x7F, one below 0x20, or
 * one that is equal to c, since only 0 borrows there. What is carried or
 * borrowed comes from a byte that is not plain anyway. */
static bool are_eight_plain(const char *from)
{
    uint64_t word;

    memcpy(&word, from, sizeof(word));
    uint64_t const quote = word ^ EACH('"');
    uint64_t const escape = word ^ EACH('\\');
    uint64_t const special = word | (word + EACH(1)) | (word - EACH(0x20)) |
                             (quote - EACH(1)) | (escape - EACH(1));
    return (special & EACH(0x80)) == 0;
}

/* Steps over what stands for itself, which is nearly all of most strings. */
static void skip_plain(struct scan *s)
{
    const char *text = s->text.at;
    size_t at = s->at;

    while (s->text.len - at >= 8 && are_eight_plain(text + at))
        at += 8;
    while (at < s->text.len && is_plain((unsigned char)text[at]))
        at++;
    s->at = at;
}

bool scan_string(struct scan *s)
{
    uint32_t code;

    s->has_nul = false;
    if (!scan_take(s, '"'))
        return scan_fail(s, "no string");
    for (;;) {
        skip_plain(s);
        if (scan_take(s, '"'))
            return true;
        if (!scan_character(s, &code))
            return false;
        if (code == 0)
            s->has_nul = true;
    }
}

static bool push(struct scan *s, bool is_object)
{
    uint8_t const bit = (uint8_t)(1U << s->depth % 8);

    if (s->depth == s->max_depth) {
        s->is_nested_too_deep = true;
        return scan_fail(s, "nested deeper than ");
    }
    if (is_object)
        s->objects[s->depth / 8] |= bit;
    else
        s->objects[s->depth / 8] &= (uint8_t)~bit;
    s->depth++;
    s->at++;
    return true;
}

static bool is_in_object(const struct scan *s)
{
    return s->objects[(s->depth - 1) / 8] >> (s->depth - 1) % 8 & 1;
}

/* "name" : */
bool scan_name(struct scan *s)
{
    scan_blanks(s);
    if (peek(s) != '"')
        return scan_fail(s, "no name");
    if (!scan_string(s))
        return false;
    scan_blanks(s);
    return scan_take(s, ':') || scan_fail(s, "no ':'");
}

/* Opens an array or object, up to where its first value begins. */
static bool scan_open(struct scan *s, bool is_object, bool *wants_value)
{
    if (!push(s, is_object))
        return false;
    scan_blanks(s);
    *wants_value = !scan_take(s, is_object ? '}' : ']');
    if (!*wants_value) {
        s->depth--;
        return true;
    }
    return !is_object || scan_name(s);
}

/* What a value begins with: a whole scalar, or the opening of an array or
 * object, which wants a value next unless it is empty. */
static bool scan_start(struct scan *s, bool *wants_value)
{
    *wants_value = false;
    scan_blanks(s);
    switch (peek(s)) {
    case '[':
        return scan_open(s, false, wants_value);
    case '{':
        return scan_open(s, true, wants_value);
    case '"':
        return scan_string(s);
    case 't':
        return scan_word(s, "true");
    case 'f':
        return scan_word(s, "false");
    case 'n':
        return scan_word(s, "null");
    case '-':
    case '0':
    case '1':
    case '2':
    case '3':
    case '4':
    case '5':
    case '6':
    case '7':
    case '8':
    case '9':
        return scan_number(s);
    default:
        return scan_fail(s, "no value");
    }
}

/* What stands behind a value inside an array or object. */
static bool scan_behind(struct scan *s, bool *wants_value)
{
    bool const is_object = is_in_object(s);

    scan_blanks(s);
    if (scan_take(s, ',')) {
        *wants_value = true;
        return !is_object || scan_name(s);
    }
    if (!scan_take(s, is_object ? '}' : ']'))
        return scan_fail(s, is_object ? "no ',' or '}'" : "no ',' or ']'");
    s->depth--;
    return true;
}

bool scan_value(struct scan *s)
{
    bool wants_value;

    scan_blanks(s);
    s->is_blank = peek(s) < 0;
    if (s->is_blank)
        return scan_fail(s, "empty");
    do {
        if (!scan_start(s, &wants_value))
            return false;
        while (s->depth > 0 && !wants_value)
            if (!scan_behind(s, &wants_value))
                return false;
    } while (wants_value);
    return true;
}
