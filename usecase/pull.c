#include "usecase/pull.h"

#include <assert.h>

/* The most that one task's bytes take, and some for what is around them. */
#define RECORD_BYTES                                                           \
    ((size_t)PAYLOAD_MAX + HEADERS_MAX + KEY_MAX + ERROR_TAIL_MAX +            \
     RESULT_MAX + 4096)
_Static_assert(PULL_ROOM > RECORD_BYTES, "one record fits");

static void judge(struct puller *p, size_t i, const struct lease *lease,
                  const struct outcome *outcome, int64_t started_at_ms)
{
    struct settlement *s = &p->settlements[i];

    *s = (struct settlement){
        .lease = lease,
        .verdict = verdict_of(&lease->task, outcome, clock_now_ms(p->clock),
                              random_bits(p->random)),
        .started_at_ms = started_at_ms,
    };
    if (s->verdict.action == VERDICT_DONE)
        s->result = outcome->result;
    else if (s->verdict.action == VERDICT_RETRY ||
             s->verdict.action == VERDICT_DEAD)
        s->error = outcome->error;
}

/* Settles n settlements and reports them; p->results tells how it went. */
static enum status settle(struct puller *p, size_t n, struct error *err)
{
    int64_t const now_ms = clock_now_ms(p->clock);
    enum status const st =
        queue_settle(p->queue, now_ms, p->settlements, n, p->results, err);

    if (st < 0) {
        metrics_backend_failed(p->metrics, "settle", st, err);
        return st;
    }
    for (size_t i = 0; i < n; i++) {
        const struct settlement *s = &p->settlements[i];
        struct attempt_report const report = {
            .lease = s->lease,
            .verdict = &s->verdict,
            .status = p->results[i],
            .error = s->error,
            .started_at_ms = s->started_at_ms,
            .ended_at_ms = now_ms,
        };
        metrics_attempt_settled(p->metrics, &report);
    }
    return STATUS_OK;
}

/* Which of the leases is handed over alone; n: none. */
static size_t find_suspect(const struct lease *leases, size_t n, int64_t now_ms)
{
    size_t i = 0;

    while (i < n && !(verdict_wants_alone(&leases[i].task) &&
                      verdict_may_start(&leases[i].task, now_ms)))
        i++;
    return i;
}

/* Settles what is not handed over: what has expired, and what must not be
 * beside a suspect. *n becomes how many are left, in front. */
static enum status turn_away(struct puller *p, struct lease *leases, size_t *n,
                             struct error *err)
{
    struct outcome const expire = {
        .kind = OUTCOME_EXPIRE,
        .error = BYTES("expired before it was started"),
    };
    struct outcome const release = {.kind = OUTCOME_RELEASE};
    int64_t const now_ms = clock_now_ms(p->clock);
    size_t const suspect = find_suspect(leases, *n, now_ms);
    size_t refused = 0;
    size_t kept = 0;

    for (size_t i = 0; i < *n; i++) {
        bool const may_start = verdict_may_start(&leases[i].task, now_ms);

        if (may_start && (suspect == *n || suspect == i)) {
            leases[kept++] = leases[i];
            continue;
        }
        p->leases[refused] = leases[i];
        judge(p, refused, &p->leases[refused], may_start ? &release : &expire,
              0);
        refused++;
    }
    *n = kept;
    return refused > 0 ? settle(p, refused, err) : STATUS_OK;
}

/* Puts on record that those are started whose next crash would be the last.
 * Who can't be recorded is not handed over. */
static enum status record_starts(struct puller *p,
                                 const struct pull_request *req,
                                 struct lease *leases, size_t *n,
                                 struct error *err)
{
    size_t marks = 0;
    size_t kept = 0;

