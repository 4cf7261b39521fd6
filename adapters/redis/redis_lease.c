/*
 * Lease: two passes. The first asks, in one go, which queues are paused and
 * how much each priority has (redis_survey.c); the second reads exactly what
 * the plan gives out, since XREADGROUP can't leave a lower priority alone when
 * the higher one has enough. So nothing is fetched that is not handed out, but
 * what a full arena or a blocking read leaves over: that is kept, first in line
 * of its priority, for the next call, or released on close.
 */
#include <assert.h>
#include <string.h>

#include "adapters/redis/redis_port.h"
#include "adapters/redis/redis_token.h"

#define PASSES_MAX 6   /* others take what we counted: not for ever */
#define PROBE 8        /* entries of a lane of whose size nothing is known */
#define TASK_BYTES 256 /* a task beyond its long parts, at most or so */

/* Kept entries are claimed anew: who handed them to us may have done so for
 * another length or worker, or they have been taken in the meantime. */
static void begin_claim(struct redis_leasing *l, const struct redis_lane *lane,
                        int k, size_t n)
{
    struct redis_connection *c = &l->p->main;
    const struct redis_kept *kept = lane->kept[k];

    redis_begin(c, 6 + n);
    redis_add_text(c, "XCLAIM");
    redis_add_text(c, lane->keys[k]);
    redis_add_text(c, REDIS_GROUP);
    redis_add_text(c, l->p->consumer);
    redis_add_text(c, "0");
    for (size_t i = 0; i < n; i++, kept = kept->next)
        redis_add_text(c, kept->entry->element[0]->str);
    redis_add_text(c, "JUSTID");
}

static void begin_read(struct redis_leasing *l, const struct redis_lane *lane,
                       int k, size_t n)
{
    struct redis_connection *c = &l->p->main;

    redis_begin(c, 9);
    redis_add_text(c, "XREADGROUP");
    redis_add_text(c, "GROUP");
    redis_add_text(c, REDIS_GROUP);
    redis_add_text(c, l->p->consumer);
    redis_add_text(c, "COUNT");
    redis_add_int(c, (int64_t)n);
    redis_add_text(c, "STREAMS");
    redis_add_text(c, lane->keys[k]);
    redis_add_text(c, ">");
}

/* How many of n entries to ask for: about as many as mem has room for, judging
 * by those of the lane so far, else of all lanes, and few to begin with. What
 * comes beyond it would wait here while its lease runs down. */
static size_t affordable(struct redis_leasing *l, const struct redis_lane *lane,
                         size_t n)
{
    size_t const each =
        2 * (lane->entry_bytes > 0 ? lane->entry_bytes : l->p->entry_bytes);
    size_t fit = each > 0 ? l->budget / each : PROBE;

    if (fit == 0 && l->count == 0 && !l->is_limited)
        fit = 1; /* room for one is promised */
    if (fit < n) {
        l->is_limited = true;
        n = fit;
    }
    l->budget -= n * each < l->budget ? n * each : l->budget;
    return n;
}

/* Once a read was cut short, nothing behind it may be read before its rest. */
static void begin_lane(struct redis_leasing *l, struct redis_lane *lane)
{
    for (int k = 0; k < PRIORITIES; k++) {
        size_t const take = l->is_limited ? 0 : lane->take[k];
        size_t const kept =
            take < lane->kept_count[k] ? take : lane->kept_count[k];
        size_t const more = take > kept ? affordable(l, lane, take - kept) : 0;
        lane->claimed[k] = kept;
        lane->take[k] = kept + more;
        if (kept > 0)
            begin_claim(l, lane, k, kept);
        if (more > 0)
            begin_read(l, lane, k, more);
    }
}

/* An average of about the last eight. */
static size_t average(size_t so_far, size_t bytes)
{
    return so_far == 0 ? bytes : (7 * so_far + bytes) / 8;
}

static void learn_size(struct redis_port *p, struct redis_lane *lane,
                       const struct redis_task *t)
{
    size_t const bytes = t->task.payload.len + t->task.headers.len +
                         t->task.last_error.len + TASK_BYTES;

    lane->entry_bytes = average(lane->entry_bytes, bytes);
    p->entry_bytes = average(p->entry_bytes, bytes);
}

/* Makes a lease of an entry. Answers STATUS_EMPTY: there is no room for it.
 * Fault STATUS_CORRUPT: it can't be read. */
