/*
 * prometheus_race.c - threads that count at once, and one that reads.
 *
 * For the thread sanitizer, under which the test library does not start. In
 * the end nothing is lost, and no pair of queue and type has two series.
 */
#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#include "adapters/prometheus/prometheus_metrics.h"

enum { THREADS = 4, TYPES = 300, EACH = 30 };

static struct registry *registry;
static _Atomic int counting = THREADS;

static void *count(void *self)
{
    static const struct verdict done = {.action = VERDICT_DONE};
    struct metrics_port metrics;
    char type[16];
    (void)self;

    prometheus_metrics_open(registry, &metrics);
    for (int i = 0; i < TYPES * EACH; i++) {
        struct lease lease = {.task = task_default()};
        struct attempt_report const report = {
            .lease = &lease, .verdict = &done, .started_at_ms = 1};
        snprintf(type, sizeof(type), "t%d", i % TYPES);
        lease.task.queue = BYTES("q");
        lease.task.type = bytes_of(type);
        metrics_attempt_settled(metrics, &report);
    }
    metrics_close(metrics);
    counting--;
    return NULL;
}

static void *scrape(void *self)
{
    struct exposition x = {0};
    struct bytes text;
    (void)self;

    while (counting > 0) {
        exposition_reset(&x);
        registry_write(registry, &x);
        assert(exposition_text(&x, &text));
    }
    exposition_release(&x);
    return NULL;
}

/* The sum over all series, of which none may be there twice. */
static uint64_t total(void)
{
    const struct series_table *t = &registry->series;
    uint64_t sum = t->pairs[SERIES_MAX].outcomes[VERDICT_DONE];

    for (size_t i = 0; i < t->pair_count; i++) {
        for (size_t j = 0; j < i; j++)
            assert(strcmp(t->pairs[i].type, t->pairs[j].type) != 0);
        sum += t->pairs[i].outcomes[VERDICT_DONE];
    }
    return sum;
}

int main(void)
{
    pthread_t threads[THREADS + 1];
    struct error err;

    if (registry_open(&registry, &err) < 0)
        return 1;
    for (size_t i = 0; i <= THREADS; i++)
        if (pthread_create(&threads[i], NULL, i < THREADS ? count : scrape,
                           NULL))
            return 1;
    for (size_t i = 0; i <= THREADS; i++)
        pthread_join(threads[i], NULL);
    bool const is_right = total() == (uint64_t)THREADS * TYPES * EACH;
    registry_close(registry);
    return is_right ? 0 : 1;
}
