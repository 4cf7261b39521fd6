/*
 * sqlite_test.c - what the SQLite backend promises beyond the ports about the
 * tasks in its file, and how it finds its rows.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>

#include "adapters/sqlite/sqlite_sql.h"
#include "tests/adapters/sqlite_fixture.h"

static struct fixture f;

static void setup(void)
{
    fixture_init(&f);
}

static void teardown(void)
{
    fixture_release(&f);
}

TestSuite(sqlite, .init = setup, .fini = teardown, .timeout = 60);

Test(sqlite, two_namespaces_in_one_file_do_not_see_each_other)
{
    struct fixture *other = calloc(1, sizeof(*other));
    struct lease lease;
    fixture_open(&f);
    *other = f;
    other->mem.base = other->room;
    strcpy(other->url.namespace, "other");
    fixture_open(other);
    fixture_enqueue(&f, 1, NOW_MS);

    size_t const seen = fixture_lease(other, 1, NOW_MS, &lease);

    cr_assert(eq(sz, seen, 0));
    cr_assert(eq(sz, fixture_lease(&f, 1, NOW_MS, &lease), 1));
    fixture_close(other);
    fixture_close(&f);
    free(other);
}

Test(sqlite, tasks_are_there_after_closing_and_opening)
{
    struct lease leases[10];
    fixture_open(&f);
    fixture_enqueue(&f, 10, NOW_MS);
    fixture_close(&f);

    fixture_open(&f);
    size_t const n = fixture_lease(&f, 10, NOW_MS, leases);

    cr_assert(eq(sz, n, 10));
    cr_assert(eq(sz, fixture_settle_done(&f, n, NOW_MS, leases), 10));
    fixture_close(&f);
}

/* One task that makes none any more stands before and behind a good one. */
static void given_rows_that_make_no_task(void)
{
    fixture_open(&f);
    fixture_enqueue(&f, 3, NOW_MS);
    fixture_sql(&f, "UPDATE millrace_tasks SET max_attempts = -1"
                    " WHERE number IN (SELECT min(number) FROM millrace_tasks"
                    " UNION SELECT max(number) FROM millrace_tasks)");
}

static struct lease_request request_of(size_t max, int64_t now_ms)
{
    static struct queue_plan const plan = {.kind = PLAN_EVERY};

    return (struct lease_request){.plan = &plan,
                                  .max = max,
                                  .lease_ms = 1000,
                                  .worker = "tester",
                                  .now_ms = now_ms,
                                  .wake = WAKE_NEVER};
}

Test(sqlite, a_row_that_makes_no_task_holds_up_nobody)
{
    struct lease leases[3];
    size_t n = 0;
    given_rows_that_make_no_task();
    struct lease_request const one = request_of(1, NOW_MS);
    struct lease_request const more = request_of(3, NOW_MS);

    cr_assert(eq(int, queue_lease(f.queue, &one, &f.mem, leases, &n, &f.err),
                 STATUS_OK),
              "%s", f.err.text);
    cr_assert(eq(sz, n, 1));
    cr_assert(eq(int, queue_lease(f.queue, &more, &f.mem, leases, &n, &f.err),
                 STATUS_EMPTY));

    cr_assert(
        eq(i64, fixture_number(&f, "SELECT active FROM millrace_queues"), 1));
    cr_assert(fixture_counters_are_right(&f));
}

Test(sqlite, of_leases_settled_together_each_lost_one_is_told)
{
    static struct lease leases[BATCH_MAX];
    struct settlement items[46];
    enum status results[46];
    fixture_open(&f);
    fixture_enqueue(&f, 45, NOW_MS);
    cr_assert(eq(sz, fixture_lease(&f, 100, NOW_MS, leases), 45));
    cr_assert(eq(sz, fixture_settle_done(&f, 1, NOW_MS, &leases[3]), 1));
    cr_assert(eq(sz, fixture_settle_done(&f, 2, NOW_MS, &leases[30]), 2));
    for (size_t i = 0; i < 46; i++)
        items[i] = (struct settlement){.lease = &leases[i < 45 ? i : 44],
                                       .verdict = {.action = VERDICT_DONE}};

    enum status const st =
        queue_settle(f.queue, NOW_MS, items, 46, results, &f.err);

    cr_assert(eq(int, st, STATUS_OK), "%s", f.err.text);
    for (size_t i = 0; i < 46; i++) {
        bool const is_lost = i == 3 || i == 30 || i == 31 || i == 45;
        cr_assert(eq(int, results[i], is_lost ? STATUS_LEASE_LOST : STATUS_OK),
                  "%zu", i);
    }
    cr_assert(
        eq(i64, fixture_number(&f, "SELECT count(*) FROM millrace_tasks"), 0));
    cr_assert(eq(
        i64, fixture_number(&f, "SELECT succeeded FROM millrace_queues"), 45));
    cr_assert(eq(int, fixture_counters_are_right(&f), true));
}

