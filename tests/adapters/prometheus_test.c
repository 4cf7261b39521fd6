/*
 * prometheus_test.c - what is counted, how it is told, and that neither grows
 * without end.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>

#include "adapters/doubles/faulty_queue.h"
#include "adapters/doubles/virtual_clock.h"
#include "adapters/memory/memory_backend.h"
#include "adapters/prometheus/metrics_page.h"
#include "adapters/prometheus/prometheus_metrics.h"
#include "adapters/prometheus/prometheus_queue.h"

#define NOW INT64_C(1769860800000)

static struct error err;
static struct registry *registry;
static struct metrics_port metrics;
static struct exposition page;

static void set_up(void)
{
    cr_assert(eq(int, registry_open(&registry, &err), STATUS_OK));
    prometheus_metrics_open(registry, &metrics);
    metrics_port_check(metrics);
}

static void tear_down(void)
{
    metrics_close(metrics);
    registry_close(registry);
    exposition_release(&page);
}

TestSuite(prometheus, .init = set_up, .fini = tear_down);
TestSuite(prometheus_gauges, .init = set_up, .fini = tear_down);

/* The page so far, as a string. */
static const char *page_text(void)
{
    static char text[1 << 21];
    struct bytes bytes;

    cr_assert(exposition_text(&page, &bytes));
    cr_assert(lt(sz, bytes.len, sizeof(text)));
    memcpy(text, bytes.at, bytes.len);
    text[bytes.len] = '\0';
    return text;
}

static const char *told(void)
{
    exposition_reset(&page);
    registry_write(registry, &page);
    return page_text();
}

/* Whether the page has that very line. */
static bool has_line(const char *text, const char *line)
{
    size_t const len = strlen(line);

    for (const char *at = text; (at = strstr(at, line)) != NULL; at += len)
        if ((at == text || at[-1] == '\n') && at[len] == '\n')
            return true;
    return false;
}

#define TELLS(line) cr_assert(has_line(told(), line), "not in:\n%s", told())

static size_t count_lines(const char *text, const char *start)
{
    size_t n = 0;

    for (const char *at = text; (at = strstr(at, start)) != NULL; at++)
        n += at == text || at[-1] == '\n';
    return n;
}

/* An attempt that ran 300 ms, 200 ms after its time to run. */
static struct lease lease_of(const char *queue, const char *type)
{
    struct lease lease = {.task = task_default()};

    lease.task.queue = bytes_of(queue);
    lease.task.type = bytes_of(type);
    lease.task.created_at_ms = 1000;
    lease.task.run_at_ms = 1000;
    return lease;
}

static void settle(const struct lease *lease, enum verdict_action action,
                   enum reason reason, enum status status)
{
    struct verdict const verdict = {.action = action, .reason = reason};
    struct attempt_report const report = {.lease = lease,
                                          .verdict = &verdict,
                                          .status = status,
                                          .started_at_ms = 1200,
                                          .ended_at_ms = 1500};

    metrics_attempt_settled(metrics, &report);
}

Test(prometheus, attempt_counts_by_queue_type_and_outcome)
{
    struct lease const lease = lease_of("mail", "email.send");

    settle(&lease, VERDICT_DONE, REASON_NONE, STATUS_OK);
    settle(&lease, VERDICT_DONE, REASON_NONE, STATUS_OK);
    settle(&lease, VERDICT_SNOOZE, REASON_NONE, STATUS_OK);

    TELLS("millrace_tasks_processed_total{queue=\"mail\",type=\"email.send\","
          "outcome=\"done\"} 2");
    TELLS("millrace_tasks_processed_total{queue=\"mail\",type=\"email.send\","
          "outcome=\"snoozed\"} 1");
    TELLS("millrace_tasks_processed_total{queue=\"mail\",type=\"email.send\","
          "outcome=\"dead\"} 0");
}

Test(prometheus, death_counts_by_its_reason)
{
    struct lease const lease = lease_of("mail", "t");

    settle(&lease, VERDICT_DEAD, REASON_REJECTED, STATUS_OK);

    TELLS("millrace_dead_letters_total{queue=\"mail\",reason=\"rejected\"} 1");
    TELLS("millrace_dead_letters_total{queue=\"mail\",reason=\"lost\"} 0");
}

