#include "adapters/redis/redis_sighting.h"

#include "domain/text.h"

/* Two for each ms of a lease, see redis_keys.h: beyond that it is none of
 * ours. */
#define DELIVERIES_MAX (2 * INSTANT_MAX_MS)

static enum status garbled(struct error *err)
{
    return error_set(err, STATUS_CORRUPT, NULL,
                     "redis: what a script answers can't be understood");
}

static struct bytes text_at(const redisReply *reply, size_t i)
{
    const redisReply *part = i < reply->elements ? reply->element[i] : NULL;

    if (!part || part->type != REDIS_REPLY_STRING)
        return (struct bytes){0};
    return (struct bytes){part->str, part->len};
}

/* A number from 0 to limit. */
static bool read_int(const redisReply *reply, size_t i, int64_t limit,
                     int64_t *out)
{
    const redisReply *part = i < reply->elements ? reply->element[i] : NULL;

    if (!part || part->type != REDIS_REPLY_INTEGER || part->integer < 0 ||
        part->integer > limit)
        return false;
    *out = part->integer;
    return true;
}

/* A score is a time in ms, which the server writes as a whole number. */
static bool read_score(struct bytes text, int64_t *out)
{
    return text.at && text_read_int(text, INT64_MAX, out);
}

static bool locate_waiting(const redisReply *reply, struct redis_sighting *out)
{
    return read_score(text_at(reply, 3), &out->at_ms) &&
           task_id_parse(text_at(reply, 4), &out->stored.task.id);
}

static bool locate_entry(const redisReply *reply, struct redis_sighting *out)
{
    const redisReply *item = reply->elements > 2 ? reply->element[2] : NULL;

    /* In `dead` the priority is part of the entry, as it is in `taken`. */
    out->stream = REDIS_TAKEN;
    return item && item->type == REDIS_REPLY_ARRAY &&
           redis_entry_id_parse(text_at(item, 0), &out->entry) &&
           (out->state == TASK_DEAD ||
            redis_stream_from(text_at(reply, 1), &out->stream));
}

enum status redis_sighting_locate(const redisReply *reply, struct bytes queue,
                                  struct redis_sighting *out, struct error *err)
{
    int64_t state;

    *out = (struct redis_sighting){.stored.task.queue = queue};
    if (reply->type != REDIS_REPLY_ARRAY ||
        !read_int(reply, 0, TASK_STATES - 1, &state))
        return garbled(err);
    out->state = (enum task_state)state;
    bool const waits =
        state == TASK_SCHEDULED || state == TASK_RETRY || state == TASK_DONE;
    bool const is_clear =
        waits ? locate_waiting(reply, out) : locate_entry(reply, out);
    return is_clear ? STATUS_OK : garbled(err);
}

static enum status read_waiting(const redisReply *reply,
                                struct redis_sighting *out, struct error *err)
{
    struct bytes const body = text_at(reply, 2);
    struct bytes const queue = out->stored.task.queue;
    struct task_id const id = out->stored.task.id;

    if (!body.at)
        return garbled(err);
    return redis_task_read_body(body, queue, &id, &out->stored, err);
}

static enum status read_lease(const redisReply *reply,
                              struct redis_sighting *out, struct error *err)
{
    int64_t deliveries;

    if (!read_int(reply, 4, INSTANT_MAX_MS, &out->idle_ms) ||
        !read_int(reply, 5, DELIVERIES_MAX, &deliveries))
        return garbled(err);
    out->consumer = text_at(reply, 3);
    out->age_ms = redis_lease_age_ms(deliveries, out->idle_ms);
    return STATUS_OK;
}

enum status redis_sighting_read(const redisReply *reply, struct bytes queue,
                                struct redis_sighting *out, struct error *err)
{
    enum status st = redis_sighting_locate(reply, queue, out, err);

    if (st != STATUS_OK)
        return st;
    switch (out->state) {
    case TASK_SCHEDULED:
    case TASK_RETRY:
    case TASK_DONE:
        return read_waiting(reply, out, err);
    case TASK_ACTIVE:
        st = read_lease(reply, out, err);
        break;
    case TASK_READY:
    case TASK_DEAD:
        break;
    }
    if (st != STATUS_OK)
        return st;
    return redis_task_read_entry(reply->element[2], queue, out->stream,
                                 &out->entry, &out->stored, err);
}

static bool add_lease(const struct redis_sighting *seen, int64_t now_ms,
                      struct arena *mem, struct task_record *record)
{
    int64_t lease_ms;
    struct bytes worker;

    record->task.attempt++; /* counts the attempt under way */
    record->started_at_ms = now_ms - seen->age_ms;
    if (!redis_consumer_parse(seen->consumer, &lease_ms, &worker))
        return true; /* somebody else reads here: no lease of ours */
    record->lease_until_ms = now_ms + lease_ms - seen->idle_ms;
    return arena_copy(mem, worker, &record->worker);
}

bool redis_sighting_record(const struct redis_sighting *seen, int64_t now_ms,
                           struct arena *mem, struct task_record *out)
{
    struct arena const before = *mem;
    struct redis_task copy;

    if (!redis_task_copy(&seen->stored, mem, &copy))
        return false;
    struct task_record record = {
        .task = copy.task,
        .state = seen->state,
        .reason = seen->state == TASK_DEAD ? copy.reason : REASON_NONE,
        .started_at_ms = copy.started_at_ms,
    };
    if (seen->state == TASK_SCHEDULED || seen->state == TASK_RETRY)
        record.task.run_at_ms = seen->at_ms;
    if (seen->state == TASK_DONE || seen->state == TASK_DEAD)
        record.finished_at_ms = copy.finished_at_ms;
    if (seen->state == TASK_DONE)
        record.result = copy.result;
    if (seen->state == TASK_ACTIVE && !add_lease(seen, now_ms, mem, &record)) {
        *mem = before;
        return false;
    }
    *out = record;
    return true;
}
