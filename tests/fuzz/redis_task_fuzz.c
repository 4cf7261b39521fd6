/*
 * A stored task that can be read, from its body or from a stream's entry, is a
 * valid task, and is read the same from what it is written as.
 *
 * The first byte tells which: 'b' a body; 'x' an entry's field x; else the
 * lines of redis_reply.h, an answer of the server.
 */
#include "adapters/redis/redis_task.h"

#include <stdlib.h>

#include "adapters/redis/redis_sighting.h"
#include "adapters/redis/redis_token.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/redis_reply.h"

#define NOW_MS INT64_C(1800000000000)

static const struct task_id id = {"01ARZ3NDEK0000000000001NH4"};

static bool is_same(const struct redis_task *a, const struct redis_task *b)
{
    const struct task *s = &a->task;
    const struct task *t = &b->task;

    return bytes_equal(s->type, t->type) &&
           bytes_equal(s->payload, t->payload) &&
           bytes_equal(s->headers, t->headers) && bytes_equal(s->key, t->key) &&
           bytes_equal(s->last_error, t->last_error) &&
           bytes_equal(a->result, b->result) && s->priority == t->priority &&
           s->backoff.kind == t->backoff.kind &&
           s->backoff.jitter == t->backoff.jitter &&
           s->backoff.factor_milli == t->backoff.factor_milli &&
           s->backoff.base_ms == t->backoff.base_ms &&
           s->backoff.max_ms == t->backoff.max_ms &&
           s->max_attempts == t->max_attempts &&
           s->max_crashes == t->max_crashes && s->timeout_ms == t->timeout_ms &&
           s->key_ttl_ms == t->key_ttl_ms && s->retain_ms == t->retain_ms &&
           s->expires_ms == t->expires_ms &&
           s->created_at_ms == t->created_at_ms &&
           s->run_at_ms == t->run_at_ms && s->attempt == t->attempt &&
           s->crashes == t->crashes && a->last.ms == b->last.ms &&
           (a->last.ms == 0 || a->last.seq == b->last.seq) &&
           a->has_pointer == b->has_pointer && a->reason == b->reason &&
           a->started_at_ms == b->started_at_ms &&
           a->finished_at_ms == b->finished_at_ms;
}

static void hold_for_task(const struct redis_task *stored)
{
    char *body = malloc(redis_task_body_room(stored) + 1);
    struct redis_task again;
    struct error err;

    assert(is_stored_task(stored->task));
    assert(!stored->task.headers.at || stored->task.headers.len > 0);
    assert(!stored->result.at || stored->result.len > 0);
    assert(body);
    size_t const len = redis_task_write_body(stored, body);
    assert(len < redis_task_body_room(stored));
    assert(redis_task_read_body((struct bytes){body, len}, stored->task.queue,
                                &stored->task.id, &again, &err) == STATUS_OK);
    assert(is_same(stored, &again));
    free(body);
}

static void hold_for_body(struct bytes body)
{
    struct redis_task stored;
    struct error err;

    enum status const st =
        redis_task_read_body(body, BYTES("mail"), &id, &stored, &err);
    if (st == STATUS_OK)
        hold_for_task(&stored);
    else
        assert(st == STATUS_CORRUPT && err.text[0] != '\0');
}

/* What a body needs before its x, then the input. */
static void hold_for_x(struct bytes x)
{
    static const char start[] = "4:echo,2:{},";
    size_t const len = sizeof(start) - 1;
    char *body = malloc(len + x.len);

    assert(body);
    memcpy(body, start, len);
    if (x.len > 0)
        memcpy(body + len, x.at, x.len);
    hold_for_body((struct bytes){body, len + x.len});
    free(body);
}

/* A delivered entry makes a lease whose token reads as what it is for. */
static void hold_for_lease(const struct redis_sighting *seen)
{
    struct redis_token token;
    struct lease lease;

    redis_lease_name(&seen->stored, seen->stream, seen->entry, &lease);
    assert(redis_token_read(&lease.token, &seen->stored.task.id, &token));
    assert(bytes_equal(token.queue, seen->stored.task.queue));
    assert(token.stream == seen->stream);
    assert(token.entry.ms == seen->entry.ms);
    assert(token.entry.seq == seen->entry.seq);
}

static void hold_for_reply(struct bytes lines)
{
    static char room[64 * 1024];
    struct arena mem = {.base = room, .size = sizeof(room)};
    redisReply *reply = redis_reply_read(lines);
    struct redis_sighting seen;
    struct task_record record;
    struct error err;

    enum status const st =
        redis_sighting_read(reply, BYTES("mail"), &seen, &err);
    if (st == STATUS_OK) {
        hold_for_task(&seen.stored);
        if (seen.state == TASK_READY || seen.state == TASK_ACTIVE)
            hold_for_lease(&seen);
        if (redis_sighting_record(&seen, NOW_MS, &mem, &record))
            assert(record.state == seen.state);
    } else {
        assert(st == STATUS_CORRUPT && err.text[0] != '\0');
    }
    redis_reply_free(reply);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes rest = input_of(data, size);
    uint8_t const kind = input_byte(&rest);

    if (kind == 'b')
        hold_for_body(rest);
    else if (kind == 'x')
        hold_for_x(rest);
    else
        hold_for_reply(rest);
    return 0;
}