Test(prometheus, late_settlement_counts_as_a_lost_lease_and_no_outcome)
{
    struct lease const lease = lease_of("mail", "t");

    settle(&lease, VERDICT_DEAD, REASON_EXHAUSTED, STATUS_LEASE_LOST);

    TELLS("millrace_leases_lost_total{queue=\"mail\",type=\"t\"} 1");
    TELLS("millrace_dead_letters_total{queue=\"mail\",reason=\"exhausted\"} 0");
    cr_assert(
        eq(sz, count_lines(told(), "millrace_tasks_processed_total{"), 0));
}

Test(prometheus, times_go_into_cumulated_buckets)
{
    struct lease const lease = lease_of("q", "t");

    settle(&lease, VERDICT_DONE, REASON_NONE, STATUS_OK);

#define DURATION(rest) "millrace_task_duration_seconds" rest
    TELLS(DURATION("_bucket{queue=\"q\",type=\"t\",le=\"0.100\"} 0"));
    TELLS(DURATION("_bucket{queue=\"q\",type=\"t\",le=\"0.500\"} 1"));
    TELLS(DURATION("_bucket{queue=\"q\",type=\"t\",le=\"7200\"} 1"));
    TELLS(DURATION("_bucket{queue=\"q\",type=\"t\",le=\"+Inf\"} 1"));
    TELLS(DURATION("_sum{queue=\"q\",type=\"t\"} 0.300"));
    TELLS(DURATION("_count{queue=\"q\",type=\"t\"} 1"));
    TELLS("millrace_task_wait_seconds_sum{queue=\"q\",type=\"t\"} 0.200");
}

Test(prometheus, bucket_holds_its_own_bound_and_the_last_what_is_longer)
{
    struct histogram h = {0};
    struct label const label = {"queue", "q"};

    histogram_observe(&h, -5);
    histogram_observe(&h, 1);
    histogram_observe(&h, 2);
    histogram_observe(&h, 7200000);
    histogram_observe(&h, 7200001);
    histogram_write(&h, "h", (struct labels){&label, 1}, &page);

    const char *text = page_text();
    cr_assert(strstr(text, "le=\"0.001\"} 2\n") != NULL);
    cr_assert(strstr(text, "le=\"0.005\"} 3\n") != NULL);
    cr_assert(strstr(text, "le=\"1800\"} 3\n") != NULL);
    cr_assert(strstr(text, "le=\"7200\"} 4\n") != NULL);
    cr_assert(strstr(text, "le=\"+Inf\"} 5\n") != NULL);
    cr_assert(strstr(text, "h_sum{queue=\"q\"} 14400.004\n") != NULL);
}

Test(prometheus, only_what_had_a_time_to_wait_for_is_late)
{
    struct lease at_once = lease_of("q", "t");
    struct lease delayed = lease_of("q", "t");
    delayed.task.created_at_ms = 500;

    settle(&at_once, VERDICT_DONE, REASON_NONE, STATUS_OK);
    cr_assert(strstr(told(), "lateness_seconds_count") == NULL);

    settle(&delayed, VERDICT_DONE, REASON_NONE, STATUS_OK);
    TELLS("millrace_schedule_lateness_seconds_sum{queue=\"q\"} 0.200");
    TELLS("millrace_schedule_lateness_seconds_count{queue=\"q\"} 1");
}

Test(prometheus, what_a_dead_worker_held_has_an_outcome_but_no_times)
{
    struct lease const lease = lease_of("q", "t");
    struct verdict const verdict = {.action = VERDICT_RETRY};
    struct attempt_report const report = {.lease = &lease,
                                          .verdict = &verdict,
                                          .started_at_ms = 1200,
                                          .ended_at_ms = 90000,
                                          .is_reaped = true};

    metrics_attempt_settled(metrics, &report);

    TELLS("millrace_tasks_processed_total{queue=\"q\",type=\"t\","
          "outcome=\"retry\"} 1");
    cr_assert(strstr(told(), "duration_seconds_count") == NULL);
}

Test(prometheus, backend_faults_count_by_operation_from_the_start)
{
    TELLS("millrace_backend_errors_total{op=\"settle\"} 0");

    error_set(&err, STATUS_UNAVAILABLE, NULL, "gone");
    metrics_backend_failed(metrics, "take expired", STATUS_UNAVAILABLE, &err);
    metrics_backend_failed(metrics, "no such op", STATUS_UNAVAILABLE, &err);

    TELLS("millrace_backend_errors_total{op=\"take expired\"} 1");
    TELLS("millrace_backend_errors_total{op=\"other\"} 1");
    TELLS("millrace_backend_errors_total{op=\"settle\"} 0");
}

