#include "usecase/consume_parts.h"

/* How many tasks "of late" are, at most. */
#define PACE_TASKS 256

void consume_judge(struct consumer *c, size_t i, const struct lease *lease,
                   const struct outcome *outcome, int64_t started_at_ms)
{
    struct settlement *s = &c->settlements[i];
    bool const is_done = outcome->kind == OUTCOME_DONE; /* nothing to dice */

    *s = (struct settlement){
        .lease = lease,
        .verdict =
            verdict_of(&lease->task, outcome,
                       is_done ? c->seen_ms : clock_now_ms(c->ports.clock),
                       is_done ? 0 : random_bits(c->ports.random)),
        .started_at_ms = started_at_ms,
    };
    if (s->verdict.action == VERDICT_DONE)
        s->result = outcome->result;
    else if (s->verdict.action == VERDICT_RETRY ||
             s->verdict.action == VERDICT_DEAD)
        s->error = outcome->error;
}

static void report(struct consumer *c, const struct finished *finished,
                   size_t n, bool is_reaped)
{
    int64_t const now_ms = clock_now_ms(c->ports.clock);

    for (size_t i = 0; i < n; i++) {
        const struct settlement *s = &c->settlements[i];
        struct attempt_report const attempt = {
            .lease = s->lease,
            .verdict = &s->verdict,
            .status = c->results[i],
            .error = s->error,
            .started_at_ms = s->started_at_ms,
            .ended_at_ms = finished ? finished[i].ended_at_ms : now_ms,
            .is_reaped = is_reaped,
        };
        metrics_attempt_settled(c->ports.metrics, &attempt);
    }
}

enum status consume_settle(struct consumer *c, const struct finished *finished,
                           size_t n, bool is_reaped)
{
    struct error err;
    enum status const st =
        queue_settle(c->ports.queue, clock_now_ms(c->ports.clock),
                     c->settlements, n, c->results, &err);

    if (st < 0)
        return consume_failed(c, "settle", st, &err);
    report(c, finished, n, is_reaped);
    return STATUS_OK;
}

static void let_go(struct consumer *c, const struct finished *finished,
                   size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t const slot = finished[i].lease->slot;

        c->held[slot] = NULL;
        c->held_count--;
        c->free_slots[c->capacity - c->held_count - 1] = slot;
    }
    executor_forget(c->ports.executor, finished, n);
}

/* Sets the prefetch to what the handlers, at their pace of late, would finish
 * in PREFETCH_MS if there were always something to do. */
static void measure_pace(struct consumer *c, const struct finished *finished,
                         size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (finished[i].started_at_ms == 0)
            continue;
        int64_t const took_ms =
            finished[i].ended_at_ms - finished[i].started_at_ms;
        c->pace_tasks++;
        c->pace_busy_ms += took_ms > 0 ? took_ms : 0;
    }
    while (c->pace_tasks > PACE_TASKS) {
        c->pace_tasks /= 2;
        c->pace_busy_ms /= 2;
    }

    uint64_t const spent_ms = (uint64_t)c->pace_busy_ms + 1;
    uint64_t const pace =
        c->pace_tasks * c->config.concurrency * PREFETCH_MS / spent_ms;
    c->prefetch = pace < PREFETCH_MAX ? (size_t)pace : PREFETCH_MAX;
}

enum status consume_settle_finished(struct consumer *c)
{
    size_t settled = 0;
    enum status st = STATUS_OK;

    while (settled < c->finished_count) {
        const struct finished *batch = c->finished + settled;
        size_t const left = c->finished_count - settled;
        size_t const n = left < BATCH_MAX ? left : BATCH_MAX;

        for (size_t i = 0; i < n; i++)
            consume_judge(c, i, batch[i].lease, &batch[i].outcome,
                          batch[i].started_at_ms);
        st = consume_settle(c, batch, n, false);
        if (st < 0)
            break;
        measure_pace(c, batch, n);
        let_go(c, batch, n);
        settled += n;
    }
    c->finished_count -= settled;
    memmove(c->finished, c->finished + settled,
            c->finished_count * sizeof(struct finished));
    return st;
}
