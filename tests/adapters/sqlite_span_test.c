/*
 * sqlite_span_test.c - tasks that are leased together share one row about it,
 * also beside those of a file that knew no such thing.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/sqlite/sqlite_row.h"
#include "adapters/sqlite/sqlite_schema.h"
#include "tests/adapters/sqlite_fixture.h"

#define LEASE_MS 10000 /* as the fixture leases */

/* When the file of version 1 was left, and when its leases end. */
#define LEFT_MS INT64_C(1795550404582)
#define LEFT_UNTIL_MS INT64_C(1795550433044)

static struct fixture f;
static struct lease leases[BATCH_MAX];

static void setup(void)
{
    fixture_init(&f);
}

static void teardown(void)
{
    fixture_release(&f);
}

TestSuite(sqlite_span, .init = setup, .fini = teardown, .timeout = 60);

static int64_t spans(void)
{
    return fixture_number(&f, "SELECT count(*) FROM millrace_spans");
}

static int64_t rows_in_state(const char *state)
{
    char sql[80];

    snprintf(sql, sizeof(sql),
             "SELECT count(*) FROM millrace_tasks WHERE state = %s", state);
    return fixture_number(&f, sql);
}

static void given_leased_tasks(size_t n)
{
    fixture_open(&f);
    fixture_enqueue(&f, n, NOW_MS);
    cr_assert(eq(sz, fixture_lease(&f, n, NOW_MS, leases), n));
}

static void extend(const struct lease *lease, int64_t now_ms)
{
    struct renewal const item = {.id = lease->task.id, .token = lease->token};
    enum status result;

    enum status const st = queue_extend(f.queue, now_ms, LEASE_MS, "tester",
                                        &item, 1, &result, &f.err);
    cr_assert(eq(int, st, STATUS_OK), "%s", f.err.text);
    cr_assert(eq(int, result, STATUS_OK));
}

static size_t take_expired(size_t max, int64_t now_ms, struct lease *out)
{
    struct reap_request const req = {
        .max = max, .lease_ms = LEASE_MS, .worker = "reaper", .now_ms = now_ms};
    size_t n = 0;

    enum status const st =
        queue_take_expired(f.queue, &req, &f.mem, out, &n, &f.err);
    cr_assert(ge(int, st, STATUS_OK), "%s", f.err.text);
    return n;
}

Test(sqlite_span, what_is_leased_together_is_one_row)
{
    given_leased_tasks(50);

    cr_assert(eq(i64, spans(), 1));
    cr_assert(eq(i64, rows_in_state("1"), 50));
    cr_assert(fixture_counters_are_right(&f));
    cr_assert(eq(sz, fixture_lease(&f, 1, NOW_MS, leases + 50), 0));
    fixture_close(&f);
}

Test(sqlite_span, the_row_goes_with_the_last_of_its_tasks)
{
    given_leased_tasks(30);

    cr_assert(eq(sz, fixture_settle_done(&f, 29, NOW_MS, leases + 1), 29));
    cr_assert(eq(i64, spans(), 1));
    cr_assert(eq(sz, fixture_settle_done(&f, 1, NOW_MS, leases), 1));

    cr_assert(eq(i64, spans(), 0));
    cr_assert(fixture_counters_are_right(&f));
    fixture_close(&f);
}

Test(sqlite_span, each_priority_is_leased_from_its_own_line)
{
    static struct enqueued results[6];
    struct new_task tasks[6];
    fixture_open(&f);
    for (size_t i = 0; i < 6; i++) {
        tasks[i] = fixture_task(&f, NOW_MS);
        tasks[i].task.priority = (enum priority)(2 - i % 3);
    }
    cr_assert(eq(int, queue_enqueue(f.queue, NOW_MS, tasks, 6, results, &f.err),
                 STATUS_OK));

    cr_assert(eq(sz, fixture_lease(&f, 5, NOW_MS, leases), 5));

    static const size_t order[] = {2, 5, 1, 4, 0};
    for (size_t i = 0; i < 5; i++)
        cr_assert(eq(str, leases[i].task.id.text,
                     (char *)tasks[order[i]].task.id.text));
    cr_assert(eq(sz, fixture_lease(&f, 5, NOW_MS, leases + 5), 1));
    cr_assert(eq(sz, fixture_settle_done(&f, 6, NOW_MS, leases), 6));
    cr_assert(eq(i64, spans(), 0));
    fixture_close(&f);
}

