/*
 * registry_page.c - what was counted, as families of samples.
 *
 * All samples of a family stand together, as the format wants it; so each
 * family is one walk over the series.
 */
#include <stdatomic.h>

#include "adapters/prometheus/registry.h"

static uint64_t read_count(const _Atomic uint64_t *count)
{
    return atomic_load_explicit(count, memory_order_relaxed);
}

/* The pair's two labels, and room for one more. */
struct pair_labels {
    struct label list[3];
};

static struct pair_labels labels_of(const struct series *s)
{
    return (struct pair_labels){
        {{"queue", s->queue}, {"type", s->type}, {NULL, NULL}}};
}

static bool is_processed(const struct series *s)
{
    for (size_t i = 0; i < OUTCOMES; i++)
        if (read_count(&s->outcomes[i]) > 0)
            return true;
    return false;
}

static void write_enqueued(const struct series *s, struct exposition *x)
{
    struct pair_labels const labels = labels_of(s);
    uint64_t const count = read_count(&s->enqueued);

    if (count > 0)
        exposition_add(x, "millrace_tasks_enqueued_total", "",
                       (struct labels){labels.list, 2}, count);
}

static void write_processed(const struct series *s, struct exposition *x)
{
    struct pair_labels labels = labels_of(s);

    if (!is_processed(s))
        return;
    for (size_t i = 0; i < OUTCOMES; i++) {
        labels.list[2] = (struct label){
            "outcome", verdict_action_name((enum verdict_action)i)};
        exposition_add(x, "millrace_tasks_processed_total", "",
                       (struct labels){labels.list, 3},
                       read_count(&s->outcomes[i]));
    }
}

static void write_lost(const struct series *s, struct exposition *x)
{
    struct pair_labels const labels = labels_of(s);

    if (is_processed(s) || read_count(&s->leases_lost) > 0)
        exposition_add(x, "millrace_leases_lost_total", "",
                       (struct labels){labels.list, 2},
                       read_count(&s->leases_lost));
}

static void write_duration(const struct series *s, struct exposition *x)
{
    struct pair_labels const labels = labels_of(s);

    if (!histogram_is_empty(&s->duration))
        histogram_write(&s->duration, "millrace_task_duration_seconds",
                        (struct labels){labels.list, 2}, x);
}

static void write_wait(const struct series *s, struct exposition *x)
{
    struct pair_labels const labels = labels_of(s);

    if (!histogram_is_empty(&s->wait))
        histogram_write(&s->wait, "millrace_task_wait_seconds",
                        (struct labels){labels.list, 2}, x);
}

static const struct {
    const char *name;
    const char *type;
    const char *help;
    void (*write)(const struct series *s, struct exposition *x);
} pair_families[] = {
    {"millrace_tasks_enqueued_total", "counter",
     "Tasks that this process has added; a duplicate adds none.",
     write_enqueued},
    {"millrace_tasks_processed_total", "counter",
     "Attempts that this process has settled, by what became of the task.",
     write_processed},
    {"millrace_leases_lost_total", "counter",
     "Attempts that came too late: the lease was taken by another.",
     write_lost},
    {"millrace_task_duration_seconds", "histogram", "How long handlers ran.",
     write_duration},
    {"millrace_task_wait_seconds", "histogram",
     "From when a task was to run to its start.", write_wait},
};

static void write_dead(const struct queue_series *q, struct exposition *x)
{
    for (size_t i = REASON_NONE + 1; i < REASONS; i++) {
        struct label const list[] = {{"queue", q->queue},
                                     {"reason", reason_name((enum reason)i)}};
        exposition_add(x, "millrace_dead_letters_total", "",
                       (struct labels){list, 2}, read_count(&q->dead[i]));
    }
}

static void write_lateness(const struct queue_series *q, struct exposition *x)
{
    struct label const label = {"queue", q->queue};

    if (!histogram_is_empty(&q->lateness))
        histogram_write(&q->lateness, "millrace_schedule_lateness_seconds",
                        (struct labels){&label, 1}, x);
}

static const struct {
    const char *name;
    const char *type;
    const char *help;
    void (*write)(const struct queue_series *q, struct exposition *x);
} queue_families[] = {
    {"millrace_dead_letters_total", "counter",
     "Tasks that this process has sent to the dead-letter queue.", write_dead},
    {"millrace_schedule_lateness_seconds", "histogram",
     "How late tasks started that had a time to wait for: a delay, a retry or "
     "a snooze.",
     write_lateness},
};

static void write_errors(const struct registry *r, struct exposition *x)
{
    exposition_family(x, "millrace_backend_errors_total", "counter",
                      "Calls to the backend that failed.");
    for (size_t i = 0; i < BACKEND_OPS; i++) {
        struct label const label = {"op", backend_op_name((enum backend_op)i)};
        exposition_add(x, "millrace_backend_errors_total", "",
                       (struct labels){&label, 1}, read_count(&r->errors[i]));
    }
}

static void write_scrub(const struct registry *r, struct exposition *x)
{
    const struct scrub_check *checks =
        atomic_load_explicit(&r->scrub_checks, memory_order_acquire);

    if (!checks)
        return;
    exposition_family(x, "millrace_scrub_walks_total", "counter",
                      "Times that the whole store was looked through.");
    exposition_add(x, "millrace_scrub_walks_total", "", (struct labels){0},
                   read_count(&r->scrub_walks));
    exposition_family(x, "millrace_scrub_flaws_total", "counter",
                      "Flaws found in the store, anew by each walk until they "
                      "are repaired (millrace doctor --fix).");
    for (size_t i = 0; i < SCRUB_CHECKS_MAX && checks[i].name; i++) {
        struct label const label = {"check", checks[i].name};
        exposition_add(x, "millrace_scrub_flaws_total", "",
                       (struct labels){&label, 1},
                       read_count(&r->scrub_flaws[i]));
    }
}

static void write_pairs(const struct series_table *t, size_t pairs,
                        bool has_others, struct exposition *x)
{
    size_t const families = sizeof(pair_families) / sizeof(pair_families[0]);

    for (size_t f = 0; f < families; f++) {
        exposition_family(x, pair_families[f].name, pair_families[f].type,
                          pair_families[f].help);
        for (size_t i = 0; i < pairs; i++)
            pair_families[f].write(&t->pairs[i], x);
        if (has_others)
            pair_families[f].write(&t->pairs[SERIES_MAX], x);
    }
}

static void write_queues(const struct series_table *t, size_t queues,
                         bool has_others, struct exposition *x)
{
    size_t const families = sizeof(queue_families) / sizeof(queue_families[0]);

    for (size_t f = 0; f < families; f++) {
        exposition_family(x, queue_families[f].name, queue_families[f].type,
                          queue_families[f].help);
        for (size_t i = 0; i < queues; i++)
            queue_families[f].write(&t->queues[i], x);
        if (has_others)
            queue_families[f].write(&t->queues[QUEUE_SERIES_MAX], x);
    }
}

void registry_write(const struct registry *r, struct exposition *x)
{
    const struct series_table *t = &r->series;
    size_t const pairs =
        atomic_load_explicit(&t->pair_count, memory_order_acquire);
    size_t const queues =
        atomic_load_explicit(&t->queue_count, memory_order_acquire);
    bool const has_others = pairs == SERIES_MAX || queues == QUEUE_SERIES_MAX;

    write_pairs(t, pairs, has_others, x);
    write_queues(t, queues, has_others, x);
    write_errors(r, x);
    write_scrub(r, x);
}
