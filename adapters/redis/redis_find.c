#include "adapters/redis/redis_find.h"

#include "adapters/redis/redis_admin_call.h"
#include "domain/text.h"

/* The search of one id in queues[n], sorted. */
struct search {
    struct redis_connection *c;
    const struct task_id *id;
    const struct bytes *queue; /* the only one, or NULL: those of queues */
    const redisReply *queues;
    size_t n;
    size_t hit; /* the first queue whose indexes know it; n: none */
    redisReply *reply;
};

void redis_found_release(struct redis_found *found)
{
    redis_reply_freep(&found->reply);
    redis_reply_freep(&found->queues);
}

static struct bytes queue_at(const struct search *s, size_t i)
{
    return s->queue ? *s->queue : redis_reply_text(s->queues->element[i]);
}

static void begin_find(void *self, struct redis_connection *c, size_t i)
{
    const struct search *s = self;

    redis_admin_begin(c, REDIS_SCRIPT_FIND, queue_at(s, i), 1);
    redis_add_text(c, s->id->text);
}

static enum status take_find(void *self, size_t i, redisReply **reply,
                             struct error *err)
{
    struct search *s = self;
    (void)err;

    if ((*reply)->type != REDIS_REPLY_ARRAY || i >= s->hit)
        return STATUS_OK;
    s->hit = i;
    redis_reply_freep(&s->reply);
    s->reply = *reply;
    *reply = NULL;
    return STATUS_OK;
}

static enum status ask_indexes(struct search *s, struct error *err)
{
    struct redis_round const round = {
        REDIS_SCRIPT_FIND, s->n, begin_find, take_find, s,
    };

    redis_reply_freep(&s->reply);
    s->hit = s->n;
    return redis_admin_round(s->c, &round, err);
}

/* Reads the entries of one stream from from_ms to to_ms, both included, page
 * by page, keeping the answer that has the task. */
static enum status scan_window(struct search *s, struct bytes queue,
                               enum redis_stream stream, int64_t from_ms,
                               int64_t to_ms, struct error *err)
{
    char start[REDIS_ENTRY_ID_SIZE + 1], end[REDIS_ENTRY_ID_SIZE];
    struct text first = text_in(start, sizeof(start));
    struct text last = text_in(end, sizeof(end));

    text_add_int(&first, from_ms > 0 ? from_ms : 0);
    text_add_int(&last, to_ms > 0 ? to_ms : 0);
    while (to_ms >= 0) {
        REDIS_REPLY reply = NULL;
        struct bytes const args[] = {bytes_of(s->id->text),
                                     bytes_of(redis_stream_name(stream)),
                                     bytes_of(start), bytes_of(end)};
        enum status const st = redis_admin_ask(s->c, REDIS_SCRIPT_NEAR, queue,
                                               4, args, &reply, err);
        if (st != STATUS_OK)
            return st;
        if (reply->type == REDIS_REPLY_ARRAY) {
            s->reply = reply;
            reply = NULL;
            return STATUS_OK;
        }
        if (reply->type != REDIS_REPLY_STRING)
            break;
        first = text_in(start, sizeof(start));
        text_add(&first, "(");
        text_add_bytes(&first, redis_reply_text(reply));
    }
    return STATUS_OK;
}

static enum status scan_streams(struct search *s, struct bytes queue,
                                int64_t from_ms, int64_t to_ms,
                                struct error *err)
{
    static const enum redis_stream streams[] = {REDIS_NORMAL, REDIS_HIGH,
                                                REDIS_LOW};
    enum status st = STATUS_OK;

    for (size_t i = 0; i < PRIORITIES && st == STATUS_OK && !s->reply; i++)
        st = scan_window(s, queue, streams[i], from_ms, to_ms, err);
    return st;
}

/* Outwards from the time in the id, later entries first: a task is stored
 * after its id was made. */
static enum status scan_around(struct search *s, struct bytes queue,
                               struct error *err)
{
    static const int64_t bounds_ms[] = {5, 20, 80, REDIS_NEAR_MS};
    int64_t const at = task_id_time_ms(s->id);
    int64_t inner = -1;
    enum status st = STATUS_OK;

    for (size_t i = 0; i < 4 && !s->reply; i++) {
        st = scan_streams(s, queue, at + inner + 1, at + bounds_ms[i], err);
        if (st == STATUS_OK && !s->reply)
            st = scan_streams(s, queue, at - bounds_ms[i],
                              inner < 0 ? at - 1 : at - inner - 1, err);
        if (st != STATUS_OK)
            break;
        inner = bounds_ms[i];
    }
    return st;
}

/* Looks by time in the queues that come before the hit. */
static enum status scan_queues(struct search *s, bool *has_scanned,
                               struct error *err)
{
    redisReply *const hit = s->reply;
    enum status st = STATUS_OK;

    s->reply = NULL;
    for (size_t i = 0; i < s->hit && st == STATUS_OK; i++) {
        if (!task_id_matches(s->id, queue_at(s, i)))
            continue;
        *has_scanned = true;
        st = scan_around(s, queue_at(s, i), err);
        if (s->reply)
            s->hit = i;
    }
    if (!s->reply)
        s->reply = hit;
    else if (hit)
        freeReplyObject(hit);
    return st;
}

static enum status search(struct search *s, struct error *err)
{
    bool has_scanned = false;
    enum status st = ask_indexes(s, err);

    if (st == STATUS_OK)
        st = scan_queues(s, &has_scanned, err);
    /* What moved meanwhile has got into an index, and stays in one. */
    if (st == STATUS_OK && !s->reply && has_scanned)
        st = ask_indexes(s, err);
    if (st == STATUS_OK && !s->reply)
        return STATUS_NOT_FOUND;
    return st;
}

/* Searches for ref and keeps the answer. */
static enum status ask(struct redis_connection *c, const struct task_ref *ref,
                       struct redis_found *out, struct error *err)
{
    struct search s = {.c = c, .id = &ref->id, .n = 1};
    enum status st = STATUS_OK;

    redis_found_release(out);
    *out = (struct redis_found){0};
    if (ref->queue.at) {
        s.queue = &ref->queue;
    } else {
        st = redis_admin_queues(c, &out->queues, err);
        if (st != STATUS_OK)
            return st;
        s.queues = out->queues;
        s.n = out->queues->elements;
    }
    st = search(&s, err);
    out->reply = s.reply;
    if (st == STATUS_OK)
        out->queue = queue_at(&s, s.hit);
    return st;
}

enum status redis_find(struct redis_connection *c, const struct task_ref *ref,
                       struct redis_found *out, struct error *err)
{
    enum status const st = ask(c, ref, out, err);

    if (st != STATUS_OK)
        return st;
    return redis_sighting_read(out->reply, out->queue, &out->seen, err);
}

enum status redis_find_place(struct redis_connection *c,
                             const struct task_ref *ref,
                             struct redis_found *out, struct error *err)
{
    enum status const st = ask(c, ref, out, err);

    if (st != STATUS_OK)
        return st;
    return redis_sighting_locate(out->reply, out->queue, &out->seen, err);
}
