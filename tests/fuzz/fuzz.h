/*
 * fuzz.h - what all targets of the fuzzer share.
 *
 * A target is a file NAME_fuzz.c whose one function takes any bytes at all and
 * asserts what must hold for them; its first lines say what. Every target is
 * built twice: with libFuzzer, which looks for bytes that break it (see
 * script/fuzz), and with replay.c, which goes over those that are kept in
 * fixtures/fuzz/NAME, in every run of the tests.
 */
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <assert.h>
#include <stdint.h>

#include "domain/task.h"

/* The name is libFuzzer's. Always 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline struct bytes input_of(const uint8_t *data, size_t size)
{
    return (struct bytes){(const char *)data, size};
}

/* Whether a stored task is one. A store keeps what a verdict said, so it may
 * have got further than its own limits allow, though not beyond all. */
static inline bool is_stored_task(struct task task)
{
    if (task.attempt < 0 || task.attempt > ATTEMPTS_MAX || task.crashes < 0 ||
        task.crashes > CRASHES_MAX)
        return false;
    task.attempt = 0;
    task.crashes = 0;
    return task_is_valid(&task);
}

/* Takes the first byte; 0 when there is none. */
static inline uint8_t input_byte(struct bytes *rest)
{
    if (rest->len == 0)
        return 0;
    uint8_t const byte = (uint8_t)*rest->at;
    *rest = (struct bytes){rest->at + 1, rest->len - 1};
    return byte;
}

/* Takes eight bytes, the missing ones being 0. */
static inline uint64_t input_bits(struct bytes *rest)
{
    uint64_t bits = 0;

    for (int i = 0; i < 8; i++)
        bits = bits << 8 | input_byte(rest);
    return bits;
}

/* Takes what comes before the next newline, and the newline. */
static inline struct bytes input_line(struct bytes *rest)
{
    const char *end = rest->len > 0 ? memchr(rest->at, '\n', rest->len) : NULL;
    size_t const len = end ? (size_t)(end - rest->at) : rest->len;
    size_t const used = end ? len + 1 : len;
    struct bytes const line = {rest->at, len};

    if (used > 0)
        *rest = (struct bytes){rest->at + used, rest->len - used};
    return line;
}

#endif
