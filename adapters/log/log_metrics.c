#include "adapters/log/log_metrics.h"

#include <pthread.h>
#include <stdlib.h>

#include "domain/text.h"

struct log_metrics {
    const struct log *log;
    pthread_mutex_t mutex; /* of what follows */
    int64_t failures;      /* since the backend last answered */
    int64_t failing_since_ms;
    char told[ERROR_TEXT_SIZE]; /* the failure that was written last */
};

/* What became of an attempt, as the log calls it. */
struct happening {
    enum log_level level;
    const char *event;
};

static struct happening happening_of(const struct attempt_report *r)
{
    if (r->status == STATUS_LEASE_LOST)
        return (struct happening){LEVEL_WARN, "lease lost"};
    switch (r->verdict->action) {
    case VERDICT_DONE:
        return (struct happening){LEVEL_DEBUG, "task done"};
    case VERDICT_RETRY:
        return (struct happening){LEVEL_WARN, "task failed"};
    case VERDICT_DEAD:
        return (struct happening){LEVEL_ERROR, "task dead"};
    case VERDICT_SNOOZE:
        return (struct happening){LEVEL_DEBUG, "task snoozed"};
    case VERDICT_RELEASE:
        break;
    }
    return (struct happening){LEVEL_DEBUG, "task released"};
}

/* Fields come in one order and are left out where they say nothing. */
struct fields {
    struct log_field list[12];
    size_t count;
};

static void add(struct fields *f, struct log_field field)
{
    f->list[f->count++] = field;
}

static void add_times(struct fields *f, const struct attempt_report *r)
{
    int64_t const due_at_ms = r->lease->task.run_at_ms;

    if (r->started_at_ms <= 0)
        return;
    add(f, log_number("duration_ms", r->ended_at_ms - r->started_at_ms));
    add(f, log_number("wait_ms", r->started_at_ms > due_at_ms
                                     ? r->started_at_ms - due_at_ms
                                     : 0));
}

static void add_fate(struct fields *f, const struct attempt_report *r)
{
    if (r->status == STATUS_LEASE_LOST)
        return;
    if (r->verdict->action == VERDICT_DEAD)
        add(f, log_text("reason", bytes_of(reason_name(r->verdict->reason))));
    if (r->verdict->action == VERDICT_RETRY)
        add(f, log_number("retry_in_ms",
                          r->verdict->run_at_ms > r->ended_at_ms
                              ? r->verdict->run_at_ms - r->ended_at_ms
                              : 0));
}

static void log_metrics_attempt_settled(void *self,
                                        const struct attempt_report *report)
{
    struct log_metrics *m = self;
    const struct task *task = &report->lease->task;
    struct happening const what = happening_of(report);
    struct fields f = {0};

    if (!log_is_on(m->log, what.level))
        return;
    add(&f, log_text("task", bytes_of(task->id.text)));
    add(&f, log_text("queue", task->queue));
    add(&f, log_text("type", task->type));
    add(&f, log_number("attempt", task->attempt));
    add_fate(&f, report);
    add_times(&f, report);
    if (report->is_reaped)
        add(&f, log_text("cause", BYTES("its worker gave no answer")));
    add(&f, log_text("error", report->error));
    log_write(m->log, what.level, what.event, f.list, f.count);
}

/* Remembers a failure: whether it is a new one. */
static bool remember(struct log_metrics *m, const char *failure)
{
    int64_t const now_ms = clock_now_ms(m->log->clock);

    pthread_mutex_lock(&m->mutex);
    bool const is_new =
        m->failures == 0 || !bytes_is(bytes_of(failure), m->told);
    if (m->failures == 0)
        m->failing_since_ms = now_ms;
    m->failures++;
    if (is_new) {
        struct text told = text_in(m->told, sizeof(m->told));
        text_add(&told, failure);
    }
    pthread_mutex_unlock(&m->mutex);
    return is_new;
}

static void log_metrics_backend_failed(void *self, const char *op,
                                       enum status status,
                                       const struct error *err)
{
    struct log_metrics *m = self;
    struct log_field const fields[] = {
        log_text("op", bytes_of(op)),
        log_text("error", bytes_of(err->text)),
    };
    (void)status;

    if (remember(m, err->text))
        log_write(m->log, LEVEL_ERROR, "backend failed", fields, 2);
}

static void log_metrics_backend_recovered(void *self)
{
    struct log_metrics *m = self;

    pthread_mutex_lock(&m->mutex);
    struct log_field const fields[] = {
        log_number("failures", m->failures),
        log_number("after_ms",
                   clock_now_ms(m->log->clock) - m->failing_since_ms),
    };
    bool const has_failed = m->failures > 0;
    m->failures = 0;
    pthread_mutex_unlock(&m->mutex);
    if (has_failed)
        log_write(m->log, LEVEL_INFO, "backend recovered", fields, 2);
}

static void log_metrics_store_examined(void *self,
                                       const struct store_report *report)
{
    struct log_metrics *m = self;
    const struct scrub_check *check = report->checks;
    const struct scrub_tally *t = report->tallies;

    for (; check->name; check++, t++) {
        struct log_field const fields[] = {
            log_text("check", bytes_of(check->name)),
            log_number("found", t->found),
            log_text("text", bytes_of(check->text)),
            log_text("queue", bytes_of(t->example.queue)),
            log_text("example", (struct bytes){t->example.subject,
                                               t->example.subject_len}),
        };
        if (t->found > 0)
            log_write(m->log,
                      check->level == FINDING_BAD ? LEVEL_ERROR : LEVEL_WARN,
                      "store has flaws", fields, 5);
    }
}

static void log_metrics_close(void *self)
{
    struct log_metrics *m = self;

    pthread_mutex_destroy(&m->mutex);
    free(m);
}

static const struct metrics_ops log_metrics_ops = {
    .name = "log",
    .attempt_settled = log_metrics_attempt_settled,
    .backend_failed = log_metrics_backend_failed,
    .backend_recovered = log_metrics_backend_recovered,
    .store_examined = log_metrics_store_examined,
    .close = log_metrics_close,
};

enum status log_metrics_open(const struct log *log, struct metrics_port *out,
                             struct error *err)
{
    struct log_metrics *m = calloc(1, sizeof(*m));

    if (!m)
        return error_set(err, STATUS_NO_MEMORY, NULL,
                         "log: no room for metrics");
    m->log = log;
    pthread_mutex_init(&m->mutex, NULL);
    *out = (struct metrics_port){&log_metrics_ops, m};
    return STATUS_OK;
}
