#include "adapters/redis/redis_list.h"

#include "adapters/redis/redis_admin_call.h"
#include "adapters/redis/redis_entry_id.h"

/* Where the numbers stand in the answer of stats.lua. */
enum {
    AT_DONE = TASK_STATES,
    AT_FAILED,
    AT_FIRST,
    NUMBERS = AT_FIRST + PRIORITIES
};

struct counting {
    int64_t now_ms;
    const redisReply *queues;
    size_t first; /* the queue of rows[0] */
    struct queue_stats *rows;
};

static void begin_stats(void *self, struct redis_connection *c, size_t i)
{
    const struct counting *s = self;

    redis_admin_begin(c, REDIS_SCRIPT_STATS,
                      redis_reply_text(s->queues->element[s->first + i]), 0);
}

/* When the first of the ready tasks became ready. A server's clock that has
 * stepped back leaves entries in the future behind: they count as of now. */
static int64_t oldest_ready(const redisReply *reply, int64_t now_ms)
{
    int64_t oldest = 0;

    for (size_t i = 0; i < PRIORITIES; i++) {
        struct redis_entry_id entry;
        const redisReply *first = reply->element[AT_FIRST + i];
        if (first->type != REDIS_REPLY_STRING ||
            !redis_entry_id_parse(redis_reply_text(first), &entry))
            continue;
        int64_t const at =
            (int64_t)entry.ms < now_ms ? (int64_t)entry.ms : now_ms;
        if (oldest == 0 || at < oldest)
            oldest = at;
    }
    return oldest;
}

static enum status take_stats(void *self, size_t i, redisReply **reply,
                              struct error *err)
{
    struct counting *s = self;
    struct bytes const name =
        redis_reply_text(s->queues->element[s->first + i]);
    struct queue_stats row = {.queue = ""};

    if ((*reply)->type != REDIS_REPLY_ARRAY || (*reply)->elements != NUMBERS ||
        name.len > QUEUE_NAME_MAX)
        return error_set(err, STATUS_CORRUPT, NULL,
                         "redis: the statistics can't be understood");
    memcpy(row.queue, name.at, name.len);
    for (size_t state = 0; state < TASK_STATES; state++)
        row.waiting[state] = (*reply)->element[state]->integer;
    row.done = (*reply)->element[AT_DONE]->integer;
    row.failed = (*reply)->element[AT_FAILED]->integer;
    row.oldest_ready_at_ms = oldest_ready(*reply, s->now_ms);
    s->rows[i] = row;
    return STATUS_OK;
}

static enum status see_paused(struct redis_connection *c, size_t n,
                              struct queue_stats *rows, struct error *err)
{
    REDIS_REPLY reply = NULL;
    char key[REDIS_KEY_SIZE];

    redis_global_key(c->url->namespace, "paused", key);
    redis_begin(c, 2 + n);
    redis_add_text(c, "SMISMEMBER");
    redis_add_text(c, key);
    for (size_t i = 0; i < n; i++)
        redis_add_text(c, rows[i].queue);
    enum status const st = redis_next_good(c, &reply, err);
    if (st != STATUS_OK)
        return st;
    for (size_t i = 0; i < n && i < reply->elements; i++)
        rows[i].is_paused = reply->element[i]->integer == 1;
    return STATUS_OK;
}

/* The first queue behind after. */
static size_t first_behind(const redisReply *queues, struct bytes after)
{
    size_t i = 0;

    for (; after.at && i < queues->elements; i++) {
        struct bytes const name = redis_reply_text(queues->element[i]);
        size_t const len = name.len < after.len ? name.len : after.len;
        int const order = memcmp(name.at, after.at, len);
        if (order > 0 || (order == 0 && name.len > after.len))
            break;
    }
    return i;
}

enum status redis_stats(struct redis_connection *c, int64_t now_ms,
                        struct bytes after, size_t max,
                        struct queue_stats *rows, size_t *count,
                        struct error *err)
{
    REDIS_REPLY queues = NULL;
    enum status st = redis_admin_queues(c, &queues, err);

    if (st != STATUS_OK)
        return st;
    size_t const first = first_behind(queues, after);
    size_t const left = queues->elements - first;
    size_t const n = left < max ? left : max;
    struct counting s = {now_ms, queues, first, rows};
    struct redis_round const round = {REDIS_SCRIPT_STATS, n, begin_stats,
                                      take_stats, &s};
    st = redis_admin_round(c, &round, err);
    if (st == STATUS_OK && n > 0)
        st = see_paused(c, n, rows, err);
    if (st == STATUS_OK)
        *count = n;
    return st;
}
