/*
 * The small texts of the Redis backend: a token, an entry's id, a place in a
 * list and a consumer's name that can be read are written as texts that read
 * as the same.
 */
#include "adapters/redis/redis_list_place.h"
#include "adapters/redis/redis_token.h"
#include "tests/fuzz/fuzz.h"

static const struct task_id id = {"01ARZ3NDEK0000000000001NH4"};

static void hold_for_token(struct bytes text)
{
    struct lease_token token = {""}, written;
    struct redis_token read, again;

    memset(token.text, 'x', sizeof(token.text)); /* perhaps no end at all */
    if (text.len > 0)
        memcpy(token.text, text.at,
               text.len < LEASE_TOKEN_SIZE ? text.len : LEASE_TOKEN_SIZE);
    if (text.len < LEASE_TOKEN_SIZE)
        token.text[text.len] = '\0';
    if (!redis_token_read(&token, &id, &read))
        return;
    if (!queue_name_is_valid(read.queue))
        return; /* whose keys then hold nothing */
    redis_token_write(&read, &written);
    assert(redis_token_read(&written, &id, &again));
    assert(bytes_equal(again.queue, read.queue));
    assert(again.stream == read.stream);
    assert(again.entry.ms == read.entry.ms);
    assert(again.entry.seq == read.entry.seq);
    assert(again.has_pointer == read.has_pointer);
}

static void hold_for_entry(struct bytes text)
{
    struct redis_entry_id read, again;
    char written[REDIS_ENTRY_ID_SIZE];

    if (!redis_entry_id_parse(text, &read))
        return;
    redis_entry_id_format(read, written);
    assert(redis_entry_id_parse(bytes_of(written), &again));
    assert(again.ms == read.ms && again.seq == read.seq);
    redis_entry_id_fencing(read);
    redis_entry_is_near(read, &id);
}

static void hold_for_place(struct bytes text)
{
    struct cursor cursor = {""};
    struct redis_place read, again;

    if (text.len > 0)
        memcpy(cursor.text, text.at,
               text.len < CURSOR_SIZE ? text.len : CURSOR_SIZE);
    if (!redis_place_parse(&cursor, &read))
        return;
    assert(read.is_start || queue_name_is_valid(bytes_of(read.queue)));
    struct cursor const written = redis_place_cursor(&read);
    assert(redis_place_parse(&written, &again));
    assert(again.state == read.state && again.is_start == read.is_start);
    assert(redis_place_compare(&read, &again) == 0);
    assert(redis_place_compare_lane(&read, bytes_of(again.queue),
                                    again.stream) == 0);
}

static void hold_for_consumer(struct bytes text)
{
    char written[REDIS_CONSUMER_SIZE], worker_name[WORKER_NAME_MAX + 1] = "";
    struct bytes worker, worker_again;
    int64_t lease_ms, lease_ms_again;

    if (!redis_consumer_parse(text, &lease_ms, &worker))
        return;
    assert(lease_ms >= 0);
    if (!plain_name_is_valid(worker))
        return;
    memcpy(worker_name, worker.at, worker.len);
    redis_consumer_name(lease_ms, worker_name, written);
    assert(redis_consumer_parse(bytes_of(written), &lease_ms_again,
                                &worker_again));
    assert(lease_ms_again == lease_ms && bytes_equal(worker_again, worker));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes const text = input_of(data, size);

    hold_for_token(text);
    hold_for_entry(text);
    hold_for_place(text);
    hold_for_consumer(text);
    return 0;
}
