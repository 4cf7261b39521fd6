#include "adapters/prometheus/gauges.h"

#include <stdlib.h>
#include <time.h>

#include "usecase/heartbeat.h"

#define WORKERS_PAGE 32

/* All that was asked for, as it was at one time. */
struct snapshot {
    bool is_up;
    int64_t now_ms; /* by the backend's clock */
    size_t queue_count;
    bool has_others;
    struct queue_stats queues[GAUGE_QUEUES + 1]; /* the last: all others */
    int64_t workers;
    int64_t busy;
    int64_t concurrency;
};

struct gauges {
    struct gauges_config config;
    int64_t fresh_until_ms; /* by the monotonic clock */
    struct snapshot known;
    struct queue_stats page[GAUGE_QUEUES]; /* room for one answer */
};

static int64_t monotonic_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void add_other(struct snapshot *s, const struct queue_stats *row)
{
    struct queue_stats *sum = &s->queues[GAUGE_QUEUES];

    s->has_others = true;
    for (size_t i = 0; i < TASK_STATES; i++)
        sum->waiting[i] += row->waiting[i];
    if (row->oldest_ready_at_ms > 0 &&
        (sum->oldest_ready_at_ms == 0 ||
         row->oldest_ready_at_ms < sum->oldest_ready_at_ms))
        sum->oldest_ready_at_ms = row->oldest_ready_at_ms;
}

static void add_rows(struct snapshot *s, const struct queue_stats *rows,
                     size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (s->queue_count < GAUGE_QUEUES)
            s->queues[s->queue_count++] = rows[i];
        else
            add_other(s, &rows[i]);
    }
}

static enum status ask_queues(struct gauges *g, struct error *err)
{
    struct snapshot *s = &g->known;
    char last[QUEUE_NAME_MAX + 1] = "";
    size_t n = GAUGE_QUEUES;

    for (size_t asked = 0; n == GAUGE_QUEUES && asked < GAUGE_QUEUES_ASKED;
         asked += n) {
        struct bytes const after = {last[0] ? last : NULL, strlen(last)};
        enum status const st = admin_stats(g->config.admin, s->now_ms, after,
                                           GAUGE_QUEUES, g->page, &n, err);
        if (st < 0) {
            registry_count_error(g->config.registry, OP_STATS);
            return st;
        }
        add_rows(s, g->page, n);
        if (n > 0)
            memcpy(last, g->page[n - 1].queue, sizeof(last));
    }
    return STATUS_OK;
}

static enum status ask_workers(struct gauges *g, struct error *err)
{
    struct snapshot *s = &g->known;
    struct worker_info rows[WORKERS_PAGE];
    char last[WORKER_NAME_MAX + 1] = "";
    size_t n = WORKERS_PAGE;

    for (size_t asked = 0; n == WORKERS_PAGE && asked < GAUGE_WORKERS_ASKED;
         asked += n) {
        enum status const st =
            fleet_workers(g->config.fleet, s->now_ms - HEARTBEAT_ALIVE_MS, last,
                          WORKERS_PAGE, rows, &n, err);
        if (st < 0) {
            registry_count_error(g->config.registry, OP_WORKERS);
            return st;
        }
        s->workers += (int64_t)n;
        for (size_t i = 0; i < n; i++) {
            s->busy += rows[i].busy;
            s->concurrency += rows[i].concurrency;
        }
        if (n > 0)
            memcpy(last, rows[n - 1].name, sizeof(last));
    }
    return STATUS_OK;
}

static void refresh(struct gauges *g)
{
    struct snapshot *s = &g->known;
    struct error ignored; /* counted; there is nobody here to tell */

    *s = (struct snapshot){.now_ms = clock_now_ms(g->config.clock)};
    memcpy(s->queues[GAUGE_QUEUES].queue, OTHER_NAME, sizeof(OTHER_NAME));
    s->is_up = ask_queues(g, &ignored) == STATUS_OK &&
               ask_workers(g, &ignored) == STATUS_OK;
    g->fresh_until_ms = monotonic_ms() + GAUGES_FRESH_MS;
}

static uint64_t whole(int64_t n)
{
    return n > 0 ? (uint64_t)n : 0;
}

/* Calls write for each queue of the snapshot. */
static void each_queue(const struct snapshot *s, struct exposition *x,
                       void (*write)(const struct snapshot *s,
                                     const struct queue_stats *row,
                                     struct exposition *x))
{
    for (size_t i = 0; i < s->queue_count; i++)
        write(s, &s->queues[i], x);
    if (s->has_others)
        write(s, &s->queues[GAUGE_QUEUES], x);
}

static void write_tasks(const struct snapshot *s, const struct queue_stats *row,
                        struct exposition *x)
{
    (void)s;

    for (size_t i = 0; i < TASK_STATES; i++) {
        struct label const list[] = {
            {"queue", row->queue},
            {"state", task_state_name((enum task_state)i)},
        };
        exposition_add(x, "millrace_queue_tasks", "", (struct labels){list, 2},
                       whole(row->waiting[i]));
    }
}

static void write_oldest(const struct snapshot *s,
                         const struct queue_stats *row, struct exposition *x)
{
    struct label const label = {"queue", row->queue};
    int64_t const age_ms =
        row->oldest_ready_at_ms > 0 ? s->now_ms - row->oldest_ready_at_ms : 0;

    exposition_add_ms(x, "millrace_queue_oldest_ready_seconds", "",
                      (struct labels){&label, 1}, whole(age_ms));
}

static void write_paused(const struct snapshot *s,
                         const struct queue_stats *row, struct exposition *x)
{
    struct label const label = {"queue", row->queue};

    if (row == &s->queues[GAUGE_QUEUES])
        return; /* some of them may be */
    exposition_add(x, "millrace_queue_paused", "", (struct labels){&label, 1},
                   row->is_paused);
}

static void write_one(struct exposition *x, const char *name, const char *help,
                      int64_t value)
{
    exposition_family(x, name, "gauge", help);
    exposition_add(x, name, "", (struct labels){0}, whole(value));
}

static void write_snapshot(const struct snapshot *s, struct exposition *x)
{
    write_one(x, "millrace_backend_up", "Whether the backend has answered.",
              s->is_up);
    if (!s->is_up)
        return;
    exposition_family(x, "millrace_queue_tasks", "gauge",
                      "Tasks in the backend, by queue and state.");
    each_queue(s, x, write_tasks);
    exposition_family(x, "millrace_queue_oldest_ready_seconds", "gauge",
                      "Age of the oldest ready task; 0 if none is ready.");
    each_queue(s, x, write_oldest);
    exposition_family(x, "millrace_queue_paused", "gauge",
                      "Whether the queue is paused.");
    each_queue(s, x, write_paused);
    write_one(x, "millrace_workers", "Live workers.", s->workers);
    write_one(x, "millrace_worker_busy", "Handlers running, of all workers.",
              s->busy);
    write_one(x, "millrace_worker_concurrency",
              "Handlers that could run at once, of all workers.",
              s->concurrency);
}

enum status gauges_open(const struct gauges_config *config, struct gauges **out,
                        struct error *err)
{
    struct gauges *g = calloc(1, sizeof(*g));

    if (!g)
        return error_set(err, STATUS_NO_MEMORY, NULL,
                         "prometheus: no room for gauges");
    g->config = *config;
    *out = g;
    return STATUS_OK;
}

void gauges_close(struct gauges *g)
{
    free(g);
}

void gauges_write(struct gauges *g, struct exposition *x)
{
    if (monotonic_ms() >= g->fresh_until_ms)
        refresh(g);
    write_snapshot(&g->known, x);
}
