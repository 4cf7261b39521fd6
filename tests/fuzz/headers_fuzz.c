/*
 * Headers are accepted exactly if they are JSON of one level which cJSON reads
 * as an object of strings, with no name twice and no NUL.
 */
#include <cjson/cJSON.h>

#include "domain/json_text.h"
#include "domain/limits.h"
#include "tests/fuzz/fuzz.h"

/* Whether \u0000 is in JSON text: cJSON's strings end there. */
static bool has_nul(struct bytes text)
{
    for (size_t i = 0; i + 5 < text.len; i++) {
        if (text.at[i] != '\\')
            continue;
        if (memcmp(text.at + i + 1, "u0000", 5) == 0)
            return true;
        i++;
    }
    return false;
}

static bool are_headers(struct bytes text, const cJSON *object)
{
    if (!cJSON_IsObject(object) || has_nul(text))
        return false;
    for (const cJSON *item = object->child; item; item = item->next)
        if (!cJSON_IsString(item) ||
            cJSON_GetObjectItemCaseSensitive(object, item->string) != item)
            return false;
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes const text = input_of(data, size);
    struct error err;
    struct error ignored;
    bool expected = false;

    enum status const st = json_text_check_headers(text, &err);
    assert(st == STATUS_OK ||
           (st == STATUS_INVALID && strcmp(err.field, "headers") == 0));
    if (size <= HEADERS_MAX &&
        json_text_check(text, 1, "headers", &ignored) == STATUS_OK) {
        cJSON *object = cJSON_ParseWithLength(text.at, text.len);
        expected = are_headers(text, object);
        cJSON_Delete(object);
    }
    assert((st == STATUS_OK) == expected);
    return 0;
}