/* Ids that differ only in bits that their numbers are not made of. */
static void make_alike(struct new_task *tasks, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint8_t id[TASK_ID_BYTES] = {1, 2, 3, 4, 5, 6};
        id[8] = (uint8_t)i;
        tasks[i] = fixture_task(&f, NOW_MS);
        tasks[i].task.id = task_id_unpack(id);
    }
}

static size_t enqueue_new(const struct new_task *tasks, size_t n)
{
    static struct enqueued results[BATCH_MAX];
    size_t added = 0;

    enum status const st =
        queue_enqueue(f.queue, NOW_MS, tasks, n, results, &f.err);
    cr_assert(eq(int, st, STATUS_OK), "%s", f.err.text);
    for (size_t i = 0; i < n; i++)
        added += !results[i].is_duplicate;
    return added;
}

Test(sqlite, tasks_that_share_a_number_run_and_are_known_like_any)
{
    enum { TASKS = 50 };
    static struct new_task tasks[TASKS];
    static struct lease leases[TASKS];
    struct task_record record;
    struct error err;
    fixture_open(&f);
    make_alike(tasks, TASKS);

    cr_assert(eq(sz, enqueue_new(tasks, TASKS), TASKS));

    cr_assert(eq(sz, enqueue_new(tasks, TASKS), 0));
    struct task_ref const ref = {BYTES("default"), tasks[TASKS - 1].task.id};
    cr_assert(eq(int, admin_find(f.admin, NOW_MS, &ref, &f.mem, &record, &err),
                 STATUS_OK));
    cr_assert(eq(str, record.task.id.text, (char *)ref.id.text));
    cr_assert(eq(sz, fixture_lease(&f, TASKS, NOW_MS, leases), TASKS));
    for (size_t i = 0; i < TASKS; i++)
        cr_assert(eq(str, leases[i].task.id.text, tasks[i].task.id.text));
    cr_assert(eq(sz, fixture_settle_done(&f, TASKS, NOW_MS, leases), TASKS));
    cr_assert(eq(sz, fixture_lease(&f, 1, NOW_MS, leases), 0));
    cr_assert(fixture_counters_are_right(&f));
    fixture_close(&f);
}

/* A lost answer: the number that was another's is free by now. */
Test(sqlite, a_task_sent_again_is_known_where_it_stands_apart)
{
    struct new_task tasks[2];
    struct lease lease;
    fixture_open(&f);
    make_alike(tasks, 2);
    cr_assert(eq(sz, enqueue_new(tasks, 2), 2));
    cr_assert(eq(sz, fixture_lease(&f, 1, NOW_MS, &lease), 1));
    cr_assert(eq(sz, fixture_settle_done(&f, 1, NOW_MS, &lease), 1));

    size_t const added = enqueue_new(&tasks[1], 1);

    cr_assert(eq(sz, added, 0));
    fixture_close(&f);
}

/* A batch of which a part was stored before: what was is told apart. */
Test(sqlite, a_batch_sent_again_in_part_adds_the_rest)
{
    enum { TASKS = 60, KNOWN = 25 };
    static struct new_task tasks[TASKS];
    fixture_open(&f);
    for (size_t i = 0; i < TASKS; i++)
        tasks[i] = fixture_task(&f, NOW_MS);
    cr_assert(eq(sz, enqueue_new(tasks + 10, KNOWN), KNOWN));

    size_t const added = enqueue_new(tasks, TASKS);

    cr_assert(eq(sz, added, TASKS - KNOWN));
    cr_assert(fixture_counters_are_right(&f));
    fixture_close(&f);
}

/* A walk over a whole table or index, not over the rows of a statement. */
static bool is_scan(const char *detail)
{
    return strncmp(detail, "SCAN", 4) == 0 && !strstr(detail, "CONSTANT ROW") &&
           !strstr(detail, "VALUES");
}

