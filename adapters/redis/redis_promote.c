/*
 * Promote: first one look over all queues in one go; then, only where there is
 * something to do, the work, queue by queue, as far as the limit goes.
 *
 * Ahead: while very many are due, the server moves tasks and the worker makes
 * leases by turns, each waiting for the other. So once a lease has its tasks,
 * it sends a script more, which the server runs while the worker is busy with
 * them. Not together with the read: the server would run both before it
 * answers. The next promote takes the answer for its own work on that queue.
 */
#include <stdlib.h>

#include "adapters/redis/redis_port.h"

#define MOVES_MAX 500 /* of one script */
#define STEPS_MAX 20  /* scripts of one queue and call */

/* What has the earliest in front; tasks first. */
static const enum redis_queue_key looked_at[] = {
    REDIS_KEY_SCHEDULED, REDIS_KEY_RETRY, REDIS_KEY_EXPIRY, REDIS_KEY_WINDOWS};
enum { LOOKED_AT = sizeof(looked_at) / sizeof(looked_at[0]) };
#define TASKS_AT 2

/* What promote.lua answers. */
struct step {
    size_t moved;
    int64_t next_due_ms; /* INT64_MAX: none */
};

static void begin(struct redis_port *p, const struct redis_lane *lane,
                  int64_t now_ms, size_t limit)
{
    redis_script_begin(&p->main, REDIS_SCRIPT_PROMOTE, REDIS_QUEUE_KEYS, 2);
    redis_add_keys(&p->main, lane);
    redis_add_int(&p->main, now_ms);
    redis_add_int(&p->main, (int64_t)limit);
}

static enum status hear(struct redis_port *p, const redisReply *reply,
                        struct step *out, struct error *err)
{
    if (reply->type == REDIS_REPLY_ERROR)
        return redis_fault(&p->main, reply->str, err);
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2)
        return redis_fault(&p->main, "ERR promote.lua answers nonsense", err);
    out->moved = (size_t)reply->element[0]->integer;
    out->next_due_ms = redis_time_of(reply->element[1]);
    return STATUS_OK;
}

static enum status work_once(struct redis_port *p,
                             const struct redis_lane *lane, int64_t now_ms,
                             size_t limit, struct step *out, struct error *err)
{
    REDIS_REPLY reply = NULL;

    do {
        redis_reply_freep(&reply);
        enum status st = redis_script_load(&p->main, REDIS_SCRIPT_PROMOTE, err);
        if (st != STATUS_OK)
            return st;
        begin(p, lane, now_ms, limit);
        st = redis_next(&p->main, &reply, err);
        if (st != STATUS_OK)
            return st;
    } while (redis_script_is_missing(&p->main, reply));
    return hear(p, reply, out, err);
}

/* Moves up to limit tasks of one queue, in steps that don't hold up the
 * server for long; of very large ones fewer, so that the caller gets to
 * something else. */
static enum status work(struct redis_port *p, const struct redis_lane *lane,
                        int64_t now_ms, size_t limit, size_t *moved,
                        int64_t *next_due_ms, struct error *err)
{
    struct step step = {0};

    *moved = 0;
    for (int i = 0; i < STEPS_MAX; i++) {
        size_t const rest = limit - *moved;
        enum status const st = work_once(
            p, lane, now_ms, rest < MOVES_MAX ? rest : MOVES_MAX, &step, err);
        if (st != STATUS_OK)
            return st;
        *moved += step.moved;
        if (*moved == limit || step.next_due_ms > now_ms)
            break;
    }
    *next_due_ms = step.next_due_ms;
    return STATUS_OK;
}

/* Not a script: all that its common part sets up costs far more than this. */
static void begin_look(struct redis_port *p, const struct redis_lane *lane)
{
    for (int i = 0; i < LOOKED_AT; i++)
        redis_command(&p->main, 5,
                      (const char *const[]){"ZRANGE", lane->keys[looked_at[i]],
                                            "0", "0", "WITHSCORES"});
}