static enum status hand_out(struct redis_leasing *l, struct redis_lane *lane,
                            int k, const redisReply *entry)
{
    enum redis_stream const stream = (enum redis_stream)k;
    struct redis_entry_id id;
    struct redis_task stored;
    struct error ignored;

    if (l->is_full || l->count == l->req->max)
        return STATUS_EMPTY;
    enum status const st = redis_task_read_entry(
        entry, bytes_of(lane->name), stream, &id, &stored, &ignored);
    if (st != STATUS_OK)
        return st;
    learn_size(l->p, lane, &stored);
    l->is_full =
        !redis_lease_make(&stored, stream, id, l->now_ms + l->req->lease_ms,
                          l->mem, &l->leases[l->count]);
    if (l->is_full)
        return STATUS_EMPTY;
    l->leases[l->count++].started_at_ms = l->now_ms;
    return STATUS_OK;
}

/* The answer names those of the n oldest kept ones that are still ours. Those
 * for which there is no room stay where they are. */
static enum status hear_claim(struct redis_leasing *l, struct redis_lane *lane,
                              int k, size_t n, struct error *err)
{
    REDIS_REPLY reply = NULL;
    struct redis_kept **at = &lane->kept[k];
    size_t next = 0;
    enum status st = redis_next_good(&l->p->main, &reply, err);

    for (size_t i = 0; i < n && st == STATUS_OK; i++) {
        struct redis_kept *kept = *at;
        bool const is_ours =
            next < reply->elements && strcmp(reply->element[next]->str,
                                             kept->entry->element[0]->str) == 0;
        next += is_ours;
        enum status const given =
            is_ours ? hand_out(l, lane, k, kept->entry) : STATUS_OK;
        if (given == STATUS_EMPTY) {
            at = &kept->next;
            continue;
        }
        if (given == STATUS_CORRUPT) {
            st = redis_stray_keep(lane, (enum redis_stream)k, kept->entry, err);
            kept->entry = NULL;
        }
        redis_lane_drop(lane, (enum priority)k, at);
    }
    return st;
}

/* Hands out what was read, and keeps the rest. */
static enum status hear_entries(struct redis_leasing *l,
                                struct redis_lane *lane, int k,
                                redisReply *entries, struct error *err)
{
    enum status first = STATUS_OK;

    for (size_t i = 0; i < entries->elements; i++) {
        struct error spare;
        struct error *e = first == STATUS_OK ? err : &spare;
        redisReply *entry = entries->element[i];
        enum status st = hand_out(l, lane, k, entry);
        if (st == STATUS_OK)
            continue;
        entries->element[i] = NULL; /* ours now */
        st = st == STATUS_CORRUPT
                 ? redis_stray_keep(lane, (enum redis_stream)k, entry, e)
                 : redis_lane_keep(lane, (enum priority)k, entry, e);
        if (first == STATUS_OK)
            first = st;
    }
    return first;
}

static enum status hear_read(struct redis_leasing *l, struct redis_lane *lane,
                             int k, struct error *err)
{
    REDIS_REPLY reply = NULL;
    enum status const st = redis_next(&l->p->main, &reply, err);

    if (st != STATUS_OK)
        return st;
    if (redis_is_error(reply, "NOGROUP")) {
        lane->lacks_group[k] = true;
        lane->has_group[k] = false;
        return STATUS_OK;
    }
    if (reply->type == REDIS_REPLY_ERROR)
        return redis_fault(&l->p->main, reply->str, err);
    redis_promote_ahead(l->p);
    if (reply->type != REDIS_REPLY_ARRAY) {
        lane->is_dry[k] = true;
        l->is_dry = true;
        return STATUS_OK;
    }
    return hear_entries(l, lane, k, reply->element[0]->element[1], err);
}

/* Takes all answers of a lane, also after a fault: entries must not be lost. */
static enum status hear_lane(struct redis_leasing *l, struct redis_lane *lane,
                             struct error *err)
{
    enum status first = STATUS_OK;
    struct error spare;

    for (int k = 0; k < PRIORITIES; k++) {
        struct error *e = first == STATUS_OK ? err : &spare;
        size_t const kept = lane->claimed[k];
        enum status st = STATUS_OK;
        if (kept > 0)
            st = hear_claim(l, lane, k, kept, e);
        if (st >= 0 && l->p->main.context && lane->take[k] > kept)
            st = hear_read(l, lane, k, e);
        if (first == STATUS_OK)
            first = st;
    }
    return first;
}

/* Reads what was shared out to n lanes, in the plan's order. */
static enum status read_all(struct redis_leasing *l, size_t n,
                            struct error *err)
{
    struct redis_port *p = l->p;
    enum status first = STATUS_OK;

