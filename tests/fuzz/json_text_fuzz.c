/*
 * Whatever the checker accepts, cJSON can parse, and what cJSON makes of it the
 * checker accepts again. A value's length ends it: that much alone is JSON, and
 * behind it stand only blanks. A complaint tells a place in the text.
 *
 * The other way round cJSON is too friendly: it takes control characters,
 * broken UTF-8, and numbers such as 01.
 */
#include "domain/json_text.h"

#include <cjson/cJSON.h>
#include <stdlib.h>

#include "domain/limits.h"
#include "tests/fuzz/fuzz.h"

/* Where cJSON gives up although nothing is wrong: a number of more than 63
 * characters. */
static bool has_long_number(struct bytes text)
{
    size_t run = 0;

    for (size_t i = 0; i < text.len && run < 63; i++)
        run = memchr("+-.eE0123456789", text.at[i], 15) ? run + 1 : 0;
    return run >= 63;
}

static void hold_for_json(struct bytes text)
{
    struct error err;

    cJSON *value = cJSON_ParseWithLength(text.at, text.len);
    assert(value);
    char *printed = cJSON_PrintUnformatted(value);
    assert(printed);
    assert(json_text_check(bytes_of(printed), PAYLOAD_DEPTH_MAX, "again",
                           &err) == STATUS_OK);
    free(printed);
    cJSON_Delete(value);
}

static void hold_for_value(struct bytes text, bool is_whole)
{
    struct error err;
    size_t len = 0;

    enum status const st =
        json_text_value(text, PAYLOAD_DEPTH_MAX, "value", &len, &err);
    assert(st == STATUS_OK || !is_whole);
    if (st != STATUS_OK)
        return;
    assert(len > 0 && len <= text.len);
    assert(json_text_check((struct bytes){text.at, len}, PAYLOAD_DEPTH_MAX,
                           "value", &err) == STATUS_OK);
    for (size_t i = len; i < text.len && is_whole; i++)
        assert(memchr(" \t\r\n", text.at[i], 4));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes const text = input_of(data, size);
    struct error err;

    enum status const st =
        json_text_check(text, PAYLOAD_DEPTH_MAX, "payload", &err);
    hold_for_value(text, st == STATUS_OK);
    if (st == STATUS_OK && !has_long_number(text))
        hold_for_json(text);
    if (st != STATUS_OK) {
        const char *at = strstr(err.text, " at byte ");
        assert(st == STATUS_INVALID && strcmp(err.field, "payload") == 0);
        assert(strcmp(err.text, "payload: empty") == 0 ||
               (at && strtoull(at + 9, NULL, 10) <= size));
    }
    return 0;
}