static enum status hear_look(struct redis_port *p, struct redis_lane *lane,
                             struct error *err)
{
    lane->next_due_ms = lane->soonest_ms = INT64_MAX;
    for (int i = 0; i < LOOKED_AT; i++) {
        REDIS_REPLY reply = NULL;
        enum status const st = redis_next_good(&p->main, &reply, err);
        if (st != STATUS_OK)
            return st;
        if (reply->elements < 2)
            continue;
        int64_t const at_ms = redis_time_of(reply->element[1]);
        if (at_ms < lane->soonest_ms)
            lane->soonest_ms = at_ms;
        if (i < TASKS_AT && at_ms < lane->next_due_ms)
            lane->next_due_ms = at_ms;
    }
    return STATUS_OK;
}

/* Looks at every queue there is; *is_new: there may be more. */
static enum status look_at_all(struct redis_port *p, bool *is_new,
                               struct error *err)
{
    redis_lanes_ask(p);
    for (size_t i = 0; i < p->lane_count; i++)
        if (p->lanes[i]->is_listed)
            begin_look(p, p->lanes[i]);
    enum status st = redis_lanes_hear(p, is_new, err);
    for (size_t i = 0; i < p->lane_count && st == STATUS_OK; i++)
        if (p->lanes[i]->is_listed)
            st = hear_look(p, p->lanes[i], err);
    return st;
}

void redis_promote_ahead(struct redis_port *p)
{
    struct redis_connection *c = &p->main;
    struct error ignored;

    if (!p->ahead.lane || p->ahead.is_sent || redis_has_aside(c) ||
        c->sha[REDIS_SCRIPT_PROMOTE][0] == '\0')
        return;
    begin(p, p->ahead.lane, p->ahead.now_ms, MOVES_MAX);
    redis_set_aside(c);
    p->ahead.is_sent = redis_flush(c, &ignored) == STATUS_OK;
}

/* What was moved ahead, and in which lane; *lane NULL: nothing, as far as we
 * know. That it failed is no fault: this time it is done, and told, as
 * usual. */
static size_t take_ahead(struct redis_port *p, const struct redis_lane **lane)
{
    REDIS_REPLY reply = redis_take_aside(&p->main);
    struct step step = {0};
    struct error ignored;

    *lane = NULL;
    if (reply && p->ahead.is_sent &&
        hear(p, reply, &step, &ignored) == STATUS_OK && step.moved > 0)
        *lane = p->ahead.lane;
    p->ahead = (struct redis_ahead){0};
    return step.moved;
}

enum status redis_promote(void *self, int64_t now_ms, size_t limit,
                          size_t *moved, int64_t *next_due_ms,
                          struct error *err)
{
    struct redis_port *p = self;
    const struct redis_lane *served = NULL;
    size_t total = 0;
    int64_t next_ms = INT64_MAX;
    bool is_new = false;
    enum status st = redis_ready(&p->main, err);

    if (st == STATUS_OK)
        st = look_at_all(p, &is_new, err);
    if (st == STATUS_OK && is_new) {
        st = redis_lanes_refresh(p, err);
        if (st == STATUS_OK)
            st = look_at_all(p, &is_new, err);
    }
    if (st == STATUS_OK)
        total = take_ahead(p, &served);
    for (size_t i = 0; i < p->lane_count && st == STATUS_OK; i++) {
        struct redis_lane *lane = p->lanes[i];
        size_t count = 0;
        if (!lane->is_listed)
            continue;
        if (lane->soonest_ms <= now_ms && total < limit && lane != served)
            st = work(p, lane, now_ms, limit - total, &count,
                      &lane->next_due_ms, err);
        total += count;
        if (lane->next_due_ms < next_ms)
            next_ms = lane->next_due_ms;
        if (lane->next_due_ms <= now_ms && limit >= MOVES_MAX)
            p->ahead = (struct redis_ahead){.lane = lane, .now_ms = now_ms};
    }
    if (st != STATUS_OK)
        return st;
    *moved = total;
    *next_due_ms = total >= limit ? now_ms : next_ms;
    return STATUS_OK;
}