Test(prometheus, scrub_counts_flaws_by_check_once_it_was_done)
{
    static const struct scrub_check checks[] = {
        {.name = "lost task"}, {.name = "loose key"}, {.name = NULL}};
    struct scrub_tally const tallies[] = {{.found = 0}, {.found = 3}};
    struct store_report const report = {checks, tallies};
    cr_assert(strstr(told(), "millrace_scrub") == NULL);

    metrics_store_examined(metrics, &report);
    metrics_store_examined(metrics, &report);

    TELLS("millrace_scrub_walks_total 2");
    TELLS("millrace_scrub_flaws_total{check=\"lost task\"} 0");
    TELLS("millrace_scrub_flaws_total{check=\"loose key\"} 6");
}

Test(prometheus, label_value_is_escaped)
{
    struct label const label = {"a", "x\"y\\z\nw"};
    struct bytes text;

    exposition_add(&page, "m", "", (struct labels){&label, 1}, 7);

    cr_assert(exposition_text(&page, &text));
    cr_assert(bytes_is(text, "m{a=\"x\\\"y\\\\z\\nw\"} 7\n"));
}

Test(prometheus, types_without_end_share_one_series)
{
    char type[32];

    for (int i = 0; i < 3 * SERIES_MAX; i++) {
        snprintf(type, sizeof(type), "t%d", i);
        struct lease const lease = lease_of("q", type);
        settle(&lease, VERDICT_DONE, REASON_NONE, STATUS_OK);
    }

    TELLS("millrace_tasks_processed_total{queue=\"_other\",type=\"_other\","
          "outcome=\"done\"} 512");
    TELLS("millrace_tasks_processed_total{queue=\"q\",type=\"t255\","
          "outcome=\"done\"} 1");
    cr_assert(eq(sz, count_lines(told(), "millrace_task_wait_seconds_sum"),
                 SERIES_MAX + 1));
    cr_assert(lt(sz, page.len, 2000000));
}

Test(prometheus, queues_without_end_share_one_series)
{
    char queue[32];

    for (int i = 0; i < QUEUE_SERIES_MAX + 10; i++) {
        snprintf(queue, sizeof(queue), "q%d", i);
        struct lease const lease = lease_of(queue, "t");
        settle(&lease, VERDICT_DEAD, REASON_LOST, STATUS_OK);
    }

    TELLS("millrace_dead_letters_total{queue=\"q127\",reason=\"lost\"} 1");
    TELLS("millrace_dead_letters_total{queue=\"_other\",reason=\"lost\"} 10");
    cr_assert(eq(sz, count_lines(told(), "millrace_dead_letters_total{"),
                 (QUEUE_SERIES_MAX + 1) * (REASONS - 1)));
}

Test(prometheus, names_that_join_to_the_same_text_are_told_apart)
{
    struct lease const one = lease_of("ab", "c");
    struct lease const other = lease_of("a", "bc");

    settle(&one, VERDICT_DONE, REASON_NONE, STATUS_OK);
    settle(&other, VERDICT_DONE, REASON_NONE, STATUS_OK);

    TELLS("millrace_tasks_processed_total{queue=\"ab\",type=\"c\","
          "outcome=\"done\"} 1");
    TELLS("millrace_tasks_processed_total{queue=\"a\",type=\"bc\","
          "outcome=\"done\"} 1");
}

/* A memory backend, and all ports over it that gauges and producers use. */
struct store {
    struct backend_port backend;
    struct clock_port clock;
    struct queue_port faulty;
    struct queue_port queue; /* counted, around the faulty one */
    struct admin_port admin;
    struct fleet_port fleet;
};

