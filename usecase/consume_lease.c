/*
 * consume_lease.c - how attempts begin.
 *
 * A leased task is one of four: expired (settled at once, never started),
 * suspect (set aside to run alone, see consume_alone.c), critical (starts now,
 * in a free slot and with its start on record where the next crash would be
 * its last, or goes back), or plain (starts as soon as there is a slot).
 */
#include <assert.h>

#include "usecase/consume_parts.h"

static bool is_critical(const struct task *task)
{
    return task->crashes > 0 || verdict_crash_would_kill(task);
}

static size_t free_slots(const struct consumer *c)
{
    size_t const n = c->config.concurrency;

    return c->held_count < n ? n - c->held_count : 0;
}

size_t consume_room(const struct consumer *c)
{
    size_t const prefetch = c->is_careful ? 0 : c->prefetch;
    size_t const most = c->config.concurrency + prefetch;

    if (c->is_quiet || c->is_stopping || c->held_count >= most)
        return 0;
    if (c->is_set_aside || (c->is_alone && c->held_count > 0))
        return 0;
    /* With all slots busy, half the prefetch is left to be used up, so that
     * the next batch is a large one. */
    if (free_slots(c) == 0 && most - c->held_count < (prefetch + 1) / 2)
        return 0;
    return most - c->held_count < BATCH_MAX ? most - c->held_count : BATCH_MAX;
}

/* Keeps the leases that keep[] says, in order. */
static size_t keep_only(struct consumer *c, size_t n, const bool *keep)
{
    size_t kept = 0;

    for (size_t i = 0; i < n; i++) {
        if (!keep[i])
            continue;
        if (kept != i)
            c->leases[kept] = c->leases[i];
        kept++;
    }
    return kept;
}

/* Settles the leases that are not to be started: those that have expired, and
 * the critical ones for which no slot is free. A suspect is set aside; a second
 * one goes back. *n becomes how many are left, in the front of c->leases. */
static enum status turn_away(struct consumer *c, size_t *n)
{
    struct outcome const expire = {
        .kind = OUTCOME_EXPIRE,
        .error = BYTES("expired before it was started"),
    };
    struct outcome const release = {.kind = OUTCOME_RELEASE};
    int64_t const now_ms = clock_now_ms(c->ports.clock);
    size_t slots = free_slots(c);
    size_t refused = 0;
    bool keep[BATCH_MAX];
    bool is_careful = false;

    for (size_t i = 0; i < *n; i++) {
        const struct lease *lease = &c->leases[i];
        bool const may_start = verdict_may_start(&lease->task, now_ms);
        bool const critical = may_start && is_critical(&lease->task);

        bool const suspect = critical && verdict_wants_alone(&lease->task);

        is_careful |= critical;
        keep[i] = may_start && !suspect && (!critical || slots > 0);
        if (critical && keep[i])
            slots--;
        if (!keep[i] && !(suspect && consume_set_aside(c, lease)))
            consume_judge(c, refused++, lease, may_start ? &release : &expire,
                          0);
    }
    c->is_careful = is_careful;

    /* On a fault they are let lie: their leases end, and a task that was not
     * started is judged mildly. */
    enum status st = STATUS_OK;
    if (refused > 0)
        st = consume_settle(c, NULL, refused, false);
    *n = keep_only(c, *n, keep);
    return st;
}

/* Puts on record that those are about to start whose next crash would be the
 * last. Whoever lost the lease meanwhile, or can't be recorded, is dropped. */
static enum status record_starts(struct consumer *c, size_t *n)
{
    struct error err;
    bool keep[BATCH_MAX];
    size_t marks = 0;

    for (size_t i = 0; i < *n; i++) {
        const struct lease *lease = &c->leases[i];

        if (!verdict_crash_would_kill(&lease->task))
            continue;
        c->renewals[marks++] = (struct renewal){
            .id = lease->task.id, .token = lease->token, .is_started = true};
    }
    if (marks == 0)
        return STATUS_OK;

    enum status const st = queue_extend(
        c->ports.queue, clock_now_ms(c->ports.clock), c->config.lease_ms,
        c->config.worker, c->renewals, marks, c->results, &err);
    marks = 0;
    for (size_t i = 0; i < *n; i++)
        keep[i] = !verdict_crash_would_kill(&c->leases[i].task) ||
                  (st == STATUS_OK && c->results[marks++] == STATUS_OK);
    *n = keep_only(c, *n, keep);
    return st < 0 ? consume_failed(c, "extend", st, &err) : STATUS_OK;
}

/* Critical ones first, so that they find the free slots. */
static void put_critical_first(struct consumer *c, size_t n)
{
    size_t front = 0;

    for (size_t i = 0; c->is_careful && i < n; i++) {
        if (!is_critical(&c->leases[i].task))
            continue;
        struct lease const critical = c->leases[i];
        memmove(&c->leases[front + 1], &c->leases[front],
                (i - front) * sizeof(struct lease));
        c->leases[front++] = critical;
    }
}

static enum status give_back(struct consumer *c, size_t n)
{
    struct outcome const release = {.kind = OUTCOME_RELEASE};

    for (size_t i = 0; i < n; i++)
        consume_judge(c, i, &c->leases[i], &release, 0);
    return consume_settle(c, NULL, n, false);
}

static enum status start(struct consumer *c, size_t n)
{
    struct error err;
    size_t const top = c->capacity - c->held_count - 1;
    enum status st;

    put_critical_first(c, n);
    for (size_t i = 0; i < n; i++)
        c->leases[i].slot = c->free_slots[top - i];
    st = executor_submit(c->ports.executor, c->leases, n, c->kept, &err);
    if (st < 0) {
        consume_failed(c, "start", st, &err);
        enum status const given_back = give_back(c, n);
        return given_back < 0 ? given_back : st;
    }

    for (size_t i = 0; i < n; i++)
        c->held[c->leases[i].slot] = c->kept[i];
    if (c->held_count == 0)
        c->extend_at_ms = clock_now_ms(c->ports.clock) + c->config.lease_ms / 3;
    c->held_count += n;
    c->is_alone = false;
    return STATUS_OK;
}

enum status consume_start(struct consumer *c, size_t n)
{
    enum status const recorded = record_starts(c, &n);
    enum status const started = n > 0 ? start(c, n) : STATUS_OK;

    return recorded < 0 ? recorded : started;
}

enum status consume_lease(struct consumer *c, size_t room, int64_t until_ms,
                          size_t *leased)
{
    struct error err;
    struct lease_request const req = {
        .plan = &c->config.plan,
        .turn = c->turn,
        .max = room,
        .lease_ms = c->config.lease_ms,
        .worker = c->config.worker,
        .now_ms = clock_now_ms(c->ports.clock),
        .until_ms = until_ms,
        .wake = c->config.wake,
    };
    size_t n = 0;

    arena_reset(&c->batch);
    enum status st =
        queue_lease(c->ports.queue, &req, &c->batch, c->leases, &n, &err);
    if (st < 0)
        return consume_failed(c, "lease", st, &err);
    *leased = n;
    if (n == 0) {
        c->is_careful = false;
        return STATUS_OK;
    }
    c->turn += n;

    /* Also after a fault: what is left of the batch is to be started, but no
     * last chance without its record. */
    enum status const turned = turn_away(c, &n);
    enum status const started = n > 0 ? consume_start(c, n) : STATUS_OK;
    return turned < 0 ? turned : started;
}
