#include "domain/backoff.h"

#include <assert.h>

#include "domain/duration.h"
#include "domain/limits.h"

static const char *const kind_names[] = {
    [BACKOFF_EXPONENTIAL] = "exponential",
    [BACKOFF_LINEAR] = "linear",
    [BACKOFF_CONSTANT] = "constant",
};

static const char *const jitter_names[] = {
    [JITTER_FULL] = "full",
    [JITTER_EQUAL] = "equal",
    [JITTER_NONE] = "none",
};

struct backoff backoff_default(void)
{
    return (struct backoff){
        .kind = BACKOFF_EXPONENTIAL,
        .jitter = JITTER_FULL,
        .factor_milli = DEFAULT_BACKOFF_FACTOR_MILLI,
        .base_ms = DEFAULT_BACKOFF_BASE_MS,
        .max_ms = DEFAULT_BACKOFF_MAX_MS,
    };
}

/* Ends early at the cap, and where rounding down keeps a wait from growing:
 * both are the same for every later n. A wait that grows does so by at least
 * a thousandth of itself, so the steps are some 20,000 at most. */
static int64_t exponential_wait(const struct backoff *b, int64_t n)
{
    int64_t wait = b->base_ms;

    for (int64_t i = 1; i < n && wait < b->max_ms; i++) {
        int64_t const next = wait * b->factor_milli / 1000;
        if (next == wait)
            break;
        wait = next;
    }
    return wait;
}

static int64_t linear_wait(const struct backoff *b, int64_t n)
{
    if (b->base_ms > 0 && n > b->max_ms / b->base_ms)
        return b->max_ms;
    return b->base_ms * n;
}

int64_t backoff_wait_ms(const struct backoff *b, int64_t n)
{
    int64_t wait = 0;

    if (n < 1)
        n = 1;
    switch (b->kind) {
    case BACKOFF_EXPONENTIAL:
        wait = exponential_wait(b, n);
        break;
    case BACKOFF_LINEAR:
        wait = linear_wait(b, n);
        break;
    case BACKOFF_CONSTANT:
        wait = b->base_ms;
        break;
    }
    return wait < b->max_ms ? wait : b->max_ms;
}

/* The upper 64 bits of a * b, by halves. */
static uint64_t multiply_high(uint64_t a, uint64_t b)
{
    uint64_t const a_low = a & UINT32_MAX;
    uint64_t const a_high = a >> 32;
    uint64_t const b_low = b & UINT32_MAX;
    uint64_t const b_high = b >> 32;
    uint64_t const first = a_high * b_low + (a_low * b_low >> 32);
    uint64_t const second = a_low * b_high + (first & UINT32_MAX);

    return a_high * b_high + (first >> 32) + (second >> 32);
}

/* Uniform in [0, most]: random as a fraction of 2^64 (D. Lemire, "Fast Random
 * Integer Generation in an Interval", 2019). Without his rejection step one
 * value in 2^64 / most is off by one, and no wait is longer than 2^39. */
static int64_t uniform(int64_t most, uint64_t random)
{
    return (int64_t)multiply_high(random, (uint64_t)most + 1);
}

int64_t backoff_jittered_ms(const struct backoff *b, int64_t n, uint64_t random)
{
    int64_t const wait = backoff_wait_ms(b, n);

    switch (b->jitter) {
    case JITTER_FULL:
        return uniform(wait, random);
    case JITTER_EQUAL:
        return wait / 2 + uniform(wait - wait / 2, random);
    case JITTER_NONE:
        break;
    }
    return wait;
}

/* Takes what comes before the next ':' from *rest; absent when all is read. */
static struct bytes next_part(struct bytes *rest)
{
    struct bytes part = *rest;

    if (!rest->at)
        return part;
    const char *colon = rest->len > 0 ? memchr(rest->at, ':', rest->len) : NULL;
    if (!colon) {
        *rest = (struct bytes){NULL, 0};
        return part;
    }
    part.len = (size_t)(colon - part.at);
    *rest = (struct bytes){colon + 1, rest->len - part.len - 1};
    return part;
}

enum status backoff_parse(struct bytes text, struct backoff *out,
                          struct error *err)
{
    struct backoff b = *out;
    struct bytes rest = text;
    struct bytes const kind = next_part(&rest);
    struct bytes const base = next_part(&rest);
    struct bytes const max = next_part(&rest);

    if (!backoff_kind_from(kind, &b.kind))
        return error_bad_text(err, "backoff", "kind", kind,
                              "use exponential, linear or constant");
    if (rest.at)
        return error_bad_text(err, "backoff", "value", text,
                              "write KIND, KIND:BASE or KIND:BASE:MAX");
    if (base.at) {
        enum status st = duration_parse(base, "backoff", &b.base_ms, err);
        if (st == STATUS_OK && max.at)
            st = duration_parse(max, "backoff", &b.max_ms, err);
        if (st != STATUS_OK)
            return st;
    }
    if (!max.at && b.max_ms < b.base_ms)
        b.max_ms = b.base_ms;
    if (b.max_ms < b.base_ms)
        return error_bad_text(err, "backoff", "value", text,
                              "BASE is longer than MAX");
    *out = b;
    return STATUS_OK;
}

const char *backoff_kind_name(enum backoff_kind kind)
{
    return kind_names[kind];
}

const char *jitter_name(enum jitter jitter)
{
    return jitter_names[jitter];
}

bool backoff_kind_from(struct bytes name, enum backoff_kind *out)
{
    for (size_t i = 0; i < sizeof(kind_names) / sizeof(kind_names[0]); i++) {
        if (bytes_is(name, kind_names[i])) {
            *out = (enum backoff_kind)i;
            return true;
        }
    }
    return false;
}

bool jitter_from(struct bytes name, enum jitter *out)
{
    for (size_t i = 0; i < sizeof(jitter_names) / sizeof(jitter_names[0]);
         i++) {
        if (bytes_is(name, jitter_names[i])) {
            *out = (enum jitter)i;
            return true;
        }
    }
    return false;
}
