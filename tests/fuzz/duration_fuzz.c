/*
 * A duration that can be read is in range, and writes as a text that reads as
 * the same and writes as the same. So does any number in range. A text that
 * can't be read is answered by one line about its field.
 */
#include "domain/duration.h"

#include "domain/limits.h"
#include "tests/fuzz/fuzz.h"

static void hold_for(int64_t ms)
{
    char first_room[64], second_room[64];
    struct text first = text_in(first_room, sizeof(first_room));
    struct text second = text_in(second_room, sizeof(second_room));
    struct error err;
    int64_t again = -1;

    duration_add(&first, ms);
    assert(!first.is_cut);
    assert(duration_parse(bytes_of(first.at), "wait", &again, &err) ==
           STATUS_OK);
    assert(again == ms);
    duration_add(&second, again);
    assert(strcmp(first.at, second.at) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes rest = input_of(data, size);
    struct error err;
    int64_t ms = -1;

    enum status const st = duration_parse(rest, "wait", &ms, &err);
    if (st == STATUS_OK) {
        assert(ms >= 0 && ms <= DURATION_MAX_MS);
        hold_for(ms);
    } else {
        assert(st == STATUS_INVALID && ms == -1);
        assert(strncmp(err.text, "wait: ", 6) == 0);
    }
    hold_for((int64_t)(input_bits(&rest) % (DURATION_MAX_MS + 1)));
    return 0;
}
