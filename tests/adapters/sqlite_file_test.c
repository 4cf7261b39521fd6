/*
 * sqlite_file_test.c - which files the SQLite backend accepts, and what it says
 * when it can't go on with one.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "adapters/sqlite/sqlite_backend.h"
#include "adapters/sqlite/sqlite_schema.h"
#include "tests/adapters/sqlite_fixture.h"

static struct fixture f;

static void setup(void)
{
    fixture_init(&f);
}

static void teardown(void)
{
    /* Root again, or the leak checker could not look into this process. */
    if (getuid() == 0)
        cr_assert(eq(int, seteuid(0), 0));
    fixture_release(&f);
}

TestSuite(sqlite, .init = setup, .fini = teardown, .timeout = 60);

/* Opens the backend, which must refuse; says what is in the message. */
static void then_it_refuses(const char *text)
{
    enum status const st = sqlite_backend_open(&f.url, &f.backend, &f.err);

    cr_assert(eq(int, st, STATUS_REFUSED), "%s", f.err.text);
    cr_assert(ne(ptr, strstr(f.err.text, text), NULL), "%s", f.err.text);
    cr_assert(ne(ptr, strstr(f.err.text, f.path), NULL), "%s", f.err.text);
}

Test(sqlite, a_newer_schema_is_refused_and_not_touched)
{
    fixture_open(&f);
    fixture_close(&f);
    fixture_sql(&f, "UPDATE millrace_meta SET value = 7 WHERE name = 'schema'");

    then_it_refuses("schema 7 is newer than this program's 2");

    cr_assert(eq(i64,
                 fixture_number(&f, "SELECT value FROM millrace_meta"
                                    " WHERE name = 'schema'"),
                 7));
}

Test(sqlite, a_file_that_is_no_database_is_refused)
{
    FILE *file = fopen(f.path, "w");
    for (int i = 0; i < 500; i++)
        fputs("this is no database\n", file);
    fclose(file);

    then_it_refuses("is no SQLite database");
}

Test(sqlite, a_missing_folder_is_refused_by_name)
{
    snprintf(f.path, sizeof(f.path), "%s/none/queue.db", f.folder);
    strcpy(f.url.path, f.path);

    then_it_refuses("folder does not exist");
}

/* Root may write everywhere, so it hands the folder over and becomes nobody:
 * for this test, which has a process of its own. */
static void become_a_plain_user(void)
{
    enum { NOBODY = 65534 };

    if (geteuid() != 0)
        return;
    cr_assert(eq(int, chown(f.folder, NOBODY, NOBODY), 0));
    cr_assert(eq(int, setegid(NOBODY), 0));
    cr_assert(eq(int, seteuid(NOBODY), 0));
}

Test(sqlite, a_folder_that_cannot_be_written_to_is_told_apart)
{
    become_a_plain_user();
    cr_assert(eq(int, chmod(f.folder, 0500), 0));

    then_it_refuses("its folder cannot be written to");

    cr_assert(eq(int, chmod(f.folder, 0700), 0));
}

Test(sqlite, a_read_only_file_is_refused)
{
    become_a_plain_user();
    fixture_open(&f);
    fixture_close(&f);
    cr_assert(eq(int, chmod(f.path, 0400), 0));

    then_it_refuses("is read-only");
}

Test(sqlite, nothing_is_stored_in_a_file_that_was_removed)
{
    fixture_open(&f);
    cr_assert(eq(int, unlink(f.path), 0));

    struct new_task const task = fixture_task(&f, NOW_MS);
    struct enqueued result;
    enum status const st =
        queue_enqueue(f.queue, NOW_MS, &task, 1, &result, &f.err);

    cr_assert(eq(int, st, STATUS_UNAVAILABLE), "%s", f.err.text);
    cr_assert(ne(ptr, strstr(f.err.text, "was removed or replaced"), NULL));
}

Test(sqlite, nothing_is_waited_for_in_a_file_that_was_replaced)
{
    fixture_open(&f);
    cr_assert(eq(int, unlink(f.path), 0));
    fclose(fopen(f.path, "w"));

    struct queue_plan const plan = {.kind = PLAN_EVERY};
    struct lease_request const req = {.plan = &plan,
                                      .max = 1,
                                      .lease_ms = 10000,
                                      .worker = "w",
                                      .now_ms = NOW_MS,
                                      .until_ms = NOW_MS + 60000,
                                      .wake = WAKE_NEVER};
    struct lease lease;
    size_t n;
    enum status const st =
        queue_lease(f.queue, &req, &f.mem, &lease, &n, &f.err);

    cr_assert(eq(int, st, STATUS_UNAVAILABLE), "%s", f.err.text);
}

