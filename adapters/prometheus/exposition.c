#include "adapters/prometheus/exposition.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define FIRST_SIZE 8192

static bool reserve(struct exposition *x, size_t more)
{
    size_t size = x->size > 0 ? x->size : FIRST_SIZE;

    if (x->is_broken)
        return false;
    while (size - x->len < more && size <= SIZE_MAX / 2)
        size *= 2;
    if (size == x->size)
        return true;

    char *grown = size - x->len < more ? NULL : realloc(x->at, size);
    if (!grown) {
        x->is_broken = true;
        return false;
    }
    x->at = grown;
    x->size = size;
    return true;
}

static void put(struct exposition *x, const char *from, size_t len)
{
    if (len == 0 || !reserve(x, len))
        return;
    memcpy(x->at + x->len, from, len);
    x->len += len;
}

static void put_text(struct exposition *x, const char *text)
{
    put(x, text, strlen(text));
}

/* A label's value: backslash, quote and line feed are what would end it. */
static void put_escaped(struct exposition *x, const char *value)
{
    for (; *value; value++) {
        if (*value == '\n')
            put_text(x, "\\n");
        else if (*value == '\\' || *value == '"')
            put(x, (const char[]){'\\', *value}, 2);
        else
            put(x, value, 1);
    }
}

static void put_labels(struct exposition *x, struct labels labels)
{
    for (size_t i = 0; i < labels.count; i++) {
        put_text(x, i == 0 ? "{" : ",");
        put_text(x, labels.list[i].name);
        put_text(x, "=\"");
        put_escaped(x, labels.list[i].value);
        put_text(x, "\"");
    }
    if (labels.count > 0)
        put_text(x, "}");
}

void exposition_reset(struct exposition *x)
{
    x->len = 0;
    x->is_broken = false;
}

void exposition_release(struct exposition *x)
{
    free(x->at);
    *x = (struct exposition){0};
}

bool exposition_text(const struct exposition *x, struct bytes *out)
{
    if (x->is_broken)
        return false;
    *out = (struct bytes){x->at, x->len};
    return true;
}

void exposition_family(struct exposition *x, const char *name, const char *type,
                       const char *help)
{
    put_text(x, "# HELP ");
    put_text(x, name);
    put_text(x, " ");
    put_text(x, help);
    put_text(x, "\n# TYPE ");
    put_text(x, name);
    put_text(x, " ");
    put_text(x, type);
    put_text(x, "\n");
}

static void add(struct exposition *x, const char *name, const char *suffix,
                struct labels labels, const char *value)
{
    put_text(x, name);
    put_text(x, suffix);
    put_labels(x, labels);
    put_text(x, " ");
    put_text(x, value);
    put_text(x, "\n");
}

void exposition_add(struct exposition *x, const char *name, const char *suffix,
                    struct labels labels, uint64_t value)
{
    char text[32];

    snprintf(text, sizeof(text), "%" PRIu64, value);
    add(x, name, suffix, labels, text);
}

void exposition_add_ms(struct exposition *x, const char *name,
                       const char *suffix, struct labels labels,
                       uint64_t value_ms)
{
    char text[32];

    seconds_text(value_ms, text);
    add(x, name, suffix, labels, text);
}

void seconds_text(uint64_t ms, char out[32])
{
    if (ms % 1000 == 0)
        snprintf(out, 32, "%" PRIu64, ms / 1000);
    else
        snprintf(out, 32, "%" PRIu64 ".%03" PRIu64, ms / 1000, ms % 1000);
}
