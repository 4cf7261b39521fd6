/*
 * Whatever is written, the text is JSON. A string that is UTF-8 without a NUL
 * comes back as it went in.
 *
 * The input is a list of steps, a byte each, with a line of text for those
 * that need one.
 */
#include "adapters/json/json_writer.h"

#include <cjson/cJSON.h>

#include "domain/json_text.h"
#include "domain/utf8.h"
#include "tests/fuzz/fuzz.h"

#define DEPTH 8

static bool is_text(struct bytes b)
{
    uint32_t code = 1;

    while (b.len > 0) {
        size_t const len = utf8_read(b, &code);
        if (len == 0 || code == 0)
            return false;
        b = (struct bytes){b.at + len, b.len - len};
    }
    return true;
}

static void hold_for_string(struct bytes value)
{
    struct json_writer w = {0};
    struct bytes text;

    if (!value.at || !is_text(value))
        return;
    json_add_string(&w, NULL, value);
    assert(json_writer_text(&w, &text));
    cJSON *read = cJSON_ParseWithLength(text.at, text.len);
    assert(cJSON_IsString(read));
    assert(bytes_is(value, cJSON_GetStringValue(read)));
    cJSON_Delete(read);
    json_writer_release(&w);
}

static void add_leaf(struct json_writer *w, uint8_t step, const char *name,
                     struct bytes *rest)
{
    struct error ignored;
    struct bytes line;

    switch (step) {
    case 's':
        line = input_line(rest);
        hold_for_string(line);
        json_add_string(w, name, line);
        break;
    case 'r':
        line = input_line(rest);
        if (json_text_check(line, 64, "raw", &ignored) == STATUS_OK)
            json_add_raw(w, name, line);
        break;
    case 'i':
        json_add_int(w, name, (int64_t)input_bits(rest));
        break;
    case 't':
        json_add_time(w, name, (int64_t)input_bits(rest));
        break;
    case 'b':
        json_add_bool(w, name, rest->len % 2);
        break;
    default:
        json_add_null(w, name);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes rest = input_of(data, size);
    bool is_object[DEPTH] = {false};
    struct json_writer w = {0};
    struct error err;
    struct bytes text;
    int depth = 0;

    json_begin_array(&w, NULL);
    while (rest.len > 0) {
        uint8_t const step = input_byte(&rest);
        const char *name = is_object[depth] ? "name" : NULL;
        if (step == '<' && depth > 0) {
            is_object[depth] ? json_end_object(&w) : json_end_array(&w);
            depth--;
        } else if ((step == '{' || step == '[') && depth + 1 < DEPTH) {
            is_object[++depth] = step == '{';
            step == '{' ? json_begin_object(&w, name)
                        : json_begin_array(&w, name);
        } else if (step == 'n' && is_object[depth]) {
            struct bytes const any = input_line(&rest);
            json_add_named_string(&w, any, input_line(&rest));
        } else {
            add_leaf(&w, step, name, &rest);
        }
    }
    for (; depth >= 0; depth--)
        is_object[depth] ? json_end_object(&w) : json_end_array(&w);

    assert(json_writer_text(&w, &text));
    assert(!memchr(text.at, '\n', text.len));
    assert(json_text_check(text, 128, "written", &err) == STATUS_OK);
    json_writer_release(&w);
    return 0;
}