/* Who holds some tasks of a line can't end one of another line with them. */
Test(sqlite_span, a_token_made_up_for_a_task_between_is_worth_nothing)
{
    static const enum priority priorities[] = {PRIORITY_HIGH, PRIORITY_NORMAL,
                                               PRIORITY_HIGH};
    struct settlement items[3];
    struct enqueued added[3];
    enum status results[3];
    struct new_task tasks[3];
    struct token high, normal;
    fixture_open(&f);
    for (size_t i = 0; i < 3; i++) {
        tasks[i] = fixture_task(&f, NOW_MS);
        tasks[i].task.priority = priorities[i];
        items[i] = (struct settlement){.lease = &leases[i],
                                       .verdict = {.action = VERDICT_DONE}};
    }
    cr_assert(eq(int, queue_enqueue(f.queue, NOW_MS, tasks, 3, added, &f.err),
                 STATUS_OK));
    cr_assert(eq(sz, fixture_lease(&f, 3, NOW_MS, leases), 3));
    cr_assert(token_parse(&leases[0].token, &high));
    cr_assert(token_parse(&leases[2].token, &normal));

    normal.fencing = high.fencing;
    leases[2].token = token_format(normal);
    cr_assert(eq(int, queue_settle(f.queue, NOW_MS, items, 3, results, &f.err),
                 STATUS_OK));

    cr_assert(eq(int, results[0], STATUS_OK));
    cr_assert(eq(int, results[1], STATUS_OK));
    cr_assert(eq(int, results[2], STATUS_LEASE_LOST));
    cr_assert(fixture_counters_are_right(&f));
    fixture_close(&f);
}

/* A row that is extended stands by itself, the others with it: none of them
 * may be forgotten, or be in two places. */
Test(sqlite_span, one_lease_can_be_extended_without_the_others)
{
    struct lease taken[3];
    int64_t const leased_ms = NOW_MS + 5;
    fixture_open(&f);
    fixture_enqueue(&f, 3, NOW_MS);
    cr_assert(eq(sz, fixture_lease(&f, 3, leased_ms, leases), 3));

    extend(&leases[1], leased_ms + LEASE_MS - 1);

    cr_assert(eq(i64, spans(), 0));
    cr_assert(fixture_counters_are_right(&f));
    cr_assert(eq(sz, take_expired(3, leased_ms + LEASE_MS, taken), 2));
    cr_assert(eq(str, taken[0].task.id.text, leases[0].task.id.text));
    cr_assert(eq(str, taken[1].task.id.text, leases[2].task.id.text));
    cr_assert(eq(int, taken[0].task.attempt, 1));
    cr_assert(eq(i64, taken[0].started_at_ms, leased_ms));
    cr_assert(eq(sz, fixture_settle_done(&f, 3, NOW_MS, leases), 1));
    cr_assert(eq(sz, fixture_settle_done(&f, 2, NOW_MS, taken), 2));
    fixture_close(&f);
}

Test(sqlite_span, expired_ones_are_taken_a_few_at_a_time)
{
    given_leased_tasks(5);
    fixture_enqueue(&f, 5, NOW_MS);
    cr_assert(eq(sz, fixture_lease(&f, 5, NOW_MS, leases + 5), 5));
    int64_t const late_ms = NOW_MS + LEASE_MS;

    cr_assert(eq(sz, take_expired(3, late_ms, leases), 3));
    cr_assert(eq(sz, take_expired(5, late_ms, leases), 5));
    cr_assert(eq(sz, take_expired(5, late_ms, leases), 2));
    cr_assert(eq(sz, take_expired(5, late_ms, leases), 0));

    cr_assert(eq(i64, spans(), 0));
    cr_assert(fixture_counters_are_right(&f));
    fixture_close(&f);
}

Test(sqlite_span, what_is_leased_is_not_purged_with_what_is_ready)
{
    size_t removed;
    given_leased_tasks(2);
    fixture_enqueue(&f, 3, NOW_MS);

    cr_assert(eq(int,
                 admin_purge(f.admin, NOW_MS, BYTES("default"), TASK_READY, 9,
                             &removed, &f.err),
                 STATUS_OK));

    cr_assert(eq(sz, removed, 3));
    cr_assert(eq(sz, fixture_settle_done(&f, 2, NOW_MS, leases), 2));
    cr_assert(fixture_counters_are_right(&f));
    fixture_close(&f);
}

/* A row of spans that foreign hands have robbed of its tasks. */
Test(sqlite_span, a_row_without_tasks_goes_when_it_expires)
{
    given_leased_tasks(5);
    fixture_sql(&f, "DELETE FROM millrace_tasks");

    cr_assert(eq(sz, take_expired(5, NOW_MS + LEASE_MS, leases), 0));

    cr_assert(eq(i64, spans(), 0));
    fixture_close(&f);
}

/* Lists active tasks one a page. Writes the ids' last bytes. */
static size_t list_active(char *ids, size_t max)
{
    struct list_request req = {
        .max = 1,
        .now_ms = NOW_MS,
        .filter = {.has_state = true, .state = TASK_ACTIVE},
    };
    size_t n = 0;

    do {
        struct task_page page;
        arena_reset(&f.mem);
        enum status const st = admin_list(f.admin, &req, &f.mem, &page, &f.err);
        cr_assert(eq(int, st, STATUS_OK), "%s", f.err.text);
        for (size_t i = 0; i < page.count && n < max; i++) {
            cr_assert(eq(int, page.records[i].state, TASK_ACTIVE));
            cr_assert(eq(int, page.records[i].task.attempt, 1));
            cr_assert(page.records[i].worker.len > 0);
            ids[n++] = page.records[i].task.id.text[TASK_ID_LEN - 1];
        }
        req.cursor = page.next;
    } while (req.cursor.text[0]);
    return n;
}

