#include "adapters/json/json_writer.h"

#include <assert.h>
#include <stdlib.h>

#include "domain/instant.h"
#include "domain/text.h"
#include "domain/utf8.h"

#define FIRST_SIZE 1024
#define REPLACEMENT "\xEF\xBF\xBD" /* U+FFFD */

static bool reserve(struct json_writer *w, size_t more)
{
    size_t size = w->size > 0 ? w->size : FIRST_SIZE;

    if (w->is_broken)
        return false;
    while (size - w->len < more && size <= SIZE_MAX / 2)
        size *= 2;
    if (size == w->size)
        return true;

    char *grown = size - w->len < more ? NULL : realloc(w->at, size);
    if (!grown) {
        w->is_broken = true;
        return false;
    }
    w->at = grown;
    w->size = size;
    return true;
}

static void put(struct json_writer *w, const char *from, size_t len)
{
    if (len == 0 || !reserve(w, len))
        return;
    memcpy(w->at + w->len, from, len);
    w->len += len;
}

void json_writer_append(struct json_writer *w, struct bytes bytes)
{
    put(w, bytes.at, bytes.len);
}

static void put_text(struct json_writer *w, const char *text)
{
    put(w, text, strlen(text));
}

static void put_escape(struct json_writer *w, char c)
{
    static const char hex[] = "0123456789abcdef";
    static const char plain[] = "\"\\\b\f\n\r\t";
    static const char letters[] = "\"\\bfnrt";
    const char *found = c != '\0' ? strchr(plain, c) : NULL;

    if (found) {
        char const pair[] = {'\\', letters[found - plain]};
        put(w, pair, sizeof(pair));
        return;
    }
    char const code[] = {'\\',       'u', '0', '0', hex[(unsigned char)c >> 4],
                         hex[c & 15]};
    put(w, code, sizeof(code));
}

static bool is_plain(char c)
{
    return (unsigned char)c >= ' ' && (unsigned char)c < 0x80 && c != '"' &&
           c != '\\';
}

static void put_string(struct json_writer *w, struct bytes b)
{
    size_t at = 0;

    put(w, "\"", 1);
    while (at < b.len) {
        size_t run = at;
        while (run < b.len && is_plain(b.at[run]))
            run++;
        put(w, b.at + at, run - at);
        at = run;
        if (at == b.len)
            break;

        uint32_t code;
        struct bytes const rest = {b.at + at, b.len - at};
        size_t const len = utf8_read(rest, &code);
        if (len == 0)
            put_text(w, REPLACEMENT);
        else if (len == 1)
            put_escape(w, b.at[at]);
        else
            put(w, b.at + at, len);
        at += len > 0 ? len : 1;
    }
    put(w, "\"", 1);
}

static void separate(struct json_writer *w)
{
    if (w->len > 0 && !strchr("{[", w->at[w->len - 1]))
        put(w, ",", 1);
}

static void start_value(struct json_writer *w, const char *name)
{
    separate(w);
    if (name) {
        put_string(w, bytes_of(name));
        put(w, ":", 1);
    }
}

void json_writer_reset(struct json_writer *w)
{
    w->len = 0;
    w->is_broken = false;
}

void json_writer_release(struct json_writer *w)
{
    if (!w)
        return;
    free(w->at);
    *w = (struct json_writer){0};
}

bool json_writer_text(const struct json_writer *w, struct bytes *out)
{
    if (w->is_broken)
        return false;
    *out = (struct bytes){w->at, w->len};
    return true;
}

void json_begin_object(struct json_writer *w, const char *name)
{
    start_value(w, name);
    put(w, "{", 1);
}

void json_end_object(struct json_writer *w)
{
    put(w, "}", 1);
}

void json_begin_array(struct json_writer *w, const char *name)
{
    start_value(w, name);
    put(w, "[", 1);
}

void json_end_array(struct json_writer *w)
{
    put(w, "]", 1);
}

void json_add_int(struct json_writer *w, const char *name, int64_t value)
{
    char buffer[24];
    struct text digits = text_in(buffer, sizeof(buffer));

    text_add_int(&digits, value);
    start_value(w, name);
    put(w, digits.at, digits.len);
}

void json_add_bool(struct json_writer *w, const char *name, bool value)
{
    start_value(w, name);
    put_text(w, value ? "true" : "false");
}

void json_add_null(struct json_writer *w, const char *name)
{
    start_value(w, name);
    put_text(w, "null");
}

void json_add_string(struct json_writer *w, const char *name,
                     struct bytes value)
{
    if (!value.at) {
        json_add_null(w, name);
        return;
    }
    start_value(w, name);
    put_string(w, value);
}

/* Between the tokens of JSON, and nowhere else, may a line end. */
static void join_lines(char *at, size_t len)
{
    for (size_t i = 0; i < len; i++)
        if (at[i] == '\n' || at[i] == '\r')
            at[i] = ' ';
}

void json_add_raw(struct json_writer *w, const char *name, struct bytes value)
{
    if (!value.at) {
        json_add_null(w, name);
        return;
    }
    assert(value.len > 0);
    start_value(w, name);
    size_t const at = w->len;
    put(w, value.at, value.len);
    if (!w->is_broken)
        join_lines(w->at + at, value.len);
}

void json_add_time(struct json_writer *w, const char *name, int64_t at_ms)
{
    char text[INSTANT_TEXT_SIZE];

    if (at_ms == 0) {
        json_add_null(w, name);
        return;
    }
    instant_format(at_ms, text);
    json_add_string(w, name, bytes_of(text));
}

void json_add_named_string(struct json_writer *w, struct bytes name,
                           struct bytes value)
{
    separate(w);
    put_string(w, name);
    put(w, ":", 1);
    put_string(w, value);
}