static void store_open(struct store *s)
{
    struct backend_url url;
    struct queue_port inner;

    cr_assert(eq(int, backend_url_parse(BYTES("memory:"), &url, &err), 0));
    cr_assert(eq(int, memory_backend_open(&url, &s->backend, &err), 0));
    const struct backend_ops *ops = s->backend.ops;
    void *self = s->backend.self;
    cr_assert(eq(int, virtual_clock_open(NOW, &s->clock, &err), 0));
    cr_assert(eq(int, ops->open_queue(self, &inner, &err), 0));
    cr_assert(eq(int, ops->open_admin(self, &s->admin, &err), 0));
    cr_assert(eq(int, ops->open_fleet(self, &s->fleet, &err), 0));
    cr_assert(eq(int, faulty_queue_open(inner, &s->faulty, &err), 0));
    cr_assert(eq(
        int, prometheus_queue_open(s->faulty, registry, &s->queue, &err), 0));
    queue_port_check(s->queue);
}

static void store_close(struct store *s)
{
    fleet_close(s->fleet);
    admin_close(s->admin);
    queue_close(s->queue);
    s->clock.ops->close(s->clock.self);
    s->backend.ops->close(s->backend.self);
}

static enum status add_task(struct store *s, const char *queue, const char *key)
{
    static struct task_id_source ids;
    struct new_task task = {.task = task_default(), .is_id_new = true};
    struct enqueued result;

    task.task.queue = bytes_of(queue);
    task.task.type = BYTES("t");
    task.task.payload = BYTES("1");
    task.task.key = bytes_of(key);
    task.task.created_at_ms = NOW;
    task.task.run_at_ms = NOW;
    task.task.id = task_id_next(&ids, NOW, 1, task.task.queue);
    return queue_enqueue(s->queue, NOW, &task, 1, &result, &err);
}

Test(prometheus, enqueue_counts_what_was_added_and_no_duplicate)
{
    struct store store;
    store_open(&store);

    cr_assert(eq(int, add_task(&store, "q", "key"), STATUS_OK));
    cr_assert(eq(int, add_task(&store, "q", "key"), STATUS_OK));
    cr_assert(eq(int, add_task(&store, "q", NULL), STATUS_OK));

    TELLS("millrace_tasks_enqueued_total{queue=\"q\",type=\"t\"} 2");
    store_close(&store);
}

Test(prometheus, failed_enqueue_counts_as_an_error_and_nothing_else)
{
    struct store store;
    store_open(&store);
    faulty_queue_fail(store.faulty, QUEUE_ENQUEUE, FAULT_BEFORE, 0, 1,
                      STATUS_UNAVAILABLE);

    cr_assert(eq(int, add_task(&store, "q", NULL), STATUS_UNAVAILABLE));

    TELLS("millrace_backend_errors_total{op=\"enqueue\"} 1");
    cr_assert(strstr(told(), "millrace_tasks_enqueued_total{") == NULL);
    store_close(&store);
}

/* An admin port that counts how often it is asked, and fails when told to. */
struct counted_admin {
    struct admin_port inner;
    struct admin_ops ops;
    size_t asked;
    bool fails;
};

static enum status counted_stats(void *self, int64_t now_ms, struct bytes after,
                                 size_t max, struct queue_stats *rows,
                                 size_t *count, struct error *e)
{
    struct counted_admin *a = self;

    a->asked++;
    if (a->fails)
        return error_set(e, STATUS_UNAVAILABLE, NULL, "gone");
    return admin_stats(a->inner, now_ms, after, max, rows, count, e);
}

static const char *gauges_told(struct gauges *gauges)
{
    exposition_reset(&page);
    gauges_write(gauges, &page);
    return page_text();
}

static struct gauges *gauges_over(struct store *s, struct counted_admin *admin)
{
    struct gauges *gauges;

    *admin = (struct counted_admin){.inner = s->admin, .ops = *s->admin.ops};
    admin->ops.stats = counted_stats;
    struct gauges_config const config = {
        .admin = {&admin->ops, admin},
        .fleet = s->fleet,
        .clock = s->clock,
        .registry = registry,
    };
    cr_assert(eq(int, gauges_open(&config, &gauges, &err), STATUS_OK));
    return gauges;
}

