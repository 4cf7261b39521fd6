/*
 * A cursor is "STATE.MS.SEQ.ID.STREAM.QUEUE", or "STATE" for the start of that
 * state. The queue comes last, since its name may hold dots.
 */
#include "adapters/redis/redis_list_place.h"

#include "domain/text.h"

struct cursor redis_place_cursor(const struct redis_place *place)
{
    struct cursor cursor;
    struct text t = text_in(cursor.text, sizeof(cursor.text));

    text_add_int(&t, place->state);
    if (place->is_start)
        return cursor;
    text_add(&t, ".");
    text_add_int(&t, (int64_t)place->entry.ms);
    text_add(&t, ".");
    text_add_int(&t, (int64_t)place->entry.seq);
    text_add(&t, ".");
    text_add(&t, place->id.text);
    text_add(&t, ".");
    text_add_int(&t, place->stream);
    text_add(&t, ".");
    text_add(&t, place->queue);
    return cursor;
}

/* Cuts what stands before the next dot off *rest. */
static struct bytes cut(struct bytes *rest)
{
    const char *dot = rest->len ? memchr(rest->at, '.', rest->len) : NULL;
    size_t const len = dot ? (size_t)(dot - rest->at) : rest->len;
    size_t const used = dot ? len + 1 : len;
    struct bytes const part = {rest->at, len};

    *rest = (struct bytes){rest->at + used, rest->len - used};
    return part;
}

static bool cut_int(struct bytes *rest, int64_t limit, int64_t *out)
{
    return text_read_int(cut(rest), limit, out);
}

bool redis_place_parse(const struct cursor *cursor, struct redis_place *out)
{
    struct bytes rest = {cursor->text,
                         strnlen(cursor->text, sizeof(cursor->text))};
    struct redis_place place = {.state = TASK_SCHEDULED, .is_start = true};
    int64_t state, ms, seq, stream;

    if (rest.len == 0) {
        *out = place;
        return true;
    }
    if (text_read_int(rest, TASK_STATES - 1, &state)) {
        place.state = (enum task_state)state;
        *out = place;
        return true;
    }
    if (!cut_int(&rest, TASK_STATES - 1, &state) ||
        !cut_int(&rest, INT64_MAX, &ms) || !cut_int(&rest, INT64_MAX, &seq))
        return false;
    struct bytes const id = cut(&rest);
    if ((id.len > 0 && !task_id_parse(id, &place.id)) ||
        !cut_int(&rest, REDIS_STREAMS - 1, &stream) ||
        !queue_name_is_valid(rest))
        return false;
    place.state = (enum task_state)state;
    place.is_start = false;
    place.entry = (struct redis_entry_id){(uint64_t)ms, (uint64_t)seq};
    place.stream = (enum redis_stream)stream;
    memcpy(place.queue, rest.at, rest.len);
    *out = place;
    return true;
}

struct redis_place redis_place_of(const struct redis_sighting *seen)
{
    struct bytes const queue = seen->stored.task.queue;
    struct redis_place place = {.state = seen->state, .stream = seen->stream};

    if (seen->state == TASK_SCHEDULED || seen->state == TASK_RETRY ||
        seen->state == TASK_DONE) {
        place.entry.ms = (uint64_t)seen->at_ms;
        place.id = seen->stored.task.id;
    } else {
        place.entry = seen->entry;
    }
    memcpy(place.queue, queue.at,
           queue.len < QUEUE_NAME_MAX ? queue.len : QUEUE_NAME_MAX);
    return place;
}

int redis_place_compare(const struct redis_place *a,
                        const struct redis_place *b)
{
    if (a->entry.ms != b->entry.ms)
        return a->entry.ms < b->entry.ms ? -1 : 1;
    if (a->entry.seq != b->entry.seq)
        return a->entry.seq < b->entry.seq ? -1 : 1;
    return strcmp(a->id.text, b->id.text);
}

int redis_place_compare_lane(const struct redis_place *a, struct bytes queue,
                             enum redis_stream stream)
{
    size_t const len = strlen(a->queue);
    int const order =
        memcmp(a->queue, queue.at, len < queue.len ? len : queue.len);

    if (order != 0)
        return order;
    if (len != queue.len)
        return len < queue.len ? -1 : 1;
    return (int)a->stream - (int)stream;
}
