/*
 * backend_race.c - all ports of one backend at work at once, on threads.
 *
 * Of the backend that RACE_URL names (`sqlite:` is a file in a new folder),
 * else of the server of with_redis. Producers put in tasks, workers sleep for
 * them and settle them, a watcher and a scrubber look on; in the end each task
 * has been done once.
 */
#include <assert.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd/backends.h"

enum { EACH = 1000, PRODUCERS = 2, BATCH = 7 };

/* What a thread works with; it alone uses these ports. */
struct actor {
    pthread_t thread;
    void *(*body)(void *actor);
    char name[16];
    struct queue_port queue;
    struct admin_port admin;
    struct fleet_port fleet;
    struct scrub_port scrub;
    struct clock_port clock;
    char room[1 << 20];
};

static _Atomic int64_t settled;

static const struct queue_plan every = {.kind = PLAN_EVERY};

static void must(enum status st, const struct error *err)
{
    if (st >= 0)
        return;
    fprintf(stderr, "%s\n", err->text);
    abort();
}

static bool is_over(void)
{
    return settled == PRODUCERS * EACH;
}

static void *produce(void *self)
{
    struct actor *a = self;
    struct task_id_source ids = {0};
    uint64_t random = (uint64_t)(size_t)self << 32;
    struct error err;

    for (int64_t i = 0; i < EACH; i++) {
        int64_t const now_ms = clock_now_ms(a->clock);
        struct new_task task = {.task = task_default(), .is_id_new = true};
        struct enqueued result;
        task.task.queue = i % 2 ? BYTES("a") : BYTES("b");
        task.task.type = BYTES("test");
        task.task.payload = BYTES("1");
        task.task.run_at_ms = i % 3 ? 0 : now_ms + 1;
        task.task.id = task_id_next(&ids, now_ms, ++random, task.task.queue);
        must(queue_enqueue(a->queue, now_ms, &task, 1, &result, &err), &err);
        assert(!result.is_duplicate);
    }
    return NULL;
}

static void settle(struct actor *a, const struct lease *leases, size_t n)
{
    int64_t const now_ms = clock_now_ms(a->clock);
    struct renewal renewals[BATCH];
    struct settlement items[BATCH];
    enum status results[BATCH];
    struct error err;

    for (size_t i = 0; i < n; i++) {
        renewals[i] =
            (struct renewal){leases[i].task.id, leases[i].token, true};
        items[i] = (struct settlement){.lease = &leases[i],
                                       .verdict = {.action = VERDICT_DONE}};
    }
    must(queue_extend(a->queue, now_ms, 60000, a->name, renewals, n, results,
                      &err),
         &err);
    must(queue_settle(a->queue, now_ms, items, n, results, &err), &err);
    for (size_t i = 0; i < n; i++)
        assert(results[i] == STATUS_OK);
    settled += (int64_t)n;
}

/* Nothing expires here: the lease is longer than the run. */
static void reap(struct actor *a)
{
    struct arena mem = {.base = a->room, .size = sizeof(a->room)};
    struct reap_request const req = {.max = BATCH,
                                     .lease_ms = 60000,
                                     .worker = a->name,
                                     .now_ms = clock_now_ms(a->clock)};
    struct lease leases[BATCH];
    struct error err;
    size_t count = 0;

    enum status const st =
        queue_take_expired(a->queue, &req, &mem, leases, &count, &err);
    must(st, &err);
    assert(count == 0 || st != STATUS_OK);
}

static void *work(void *self)
{
    struct actor *a = self;
    struct lease leases[BATCH];
    struct error err;

    while (!is_over()) {
        struct arena mem = {.base = a->room, .size = sizeof(a->room)};
        int64_t const now_ms = clock_now_ms(a->clock);
        struct lease_request const req = {.plan = &every,
                                          .max = BATCH,
                                          .lease_ms = 60000,
                                          .worker = a->name,
                                          .now_ms = now_ms,
                                          .until_ms = now_ms + 10,
                                          .wake = WAKE_NEVER};
        int64_t next_due_ms;
        size_t count;
        must(queue_promote(a->queue, now_ms, 100, &count, &next_due_ms, &err),
             &err);
        enum status const st =
            queue_lease(a->queue, &req, &mem, leases, &count, &err);
        must(st, &err);
        if (st == STATUS_OK)
            settle(a, leases, count);
        reap(a);
    }
    return NULL;
}

