#include "tests/adapters/sqlite_fixture.h"

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <fcntl.h>
#include <ftw.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "adapters/sqlite/sqlite_backend.h"
#include "domain/verdict.h"

extern char **environ;

void fixture_init(struct fixture *f)
{
    char text[160];

    memset(f, 0, sizeof(*f));
    f->mem = (struct arena){.base = f->room, .size = sizeof(f->room)};
    snprintf(f->folder, sizeof(f->folder), "/tmp/millrace-sqlite-XXXXXX");
    cr_assert(ne(ptr, mkdtemp(f->folder), NULL));
    snprintf(f->path, sizeof(f->path), "%s/queue.db", f->folder);
    snprintf(text, sizeof(text), "sqlite:%s", f->path);
    cr_assert(eq(int, backend_url_parse(bytes_of(text), &f->url, &f->err), 0));
}

void fixture_open(struct fixture *f)
{
    enum status st = sqlite_backend_open(&f->url, &f->backend, &f->err);
    cr_assert(eq(int, st, STATUS_OK), "%s", f->err.text);
    st = f->backend.ops->open_queue(f->backend.self, &f->queue, &f->err);
    cr_assert(eq(int, st, STATUS_OK), "%s", f->err.text);
    st = f->backend.ops->open_admin(f->backend.self, &f->admin, &f->err);
    cr_assert(eq(int, st, STATUS_OK), "%s", f->err.text);
}

void fixture_close(struct fixture *f)
{
    admin_close(f->admin);
    queue_close(f->queue);
    f->backend.ops->close(f->backend.self);
}

static int remove_one(const char *path, const struct stat *info, int type,
                      struct FTW *walk)
{
    (void)info;
    (void)type;
    (void)walk;
    return remove(path);
}

void fixture_release(struct fixture *f)
{
    nftw(f->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

struct new_task fixture_task(struct fixture *f, int64_t now_ms)
{
    struct new_task new = {.task = task_default(), .is_id_new = true};
    uint64_t random;

    sqlite3_randomness(sizeof(random), &random);
    new.task.queue = BYTES("default");
    new.task.type = BYTES("demo.echo");
    new.task.payload = BYTES("{}");
    new.task.created_at_ms = new.task.run_at_ms = now_ms;
    new.task.id = task_id_next(&f->ids, now_ms, random, new.task.queue);
    return new;
}

void fixture_enqueue(struct fixture *f, size_t n, int64_t now_ms)
{
    static struct new_task tasks[BATCH_MAX];
    static struct enqueued results[BATCH_MAX];

    for (size_t i = 0; i < n; i++)
        tasks[i] = fixture_task(f, now_ms);
    enum status const st =
        queue_enqueue(f->queue, now_ms, tasks, n, results, &f->err);
    cr_assert(eq(int, st, STATUS_OK), "%s", f->err.text);
}

size_t fixture_lease(struct fixture *f, size_t max, int64_t now_ms,
                     struct lease *leases)
{
    struct queue_plan const plan = {.kind = PLAN_EVERY};
    struct lease_request const req = {
        .plan = &plan,
        .max = max,
        .lease_ms = 10000,
        .worker = "tester",
        .now_ms = now_ms,
        .until_ms = now_ms,
        .wake = WAKE_NEVER,
    };
    size_t count = 0;

    arena_reset(&f->mem);
    enum status const st =
        queue_lease(f->queue, &req, &f->mem, leases, &count, &f->err);
    cr_assert(ge(int, st, 0), "%s", f->err.text);
    return st == STATUS_OK ? count : 0;
}

size_t fixture_settle_done(struct fixture *f, size_t n, int64_t now_ms,
                           const struct lease *leases)
{
    static struct settlement items[BATCH_MAX];
    static enum status results[BATCH_MAX];
    struct outcome const done = {.kind = OUTCOME_DONE, .is_started = true};
    size_t held = 0;

    for (size_t i = 0; i < n; i++)
        items[i] = (struct settlement){
            .lease = &leases[i],
            .verdict = verdict_of(&leases[i].task, &done, now_ms, 0),
            .started_at_ms = now_ms,
        };
    enum status const st =
        queue_settle(f->queue, now_ms, items, n, results, &f->err);
    cr_assert(eq(int, st, STATUS_OK), "%s", f->err.text);
    for (size_t i = 0; i < n; i++)
        held += results[i] == STATUS_OK;
    return held;
}

void fixture_sql(struct fixture *f, const char *sql)
{
    sqlite3 *db;

    cr_assert(eq(int, sqlite3_open(f->path, &db), SQLITE_OK));
    int const rc = sqlite3_exec(db, sql, NULL, NULL, NULL);
    cr_assert(eq(int, rc, SQLITE_OK), "%s: %s", sql, sqlite3_errmsg(db));
    sqlite3_close(db);
}

int64_t fixture_number(struct fixture *f, const char *sql)
{
    sqlite3 *db;
    sqlite3_stmt *statement;

    cr_assert(eq(int, sqlite3_open(f->path, &db), SQLITE_OK));
    int const rc = sqlite3_prepare_v2(db, sql, -1, &statement, NULL);
    cr_assert(eq(int, rc, SQLITE_OK), "%s: %s", sql, sqlite3_errmsg(db));
    cr_assert(eq(int, sqlite3_step(statement), SQLITE_ROW), "%s", sql);
    int64_t const number = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return number;
}

/* A ready row is active while a span of leases is where it stands. */
bool fixture_counters_are_right(struct fixture *f)
{
    return fixture_number(
               f, "SELECT count(*) FROM millrace_queues q WHERE"
                  " (scheduled, ready, active, retry, done, dead)"
                  " IS NOT (SELECT ifnull(sum(state = 0), 0),"
                  " ifnull(sum(state = 1), 0), ifnull(sum(state = 2), 0),"
                  " ifnull(sum(state = 3), 0), ifnull(sum(state = 4), 0),"
                  " ifnull(sum(state = 5), 0) FROM"
                  " (SELECT iif(EXISTS (SELECT 1 FROM millrace_spans s"
                  " WHERE t.state = 1 AND s.queue_id = t.queue_id"
                  " AND s.priority = t.priority AND t.position"
                  " BETWEEN s.first_position AND s.last_position),"
                  " 2, t.state) AS state"
                  " FROM millrace_tasks t WHERE t.queue_id = q.id))") == 0;
}

pid_t fixture_peer(struct fixture *f, const char *what, int *to, int *from)
{
    const char *program = getenv("SQLITE_PEER");
    char *const argv[] = {(char *)program, f->path, (char *)what, NULL};
    posix_spawn_file_actions_t actions;
    int in[2], out[2];
    pid_t pid;

    cr_assert(ne(ptr, (void *)program, NULL), "SQLITE_PEER names the program");
    cr_assert(eq(int, pipe2(in, O_CLOEXEC), 0));
    cr_assert(eq(int, pipe2(out, O_CLOEXEC), 0));
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, in[0], 0);
    posix_spawn_file_actions_adddup2(&actions, out[1], 1);
    int const rc = posix_spawn(&pid, program, &actions, NULL, argv, environ);
    cr_assert(eq(int, rc, 0), "%s: %s", program, strerror(rc));
    posix_spawn_file_actions_destroy(&actions);
    close(in[0]);
    close(out[1]);
    *to = in[1];
    *from = out[0];
    return pid;
}
