#include "domain/error.h"

#include "domain/text.h"

/* As much of a culprit as leaves room for the rule it breaks. */
#define CULPRIT_SHOWN 100

void error_write(struct error *err, const char *field,
                 const struct bytes *parts, size_t n)
{
    struct text line = text_in(err->text, sizeof(err->text));

    for (size_t i = 0; i < n; i++)
        text_add_printable(&line, parts[i]);
    err->field = field;
}

enum status error_bad_text(struct error *err, const char *field,
                           const char *what, struct bytes text,
                           const char *rule)
{
    bool const is_long = text.len > CULPRIT_SHOWN;
    struct bytes const shown = {text.at, is_long ? CULPRIT_SHOWN : text.len};
    struct bytes const parts[] = {
        bytes_of(field), BYTES(": bad "),
        bytes_of(what),  BYTES(" \""),
        shown,           bytes_of(is_long ? "...\": " : "\": "),
        bytes_of(rule),
    };

    return error_join(err, STATUS_INVALID, field, parts, 7);
}

static struct bytes digits(int64_t n, char room[24])
{
    struct text t = text_in(room, 24);

    text_add_int(&t, n);
    return (struct bytes){t.at, t.len};
}

/* Whether n is as far as a type reaches, and stands for all that is beyond. */
static bool is_end_of_type(int64_t n)
{
    return n == INT32_MIN || n == INT32_MAX || n == INT64_MIN || n == INT64_MAX;
}

enum status error_out_of_range(struct error *err, const char *field, int64_t n,
                               int64_t min, int64_t max)
{
    bool const is_known = !is_end_of_type(n);
    char rooms[3][24];
    struct bytes const parts[] = {
        bytes_of(field),
        BYTES(": "),
        is_known ? digits(n, rooms[0]) : BYTES(""),
        is_known ? BYTES(" is out of range ") : BYTES("out of range "),
        digits(min, rooms[1]),
        BYTES(" to "),
        digits(max, rooms[2]),
    };

    return error_join(err, STATUS_INVALID, field, parts, 7);
}

enum status error_too_large(struct error *err, const char *field, size_t size,
                            size_t limit)
{
    char rooms[2][24];
    struct bytes const parts[] = {
        bytes_of(field),
        BYTES(" too large: "),
        digits((int64_t)size, rooms[0]),
        BYTES(" bytes, limit "),
        digits((int64_t)limit, rooms[1]),
    };

    return error_join(err, STATUS_INVALID, field, parts, 5);
}
