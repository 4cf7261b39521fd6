#include "adapters/prometheus/prometheus_metrics.h"

#include <stdatomic.h>

static void count(_Atomic uint64_t *counter, uint64_t by)
{
    atomic_fetch_add_explicit(counter, by, memory_order_relaxed);
}

/* How long it took, and how long it had waited: of attempts that a handler of
 * ours has run. Of those that were taken from a dead worker nobody knows. */
static void observe_times(struct series *s, const struct attempt_report *r)
{
    const struct task *task = &r->lease->task;
    int64_t const waited_ms = r->started_at_ms - task->run_at_ms;

    if (r->started_at_ms <= 0 || r->is_reaped)
        return;
    histogram_observe(&s->duration, r->ended_at_ms - r->started_at_ms);
    histogram_observe(&s->wait, waited_ms);
    if (task->run_at_ms > task->created_at_ms)
        histogram_observe(&s->of_queue->lateness, waited_ms);
}

static void prometheus_metrics_attempt_settled(void *self,
                                               const struct attempt_report *r)
{
    struct registry *registry = self;
    const struct task *task = &r->lease->task;
    struct series *s = series_of(&registry->series, task->queue, task->type);

    observe_times(s, r);
    if (r->status == STATUS_LEASE_LOST) {
        count(&s->leases_lost, 1);
        return;
    }
    count(&s->outcomes[r->verdict->action], 1);
    if (r->verdict->action == VERDICT_DEAD)
        count(&s->of_queue->dead[r->verdict->reason], 1);
}

static void prometheus_metrics_backend_failed(void *self, const char *op,
                                              enum status status,
                                              const struct error *err)
{
    (void)status;
    (void)err;

    registry_count_error(self, backend_op_from(op));
}

static void prometheus_metrics_backend_recovered(void *self)
{
    (void)self; /* whether it answers, is asked at each scrape */
}

static void prometheus_metrics_store_examined(void *self,
                                              const struct store_report *report)
{
    struct registry *r = self;

    for (size_t i = 0; report->checks[i].name; i++)
        count(&r->scrub_flaws[i], (uint64_t)report->tallies[i].found);
    count(&r->scrub_walks, 1);
    atomic_store_explicit(&r->scrub_checks, report->checks,
                          memory_order_release);
}

static void prometheus_metrics_close(void *self)
{
    (void)self; /* the registry is its owner's */
}

static const struct metrics_ops prometheus_metrics_ops = {
    .name = "prometheus",
    .attempt_settled = prometheus_metrics_attempt_settled,
    .backend_failed = prometheus_metrics_backend_failed,
    .backend_recovered = prometheus_metrics_backend_recovered,
    .store_examined = prometheus_metrics_store_examined,
    .close = prometheus_metrics_close,
};

void prometheus_metrics_open(struct registry *registry,
                             struct metrics_port *out)
{
    *out = (struct metrics_port){&prometheus_metrics_ops, registry};
}
