#include "domain/duration.h"

#include <assert.h>

#include "domain/limits.h"

static const struct unit {
    const char *name;
    int64_t ms;
} units[] = {
    {"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1},
};

#define UNITS (sizeof(units) / sizeof(units[0]))

/* How many leading bytes of b are digits, or are none (is_digit false). */
static size_t run_of(struct bytes b, bool is_digit)
{
    size_t n = 0;

    while (n < b.len && (b.at[n] >= '0' && b.at[n] <= '9') == is_digit)
        n++;
    return n;
}

static struct bytes take(struct bytes *rest, size_t n)
{
    struct bytes const taken = {rest->at, n};

    if (n > 0) /* an absent text has no place to count from */
        *rest = (struct bytes){rest->at + n, rest->len - n};
    return taken;
}

/* The index of the unit called name, looking from first on; UNITS: none. */
static size_t find_unit(struct bytes name, size_t first)
{
    while (first < UNITS && !bytes_is(name, units[first].name))
        first++;
    return first;
}

enum status duration_parse(struct bytes text, const char *field,
                           int64_t *out_ms, struct error *err)
{
    struct bytes rest = text;
    size_t next_unit = 0;
    int64_t sum = 0;

    if (bytes_is(text, "0")) {
        *out_ms = 0;
        return STATUS_OK;
    }
    do {
        struct bytes const digits = take(&rest, run_of(rest, true));
        struct bytes const name = take(&rest, run_of(rest, false));
        size_t const unit = find_unit(name, next_unit);
        int64_t n;

        if (digits.len == 0 || unit == UNITS)
            return error_bad_text(err, field, "duration", text,
                                  "write it like 250ms, 5s, 1m30s, 2h or 7d");
        if (!text_read_int(digits, DURATION_MAX_MS / units[unit].ms, &n) ||
            n * units[unit].ms > DURATION_MAX_MS - sum)
            return error_bad_text(err, field, "duration", text,
                                  "longer than 3650d");
        sum += n * units[unit].ms;
        next_unit = unit + 1;
    } while (rest.len > 0);

    *out_ms = sum;
    return STATUS_OK;
}

void duration_add(struct text *t, int64_t ms)
{
    assert(ms >= 0);
    if (ms == 0)
        text_add(t, "0");
    for (size_t i = 0; i < UNITS; i++) {
        if (ms < units[i].ms)
            continue;
        text_add_int(t, ms / units[i].ms);
        text_add(t, units[i].name);
        ms %= units[i].ms;
    }
}
