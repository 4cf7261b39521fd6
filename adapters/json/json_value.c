#include "adapters/json/json_value.h"

#include <cjson/cJSON.h>

#include "domain/json_text.h"
#include "domain/limits.h"

#define EXACT_MAX INT64_C(9007199254740992) /* 2^53 */
#define NUMBER_TEXT_MAX 40 /* cJSON looks at no more than 63 characters */

enum status json_refuse(struct error *err, const char *field, const char *why)
{
    struct bytes const parts[] = {bytes_of(field), BYTES(": "), bytes_of(why)};

    return error_join(err, STATUS_INVALID, field, parts, 3);
}

static void skip(struct bytes *b, size_t n)
{
    b->at += n;
    b->len -= n;
}

static void skip_blanks(struct bytes *b)
{
    while (b->len > 0 && memchr(" \t\r\n", *b->at, 4))
        skip(b, 1);
}

/* Takes the value that rest starts with. */
static enum status take_value(struct bytes *rest, const char *field,
                              struct bytes *out, struct error *err)
{
    size_t len;

    skip_blanks(rest);
    enum status const st =
        json_text_value(*rest, PAYLOAD_DEPTH_MAX, field, &len, err);
    if (st < 0)
        return st;
    *out = (struct bytes){rest->at, len};
    skip(rest, len);
    skip_blanks(rest);
    return STATUS_OK;
}

static bool starts_with(struct bytes b, char c)
{
    return b.len > 0 && b.at[0] == c;
}

/* Steps into what text should start with. */
static enum status begin(struct bytes text, char bracket, const char *what,
                         struct json_walk *out, struct error *err)
{
    skip_blanks(&text);
    if (!starts_with(text, bracket))
        return json_refuse(err, what,
                           bracket == '{' ? "must be a JSON object"
                                          : "must be a JSON array");
    skip(&text, 1);
    skip_blanks(&text);
    *out = (struct json_walk){.what = what, .rest = text};
    return STATUS_OK;
}

/* Steps to the next member or element. Answers STATUS_EMPTY behind the last. */
static enum status step(struct json_walk *walk, char bracket, struct error *err)
{
    struct bytes *rest = &walk->rest;

    if (starts_with(*rest, bracket)) {
        skip(rest, 1);
        skip_blanks(rest);
        return rest->len == 0
                   ? STATUS_EMPTY
                   : json_refuse(err, walk->what,
                                 bracket == '}'
                                     ? "something follows the object"
                                     : "something follows the array");
    }
    if (walk->is_begun && !starts_with(*rest, ','))
        return json_refuse(err, walk->what,
                           bracket == '}' ? "no comma or } after a member"
                                          : "no comma or ] after an element");
    if (walk->is_begun)
        skip(rest, 1);
    walk->is_begun = true;
    skip_blanks(rest);
    return STATUS_OK;
}

bool json_is_array(struct bytes text)
{
    skip_blanks(&text);
    return starts_with(text, '[');
}

enum status json_walk_begin(struct bytes text, const char *what,
                            struct json_walk *out, struct error *err)
{
    return begin(text, '{', what, out, err);
}

enum status json_walk_array(struct bytes text, const char *what,
                            struct json_walk *out, struct error *err)
{
    return begin(text, '[', what, out, err);
}

enum status json_walk_name(struct json_walk *walk, struct bytes *name,
                           struct error *err)
{
    struct bytes *rest = &walk->rest;
    enum status st = step(walk, '}', err);

    if (st != STATUS_OK)
        return st;
    if (!starts_with(*rest, '"'))
        return json_refuse(err, walk->what, "a name in quotes is missing");
    st = take_value(rest, walk->what, name, err);
    if (st < 0)
        return st;
    if (!starts_with(*rest, ':'))
        return json_refuse(err, walk->what, "no colon after a name");
    skip(rest, 1);
    return STATUS_OK;
}

enum status json_walk_element(struct json_walk *walk, struct bytes *value,
                              struct error *err)
{
    enum status const st = step(walk, ']', err);

    return st == STATUS_OK ? take_value(&walk->rest, walk->what, value, err)
                           : st;
}

enum status json_walk_value(struct json_walk *walk, const char *field,
                            struct bytes *value, struct error *err)
{
    return take_value(&walk->rest, field, value, err);
}

bool json_walk_next(struct json_walk *walk, struct bytes *name,
                    struct bytes *value)
{
    struct error ignored;

    return json_walk_name(walk, name, &ignored) == STATUS_OK &&
           json_walk_value(walk, walk->what, value, &ignored) == STATUS_OK;
}

/* Whether a \u0000 is in a checked text: cJSON's strings would end there. */
static bool has_nul(struct bytes text)
{
    for (size_t i = 0; i + 1 < text.len; i++) {
        if (text.at[i] != '\\')
            continue;
        i++;
        if (text.at[i] == 'u' && memcmp(text.at + i + 1, "0000", 4) == 0)
            return true;
    }
    return false;
}

static enum status no_memory(struct error *err)
{
    return error_set(err, STATUS_NO_MEMORY, NULL, "json: no memory");
}

/* Decodes a checked value into *out, to be freed by cJSON_Delete. */
static enum status decode(struct json_member m, cJSON **out, struct error *err)
{
    if (has_nul(m.value))
        return json_refuse(err, m.field, "must not contain \\u0000");
    *out = cJSON_ParseWithLength(m.value.at, m.value.len);
    if (!*out) /* a number of more than 63 characters, or no memory */
        return json_refuse(err, m.field, "can't be decoded");
    return STATUS_OK;
}

