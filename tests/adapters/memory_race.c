/*
 * memory_race.c - all ports of one store at work at once, on threads.
 *
 * For the thread sanitizer, under which the test library does not start.
 * Producers put in tasks, workers sleep for them and settle them, a watcher
 * looks on; in the end each task has been done once.
 */
#include <assert.h>
#include <pthread.h>

#include "adapters/memory/memory_backend.h"

enum { PRODUCERS = 2, EACH = 3000, BATCH = 7 };

static struct backend_port backend;
static _Atomic int64_t settled;

static const struct queue_plan every = {.kind = PLAN_EVERY};

static void must(enum status st)
{
    assert(st >= 0);
    (void)st;
}

static void *produce(void *self)
{
    struct task_id_source ids = {0};
    struct queue_port queue;
    struct error err;
    uint64_t random = (uint64_t)(size_t)self << 32;

    must(backend.ops->open_queue(backend.self, &queue, &err));
    for (int64_t i = 0; i < EACH; i++) {
        struct new_task task = {.task = task_default(), .is_id_new = true};
        struct enqueued result;
        task.task.queue = i % 2 ? BYTES("a") : BYTES("b");
        task.task.type = BYTES("test");
        task.task.payload = BYTES("1");
        task.task.run_at_ms = i % 3 ? 0 : 1000;
        task.task.id = task_id_next(&ids, 1000, ++random, task.task.queue);
        must(queue_enqueue(queue, 0, &task, 1, &result, &err));
        assert(!result.is_duplicate);
    }
    queue_close(queue);
    return NULL;
}

static void settle(struct queue_port queue, const struct lease *leases,
                   size_t n)
{
    struct settlement items[BATCH];
    enum status results[BATCH];
    struct error err;

    for (size_t i = 0; i < n; i++)
        items[i] = (struct settlement){.lease = &leases[i],
                                       .verdict = {.action = VERDICT_DONE}};
    must(queue_settle(queue, 2000, items, n, results, &err));
    for (size_t i = 0; i < n; i++)
        assert(results[i] == STATUS_OK);
    settled += (int64_t)n;
}

static void *work(void *self)
{
    struct lease_request const req = {
        .plan = &every,
        .max = BATCH,
        .lease_ms = 60000,
        .worker = "worker",
        .now_ms = 2000,
        .until_ms = 2010,
        .wake = WAKE_NEVER,
    };
    struct queue_port queue;
    struct error err;
    char room[8192];
    (void)self;

    must(backend.ops->open_queue(backend.self, &queue, &err));
    while (settled < PRODUCERS * EACH) {
        struct arena mem = {.base = room, .size = sizeof(room)};
        struct lease leases[BATCH];
        int64_t next_due_ms;
        size_t count;
        must(queue_promote(queue, 2000, 100, &count, &next_due_ms, &err));
        enum status const st =
            queue_lease(queue, &req, &mem, leases, &count, &err);
        must(st);
        if (st == STATUS_OK)
            settle(queue, leases, count);
    }
    queue_close(queue);
    return NULL;
}

static void *watch(void *self)
{
    static char room[1 << 20];
    struct list_request const req = {.max = 100, .now_ms = 2000};
    struct worker_info const info = {.name = "worker"};
    struct admin_port admin;
    struct fleet_port fleet;
    struct error err;
    (void)self;

    must(backend.ops->open_admin(backend.self, &admin, &err));
    must(backend.ops->open_fleet(backend.self, &fleet, &err));
    while (settled < PRODUCERS * EACH) {
        struct arena mem = {.base = room, .size = sizeof(room)};
        struct queue_stats rows[4];
        struct task_page page;
        size_t count;
        must(admin_list(admin, &req, &mem, &page, &err));
        must(
            admin_stats(admin, 2000, (struct bytes){0}, 4, rows, &count, &err));
        must(fleet_beat(fleet, 2000, 1000, &info, &err));
    }
    fleet_close(fleet);
    admin_close(admin);
    return NULL;
}

int main(void)
{
    void *(*const bodies[])(void *) = {produce, produce, work,
                                       work,    work,    watch};
    pthread_t threads[sizeof(bodies) / sizeof(bodies[0])];
    size_t const n = sizeof(bodies) / sizeof(bodies[0]);
    struct backend_url url;
    struct error err;

    must(backend_url_parse(BYTES("memory:"), &url, &err));
    must(memory_backend_open(&url, &backend, &err));
    for (size_t i = 0; i < n; i++)
        if (pthread_create(&threads[i], NULL, bodies[i], (void *)(i + 1)))
            return 1;
    for (size_t i = 0; i < n; i++)
        pthread_join(threads[i], NULL);
    backend.ops->close(backend.self);
    return settled == PRODUCERS * EACH ? 0 : 1;
}