    for (size_t i = 0; i < *n; i++)
        if (verdict_crash_would_kill(&leases[i].task))
            p->renewals[marks++] = (struct renewal){.id = leases[i].task.id,
                                                    .token = leases[i].token,
                                                    .is_started = true};
    if (marks == 0)
        return STATUS_OK;
    enum status const st =
        queue_extend(p->queue, clock_now_ms(p->clock), req->lease_ms,
                     req->worker, p->renewals, marks, p->results, err);
    if (st < 0)
        return st;
    marks = 0;
    for (size_t i = 0; i < *n; i++)
        if (!verdict_crash_would_kill(&leases[i].task) ||
            p->results[marks++] == STATUS_OK)
            leases[kept++] = leases[i];
    *n = kept;
    return STATUS_OK;
}

enum status pull_lease(struct puller *p, const struct pull_request *req,
                       struct arena *mem, struct lease *leases, size_t *count,
                       struct error *err)
{
    int64_t const now_ms = clock_now_ms(p->clock);
    struct lease_request const request = {
        .plan = req->plan,
        .turn = req->turn,
        .max = req->max,
        .lease_ms = req->lease_ms,
        .worker = req->worker,
        .now_ms = now_ms,
        .until_ms = now_ms,
        .wake = WAKE_NEVER,
    };
    size_t n = 0;
    enum status st = queue_lease(p->queue, &request, mem, leases, &n, err);

    if (st < 0) {
        metrics_backend_failed(p->metrics, "lease", st, err);
        return st;
    }
    /* After a fault they are let lie: their leases end, and a task that was
     * not started is judged mildly. */
    if (n > 0)
        st = turn_away(p, leases, &n, err);
    if (st >= 0 && n > 0)
        st = record_starts(p, req, leases, &n, err);
    if (st < 0)
        return st;
    *count = n;
    return STATUS_OK;
}

/* Looks the task up and judges it as settlement *n. */
static enum status prepare(struct puller *p, const struct pull_outcome *item,
                           size_t *n, struct arena *mem, enum status *result,
                           struct error *err)
{
    struct lease *lease = &p->leases[*n];
    struct task_record record;
    enum status const st = admin_find(p->admin, clock_now_ms(p->clock),
                                      &item->ref, mem, &record, err);

    if (st < 0) {
        metrics_backend_failed(p->metrics, "find", st, err);
        return st;
    }
    *result = st;
    if (st != STATUS_OK)
        return STATUS_OK;
    if (record.state != TASK_ACTIVE) {
        *result = STATUS_LEASE_LOST;
        return STATUS_OK;
    }
    *lease = (struct lease){.task = record.task,
                            .token = item->token,
                            .until_ms = record.lease_until_ms,
                            .started_at_ms = item->started_at_ms};
    judge(p, *n, lease, &item->outcome, item->started_at_ms);
    (*n)++;
    return STATUS_OK;
}

/* Prepares items from *at on, as many as mem has room for. */
static enum status prepare_some(struct puller *p,
                                const struct pull_outcome *items, size_t n,
                                size_t *at, size_t *prepared, struct arena *mem,
                                enum status *results, struct error *err)
{
    arena_reset(mem);
    *prepared = 0;
    while (*at < n && mem->size - mem->used >= RECORD_BYTES) {
        size_t const i = (*at)++;

        p->places[*prepared] = i;
        enum status const st =
            prepare(p, &items[i], prepared, mem, &results[i], err);
        if (st < 0)
            return st;
    }
    return STATUS_OK;
}

enum status pull_settle(struct puller *p, const struct pull_outcome *items,
                        size_t n, struct arena *mem, enum status *results,
                        struct error *err)
{
    size_t at = 0;
    assert(n >= 1 && n <= BATCH_MAX && mem->size >= PULL_ROOM);

    while (at < n) {
        size_t prepared;
        enum status st =
            prepare_some(p, items, n, &at, &prepared, mem, results, err);
        if (st == STATUS_OK && prepared > 0)
            st = settle(p, prepared, err);
        if (st < 0)
            return st;
        for (size_t i = 0; i < prepared; i++)
            results[p->places[i]] = p->results[i];
    }
    return STATUS_OK;
}
