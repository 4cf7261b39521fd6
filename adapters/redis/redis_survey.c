/*
 * The first pass of a lease: which queues the plan covers, what they have, and
 * how much to take of each.
 *
 * What is ready is XLEN without what is pending. The pending are only asked
 * for where there were entries last time; where that makes the count too high,
 * the read comes back short and the pass is made again, exactly.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/redis/redis_port.h"

static bool make_room(struct redis_port *p, size_t n)
{
    if (n <= p->chosen_room)
        return true;
    size_t const room = 2 * n;
    struct redis_lane **chosen = realloc(p->chosen, room * sizeof(*chosen));
    if (chosen)
        p->chosen = chosen;
    struct bytes *names = realloc(p->names, room * sizeof(*names));
    if (names)
        p->names = names;
    size_t *quota = realloc(p->quota, room * sizeof(*quota));
    if (quota)
        p->quota = quota;
    size_t *sequence = realloc(p->sequence, room * sizeof(*sequence));
    if (sequence)
        p->sequence = sequence;
    if (!chosen || !names || !quota || !sequence)
        return false;
    p->chosen_room = room;
    return true;
}

/* The lanes of the plan into p->chosen. */
enum status redis_choose_lanes(struct redis_port *p,
                               const struct queue_plan *plan, size_t *n,
                               struct error *err)
{
    bool const is_every = plan->kind == PLAN_EVERY;

    *n = 0;
    if (!make_room(p, is_every ? p->lane_count : plan->count))
        return redis_no_memory(err);
    for (size_t i = 0; is_every && i < p->lane_count; i++)
        if (p->lanes[i]->is_listed)
            p->chosen[(*n)++] = p->lanes[i];
    for (size_t i = 0; !is_every && i < plan->count; i++) {
        p->chosen[*n] = redis_lane_get(p, bytes_of(plan->queues[i].name));
        if (!p->chosen[(*n)++])
            return redis_no_memory(err);
    }
    return STATUS_OK;
}

static void begin_count(struct redis_leasing *l)
{
    struct redis_connection *c = &l->p->main;

    redis_begin(c, 2 + l->lane_count);
    redis_add_text(c, "SMISMEMBER");
    redis_add_text(c, l->p->paused_key);
    for (size_t i = 0; i < l->lane_count; i++)
        redis_add_text(c, l->p->chosen[i]->name);
    for (size_t i = 0; i < l->lane_count; i++) {
        const struct redis_lane *lane = l->p->chosen[i];
        for (int k = 0; k < PRIORITIES; k++) {
            redis_command(c, 2, (const char *const[]){"XLEN", lane->keys[k]});
            if (lane->had_entries[k])
                redis_command(
                    c, 3,
                    (const char *const[]){"XINFO", "GROUPS", lane->keys[k]});
        }
    }
}

/* How many entries are pending, by the answer of XINFO GROUPS: our group is
 * the only one. */
static int64_t pending_in(const redisReply *groups)
{
    assert(groups); /* as many answers came as were asked for */
    if (groups->type != REDIS_REPLY_ARRAY || groups->elements == 0)
        return 0;
    const redisReply *group = groups->element[0];
    for (size_t i = 0; i + 1 < group->elements; i += 2)
        if (group->element[i]->str &&
            strcmp(group->element[i]->str, "pending") == 0)
            return group->element[i + 1]->integer;
    return 0;
}

static enum status hear_lane(struct redis_port *p, struct redis_lane *lane,
                             struct error *err)
{
    for (int k = 0; k < PRIORITIES; k++) {
        REDIS_REPLY len = NULL;
        REDIS_REPLY groups = NULL;
        bool const is_exact = lane->had_entries[k];
        enum status st = redis_next_good(&p->main, &len, err);
        if (st == STATUS_OK && is_exact)
            st = redis_next(&p->main, &groups, err);
        if (st != STATUS_OK)
            return st;
        lane->ready[k] = len->integer - (is_exact ? pending_in(groups) : 0);
        if (lane->ready[k] < 0 || lane->is_dry[k])
            lane->ready[k] = 0;
        lane->had_entries[k] = len->integer > 0;
        lane->is_inexact[k] = !is_exact && len->integer > 0;
    }
    return STATUS_OK;
}

static enum status hear_count(struct redis_leasing *l, struct error *err)
{
    REDIS_REPLY paused = NULL;
    enum status st = redis_next_good(&l->p->main, &paused, err);

    for (size_t i = 0; i < l->lane_count && st == STATUS_OK; i++) {
        l->p->chosen[i]->is_paused = paused->elements == l->lane_count &&
                                     paused->element[i]->integer == 1;
        st = hear_lane(l->p, l->p->chosen[i], err);
    }
    return st;
}

/* Counts what is ready. With a plan of every queue, asks whether those are
 * all; *is_new: they may not be. */
enum status redis_count_ready(struct redis_leasing *l, bool *is_new,
                              struct error *err)
{
    bool const is_every = l->req->plan->kind == PLAN_EVERY;
    enum status st = STATUS_OK;

    *is_new = false;
    if (is_every)
        redis_lanes_ask(l->p);
    if (l->lane_count > 0)
        begin_count(l);
    if (is_every)
        st = redis_lanes_hear(l->p, is_new, err);
    if (st == STATUS_OK && l->lane_count > 0)
        st = hear_count(l, err);
    return st;
}

static size_t available(const struct redis_lane *lane, int priority)
{
    return (size_t)lane->ready[priority] + lane->kept_count[priority];
}

static size_t available_in_all(const struct redis_lane *lane)
{
    size_t sum = 0;

    for (int k = 0; k < PRIORITIES; k++)
        sum += available(lane, k) - lane->take[k];
    return sum;
}

/* Takes up to max from the lane, high priority first. */
static size_t assign(struct redis_lane *lane, size_t max)
{
    size_t taken = 0;

    for (int k = 0; k < PRIORITIES; k++) {
        size_t const left = available(lane, k) - lane->take[k];
        size_t const part = left < max - taken ? left : max - taken;
        lane->take[k] += part;
        taken += part;
    }
    return taken;
}

/* Decides, by the plan, how many to take of each lane and priority, into
 * lane->take; p->sequence is then the order to take in. Returns the number of
 * lanes that have something, p->names of them first in p->chosen. */
size_t redis_share_out(struct redis_leasing *l)
{
    struct redis_port *p = l->p;
    size_t const want = l->req->max - l->count;
    size_t n = 0;
    size_t total = 0;

    for (size_t i = 0; i < l->lane_count; i++)
        memset(l->p->chosen[i]->take, 0, sizeof(l->p->chosen[i]->take));
    for (size_t i = 0; i < l->lane_count; i++)
        if (!l->p->chosen[i]->is_paused &&
            available_in_all(l->p->chosen[i]) > 0)
            p->names[n++] = bytes_of(l->p->chosen[i]->name);
    if (n == 0)
        return 0;
    queue_plan_share(l->req->plan, l->req->turn + l->count, want, p->names, n,
                     p->quota, p->sequence);
    for (size_t k = 0; k < n; k++) {
        size_t const i = p->sequence[k];
        total += assign(redis_lane_find(p, p->names[i]), p->quota[i]);
    }
    for (size_t k = 0; k < n && total < want; k++)
        total +=
            assign(redis_lane_find(p, p->names[p->sequence[k]]), want - total);
    return n;
}