enum status json_read_string(struct json_member m, struct arena *mem,
                             struct bytes *out, struct error *err)
{
    if (m.value.at[0] != '"')
        return json_refuse(err, m.field, "must be a string");
    if (!memchr(m.value.at, '\\', m.value.len)) {
        *out = (struct bytes){m.value.at + 1, m.value.len - 2};
        return STATUS_OK;
    }

    cJSON *value = NULL;
    enum status st = decode(m, &value, err);
    if (st < 0)
        return st;
    if (!arena_copy(mem, bytes_of(cJSON_GetStringValue(value)), out))
        st = no_memory(err);
    cJSON_Delete(value);
    return st;
}

/* Makes *out the whole number that d is; from 2^53 on, where d need not be the
 * one that was written, the largest or smallest that there is. */
static bool whole_from(double d, int64_t *out)
{
    if (d >= (double)EXACT_MAX) {
        *out = INT64_MAX;
        return true;
    }
    if (d <= (double)-EXACT_MAX) {
        *out = INT64_MIN;
        return true;
    }
    *out = (int64_t)d;
    return (double)*out == d;
}

enum status json_read_int(struct json_member m, int64_t *out, struct error *err)
{
    static const char why[] = "must be an integer";

    if (!strchr("-0123456789", m.value.at[0]) || m.value.len > NUMBER_TEXT_MAX)
        return json_refuse(err, m.field, why);

    cJSON *value = NULL;
    enum status const st = decode(m, &value, err);
    if (st < 0)
        return st;
    int64_t whole;
    bool const is_whole = whole_from(cJSON_GetNumberValue(value), &whole);
    cJSON_Delete(value);
    if (!is_whole)
        return json_refuse(err, m.field, why);
    *out = whole;
    return STATUS_OK;
}

enum status json_read_int32(struct json_member m, int32_t *out,
                            struct error *err)
{
    int64_t wide = 0;
    enum status const st = json_read_int(m, &wide, err);

    if (st < 0)
        return st;
    if (wide > INT32_MAX)
        wide = INT32_MAX;
    if (wide < INT32_MIN)
        wide = INT32_MIN;
    *out = (int32_t)wide;
    return STATUS_OK;
}

static enum status read_kind(const cJSON *item, enum backoff_kind *out,
                             struct error *err)
{
    static const char field[] = "backoff.kind";

    if (!cJSON_IsString(item))
        return json_refuse(err, field, "must be a string");
    struct bytes const name = bytes_of(cJSON_GetStringValue(item));
    if (!backoff_kind_from(name, out))
        return error_bad_text(err, field, "value", name,
                              "must be exponential, linear or constant");
    return STATUS_OK;
}

static enum status read_jitter(const cJSON *item, enum jitter *out,
                               struct error *err)
{
    static const char field[] = "backoff.jitter";

    if (!cJSON_IsString(item))
        return json_refuse(err, field, "must be a string");
    struct bytes const name = bytes_of(cJSON_GetStringValue(item));
    if (!jitter_from(name, out))
        return error_bad_text(err, field, "value", name,
                              "must be none, full or equal");
    return STATUS_OK;
}

static enum status read_ms(const cJSON *item, const char *field, int64_t *out,
                           struct error *err)
{
    if (!cJSON_IsNumber(item) || !whole_from(cJSON_GetNumberValue(item), out))
        return json_refuse(err, field, "must be an integer");
    return STATUS_OK;
}

static enum status read_factor(const cJSON *item, int32_t *out,
                               struct error *err)
{
    if (!cJSON_IsNumber(item))
        return json_refuse(err, "backoff.factor", "must be a number");

    double const milli = cJSON_GetNumberValue(item) * 1000;
    if (!(milli >= 1000 && milli <= FACTOR_MILLI_MAX))
        return json_refuse(err, "backoff.factor", "must be from 1 to 100");
    int32_t const nearest = (int32_t)(milli + 0.5);
    double const off = milli - nearest;
    if (off > 1e-6 || off < -1e-6)
        return json_refuse(err, "backoff.factor",
                           "must have at most 3 decimals");
    *out = nearest;
    return STATUS_OK;
}

static enum status read_backoff_member(const cJSON *item, struct backoff *out,
                                       struct error *err)
{
    struct bytes const name = bytes_of(item->string);

    if (bytes_is(name, "kind"))
        return read_kind(item, &out->kind, err);
    if (bytes_is(name, "jitter"))
        return read_jitter(item, &out->jitter, err);
    if (bytes_is(name, "base_ms"))
        return read_ms(item, "backoff.base_ms", &out->base_ms, err);
    if (bytes_is(name, "max_ms"))
        return read_ms(item, "backoff.max_ms", &out->max_ms, err);
    if (bytes_is(name, "factor"))
        return read_factor(item, &out->factor_milli, err);

    struct bytes const parts[] = {BYTES("unknown field \"backoff."), name,
                                  BYTES("\"")};
    return error_join(err, STATUS_INVALID, "backoff", parts, 3);
}

static bool is_first_of_its_name(const cJSON *object, const cJSON *item)
{
    return cJSON_GetObjectItemCaseSensitive(object, item->string) == item;
}

enum status json_read_backoff(struct json_member m, struct backoff *out,
                              struct error *err)
{
    if (m.value.at[0] != '{')
        return json_refuse(err, m.field, "must be an object");

    cJSON *object = NULL;
    enum status st = decode(m, &object, err);
    if (!object)
        return st;
    for (const cJSON *item = object->child; item && st == STATUS_OK;
         item = item->next) {
        if (!is_first_of_its_name(object, item)) {
            struct bytes const parts[] = {BYTES("duplicate field \"backoff."),
                                          bytes_of(item->string), BYTES("\"")};
            st = error_join(err, STATUS_INVALID, "backoff", parts, 3);
        } else {
            st = read_backoff_member(item, out, err);
        }
    }
    cJSON_Delete(object);
    return st;
}
