/*
 * consume_upkeep.c - what every worker does for all of them.
 *
 * Any worker makes due tasks ready and takes back what a dead one held, in
 * all queues, also in those that its own plan leaves out: nobody else may be
 * there to do it.
 */
#include "usecase/consume_parts.h"

#define PROMOTE_LIMIT 1000
#define REAP_LIMIT 100
#define FULL_PAUSE_MS 1000

static enum status promote(struct consumer *c, int64_t now_ms)
{
    struct error err;
    size_t moved;
    int64_t next_due_ms;
    enum status const st = queue_promote(c->ports.queue, now_ms, PROMOTE_LIMIT,
                                         &moved, &next_due_ms, &err);

    if (st < 0) {
        c->promote_at_ms = now_ms + (st == STATUS_FULL ? FULL_PAUSE_MS : 0);
        return consume_failed(c, "promote", st, &err);
    }
    c->due_at_ms = next_due_ms;
    c->promote_at_ms = now_ms + PROMOTE_EVERY_MS;
    if (next_due_ms < c->promote_at_ms)
        c->promote_at_ms = next_due_ms;
    return STATUS_OK;
}

static enum status reap(struct consumer *c, int64_t now_ms)
{
    struct error err;
    struct reap_request const req = {.max = REAP_LIMIT,
                                     .lease_ms = c->config.lease_ms,
                                     .worker = c->config.worker,
                                     .now_ms = now_ms};
    int64_t const quarter_ms = c->config.lease_ms / 4;
    int64_t const pause_ms =
        quarter_ms < REAP_EVERY_MAX_MS ? quarter_ms : REAP_EVERY_MAX_MS;
    size_t n = 0;

    arena_reset(&c->batch);
    enum status const st = queue_take_expired(c->ports.queue, &req, &c->batch,
                                              c->leases, &n, &err);
    if (st < 0) {
        c->reap_at_ms = now_ms + (st == STATUS_FULL ? FULL_PAUSE_MS : 0);
        return consume_failed(c, "take expired", st, &err);
    }
    c->reap_at_ms = n == REAP_LIMIT ? now_ms : now_ms + pause_ms;
    if (n == 0)
        return STATUS_OK;

    for (size_t i = 0; i < n; i++) {
        struct outcome const crash = {
            .kind = OUTCOME_CRASH,
            .is_started = c->leases[i].is_started,
            .error = BYTES("worker died or its lease ran out"),
        };
        consume_judge(c, i, &c->leases[i], &crash, c->leases[i].started_at_ms);
    }
    c->promote_at_ms = 0; /* what is retried at once is due now */
    return consume_settle(c, NULL, n, true);
}

static void lose(struct consumer *c, const struct renewal *lost)
{
    if (c->is_set_aside && strcmp(c->aside.token.text, lost->token.text) == 0)
        c->is_set_aside = false;
    else
        executor_cancel(c->ports.executor, &lost->token);
}

/* Renews n leases; a handler whose lease is lost is told to end. */
static enum status renew(struct consumer *c, size_t n)
{
    struct error err;
    enum status const st = queue_extend(
        c->ports.queue, clock_now_ms(c->ports.clock), c->config.lease_ms,
        c->config.worker, c->renewals, n, c->results, &err);

    if (st < 0)
        return consume_failed(c, "extend", st, &err);
    for (size_t i = 0; i < n; i++)
        if (c->results[i] == STATUS_LEASE_LOST)
            lose(c, &c->renewals[i]);
    return STATUS_OK;
}

static enum status extend(struct consumer *c, int64_t now_ms)
{
    enum status st = STATUS_OK;
    size_t n = 0;

    for (size_t slot = 0; slot < c->capacity && st >= 0; slot++) {
        if (!c->held[slot])
            continue;
        c->renewals[n++] = (struct renewal){.id = c->held[slot]->task.id,
                                            .token = c->held[slot]->token};
        if (n == BATCH_MAX) {
            st = renew(c, n);
            n = 0;
        }
    }
    if (c->is_set_aside)
        c->renewals[n++] =
            (struct renewal){.id = c->aside.task.id, .token = c->aside.token};
    if (st >= 0 && n > 0)
        st = renew(c, n);
    if (st >= 0)
        c->extend_at_ms = now_ms + c->config.lease_ms / 3;
    return st;
}

/* A backend that takes no more must not keep a worker from its work: what it
 * finishes makes room again. */
static bool may_go_on(enum status st)
{
    return st >= 0 || st == STATUS_FULL;
}

enum status consume_upkeep(struct consumer *c, int64_t now_ms)
{
    enum status st = STATUS_OK;

    if (c->held_count > 0 && now_ms >= c->extend_at_ms)
        st = extend(c, now_ms);
    if (may_go_on(st) && now_ms >= c->reap_at_ms)
        st = reap(c, now_ms);
    if (may_go_on(st) && now_ms >= c->promote_at_ms)
        st = promote(c, now_ms);
    return may_go_on(st) ? STATUS_OK : st;
}
