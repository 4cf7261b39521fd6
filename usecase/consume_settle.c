#include "usecase/consume_parts.h"

void consume_judge(struct consumer *c, size_t i, const struct lease *lease,
                   const struct outcome *outcome, int64_t started_at_ms)
{
    struct settlement *s = &c->settlements[i];

    *s = (struct settlement){
        .lease = lease,
        .verdict =
            verdict_of(&lease->task, outcome, clock_now_ms(c->ports.clock),
                       random_bits(c->ports.random)),
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

/* Sets the prefetch to what was finished in PREFETCH_MS of late. */
static void measure_pace(struct consumer *c, size_t settled)
{
    int64_t const now_ms = clock_now_ms(c->ports.clock);
    int64_t const elapsed_ms = now_ms - c->window_at_ms;

    c->window_count += settled;
    if (elapsed_ms >= 0 && elapsed_ms < PREFETCH_MS)
        return;

    size_t const pace =
        elapsed_ms > 0 ? c->window_count * PREFETCH_MS / (uint64_t)elapsed_ms
                       : 0; /* the clock has stepped back */
    c->prefetch = pace < PREFETCH_MAX ? pace : PREFETCH_MAX;
    c->window_count = 0;
    c->window_at_ms = now_ms;
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
        let_go(c, batch, n);
        settled += n;
    }
    c->finished_count -= settled;
    memmove(c->finished, c->finished + settled,
            c->finished_count * sizeof(struct finished));
    measure_pace(c, settled);
    return st;
}
