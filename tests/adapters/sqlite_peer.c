/*
 * sqlite_peer.c - another process on the same file.
 *
 * sqlite_peer PATH WHAT; WHAT is
 *   tick   for each byte on stdin: stores one task, then writes a byte
 *   late   the same, a while later, when who waits has settled down, and
 *          with sync=full, where an event comes long before its commit
 *   flood  stores batches of 10 tasks, and writes a byte after each, until
 *          it is killed
 *   drain  leases and settles until nothing is ready, and writes the id of
 *          each task that it settled as one line
 */
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "adapters/sqlite/sqlite_backend.h"
#include "domain/verdict.h"

#include <sqlite3.h>

struct peer {
    struct queue_port queue;
    struct clock_port clock;
    struct task_id_source ids;
    struct error err;
};

static int fail(const struct peer *p)
{
    fprintf(stderr, "sqlite_peer: %s\n", p->err.text);
    return 1;
}

static enum status store(struct peer *p, size_t n)
{
    struct new_task tasks[10];
    struct enqueued results[10];
    int64_t const now_ms = clock_now_ms(p->clock);

    for (size_t i = 0; i < n; i++) {
        struct task task = task_default();
        uint64_t random;
        sqlite3_randomness(sizeof(random), &random);
        task.queue = BYTES("default");
        task.type = BYTES("demo.echo");
        task.payload = BYTES("{}");
        task.created_at_ms = task.run_at_ms = now_ms;
        task.id = task_id_next(&p->ids, now_ms, random, task.queue);
        tasks[i] = (struct new_task){.task = task, .is_id_new = true};
    }
    return queue_enqueue(p->queue, now_ms, tasks, n, results, &p->err);
}

static int tick(struct peer *p, int64_t after_ms)
{
    struct timespec const pause = {.tv_nsec = after_ms * 1000000};
    char byte;

    while (read(0, &byte, 1) == 1 && nanosleep(&pause, NULL) == 0)
        if (store(p, 1) < 0 || write(1, ".", 1) != 1)
            return fail(p);
    return 0;
}

static int flood(struct peer *p)
{
    for (;;)
        if (store(p, 10) < 0 || write(1, ".", 1) != 1)
            return fail(p);
}

static int drain(struct peer *p)
{
    static char room[1 << 21];
    struct arena mem = {.base = room, .size = sizeof(room)};
    struct queue_plan const plan = {.kind = PLAN_EVERY};
    struct outcome const done = {.kind = OUTCOME_DONE, .is_started = true};

    for (;;) {
        int64_t const now_ms = clock_now_ms(p->clock);
        struct lease_request const req = {
            .plan = &plan,
            .max = 7,
            .lease_ms = 60000,
            .worker = "peer",
            .now_ms = now_ms,
            .wake = WAKE_NEVER,
        };
        struct lease leases[7];
        struct settlement items[7];
        enum status results[7];
        size_t n;
        arena_reset(&mem);
        enum status st = queue_lease(p->queue, &req, &mem, leases, &n, &p->err);
        if (st == STATUS_EMPTY)
            return 0;
        for (size_t i = 0; st == STATUS_OK && i < n; i++)
            items[i] = (struct settlement){
                .lease = &leases[i],
                .verdict = verdict_of(&leases[i].task, &done, now_ms, 0),
                .started_at_ms = now_ms,
            };
        if (st == STATUS_OK)
            st = queue_settle(p->queue, now_ms, items, n, results, &p->err);
        if (st < 0)
            return fail(p);
        for (size_t i = 0; i < n; i++)
            if (results[i] == STATUS_OK)
                printf("%s\n", leases[i].task.id.text);
        fflush(stdout);
    }
}

int main(int argc, char **argv)
{
    struct peer p = {0};
    struct backend_port backend;
    char text[1024];
    struct backend_url url;

    if (argc != 3)
        return 2;
    bool const is_late = strcmp(argv[2], "late") == 0;
    snprintf(text, sizeof(text), "sqlite:%s?sync=%s", argv[1],
             is_late ? "full" : "normal");
    if (backend_url_parse(bytes_of(text), &url, &p.err) < 0 ||
        sqlite_backend_open(&url, &backend, &p.err) < 0 ||
        backend.ops->open_queue(backend.self, &p.queue, &p.err) < 0 ||
        backend.ops->open_clock(backend.self, &p.clock, &p.err) < 0)
        return fail(&p);

    int const rc = strcmp(argv[2], "tick") == 0    ? tick(&p, 0)
                   : is_late                       ? tick(&p, 150)
                   : strcmp(argv[2], "flood") == 0 ? flood(&p)
                                                   : drain(&p);
    queue_close(p.queue);
    backend.ops->close(backend.self);
    return rc;
}