Test(sqlite, a_folder_is_refused)
{
    cr_assert(eq(int, mkdir(f.path, 0700), 0));

    then_it_refuses("cannot be opened");
}

Test(sqlite, a_users_own_database_gets_our_tables_and_stays_theirs)
{
    fixture_sql(&f, "CREATE TABLE orders (id INTEGER PRIMARY KEY);"
                    "PRAGMA user_version = 42");

    fixture_open(&f);
    fixture_enqueue(&f, 1, NOW_MS);
    fixture_close(&f);

    cr_assert(eq(i64, fixture_number(&f, "PRAGMA user_version"), 42));
    cr_assert(eq(i64, fixture_number(&f, "PRAGMA application_id"), 0));
    cr_assert(
        eq(i64, fixture_number(&f, "SELECT count(*) FROM millrace_tasks"), 1));
}

Test(sqlite, another_programs_database_is_refused_and_not_touched)
{
    fixture_sql(&f, "CREATE TABLE history (id INTEGER PRIMARY KEY);"
                    "PRAGMA application_id = 252006673");

    then_it_refuses("database of another program");

    cr_assert(
        eq(i64, fixture_number(&f, "SELECT count(*) FROM sqlite_schema"), 1));
    cr_assert(eq(i64,
                 fixture_number(&f, "SELECT journal_mode = 'delete'"
                                    " FROM pragma_journal_mode"),
                 1));
}

Test(sqlite, a_database_with_a_table_of_our_name_is_refused)
{
    fixture_sql(&f, "CREATE TABLE millrace_tasks (id INTEGER PRIMARY KEY)");

    then_it_refuses("that are not Millrace's");
}

Test(sqlite, a_name_that_means_something_to_sqlite_is_a_file_too)
{
    cr_assert(eq(int, chdir(f.folder), 0));
    strcpy(f.url.path, ":memory:");

    fixture_open(&f);
    fixture_enqueue(&f, 1, NOW_MS);
    fixture_close(&f);

    cr_assert(eq(int, access(":memory:", F_OK), 0));
    cr_assert(eq(int, chdir("/"), 0));
}

Test(sqlite, processes_that_make_the_file_at_once_all_can_use_it)
{
    enum { PEERS = 4 };
    int to[PEERS], from[PEERS], status;
    pid_t pids[PEERS];
    char byte;

    for (int i = 0; i < PEERS; i++)
        pids[i] = fixture_peer(&f, "tick", &to[i], &from[i]);
    for (int i = 0; i < PEERS; i++)
        cr_assert(eq(int, write(to[i], ".", 1), 1));

    for (int i = 0; i < PEERS; i++) {
        cr_expect(eq(int, read(from[i], &byte, 1), 1));
        close(to[i]);
        close(from[i]);
        cr_assert(eq(int, waitpid(pids[i], &status, 0), pids[i]));
        cr_expect(eq(int, status, 0));
    }
    cr_assert(eq(i64, fixture_number(&f, "SELECT count(*) FROM millrace_tasks"),
                 PEERS));
}

/* Somebody else who opens the file, and closes it, just before a statement of
 * ours. */
static struct {
    int before; /* which statement outside a transaction, counted from 0 */
    int seen;
    bool is_there;
} other;

static int let_the_other_go_first(unsigned event, void *context,
                                  void *statement, void *sql)
{
    sqlite3 *db = sqlite3_db_handle(statement);
    struct backend_port backend;
    struct error err;

    (void)event, (void)context, (void)sql;
    if (other.is_there || !sqlite3_get_autocommit(db) ||
        other.seen++ != other.before)
        return 0;
    other.is_there = true;
    cr_assert(eq(int, sqlite_backend_open(&f.url, &backend, &err), STATUS_OK),
              "the other: %s", err.text);
    backend.ops->close(backend.self);
    other.is_there = false;
    return 0;
}

static int watch_statements(sqlite3 *db, char **why,
                            const struct sqlite3_api_routines *api)
{
    (void)why, (void)api;
    return sqlite3_trace_v2(db, SQLITE_TRACE_STMT, let_the_other_go_first,
                            NULL);
}

