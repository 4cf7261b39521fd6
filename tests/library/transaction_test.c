/*
 * transaction_test.c - a task exists exactly if its transaction is committed.
 */
#include <pthread.h>
#include <signal.h>
#include <spawn.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/library/workplace.h"

static char folder[64];
static char path[96];
static sqlite3 *db;

static const struct mr_task_spec ship = {.type = "order.ship"};

static void run(const char *sql)
{
    cr_assert(sqlite3_exec(db, sql, NULL, NULL, NULL) == SQLITE_OK, "%s",
              sqlite3_errmsg(db));
}

static void open_shop(void)
{
    char url[128];

    snprintf(folder, sizeof(folder), "/tmp/millrace-library-XXXXXX");
    cr_assert(mkdtemp(folder) != NULL);
    snprintf(path, sizeof(path), "%s/shop.db", folder);
    cr_assert(sqlite3_open(path, &db) == SQLITE_OK);
    sqlite3_busy_timeout(db, 60000);
    run("CREATE TABLE orders (what TEXT)");
    FINE(mr_sqlite_prepare(db, &err));
    snprintf(url, sizeof(url), "sqlite:%s", path);
    FINE(mr_client_open(url, &client, &err));
}

static void close_shop(void)
{
    char name[128];

    mr_client_free(client);
    sqlite3_close(db);
    for (size_t i = 0; i < 3; i++) {
        static const char *const ends[] = {"", "-wal", "-shm"};
        snprintf(name, sizeof(name), "%s%s", path, ends[i]);
        unlink(name);
    }
    rmdir(folder);
}

TestSuite(transaction, .init = open_shop, .fini = close_shop, .timeout = 60);

static int count(const char *sql)
{
    sqlite3_stmt *statement;

    cr_assert(sqlite3_prepare_v2(db, sql, -1, &statement, NULL) == SQLITE_OK);
    cr_assert(sqlite3_step(statement) == SQLITE_ROW);
    int const n = sqlite3_column_int(statement, 0);
    sqlite3_finalize(statement);
    return n;
}

static int orders(void)
{
    return count("SELECT count(*) FROM orders");
}

/* By the statistics, and by the list. */
static int64_t tasks(void)
{
    struct mr_queues *queues;
    struct mr_page *page;

    FINE(mr_stats(client, &queues, &err));
    int64_t const n = queues->count > 0 ? queues->queues[0]->ready : 0;
    mr_queues_free(queues);
    FINE(mr_list(client, NULL, NULL, 1000, &page, &err));
    cr_assert(eq(sz, page->count, (size_t)n));
    mr_page_free(page);
    return n;
}

Test(transaction, committed_the_task_is_there_with_the_rest)
{
    struct mr_enqueued added;

    run("BEGIN IMMEDIATE");
    run("INSERT INTO orders VALUES ('boots')");
    FINE(mr_sqlite_enqueue(db, NULL, &ship, 1, &added, &err));
    cr_assert(eq(i64, tasks(), 0));
    run("COMMIT");

    cr_assert(eq(int, orders(), 1));
    cr_assert(eq(i64, tasks(), 1));
    cr_assert(state_of(added.id) == MR_STATE_READY);
}

Test(transaction, rolled_back_neither_is)
{
    run("BEGIN");
    run("INSERT INTO orders VALUES ('boots')");
    FINE(mr_sqlite_enqueue(db, NULL, &ship, 1, NULL, &err));
    run("ROLLBACK");

    cr_assert(eq(int, orders(), 0));
    cr_assert(eq(i64, tasks(), 0));
}

static void given_a_killed_seller(const char *when)
{
    const char *program = getenv("TRANSACTION_PEER");
    char *argv[] = {(char *)program, path, (char *)when, NULL};
    extern char **environ;
    posix_spawn_file_actions_t actions;
    int out[2];
    pid_t pid;
    char line[8] = "";
    cr_assert(program != NULL && pipe(out) == 0);

    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, out[1], STDOUT_FILENO);
    cr_assert(posix_spawn(&pid, program, &actions, NULL, argv, environ) == 0);
    posix_spawn_file_actions_destroy(&actions);
    close(out[1]);
    cr_assert(read(out[0], line, 5) == 5, "it has ended before");
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    close(out[0]);
}

Test(transaction, killed_before_the_commit_neither_is)
{
    given_a_killed_seller("before");

    cr_assert(eq(int, orders(), 0));
    cr_assert(eq(i64, tasks(), 0));
}

Test(transaction, killed_after_the_commit_both_are)
{
    given_a_killed_seller("after");

    cr_assert(eq(int, orders(), 1));
    cr_assert(eq(i64, tasks(), 1));
}

static struct mr_worker *worker;

static enum mr_outcome stop(struct mr_task *task, void *context)
{
    (void)task;
    (void)context;
    mr_worker_stop(worker);
    return MR_DONE;
}

