/*
 * Take expired: reap.lua, queue by queue until there are enough.
 *
 * Any number of workers may do so at once: each script takes what is there
 * when it runs. When the engine asks, every quarter of a lease, is cheap
 * enough to need no lock that lets only one of them look.
 */
#include <assert.h>

#include "adapters/redis/redis_port.h"
#include "adapters/redis/redis_token.h"

#define TAKEN_MAX 100             /* of one script: whole tasks come back */
#define FORGET_CONSUMER_MS 600000 /* idle so long without tasks */

struct reaping {
    struct redis_port *p;
    const struct reap_request *req;
    struct arena *mem;
    struct lease *leases;
    size_t count;
    bool is_full; /* mem is, against all estimates */
};

static enum status ask(struct reaping *r, const struct redis_lane *lane,
                       size_t max, redisReply **reply, struct error *err)
{
    struct redis_connection *c = &r->p->main;
    char taker[REDIS_CONSUMER_SIZE];

    redis_consumer_name(r->req->lease_ms, r->req->worker, taker);
    do {
        redis_reply_freep(reply);
        enum status st = redis_script_load(c, REDIS_SCRIPT_REAP, err);
        if (st != STATUS_OK)
            return st;
        redis_script_begin(c, REDIS_SCRIPT_REAP, REDIS_QUEUE_KEYS, 6);
        redis_add_keys(c, lane);
        redis_add_text(c, taker);
        redis_add_int(c, (int64_t)max);
        redis_add_int(c, redis_mono_ms() - c->server_start_mono_ms);
        redis_add_int(c, FORGET_CONSUMER_MS);
        redis_add_int(c, (int64_t)(r->mem->size - r->mem->used));
        redis_add_int(c, r->count == 0); /* room for one is promised */
        st = redis_next(c, reply, err);
        if (st != STATUS_OK)
            return st;
    } while (redis_script_is_missing(c, *reply));
    if ((*reply)->type == REDIS_REPLY_ERROR)
        return redis_fault(c, (*reply)->str, err);
    return STATUS_OK;
}

/* One {entry, delivery count, stream} of the answer. What can't be read is
 * taken out of it, to be moved. */
static enum status hear_one(struct reaping *r, struct redis_lane *lane,
                            redisReply *item, struct error *err)
{
    struct redis_entry_id entry;
    struct redis_task stored;
    enum redis_stream stream;
    struct error ignored;

    if (item->type != REDIS_REPLY_ARRAY || item->elements != 3 ||
        !redis_stream_from(
            (struct bytes){item->element[2]->str, item->element[2]->len},
            &stream))
        return redis_fault(&r->p->main, "ERR reap.lua answers nonsense", err);
    if (redis_task_read_entry(item->element[0], bytes_of(lane->name), stream,
                              &entry, &stored, &ignored) != STATUS_OK) {
        redisReply *stray = item->element[0];
        item->element[0] = NULL;
        return redis_stray_keep(lane, stream, stray, err);
    }
    struct lease *out = &r->leases[r->count];
    if (!redis_lease_make(&stored, stream, entry,
                          r->req->now_ms + r->req->lease_ms, r->mem, out)) {
        r->is_full = true;
        return STATUS_OK;
    }
    int64_t const deliveries = item->element[1]->integer;
    out->is_started = redis_lease_is_started(deliveries);
    out->started_at_ms = r->req->now_ms - redis_lease_age_ms(deliveries, 0);
    r->count++;
    return STATUS_OK;
}

static enum status reap_lane(struct reaping *r, struct redis_lane *lane,
                             struct error *err)
{
    size_t want, got;
    size_t moved = 0;
    enum status st;

    do {
        REDIS_REPLY reply = NULL;
        size_t const room = r->req->max - r->count;
        want = room < TAKEN_MAX ? room : TAKEN_MAX;
        st = ask(r, lane, want, &reply, err);
        if (st != STATUS_OK)
            return st;
        got = reply->elements;
        for (size_t i = 0; i < got && st == STATUS_OK; i++)
            st = hear_one(r, lane, reply->element[i], err);
        if (st == STATUS_OK)
            st = redis_strays_move(r->p, lane, r->req->now_ms, &moved, err);
    } while (got == want && r->count < r->req->max && !r->is_full &&
             st == STATUS_OK);
    return st;
}

/* Forgets workers that were killed, at the wake streams, now and then. */
static enum status sweep(struct redis_port *p, struct error *err)
{
    int64_t const now = redis_mono_ms();
    enum status st;

    if (p->swept_mono_ms > 0 && now - p->swept_mono_ms < FORGET_CONSUMER_MS)
        return STATUS_OK;
    p->swept_mono_ms = now;
    st = redis_script_load(&p->main, REDIS_SCRIPT_FORGET, err);
    if (st != STATUS_OK)
        return st;
    for (size_t i = 0; i <= p->lane_count; i++) {
        redis_script_begin(&p->main, REDIS_SCRIPT_FORGET, 1, 1);
        redis_add_text(&p->main, i < p->lane_count
                                     ? p->lanes[i]->keys[REDIS_KEY_WAKE]
                                     : p->wake_key);
        redis_add_int(&p->main, FORGET_CONSUMER_MS);
    }
    for (size_t i = 0; i <= p->lane_count && st == STATUS_OK; i++) {
        REDIS_REPLY reply = NULL;
        st = redis_next(&p->main, &reply, err);
        if (st == STATUS_OK && redis_script_is_missing(&p->main, reply))
            p->swept_mono_ms = 0; /* next time, then */
    }
    return st;
}

static enum status list_lanes(struct redis_port *p, struct error *err)
{
    bool is_new = false;

    redis_lanes_ask(p);
    enum status const st = redis_lanes_hear(p, &is_new, err);
    return st == STATUS_OK && is_new ? redis_lanes_refresh(p, err) : st;
}

enum status redis_take_expired(void *self, const struct reap_request *req,
                               struct arena *mem, struct lease *leases,
                               size_t *count, struct error *err)
{
    struct redis_port *p = self;
    struct reaping r = {.p = p, .req = req, .mem = mem, .leases = leases};
    assert(req->max >= 1 && req->max <= BATCH_MAX && req->lease_ms > 0);

    enum status st = redis_ready(&p->main, err);
    if (st == STATUS_OK)
        st = list_lanes(p, err);
    if (st == STATUS_OK)
        st = sweep(p, err);
    for (size_t i = 0; i < p->lane_count && st == STATUS_OK; i++)
        if (p->lanes[i]->is_listed && r.count < req->max && !r.is_full)
            st = reap_lane(&r, p->lanes[i], err);
    if (st != STATUS_OK && r.count == 0)
        return st;
    if (r.count == 0 && r.is_full)
        return error_set(err, STATUS_NO_MEMORY, NULL,
                         "redis: the arena has no room for one task");
    if (r.count == 0)
        return STATUS_EMPTY;
    *count = r.count; /* what was taken before a fault must not be lost */
    return STATUS_OK;
}
