#include "adapters/process/output.h"

#include <errno.h>
#include <stdint.h>
#include <unistd.h>

#include "domain/json_text.h"
#include "domain/utf8.h"

#define REPLACEMENT BYTES("\xEF\xBF\xBD") /* U+FFFD */

/* The most that a call takes from a stream, so that a command that writes
 * without end can't keep the caller from its other duties. */
enum { READ_MAX = 256 * 1024 };

bool output_read_head(struct output_head *head, int fd)
{
    char beyond[8192];
    size_t total = 0;

    while (total < READ_MAX) {
        bool const is_full = head->len == OUTPUT_HEAD_SIZE;
        ssize_t const n = is_full ? read(fd, beyond, sizeof(beyond))
                                  : read(fd, head->at + head->len,
                                         OUTPUT_HEAD_SIZE - head->len);
        if (n < 0)
            return errno == EAGAIN || errno == EINTR;
        if (n == 0)
            return false;
        total += (size_t)n;
        if (is_full)
            head->is_cut = true;
        else
            head->len += (size_t)n;
    }
    return true;
}

bool output_read_tail(struct output_tail *tail, int fd)
{
    size_t total = 0;

    while (total < READ_MAX) {
        if (tail->len == OUTPUT_TAIL_SIZE) {
            tail->len -= ERROR_TAIL_MAX;
            memcpy(tail->at, tail->at + tail->len, ERROR_TAIL_MAX);
        }
        ssize_t const n =
            read(fd, tail->at + tail->len, OUTPUT_TAIL_SIZE - tail->len);
        if (n < 0)
            return errno == EAGAIN || errno == EINTR;
        if (n == 0)
            return false;
        total += (size_t)n;
        tail->len += (size_t)n;
    }
    return true;
}

/* Takes the next character from *s, as it is to be kept. */
static struct bytes next_character(struct bytes *s)
{
    uint32_t code = 0;
    size_t const len = utf8_read(*s, &code);
    struct bytes const as_it_is = {s->at, len};
    size_t const step = len > 0 ? len : 1;

    s->at += step;
    s->len -= step;
    return len > 0 && code != 0 ? as_it_is : REPLACEMENT;
}

/* How a character stands in a JSON string; room is for its making. */
static struct bytes in_json(struct bytes character, char room[6])
{
    static const char digits[] = "0123456789abcdef";
    char const c = character.at[0];

    switch (c) {
    case '"':
        return BYTES("\\\"");
    case '\\':
        return BYTES("\\\\");
    case '\n':
        return BYTES("\\n");
    case '\r':
        return BYTES("\\r");
    case '\t':
        return BYTES("\\t");
    default:
        break;
    }
    if ((uint8_t)c >= 0x20)
        return character;
    memcpy(room, "\\u00", 4);
    room[4] = digits[(uint8_t)c >> 4];
    room[5] = digits[(uint8_t)c & 0xF];
    return (struct bytes){room, 6};
}

static struct bytes json_string(struct bytes s, struct arena *mem)
{
    char *at = arena_alloc(mem, 6 * s.len + 2);
    size_t len = 0;
    char room[6];

    if (!at)
        return (struct bytes){0};
    at[len++] = '"';
    while (s.len > 0) {
        struct bytes const next = in_json(next_character(&s), room);
        memcpy(at + len, next.at, next.len);
        len += next.len;
    }
    at[len++] = '"';
    return (struct bytes){at, len};
}

/* The start of text, which has a byte too many; no half character at its
 * end. */
static struct bytes cut(struct bytes text)
{
    text.len = RESULT_MAX;
    while (text.len > 0 && ((uint8_t)text.at[text.len] & 0xC0) == 0x80)
        text.len--;
    return text;
}

struct bytes output_result(const struct output_head *head, struct arena *mem)
{
    struct bytes text = {head->at, head->len};
    struct error err;

    if (text.len > 0 && text.at[text.len - 1] == '\n' && !head->is_cut)
        text.len--;
    if (text.len == 0)
        return (struct bytes){0};
    if (text.len > RESULT_MAX)
        return json_string(cut(text), mem);
    if (json_text_check(text, PAYLOAD_DEPTH_MAX, "result", &err) == STATUS_OK)
        return text;
    return json_string(text, mem);
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

/* The last ERROR_TAIL_MAX bytes of tail, not starting inside a character. */
static struct bytes last_bytes(const struct output_tail *tail)
{
    struct bytes text = {tail->at, tail->len};

    while (text.len > 0 && is_blank(text.at[text.len - 1]))
        text.len--;
    if (text.len > ERROR_TAIL_MAX) {
        text.at += text.len - ERROR_TAIL_MAX;
        text.len = ERROR_TAIL_MAX;
        while (text.len > 0 && ((uint8_t)text.at[0] & 0xC0) == 0x80) {
            text.at++;
            text.len--;
        }
    }
    while (text.len > 0 && is_blank(text.at[0])) {
        text.at++;
        text.len--;
    }
    return text;
}

struct bytes output_error(const struct output_tail *tail, struct arena *mem)
{
    struct bytes text = last_bytes(tail);
    char *at = arena_alloc(mem, text.len * REPLACEMENT.len + 1);
    size_t len = 0;

    if (!at)
        return (struct bytes){0};
    while (text.len > 0) {
        struct bytes const next = next_character(&text);
        memcpy(at + len, next.at, next.len);
        len += next.len;
    }
    return (struct bytes){at, len};
}
