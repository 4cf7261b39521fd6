#include "cmd/bench/bench_samples.h"

#include <stdlib.h>

#define MS 1000000 /* in ns */

enum status bench_samples_open(struct bench_samples *out,
                               const struct bench_config *config,
                               struct error *err)
{
    size_t const n = (size_t)config->tasks;

    *out = (struct bench_samples){.count = n};
    out->sent_ns = calloc(n, sizeof(int64_t));
    out->kept_ns = calloc(n, sizeof(int64_t));
    if (out->sent_ns && out->kept_ns)
        return STATUS_OK;
    bench_samples_close(out);
    return error_set(err, STATUS_NO_MEMORY, NULL,
                     "bench: no memory for the notes of that many tasks");
}

void bench_samples_close(struct bench_samples *samples)
{
    free(samples->sent_ns);
    free(samples->kept_ns);
    *samples = (struct bench_samples){0};
}

/* The clock counts in milliseconds: where one begins tells it to the
 * nanosecond. */
void bench_samples_expect(struct bench_samples *samples,
                          struct clock_port clock,
                          const struct bench_load *load)
{
    int64_t const before_ms = clock_now_ms(clock);
    int64_t now_ms = before_ms;

    while (now_ms == before_ms)
        now_ms = clock_now_ms(clock);
    samples->due_ns = bench_now_ns() + (load->due_at_ms - now_ms) * MS;
    samples->apart_ns = load->apart_ms * MS;
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* From when on task number could have been started. */
static int64_t expected_ns(const struct bench_samples *s, size_t number)
{
    if (s->due_ns == 0)
        return s->sent_ns[number];
    return later(s->due_ns + (int64_t)number * s->apart_ns, s->kept_ns[number]);
}

static int compare(const void *a, const void *b)
{
    int64_t const x = *(const int64_t *)a;
    int64_t const y = *(const int64_t *)b;

    return (x > y) - (x < y);
}

void bench_samples_sum_up(struct bench_samples *samples,
                          const atomic_llong *started_ns,
                          struct bench_result *out)
{
    size_t const n = samples->count;
    int64_t *took_ns = samples->sent_ns; /* each is read before it is written */
    int64_t last_ns = 0;

    for (size_t i = 0; i < n; i++) {
        int64_t const at_ns = atomic_load(&started_ns[i]);
        last_ns = later(last_ns, at_ns);
        took_ns[i] = later(at_ns - expected_ns(samples, i), 0);
    }
    qsort(took_ns, n, sizeof(*took_ns), compare);
    size_t const p50 = n / 2;
    size_t const p99 = n * 99 / 100;
    out->p50_ms = (double)took_ns[p50] / MS;
    out->p99_ms = (double)took_ns[p99] / MS;
    out->max_ms = (double)took_ns[n - 1] / MS;
    if (samples->due_ns > 0)
        out->seconds = (double)later(last_ns - samples->due_ns, 1) / 1e9;
}
