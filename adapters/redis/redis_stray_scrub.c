/*
 * Whether something can be read is for redis_task.c alone to say, so it comes
 * over the line: stray_walk.lua leaves out what is plain, and all payloads. An
 * entry never changes, and of a body the move makes sure that it has not: so
 * what is read here may be judged at leisure.
 */
#include "adapters/redis/redis_stray_scrub.h"

#include "adapters/redis/redis_admin_call.h"
#include "adapters/redis/redis_stray.h"
#include "adapters/redis/redis_task.h"
#include "domain/text.h"

enum status redis_stray_walk(struct redis_connection *c, struct bytes queue,
                             const char *from, size_t count, redisReply **page,
                             struct error *err)
{
    char number[2][24];
    struct text work = text_in(number[0], sizeof(number[0]));
    struct text payload = text_in(number[1], sizeof(number[1]));

    text_add_int(&work, (int64_t)count);
    text_add_int(&payload, PAYLOAD_MAX);
    struct bytes const args[] = {bytes_of(from), bytes_of(number[0]),
                                 bytes_of(number[1])};
    return redis_admin_ask(c, REDIS_SCRIPT_STRAY_WALK, queue, 3, args, page,
                           err);
}

static bool is_readable_entry(const redisReply *entry, struct bytes queue)
{
    struct redis_entry_id id;
    struct redis_task task;
    struct error ignored;

    return redis_task_read_entry(entry, queue, REDIS_TAKEN, &id, &task,
                                 &ignored) == STATUS_OK;
}

static bool is_readable_body(struct bytes body, struct bytes place,
                             struct bytes queue)
{
    struct task_id id;
    struct redis_task task;
    struct error ignored;

    return task_id_parse(place, &id) &&
           redis_task_read_body(body, queue, &id, &task, &ignored) == STATUS_OK;
}

/* Splits "FROM PLACE". */
static void split(struct bytes subject, struct bytes *from, struct bytes *place)
{
    const char *blank = memchr(subject.at, ' ', subject.len);
    size_t const len = blank ? (size_t)(blank - subject.at) : subject.len;
    size_t const used = blank ? len + 1 : len;

    *from = (struct bytes){subject.at, len};
    *place = (struct bytes){subject.at + used, subject.len - used};
}

bool redis_stray_is(const redisReply *item, struct bytes queue,
                    struct bytes *subject)
{
    const redisReply *what = item->element[1];
    struct bytes from, place;

    *subject = redis_reply_text(item->element[0]);
    split(*subject, &from, &place);
    return bytes_is(from, "bodies")
               ? !is_readable_body(redis_reply_text(what), place, queue)
               : !is_readable_entry(what, queue);
}

static enum status repair_body(struct redis_connection *c,
                               struct redis_stray *stray, int64_t now_ms,
                               struct error *err)
{
    REDIS_REPLY reply = NULL;
    char key[REDIS_KEY_SIZE];

    redis_queue_key(c->url->namespace, stray->queue, REDIS_KEY_BODIES, key);
    redis_begin(c, 3);
    redis_add_text(c, "HGET");
    redis_add_text(c, key);
    redis_add(c, stray->place);
    enum status const st = redis_next_good(c, &reply, err);
    if (st != STATUS_OK)
        return st;
    if (reply->type != REDIS_REPLY_STRING)
        return STATUS_NOT_FOUND;
    stray->body = redis_reply_text(reply);
    if (is_readable_body(stray->body, stray->place, stray->queue))
        return STATUS_NOT_FOUND;
    return redis_stray_move(c, stray, now_ms, err);
}

/* Whether the server takes it for an entry's id, however large. */
static bool is_entry_id(struct bytes place)
{
    const char *dash = place.len > 0 ? memchr(place.at, '-', place.len) : NULL;

    if (!dash || dash == place.at || dash == place.at + place.len - 1)
        return false;
    for (size_t i = 0; i < place.len; i++)
        if ((place.at[i] < '0' || place.at[i] > '9') && place.at + i != dash)
            return false;
    return true;
}

static enum status repair_entry(struct redis_connection *c,
                                struct redis_stray *stray, int64_t now_ms,
                                struct error *err)
{
    REDIS_REPLY reply = NULL;
    enum redis_stream stream = REDIS_TAKEN;
    char key[REDIS_KEY_SIZE];
    bool const is_dead = bytes_is(stray->from, "dead");

    if ((!is_dead && !redis_stream_from(stray->from, &stream)) ||
        !is_entry_id(stray->place))
        return STATUS_NOT_FOUND;
    redis_queue_key(c->url->namespace, stray->queue,
                    is_dead ? REDIS_KEY_DEAD : (enum redis_queue_key)stream,
                    key);
    redis_begin(c, 4);
    redis_add_text(c, "XRANGE");
    redis_add_text(c, key);
    redis_add(c, stray->place);
    redis_add(c, stray->place);
    enum status const st = redis_next_good(c, &reply, err);
    if (st != STATUS_OK)
        return st;
    if (reply->elements == 0 ||
        is_readable_entry(reply->element[0], stray->queue))
        return STATUS_NOT_FOUND;
    stray->fields = reply->element[0]->element[1];
    return redis_stray_move(c, stray, now_ms, err);
}

enum status redis_stray_repair(struct redis_connection *c, struct bytes queue,
                               struct bytes subject, int64_t now_ms,
                               struct error *err)
{
    struct redis_stray stray = {.queue = queue, .is_lease_spared = true};
    enum status const st = redis_ready(c, err);

    if (st != STATUS_OK)
        return st;
    split(subject, &stray.from, &stray.place);
    return bytes_is(stray.from, "bodies")
               ? repair_body(c, &stray, now_ms, err)
               : repair_entry(c, &stray, now_ms, err);
}