Test(sqlite_span, lists_mix_both_kinds_of_leases_by_when_they_end)
{
    char ids[8] = "";
    char wanted[8] = "";
    given_leased_tasks(1);
    fixture_enqueue(&f, 5, NOW_MS);
    cr_assert(eq(sz, fixture_lease(&f, 2, NOW_MS + 1, leases + 1), 2));
    cr_assert(eq(sz, fixture_lease(&f, 3, NOW_MS + 3, leases + 3), 3));

    extend(&leases[1], NOW_MS + 2);

    static const size_t order[] = {0, 2, 1, 3, 4, 5};
    for (size_t i = 0; i < 6; i++)
        wanted[i] = leases[order[i]].task.id.text[TASK_ID_LEN - 1];
    cr_assert(eq(sz, list_active(ids, 7), 6));
    cr_assert(eq(str, ids, wanted));
    fixture_close(&f);
}

/* The file that a program of version 1 has left behind: see its own words. */
static void given_a_file_of_version_1(void)
{
    char path[512], sql[16384];

    snprintf(path, sizeof(path), "%s/sqlite_1.sql", getenv("FIXTURES"));
    FILE *file = fopen(path, "r");
    cr_assert(ne(ptr, file, NULL), "%s", path);
    size_t const n = fread(sql, 1, sizeof(sql) - 1, file);
    fclose(file);
    sql[n] = '\0';
    cr_assert(lt(sz, n, sizeof(sql) - 1));
    fixture_sql(&f, sql);
}

Test(sqlite_span, a_file_of_version_1_is_brought_up_to_date)
{
    given_a_file_of_version_1();

    fixture_open(&f);

    cr_assert(eq(i64,
                 fixture_number(&f, "SELECT value FROM millrace_meta"
                                    " WHERE name = 'schema'"),
                 SCHEMA_VERSION));
    cr_assert(fixture_counters_are_right(&f));
    fixture_close(&f);
    fixture_open(&f);
    fixture_close(&f);
}

Test(sqlite_span, all_tasks_of_version_1_go_on_where_they_were)
{
    size_t moved;
    int64_t due;
    given_a_file_of_version_1();
    fixture_open(&f);

    cr_assert(eq(sz, fixture_lease(&f, 10, LEFT_MS, leases), 2));
    cr_assert(eq(int, leases[0].task.priority, PRIORITY_HIGH));
    cr_assert(eq(sz, fixture_settle_done(&f, 2, LEFT_MS, leases), 2));
    cr_assert(eq(sz, take_expired(10, LEFT_UNTIL_MS - 1, leases), 0));
    cr_assert(eq(sz, take_expired(10, LEFT_UNTIL_MS, leases), 3));
    cr_assert(eq(int, leases[0].task.attempt, 1));
    cr_assert(eq(sz, fixture_settle_done(&f, 3, LEFT_UNTIL_MS, leases), 3));
    cr_assert(eq(int,
                 queue_promote(f.queue, LEFT_MS + DURATION_MAX_MS, 10, &moved,
                               &due, &f.err),
                 STATUS_OK));
    cr_assert(eq(sz, moved, 2));

    cr_assert(fixture_counters_are_right(&f));
    cr_assert(
        eq(i64, fixture_number(&f, "SELECT dead FROM millrace_queues"), 1));
    fixture_close(&f);
}

/* What a program of version 1 does when it leases. */
static const char old_lease[] =
    "UPDATE millrace_tasks SET state = 2, position = 1, fencing = 99,"
    " since = 1, worker = 'old', attempt = attempt + 1"
    " WHERE number IN (SELECT t.number FROM millrace_tasks t"
    " WHERE t.queue_id = 1 AND t.state = 1"
    " ORDER BY t.priority, t.position LIMIT 1)";

Test(sqlite_span, a_program_of_version_1_that_still_runs_leases_no_more)
{
    sqlite3 *db;
    char *text = NULL;
    given_leased_tasks(1);

    cr_assert(eq(int, sqlite3_open(f.path, &db), SQLITE_OK));
    int const rc = sqlite3_exec(db, old_lease, NULL, NULL, &text);

    cr_assert(eq(int, rc, SQLITE_CONSTRAINT));
    cr_assert(eq(str, text,
                 (char *)"is used by a newer program: upgrade this one too"));
    sqlite3_free(text);
    sqlite3_close(db);
    fixture_close(&f);
}