Test(prometheus_gauges, tell_depths_ages_and_workers)
{
    struct worker_info const one = {.name = "a", .busy = 2, .concurrency = 5};
    struct worker_info const two = {.name = "b", .busy = 1, .concurrency = 3};
    struct counted_admin admin;
    struct store store;
    store_open(&store);
    struct gauges *gauges = gauges_over(&store, &admin);
    cr_assert(eq(int, add_task(&store, "mail", NULL), STATUS_OK));
    virtual_clock_advance(store.clock, 2500);
    cr_assert(eq(int, fleet_beat(store.fleet, NOW, 1000000, &one, &err), 0));
    cr_assert(eq(int, fleet_beat(store.fleet, NOW, 1000000, &two, &err), 0));

    const char *text = gauges_told(gauges);

    cr_assert(has_line(text, "millrace_backend_up 1"));
    cr_assert(has_line(
        text, "millrace_queue_tasks{queue=\"mail\",state=\"ready\"} 1"));
    cr_assert(has_line(
        text, "millrace_queue_tasks{queue=\"mail\",state=\"dead\"} 0"));
    cr_assert(has_line(
        text, "millrace_queue_oldest_ready_seconds{queue=\"mail\"} 2.500"));
    cr_assert(has_line(text, "millrace_queue_paused{queue=\"mail\"} 0"));
    cr_assert(has_line(text, "millrace_workers 2"));
    cr_assert(has_line(text, "millrace_worker_busy 3"));
    cr_assert(has_line(text, "millrace_worker_concurrency 8"));
    gauges_close(gauges);
    store_close(&store);
}

Test(prometheus_gauges, many_scrapes_ask_once_also_when_it_fails)
{
    struct counted_admin admin;
    struct store store;
    store_open(&store);
    struct gauges *gauges = gauges_over(&store, &admin);
    admin.fails = true;

    /* A slow machine may take more than GAUGES_FRESH_MS for a hundred. */
    for (int i = 0; i < 100; i++)
        gauges_told(gauges);

    cr_assert(lt(sz, admin.asked, 50));
    gauges_close(gauges);
    store_close(&store);
}

Test(prometheus_gauges, backend_that_is_down_leaves_no_stale_depths)
{
    struct counted_admin admin;
    struct store store;
    store_open(&store);
    struct gauges *gauges = gauges_over(&store, &admin);
    admin.fails = true;

    const char *text = gauges_told(gauges);

    cr_assert(has_line(text, "millrace_backend_up 0"));
    cr_assert(strstr(text, "millrace_queue_tasks") == NULL);
    cr_assert(strstr(text, "millrace_workers") == NULL);
    TELLS("millrace_backend_errors_total{op=\"stats\"} 1");
    gauges_close(gauges);
    store_close(&store);
}

Test(prometheus_gauges, queues_without_end_are_added_up)
{
    struct counted_admin admin;
    struct store store;
    char name[32];
    store_open(&store);
    struct gauges *gauges = gauges_over(&store, &admin);
    for (int i = 0; i < 2 * GAUGE_QUEUES + 7; i++) {
        snprintf(name, sizeof(name), "q%04d", i);
        cr_assert(eq(int, add_task(&store, name, NULL), STATUS_OK));
    }
    virtual_clock_advance(store.clock, 1000);

    const char *text = gauges_told(gauges);

    cr_assert(has_line(
        text, "millrace_queue_tasks{queue=\"q0127\",state=\"ready\"} 1"));
    cr_assert(has_line(
        text, "millrace_queue_tasks{queue=\"_other\",state=\"ready\"} 135"));
    cr_assert(has_line(
        text, "millrace_queue_oldest_ready_seconds{queue=\"_other\"} 1"));
    cr_assert(
        eq(sz, count_lines(text, "millrace_queue_paused{"), GAUGE_QUEUES));
    gauges_close(gauges);
    store_close(&store);
}

Test(prometheus_gauges, page_tells_the_version_and_everything_else)
{
    struct counted_admin admin;
    struct store store;
    struct bytes text;
    store_open(&store);
    struct metrics_page whole = {.version = "1.2.3",
                                 .registry = registry,
                                 .gauges = gauges_over(&store, &admin)};

    cr_assert(eq(int, metrics_page_render(&whole, &text, &err), STATUS_OK));
    page = whole.text; /* released with it */
    const char *told_text = page_text();

    cr_assert(strstr(told_text, "millrace_build_info{version=\"1.2.3\"} 1\n") !=
              NULL);
    cr_assert(strstr(told_text, "\nmillrace_backend_errors_total{") != NULL);
    cr_assert(strstr(told_text, "\nmillrace_workers 0\n") != NULL);
    gauges_close(whole.gauges);
    store_close(&store);
}
