#include "adapters/doubles/spy_metrics.h"

#include <assert.h>
#include <stdlib.h>

#include "domain/text.h"

static void copy_text(char *buffer, size_t size, struct bytes from)
{
    struct text t = text_in(buffer, size);

    text_add_bytes(&t, from);
}

static void copy_report(struct spied_attempt *to,
                        const struct attempt_report *report)
{
    const struct task *task = &report->lease->task;

    *to = (struct spied_attempt){
        .id = task->id,
        .verdict = *report->verdict,
        .status = report->status,
        .attempt = task->attempt,
        .started_at_ms = report->started_at_ms,
        .ended_at_ms = report->ended_at_ms,
        .is_reaped = report->is_reaped,
    };
    copy_text(to->queue, sizeof(to->queue), task->queue);
    copy_text(to->type, sizeof(to->type), task->type);
    copy_text(to->error, sizeof(to->error), report->error);
}

static void spy_metrics_attempt_settled(void *self,
                                        const struct attempt_report *report)
{
    struct spy_record *spy = self;

    copy_report(&spy->latest[spy->attempts % SPY_REPORTS], report);
    spy->attempts++;
    if (report->is_reaped)
        spy->reaped++;
    if (report->status == STATUS_LEASE_LOST)
        spy->lost++;
    else
        spy->by_action[report->verdict->action]++;
}

static void spy_metrics_backend_failed(void *self, const char *op,
                                       enum status status,
                                       const struct error *err)
{
    struct spy_record *spy = self;

    spy->failures++;
    spy->failed_op = op;
    spy->failed_status = status;
    copy_text(spy->failed_text, sizeof(spy->failed_text), bytes_of(err->text));
}

static void spy_metrics_backend_recovered(void *self)
{
    struct spy_record *spy = self;

    spy->recoveries++;
}

static void spy_metrics_store_examined(void *self,
                                       const struct store_report *report)
{
    struct spy_record *spy = self;

    spy->walks++;
    for (size_t i = 0; report->checks[i].name; i++)
        spy->flaws += (size_t)report->tallies[i].found;
}

static void spy_metrics_close(void *self)
{
    free(self);
}

static const struct metrics_ops spy_metrics_ops = {
    .name = "spy",
    .attempt_settled = spy_metrics_attempt_settled,
    .backend_failed = spy_metrics_backend_failed,
    .backend_recovered = spy_metrics_backend_recovered,
    .store_examined = spy_metrics_store_examined,
    .close = spy_metrics_close,
};

enum status spy_metrics_open(struct metrics_port *out, struct error *err)
{
    struct spy_record *spy = calloc(1, sizeof(*spy));

    if (!spy)
        return error_set(err, STATUS_NO_MEMORY, NULL,
                         "spy metrics: no room to open");
    *out = (struct metrics_port){&spy_metrics_ops, spy};
    return STATUS_OK;
}

const struct spy_record *spy_metrics_record(struct metrics_port spy)
{
    assert(spy.ops == &spy_metrics_ops);
    return spy.self;
}

const struct spied_attempt *spy_metrics_latest(struct metrics_port spy)
{
    const struct spy_record *record = spy_metrics_record(spy);

    if (record->attempts == 0)
        return NULL;
    return &record->latest[(record->attempts - 1) % SPY_REPORTS];
}