static void *watch(void *self)
{
    struct actor *a = self;
    struct worker_info const info = {.name = "watcher"};
    struct queue_stats rows[4];
    struct task_page page;
    struct error err;
    size_t count;

    while (!is_over()) {
        struct arena mem = {.base = a->room, .size = sizeof(a->room)};
        int64_t const now_ms = clock_now_ms(a->clock);
        struct list_request const req = {.max = 100, .now_ms = now_ms};
        must(admin_list(a->admin, &req, &mem, &page, &err), &err);
        must(admin_stats(a->admin, now_ms, (struct bytes){0}, 4, rows, &count,
                         &err),
             &err);
        must(fleet_beat(a->fleet, now_ms, 60000, &info, &err), &err);
    }
    return NULL;
}

static void *scrub(void *self)
{
    struct actor *a = self;
    const struct scrub_check *checks = a->scrub.ops->checks;
    struct scrub_cursor cursor = {.text = ""};
    struct scrub_flaw flaws[SCRUB_PAGE_MAX];
    struct error err;
    size_t count;

    while (!is_over()) {
        must(scrub_examine(a->scrub, clock_now_ms(a->clock), &cursor, flaws,
                           &count, &err),
             &err);
        for (size_t i = 0; i < count; i++) /* slow is not broken */
            assert(checks[flaws[i].check].level == FINDING_WARN);
    }
    return NULL;
}

static void open_ports(struct actor *a, struct backend_port backend)
{
    const struct backend_ops *ops = backend.ops;
    struct error err;

    must(ops->open_queue(backend.self, &a->queue, &err), &err);
    must(ops->open_admin(backend.self, &a->admin, &err), &err);
    must(ops->open_fleet(backend.self, &a->fleet, &err), &err);
    must(ops->open_scrub(backend.self, &a->scrub, &err), &err);
    must(ops->open_clock(backend.self, &a->clock, &err), &err);
}

static void close_ports(struct actor *a)
{
    a->clock.ops->close(a->clock.self);
    scrub_close(a->scrub);
    fleet_close(a->fleet);
    admin_close(a->admin);
    queue_close(a->queue);
}

static bool run(const char *text)
{
    static struct actor actors[] = {
        {.body = produce}, {.body = produce}, {.body = work}, {.body = work},
        {.body = work},    {.body = watch},   {.body = scrub}};
    size_t const n = sizeof(actors) / sizeof(actors[0]);
    struct backend_port backend;
    struct backend_url url;
    struct error err;

    must(backend_url_parse(bytes_of(text), &url, &err), &err);
    must(backend_open(&url, &backend, &err), &err);
    for (size_t i = 0; i < n; i++) {
        snprintf(actors[i].name, sizeof(actors[i].name), "actor-%zu", i);
        open_ports(&actors[i], backend);
    }
    for (size_t i = 0; i < n; i++)
        if (pthread_create(&actors[i].thread, NULL, actors[i].body, &actors[i]))
            return false;
    for (size_t i = 0; i < n; i++)
        pthread_join(actors[i].thread, NULL);
    for (size_t i = 0; i < n; i++)
        close_ports(&actors[i]);
    backend.ops->close(backend.self);
    return is_over();
}

/* All that SQLite keeps beside its file goes with it. */
static bool run_in_folder(const char *scheme)
{
    static const char *const endings[] = {"", "-wal", "-shm"};
    char folder[] = "/tmp/millrace-race-XXXXXX";
    char text[128];

    if (!mkdtemp(folder))
        return false;
    snprintf(text, sizeof(text), "%s%s/race.db?sync=normal", scheme, folder);
    bool const is_fine = run(text);
    for (size_t i = 0; i < 3; i++) {
        snprintf(text, sizeof(text), "%s/race.db%s", folder, endings[i]);
        unlink(text);
    }
    rmdir(folder);
    return is_fine;
}

int main(void)
{
    const char *text = getenv("RACE_URL");

    if (!text)
        text = getenv("MILLRACE_TEST_REDIS");
    if (!text) {
        fputs("backend_race: set RACE_URL\n", stderr);
        return 2;
    }
    bool const is_fine =
        strcmp(text, "sqlite:") == 0 ? run_in_folder(text) : run(text);
    return is_fine ? 0 : 1;
}
