#include "domain/json_text.h"

#include "domain/json_scan.h"
#include "domain/limits.h"
#include "domain/text.h"

static enum status complain(const struct scan *s, const char *field,
                            struct error *err)
{
    char room[128];
    struct text line = text_in(room, sizeof(room));

    if (s->culprit.at)
        return error_bad_text(err, field, "name", s->culprit, s->why);
    text_add(&line, field);
    text_add(&line, ": ");
    if (s->is_blank) {
        text_add(&line, "empty");
        return error_set(err, STATUS_INVALID, field, room);
    }
    text_add(&line, s->at < s->text.len ? s->why : "ends too early");
    if (s->is_nested_too_deep)
        text_add_int(&line, (int64_t)s->max_depth);
    text_add(&line, " at byte ");
    text_add_int(&line, (int64_t)s->at);
    return error_set(err, STATUS_INVALID, field, room);
}

enum status json_text_value(struct bytes text, size_t max_depth,
                            const char *field, size_t *len, struct error *err)
{
    struct scan s = scan_of(text, max_depth);

    if (!scan_value(&s))
        return complain(&s, field, err);
    *len = s.at;
    return STATUS_OK;
}

enum status json_text_check(struct bytes text, size_t max_depth,
                            const char *field, struct error *err)
{
    struct scan s = scan_of(text, max_depth);

    if (!scan_value(&s))
        return complain(&s, field, err);
    scan_blanks(&s);
    if (s.at < text.len) {
        scan_fail(&s, "more than one value");
        return complain(&s, field, err);
    }
    return STATUS_OK;
}

/* Where names of members begin, found by their hash, so that a thousand names
 * cost no more than a thousand steps. 0 is a free place: no name is there. */
#define NAME_PLACES 4096
struct names {
    uint16_t at[NAME_PLACES];
};

/* A member takes 6 bytes at least, as in "":"", so a table never fills up; and
 * every offset fits. */
_Static_assert(HEADERS_MAX / 6 < NAME_PLACES && HEADERS_MAX < UINT16_MAX,
               "the table of names is too small");

/* The next character of the checked string that *s is inside of; NO_MORE
 * behind the last. */
#define NO_MORE UINT32_MAX
static uint32_t next_character(struct scan *s)
{
    uint32_t code = NO_MORE;

    if (!scan_take(s, '"') && !scan_character(s, &code))
        return NO_MORE;
    return code;
}

static struct scan inside_string(struct bytes text, size_t at)
{
    struct scan s = scan_of(text, 0);

    s.at = at + 1;
    return s;
}

/* Whether the strings at a and b mean the same, however they are escaped. */
static bool is_same_string(struct bytes text, size_t a, size_t b)
{
    struct scan first = inside_string(text, a);
    struct scan second = inside_string(text, b);
    uint32_t code;

    do {
        code = next_character(&first);
        if (code != next_character(&second))
            return false;
    } while (code != NO_MORE);
    return true;
}

/* FNV-1a over the characters of the string at `at`. */
static uint32_t string_hash(struct bytes text, size_t at)
{
    struct scan s = inside_string(text, at);
    uint32_t hash = UINT32_C(2166136261);

    for (uint32_t code; (code = next_character(&s)) != NO_MORE;)
        hash = (hash ^ code) * UINT32_C(16777619);
    return hash;
}

/* Puts down the name at `at`; false: it is there already. */
static bool add_name(struct names *names, struct bytes text, size_t at)
{
    size_t place = string_hash(text, at) % NAME_PLACES;

    while (names->at[place] != 0) {
        if (is_same_string(text, names->at[place], at))
            return false;
        place = (place + 1) % NAME_PLACES;
    }
    names->at[place] = (uint16_t)at;
    return true;
}

/* Fails at a place before the one at hand. */
static bool fail_at(struct scan *s, size_t at, const char *why)
{
    s->at = at;
    return scan_fail(s, why);
}

/* Fails at the checked name that begins there and names it, escapes and all. */
static bool fail_name(struct scan *s, size_t at, const char *why)
{
    struct scan end = inside_string(s->text, at);

    while (next_character(&end) != NO_MORE)
        continue;
    s->culprit = (struct bytes){s->text.at + at + 1, end.at - at - 2};
    return fail_at(s, at, why);
}

/* One "name": "value". */
static bool scan_header(struct scan *s, struct names *names)
{
    scan_blanks(s);
    size_t const name = s->at;
    if (!scan_name(s))
        return false;
    if (s->has_nul)
        return fail_at(s, name, "NUL in a name");
    if (!add_name(names, s->text, name))
        return fail_name(s, name, "given twice");

    scan_blanks(s);
    size_t const value = s->at;
    if (!scan_string(s))
        return scan_fail(s, s->at > value ? s->why : "value is no string");
    if (s->has_nul)
        return fail_at(s, value, "NUL in a value");
    return true;
}

static bool scan_headers(struct scan *s)
{
    struct names names = {{0}};

    scan_blanks(s);
    s->is_blank = s->at == s->text.len;
    if (!scan_take(s, '{'))
        return scan_fail(s, "no object");
    scan_blanks(s);
    if (!scan_take(s, '}')) {
        do {
            if (!scan_header(s, &names))
                return false;
            scan_blanks(s);
        } while (scan_take(s, ','));
        if (!scan_take(s, '}'))
            return scan_fail(s, "no ',' or '}'");
    }
    scan_blanks(s);
    return s->at == s->text.len || scan_fail(s, "more than one value");
}

enum status json_text_check_headers(struct bytes text, struct error *err)
{
    struct scan s = scan_of(text, 1);

    if (text.len > HEADERS_MAX)
        return error_too_large(err, "headers", text.len, HEADERS_MAX);
    if (!scan_headers(&s))
        return complain(&s, "headers", err);
    return STATUS_OK;
}