Test(sqlite, who_makes_the_file_while_we_open_it_is_no_stranger)
{
    sqlite3_auto_extension((void (*)(void))watch_statements);

    for (other.before = 0, other.seen = 1; other.seen > other.before;
         other.before++) {
        unlink(f.path);
        other.seen = 0;
        cr_assert(
            eq(int, sqlite_backend_open(&f.url, &f.backend, &f.err), STATUS_OK),
            "before statement %d: %s", other.before, f.err.text);
        f.backend.ops->close(f.backend.self);
    }

    cr_assert(gt(int, other.before, 3), "it never came in between");
    sqlite3_reset_auto_extension();
}

Test(sqlite, a_lock_that_another_program_keeps_ends_in_a_clear_fault)
{
    struct new_task const task = fixture_task(&f, NOW_MS);
    struct enqueued result;
    sqlite3 *db;
    fixture_open(&f);
    cr_assert(eq(int, sqlite3_open(f.path, &db), SQLITE_OK));
    cr_assert(eq(int, sqlite3_exec(db, "BEGIN IMMEDIATE", 0, 0, 0), SQLITE_OK));

    enum status const st =
        queue_enqueue(f.queue, NOW_MS, &task, 1, &result, &f.err);

    cr_assert(eq(int, st, STATUS_UNAVAILABLE));
    cr_assert(ne(ptr, strstr(f.err.text, "is locked by another program"), 0));
    sqlite3_close(db);
    cr_assert(eq(int, queue_enqueue(f.queue, NOW_MS, &task, 1, &result, &f.err),
                 STATUS_OK));
    cr_assert(eq(int, result.is_duplicate, false));
    fixture_close(&f);
}

static void limit_pages(const char *pragma)
{
    struct store *store = f.backend.self;
    int const rc = sqlite3_exec(store->writer.db, pragma, 0, 0, 0);

    cr_assert(eq(int, rc, SQLITE_OK));
}

Test(sqlite, a_full_file_refuses_tasks_and_goes_on_when_there_is_room)
{
    static struct lease leases[100];
    struct new_task task;
    struct enqueued result;
    enum status st = STATUS_OK;
    fixture_open(&f);
    fixture_enqueue(&f, 100, NOW_MS);
    limit_pages("PRAGMA max_page_count = 1"); /* no more than there are */

    for (int i = 0; i < 1000 && st == STATUS_OK; i++) {
        task = fixture_task(&f, NOW_MS);
        st = queue_enqueue(f.queue, NOW_MS, &task, 1, &result, &f.err);
    }

    cr_assert(eq(int, st, STATUS_FULL), "%s", f.err.text);
    limit_pages("PRAGMA max_page_count = 1000000");
    st = queue_enqueue(f.queue, NOW_MS, &task, 1, &result, &f.err);
    cr_assert(eq(int, st, STATUS_OK), "%s", f.err.text);
    cr_assert(eq(int, result.is_duplicate, false));
    cr_assert(eq(sz, fixture_lease(&f, 100, NOW_MS, leases), 100));
    cr_assert(eq(sz, fixture_settle_done(&f, 100, NOW_MS, leases), 100));
    fixture_close(&f);
}

Test(sqlite, a_damaged_file_is_reported_as_corrupt)
{
    static struct lease leases[BATCH_MAX];
    struct queue_plan const plan = {.kind = PLAN_EVERY};
    struct lease_request const req = {.plan = &plan,
                                      .max = BATCH_MAX,
                                      .lease_ms = 1000,
                                      .worker = "tester",
                                      .now_ms = NOW_MS,
                                      .wake = WAKE_NEVER};
    size_t n;
    fixture_open(&f);
    fixture_enqueue(&f, 1000, NOW_MS);
    fixture_close(&f);
    int64_t const pages = fixture_number(&f, "PRAGMA page_count");
    FILE *file = fopen(f.path, "r+");
    fseek(file, 14 * 4096, SEEK_SET);
    for (int64_t i = 14 * 4096; i < pages * 4096; i++)
        fputc(0x5a, file);
    fclose(file);

    fixture_open(&f);
    enum status const st =
        queue_lease(f.queue, &req, &f.mem, leases, &n, &f.err);

    cr_assert(eq(int, st, STATUS_CORRUPT), "%s", f.err.text);
    fixture_close(&f);
}
