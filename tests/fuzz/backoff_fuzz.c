/*
 * A backoff that can be read is within its limits; written with its durations
 * it reads as the same. No wait is beyond its cap, with jitter or without, and
 * a later wait is never shorter.
 *
 * The first 19 bytes are the factor, the jitter, which wait, and random bits.
 */
#include "domain/backoff.h"

#include "domain/duration.h"
#include "domain/limits.h"
#include "tests/fuzz/fuzz.h"

static void hold_for_text(const struct backoff *b)
{
    char room[128];
    struct text text = text_in(room, sizeof(room));
    struct backoff again = backoff_default();
    struct error err;

    text_add(&text, backoff_kind_name(b->kind));
    text_add(&text, ":");
    duration_add(&text, b->base_ms);
    text_add(&text, ":");
    duration_add(&text, b->max_ms);
    assert(backoff_parse(bytes_of(text.at), &again, &err) == STATUS_OK);
    assert(again.kind == b->kind);
    assert(again.base_ms == b->base_ms && again.max_ms == b->max_ms);
}

static void hold_for_waits(const struct backoff *b, int64_t n, uint64_t random)
{
    int64_t const wait = backoff_wait_ms(b, n);
    int64_t const jittered = backoff_jittered_ms(b, n, random);

    assert(wait >= 0 && wait <= b->max_ms);
    assert(n == INT64_MAX || backoff_wait_ms(b, n + 1) >= wait);
    assert(jittered >= (b->jitter == JITTER_EQUAL ? wait / 2 : 0));
    assert(jittered <= wait);
    assert(b->jitter != JITTER_NONE || jittered == wait);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes rest = input_of(data, size);
    int const factor = input_byte(&rest) << 8 | input_byte(&rest);
    enum jitter const jitter = (enum jitter)(input_byte(&rest) % 3);
    int64_t const n = (int64_t)input_bits(&rest);
    uint64_t const random = input_bits(&rest);
    struct backoff b = backoff_default();
    struct error err;

    b.factor_milli = 1000 + factor;
    b.jitter = jitter;
    enum status const st = backoff_parse(rest, &b, &err);
    if (st != STATUS_OK) {
        assert(st == STATUS_INVALID && strcmp(err.field, "backoff") == 0);
        return 0;
    }
    assert(b.base_ms >= 0 && b.base_ms <= b.max_ms);
    assert(b.max_ms <= DURATION_MAX_MS);
    assert(b.jitter == jitter && b.factor_milli == 1000 + factor);
    hold_for_text(&b);
    hold_for_waits(&b, n, random);
    return 0;
}