static void *sell(void *self)
{
    (void)self;
    run("BEGIN IMMEDIATE");
    FINE(mr_sqlite_enqueue(db, NULL, &ship, 1, NULL, &err));
    run("COMMIT");
    return NULL;
}

Test(transaction, a_worker_that_sleeps_is_woken_by_the_commit)
{
    pthread_t thread;
    FINE(mr_worker_new(client, NULL, &worker, &err));
    FINE(mr_worker_handle(worker, "order.ship", stop, NULL, &err));

    pthread_create(&thread, NULL, sell, NULL);
    cr_assert(mr_worker_run(worker, NULL) == MR_OK);

    pthread_join(thread, NULL);
    cr_assert(eq(i64, tasks(), 0));
    mr_worker_free(worker);
}

Test(transaction, keys_hold_as_elsewhere_and_many_go_at_once)
{
    struct mr_task_spec const specs[] = {
        {.type = "a", .key = "k"}, {.type = "a", .key = "k"}, {.type = "b"}};
    struct mr_enqueued added[3];

    run("BEGIN IMMEDIATE");
    FINE(mr_sqlite_enqueue(db, NULL, specs, 3, added, &err));
    run("COMMIT");

    cr_assert(added[1].is_duplicate && added[2].is_duplicate == false);
    cr_assert(eq(str, added[1].id, added[0].id));
    cr_assert(eq(i64, tasks(), 2));
}

Test(transaction, what_is_refused_leaves_the_transaction_as_it_was)
{
    struct mr_task_spec const specs[] = {{.type = "a"}, {.type = "no type"}};
    run("BEGIN IMMEDIATE");
    run("INSERT INTO orders VALUES ('boots')");

    REFUSED(mr_sqlite_enqueue(db, NULL, specs, 2, NULL, &err), MR_INVALID);
    REFUSED(mr_sqlite_enqueue(db, "no name", specs, 1, NULL, &err), MR_INVALID);
    REFUSED(mr_sqlite_enqueue(db, NULL, NULL, 1, NULL, &err), MR_MISUSE);
    REFUSED(mr_sqlite_enqueue(db, NULL, specs, 1001, NULL, &err), MR_INVALID);
    FINE(mr_sqlite_enqueue(db, NULL, specs, 0, NULL, &err));
    run("COMMIT");

    cr_assert(eq(int, orders(), 1));
    cr_assert(eq(i64, tasks(), 0));
}

Test(transaction, a_fault_half_way_leaves_no_part_of_the_call)
{
    struct mr_task_spec const specs[] = {{.type = "a", .queue = "new"},
                                         {.type = "b", .queue = "newer"}};
    run("CREATE TRIGGER limits BEFORE INSERT ON millrace_tasks"
        " WHEN (SELECT count(*) FROM millrace_tasks) > 0"
        " BEGIN SELECT RAISE(ABORT, 'one is enough'); END");
    run("BEGIN IMMEDIATE");
    run("INSERT INTO orders VALUES ('boots')");

    REFUSED(mr_sqlite_enqueue(db, NULL, specs, 2, NULL, &err), MR_REFUSED);
    cr_assert(strstr(err.message, "one is enough") != NULL);
    run("COMMIT");

    struct mr_queues *queues;
    FINE(mr_stats(client, &queues, &err));
    cr_assert(eq(sz, queues->count, 0));
    mr_queues_free(queues);
    cr_assert(eq(int, orders(), 1));
}

Test(transaction, without_a_transaction_or_tables_it_is_refused)
{
    sqlite3 *other;
    cr_assert(sqlite3_open(":memory:", &other) == SQLITE_OK);

    REFUSED(mr_sqlite_enqueue(NULL, NULL, &ship, 1, NULL, &err), MR_MISUSE);
    REFUSED(mr_sqlite_enqueue(db, NULL, &ship, 1, NULL, &err), MR_MISUSE);
    sqlite3_exec(other, "BEGIN", NULL, NULL, NULL);
    REFUSED(mr_sqlite_enqueue(other, NULL, &ship, 1, NULL, &err), MR_REFUSED);
    cr_assert(strstr(err.message, "prepare") != NULL);
    REFUSED(mr_sqlite_prepare(other, &err), MR_MISUSE);
    REFUSED(mr_sqlite_prepare(NULL, &err), MR_MISUSE);

    sqlite3_close(other);
}

Test(transaction, preparing_twice_changes_nothing)
{
    run("BEGIN IMMEDIATE");
    FINE(mr_sqlite_enqueue(db, NULL, &ship, 1, NULL, &err));
    run("COMMIT");

    FINE(mr_sqlite_prepare(db, &err));

    cr_assert(eq(i64, tasks(), 1));
}

Test(transaction, a_namespace_keeps_tasks_apart)
{
    run("BEGIN IMMEDIATE");
    FINE(mr_sqlite_enqueue(db, "other", &ship, 1, NULL, &err));
    run("COMMIT");

    cr_assert(eq(i64, tasks(), 0));
}
