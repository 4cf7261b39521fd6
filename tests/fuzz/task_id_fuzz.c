/*
 * An id that can be read is in upper case, reads as itself, and survives being
 * packed. Any 16 bytes are an id, and ids sort as their bytes do. Ids that one
 * source makes grow whatever the clock does, and belong to their queue.
 */
#include "domain/task_id.h"

#include "domain/limits.h"
#include "tests/fuzz/fuzz.h"

static int sign(int n)
{
    return (n > 0) - (n < 0);
}

static struct task_id hold_for_bytes(const uint8_t bytes[TASK_ID_BYTES])
{
    struct task_id const id = task_id_unpack(bytes);
    uint8_t packed[TASK_ID_BYTES];
    struct task_id read;

    task_id_pack(&id, packed);
    assert(memcmp(packed, bytes, TASK_ID_BYTES) == 0);
    assert(task_id_parse(bytes_of(id.text), &read));
    assert(strcmp(read.text, id.text) == 0);
    assert(task_id_time_ms(&id) >= 0 && task_id_time_ms(&id) >> 48 == 0);
    return id;
}

static void hold_for_text(struct bytes text)
{
    uint8_t packed[TASK_ID_BYTES];
    struct task_id id;

    if (!task_id_parse(text, &id))
        return;
    assert(text.len == TASK_ID_LEN && strlen(id.text) == TASK_ID_LEN);
    for (size_t i = 0; i < TASK_ID_LEN; i++)
        assert(id.text[i] == text.at[i] || (id.text[i] ^ text.at[i]) == 0x20);
    task_id_pack(&id, packed);
    struct task_id const same = hold_for_bytes(packed);
    assert(strcmp(same.text, id.text) == 0);
}

static void hold_for_source(struct bytes rest)
{
    struct task_id_source source = {0};
    struct task_id last = {""};

    while (rest.len > 0) {
        struct bytes const queue = rest.len % 2 ? BYTES("a") : BYTES("mail");
        uint64_t const bits = input_bits(&rest);
        int64_t const now_ms = (int64_t)(bits % (INSTANT_MAX_MS + 1));
        uint64_t const random = bits % 5 == 0 ? UINT64_MAX : bits;
        struct task_id const id = task_id_next(&source, now_ms, random, queue);

        assert(strcmp(id.text, last.text) > 0);
        assert(task_id_matches(&id, queue));
        assert(task_id_time_ms(&id) >= now_ms);
        last = id;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t bytes[2][TASK_ID_BYTES] = {{0}};

    hold_for_text(input_of(data, size));
    hold_for_source(input_of(data, size));
    if (size == 0)
        return 0;
    memcpy(bytes, data, size < sizeof(bytes) ? size : sizeof(bytes));
    struct task_id const first = hold_for_bytes(bytes[0]);
    struct task_id const second = hold_for_bytes(bytes[1]);
    assert(sign(strcmp(first.text, second.text)) ==
           sign(memcmp(bytes[0], bytes[1], TASK_ID_BYTES)));
    return 0;
}