    l->is_limited = false;
    l->is_dry = false;
    l->budget = l->mem->size - l->mem->used;
    for (size_t i = 0; i < n; i++)
        begin_lane(l, redis_lane_find(p, p->names[p->sequence[i]]));
    for (size_t i = 0; i < n && p->main.context; i++) {
        struct error spare;
        enum status const st =
            hear_lane(l, redis_lane_find(p, p->names[p->sequence[i]]),
                      first == STATUS_OK ? err : &spare);
        if (first == STATUS_OK)
            first = st;
    }
    return first;
}

/* Whether a pass may have missed something because it counted too high. */
static bool was_inexact(const struct redis_leasing *l)
{
    for (size_t i = 0; i < l->lane_count; i++)
        for (int k = 0; k < PRIORITIES; k++)
            if (!l->p->chosen[i]->is_paused && l->p->chosen[i]->is_inexact[k])
                return true;
    return false;
}

/* What came from a queue that has been paused meanwhile goes back. */
static enum status release_paused(struct redis_leasing *l, struct error *err)
{
    for (size_t i = 0; i < l->lane_count; i++) {
        struct redis_lane *lane = l->p->chosen[i];
        if (!lane->is_paused)
            continue;
        enum status const st = redis_release_kept(l->p, lane, l->now_ms, err);
        if (st != STATUS_OK)
            return st;
    }
    return STATUS_OK;
}

/* One look at all queues, and one read; *again: another may find more. */
static enum status pass(struct redis_leasing *l, bool *again, struct error *err)
{
    bool is_new = false;
    size_t strays = 0;
    enum status st =
        redis_choose_lanes(l->p, l->req->plan, &l->lane_count, err);

    *again = false;
    if (st == STATUS_OK)
        st = redis_count_ready(l, &is_new, err);
    if (st == STATUS_OK && is_new) {
        *again = true;
        return redis_lanes_refresh(l->p, err);
    }
    if (st == STATUS_OK)
        st = release_paused(l, err);
    if (st == STATUS_OK)
        st = redis_lanes_meet_groups(l, err);
    if (st != STATUS_OK)
        return st;

    size_t const before = l->count;
    size_t const n = redis_share_out(l);
    st = read_all(l, n, err);
    if (st == STATUS_OK)
        st = redis_lanes_make_groups(l, again, err);
    if (st == STATUS_OK)
        st = redis_strays_move_all(l->p, l->now_ms, &strays, err);
    l->stray_count += strays;
    bool const has_more =
        was_inexact(l) || strays > 0 || (l->is_limited && l->count > before);
    *again = *again || (has_more && l->count < l->req->max);
    return st;
}

static enum status lease_ready(struct redis_leasing *l, struct error *err)
{
    bool again = true;
    int fruitless = 0;
    enum status st = redis_ready(&l->p->main, err);

    for (size_t i = 0; i < l->p->lane_count; i++)
        memset(l->p->lanes[i]->is_dry, 0, sizeof(l->p->lanes[i]->is_dry));
    while (st == STATUS_OK && again && !l->is_full && fruitless < PASSES_MAX) {
        size_t const before = l->count + l->stray_count;
        st = pass(l, &again, err);
        fruitless = l->count + l->stray_count > before ? 0 : fruitless + 1;
    }
    if (l->count > 0)
        return STATUS_OK; /* a fault must not lose what is leased */
    if (st == STATUS_OK && l->is_full)
        return error_set(err, STATUS_NO_MEMORY, NULL,
                         "redis: the arena has no room for one task");
    return st == STATUS_OK ? STATUS_EMPTY : st;
}

enum status redis_lease(void *self, const struct lease_request *req,
                        struct arena *mem, struct lease *leases, size_t *count,
                        struct error *err)
{
    struct redis_port *p = self;
    int64_t const started = redis_mono_ms();
    struct redis_leasing l = {.p = p,
                              .req = req,
                              .now_ms = req->now_ms,
                              .mem = mem,
                              .leases = leases};
    assert(req->max >= 1 && req->max <= BATCH_MAX && req->lease_ms > 0);

    redis_consumer_name(req->lease_ms, req->worker, p->consumer);
    for (;;) {
        enum status st = lease_ready(&l, err);
        if (st == STATUS_OK)
            *count = l.count;
        if (st != STATUS_EMPTY || l.now_ms >= req->until_ms)
            return st;
        st = redis_wait(&l, err);
        if (st != STATUS_OK)
            return st;
        l.now_ms = req->now_ms + redis_mono_ms() - started;
    }
}
