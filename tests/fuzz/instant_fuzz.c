/*
 * An instant that can be read is in range, and writes as a text that reads as
 * the same. Any number writes as libc would write it (its nearest end if it is
 * out of range), and reads as itself.
 */
#include "domain/instant.h"

#include <stdio.h>
#include <time.h>

#include "domain/limits.h"
#include "tests/fuzz/fuzz.h"

static void hold_for(int64_t at_ms)
{
    char text[INSTANT_TEXT_SIZE], expected[64];
    struct error err;
    struct tm tm;
    int64_t again = -1;
    int64_t within = at_ms < 0 ? 0 : at_ms;

    if (within > INSTANT_MAX_MS)
        within = INSTANT_MAX_MS;
    time_t const second = (time_t)(within / 1000);

    instant_format(at_ms, text);
    assert(instant_parse(bytes_of(text), "at", &again, &err) == STATUS_OK);
    assert(again == within);

    assert(gmtime_r(&second, &tm));
    snprintf(expected, sizeof(expected), "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ",
             tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
             tm.tm_min, tm.tm_sec, (int)(within % 1000));
    assert(strcmp(text, expected) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes rest = input_of(data, size);
    struct error err;
    int64_t at_ms = -1;

    enum status const st = instant_parse(rest, "at", &at_ms, &err);
    if (st == STATUS_OK) {
        assert(at_ms >= 0 && at_ms <= INSTANT_MAX_MS);
        hold_for(at_ms);
    } else {
        assert(st == STATUS_INVALID && at_ms == -1);
        assert(strncmp(err.text, "at: ", 4) == 0);
    }
    uint64_t const bits = input_bits(&rest);
    hold_for((int64_t)bits);
    hold_for((int64_t)(bits % (INSTANT_MAX_MS + 1)));
    return 0;
}