Test(sqlite, no_statement_scans_a_table)
{
    sqlite3 *db;
    fixture_open(&f);
    fixture_close(&f);
    cr_assert(eq(int, sqlite3_open(f.path, &db), SQLITE_OK));

    for (int i = 0; i < SQL_STATEMENTS; i++) {
        char *sql = sqlite3_mprintf("EXPLAIN QUERY PLAN %s", sql_text[i]);
        sqlite3_stmt *plan;
        int const rc = sqlite3_prepare_v2(db, sql, -1, &plan, NULL);
        cr_assert(eq(int, rc, SQLITE_OK), "%s: %s", sql, sqlite3_errmsg(db));
        while (sqlite3_step(plan) == SQLITE_ROW) {
            const char *detail = (const char *)sqlite3_column_text(plan, 3);
            cr_expect(not(is_scan(detail)), "%s: %s", sql_text[i], detail);
        }
        sqlite3_finalize(plan);
        sqlite3_free(sql);
    }
    sqlite3_close(db);
}

Test(sqlite, counters_agree_with_the_tasks_whatever_happened)
{
    static const enum outcome_kind kinds[] = {
        OUTCOME_DONE,    OUTCOME_RETRY, OUTCOME_REJECT, OUTCOME_SNOOZE,
        OUTCOME_RELEASE, OUTCOME_CRASH, OUTCOME_EXPIRE,
    };
    struct lease leases[7];
    struct settlement items[7];
    enum status results[7];
    size_t moved;
    int64_t due;
    fixture_open(&f);
    fixture_enqueue(&f, 20, NOW_MS);
    cr_assert(eq(sz, fixture_lease(&f, 7, NOW_MS, leases), 7));

    for (size_t i = 0; i < 7; i++) {
        struct outcome const o = {.kind = kinds[i], .is_started = true};
        leases[i].task.retain_ms = i;
        items[i] = (struct settlement){
            .lease = &leases[i],
            .verdict = verdict_of(&leases[i].task, &o, NOW_MS, 0)};
    }
    cr_assert(eq(int, queue_settle(f.queue, NOW_MS, items, 7, results, &f.err),
                 STATUS_OK));
    cr_assert(fixture_counters_are_right(&f));
    cr_assert(eq(int,
                 queue_promote(f.queue, NOW_MS + DURATION_MAX_MS, 100, &moved,
                               &due, &f.err),
                 STATUS_OK));
    cr_assert(fixture_counters_are_right(&f));

    cr_assert(eq(sz, moved, 3));
    fixture_close(&f);
}

/* The order of a list, across all queues, is the one in which tasks became
 * ready, whatever queue and priority they have; pages don't change it. */
Test(sqlite, pages_over_many_queues_give_each_task_once_and_in_order)
{
    enum { TASKS = 100 };
    static char ids[TASKS][TASK_ID_LEN + 1];
    struct list_request req = {.max = 7, .now_ms = NOW_MS + TASKS};
    struct task_page page;
    size_t n = 0;
    fixture_open(&f);
    for (int i = 0; i < TASKS; i++) {
        char name[8];
        struct new_task new = fixture_task(&f, NOW_MS + i);
        struct enqueued result;
        snprintf(name, sizeof(name), "q%d", i * 7 % 5);
        new.task.queue = bytes_of(name);
        new.task.priority = (enum priority)(i % PRIORITIES);
        cr_assert(eq(
            int, queue_enqueue(f.queue, NOW_MS + i, &new, 1, &result, &f.err),
            STATUS_OK));
        memcpy(ids[i], new.task.id.text, sizeof(ids[i]));
    }

    do {
        arena_reset(&f.mem);
        enum status const st = admin_list(f.admin, &req, &f.mem, &page, &f.err);
        cr_assert(eq(int, st, STATUS_OK), "%s", f.err.text);
        for (size_t i = 0; i < page.count; i++, n++) {
            cr_assert(lt(sz, n, TASKS));
            cr_assert(eq(str, (char *)page.records[i].task.id.text, ids[n]));
        }
        req.cursor = page.next;
    } while (page.next.text[0]);

    cr_assert(eq(sz, n, TASKS));
    fixture_close(&f);
}

Test(sqlite, health_finds_nothing_wrong_with_a_fresh_file)
{
    struct health_port health;
    struct finding findings[16];
    size_t n = 0;
    fixture_open(&f);
    cr_assert(eq(int,
                 f.backend.ops->open_health(f.backend.self, &health, &f.err),
                 STATUS_OK));

    enum status const st =
        health_check(health, NOW_MS, 16, findings, &n, &f.err);

    cr_assert(eq(int, st, STATUS_OK), "%s", f.err.text);
    cr_assert(gt(sz, n, 5));
    for (size_t i = 0; i < n; i++)
        cr_expect(eq(int, findings[i].level, FINDING_OK), "%s: %s",
                  findings[i].check, findings[i].text);
    health_close(health);
    fixture_close(&f);
}
