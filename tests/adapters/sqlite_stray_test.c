/*
 * sqlite_stray_test.c - a row that makes no task holds up nobody, and is not
 * lost: whatever SQL from outside made of it.
 */
#include <stdio.h>

#include "tests/adapters/sqlite_scrub_steps.h"

#define SPOIL(n, what)                                                         \
    fixture_sql(&f, "UPDATE millrace_tasks SET " what                          \
                    " WHERE number = " NUMBER(n))

static struct lease leases[BATCH_MAX];
static struct task_record records[BATCH_MAX];

TestSuite(sqlite_stray, .init = setup, .fini = teardown, .timeout = 60);

static size_t list(enum task_state state)
{
    struct list_request req = {.max = 3, .now_ms = NOW_MS};
    struct task_page page;
    size_t n = 0;

    req.filter.has_state = true;
    req.filter.state = state;
    arena_reset(&f.mem);
    do {
        enum status const st = admin_list(f.admin, &req, &f.mem, &page, &f.err);
        cr_assert(eq(int, st, STATUS_OK), "%s", f.err.text);
        for (size_t i = 0; i < page.count; i++)
            records[n++] = page.records[i];
        req.cursor = page.next;
    } while (page.next.text[0]);
    return n;
}

static const struct task *the_dead_letter(void)
{
    cr_assert(eq(sz, list(TASK_DEAD), 1));
    cr_assert(eq(int, records[0].reason, REASON_REJECTED));
    return &records[0].task;
}

static void is_text(struct bytes text, const char *expected)
{
    cr_assert(bytes_is(text, expected), "%.*s instead of %s", (int)text.len,
              text.at, expected);
}

static bool has(struct bytes text, const char *part)
{
    return memmem(text.at, text.len, part, strlen(part)) != NULL;
}

static int64_t counted(const char *column)
{
    char sql[80];

    snprintf(sql, sizeof(sql), "SELECT %s FROM millrace_queues", column);
    return fixture_number(&f, sql);
}

static size_t reap(size_t max, int64_t now_ms)
{
    struct reap_request const req = {
        .max = max, .lease_ms = 1000, .worker = "reaper", .now_ms = now_ms};
    size_t n = 0;

    arena_reset(&f.mem);
    enum status const st =
        queue_take_expired(f.queue, &req, &f.mem, leases, &n, &f.err);
    cr_assert(st == STATUS_OK || st == STATUS_EMPTY, "%s", f.err.text);
    return st == STATUS_OK ? n : 0;
}

static void then_all_is_sound(void)
{
    cr_assert(fixture_counters_are_right(&f));
    cr_assert(eq(sz, walk(scrub, NOW_MS, "none", false), 0));
}

Test(sqlite_stray, a_worker_keeps_of_a_task_what_can_be_read)
{
    SPOIL("0", "max_attempts = -1, key = x'6b', priority = 0");
    fixture_sql(&f, "INSERT INTO millrace_keys SELECT queue_id, key, id,"
                    " number, 0 FROM millrace_tasks WHERE key IS NOT NULL");
    fixture_sql(&f, "CREATE TABLE before AS SELECT id FROM millrace_tasks");

    cr_assert(eq(sz, fixture_lease(&f, 3, NOW_MS, leases), 2));

    const struct task *letter = the_dead_letter();
    cr_assert(eq(i64,
                 fixture_number(&f, "SELECT count(*) FROM millrace_tasks"
                                    " JOIN before USING (id)"),
                 3));
    is_text(letter->type, "demo.echo");
    is_text(letter->payload, "{}");
    cr_assert(has(letter->last_error, "can't be read, found in row "));
    cr_assert(has(letter->last_error, "all but type and payload is lost"));
    cr_assert(has(letter->last_error, "\"max_attempts\":-1,"));
    cr_assert(eq(i64,
                 fixture_number(&f, "SELECT json_extract(result, '$.key')"
                                    " = 'k' FROM millrace_tasks"
                                    " WHERE state = 5"),
                 1));
    cr_assert(
        eq(i64, fixture_number(&f, "SELECT count(*) FROM millrace_keys"), 0));
    cr_assert(eq(i64, counted("ready"), 0));
    cr_assert(eq(i64, counted("active"), 2));
    cr_assert(fixture_counters_are_right(&f));
}

Test(sqlite_stray, what_has_no_type_becomes_unreadable_with_all_it_is)
{
    SPOIL("1", "type = '', headers = x'ff22'");

    cr_assert(eq(sz, fixture_lease(&f, 3, NOW_MS, leases), 2));

    const struct task *letter = the_dead_letter();
    is_text(letter->type, "unreadable");
    cr_assert(has(letter->payload, "\"type\":\"\",\"key\":null,"
                                   "\"headers\":\"\\u00ff\\u0022\","
                                   "\"payload\":\"{}\","));
    cr_assert(has(letter->last_error, "no task; see its payload"));
}

/* No arena that holds tasks would hold it. */
Test(sqlite_stray, what_is_too_large_for_a_payload_stands_beside_it)
{
    SPOIL("0", "payload = zeroblob(3000000)");

    cr_assert(eq(sz, fixture_lease(&f, 3, NOW_MS, leases), 2));

    is_text(the_dead_letter()->payload, "null");
    cr_assert(eq(i64,
                 fixture_number(&f, "SELECT length(result) > 6 * 3000000"
                                    " FROM millrace_tasks WHERE state = 5"),
                 1));
}

Test(sqlite_stray, an_id_that_cannot_be_read_is_made_from_the_number)
{
    size_t removed = 0;
    SPOIL("0", "id = x''");
    SPOIL("1", "id = x'0102'");
    fixture_sql(&f, "INSERT INTO millrace_tasks SELECT m, queue_id, iif(m < 0, "
                    "CAST(m AS BLOB), x'09'),"
                    " state, position + 1, fencing, priority, attempt, crashes,"
                    " max_attempts, max_crashes, timeout_ms, backoff_kind,"
                    " backoff_jitter, backoff_factor_milli, backoff_base_ms,"
                    " backoff_max_ms, key_ttl_ms, retain_ms, expires_ms,"
                    " created_at, run_at, reason, is_started, since,"
                    " started_at, forget_at, worker, type, key, headers,"
                    " payload, last_error, result FROM (SELECT *,"
                    " max(number) FROM millrace_tasks), (SELECT -number AS m"
                    " FROM millrace_tasks WHERE id = x''"
                    " UNION SELECT -9223372036854775808 UNION SELECT 0"
                    " UNION SELECT 1);"
                    "UPDATE millrace_queues SET ready = 7");

    cr_assert(eq(sz, fixture_lease(&f, 7, NOW_MS, leases), 1));

    cr_assert(eq(sz, list(TASK_DEAD), 6));
    cr_assert(eq(i64,
                 fixture_number(&f, "SELECT count(DISTINCT id)"
                                    " FROM millrace_tasks WHERE state = 5"
                                    " AND length(id) = 16"),
                 6));
    for (size_t i = 0; i < 6; i++) {
        struct task_ref const ref = {.id = records[i].task.id};
        enum status result;
        cr_assert(eq(int,
                     admin_remove(f.admin, NOW_MS, STATE_SET(TASK_DEAD), &ref,
                                  1, &result, &f.err),
                     STATUS_OK));
        removed += result == STATUS_OK;
    }
    cr_assert(eq(sz, removed, 6));
    cr_assert(fixture_counters_are_right(&f));
}

Test(sqlite_stray, one_task_is_found_behind_any_number_of_them)
{
    fixture_enqueue(&f, 50, NOW_MS);
    fixture_sql(&f, "UPDATE millrace_tasks SET crashes = -1"
                    " WHERE number < (SELECT max(number) FROM millrace_tasks)");

    cr_assert(eq(sz, fixture_lease(&f, 1, NOW_MS, leases), 1));

    cr_assert(eq(i64, counted("dead"), 52));
    cr_assert(eq(sz, fixture_settle_done(&f, 1, NOW_MS, leases), 1));
    then_all_is_sound();
}

Test(sqlite_stray, a_queue_of_nothing_else_is_empty)
{
    fixture_sql(&f, "UPDATE millrace_tasks SET backoff_kind = 99");

    cr_assert(eq(sz, fixture_lease(&f, 3, NOW_MS, leases), 0));

    cr_assert(eq(i64, counted("dead"), 3));
    cr_assert(eq(i64, counted("ready"), 0));
    cr_assert(
        eq(i64, fixture_number(&f, "SELECT count(*) FROM millrace_spans"), 0));
    then_all_is_sound();
}

/* It lies in the span of the lease that all three have. */
Test(sqlite_stray, who_reaps_passes_by_any_number_of_them)
{
    cr_assert(eq(sz, fixture_lease(&f, 3, NOW_MS, leases), 3));
    SPOIL("0", "timeout_ms = -5");
    SPOIL("1", "payload = x''");
    cr_assert(eq(sz, walk(scrub, NOW_MS, "silent workers", false), 3));

    cr_assert(eq(sz, reap(1, NOW_MS + 20000), 1));

    cr_assert(eq(sz, list(TASK_DEAD), 2));
    cr_assert(eq(i64, counted("active"), 1));
    cr_assert(eq(sz, fixture_settle_done(&f, 1, NOW_MS, leases), 1));
    then_all_is_sound();
}

Test(sqlite_stray, it_is_found_and_repaired_in_each_state)
{
    static const char *const states[] = {
        "state = 0, ", "state = 1, ",
        "state = 3, ", "state = 4, forget_at = 1,",
        "state = 5, ", "state = 9, "};

    for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
        char sql[200];
        snprintf(sql, sizeof(sql),
                 "UPDATE millrace_tasks SET %s attempt = -1 WHERE number ="
                 " (SELECT max(number) FROM millrace_tasks)",
                 states[i]);
        fixture_sql(&f, sql);
        fixture_sql(&f,
                    "UPDATE millrace_queues SET (scheduled, ready, retry, done,"
                    " dead) = (SELECT sum(state = 0), sum(state = 1),"
                    " sum(state = 3), sum(state = 4), sum(state = 5)"
                    " FROM millrace_tasks)");
        then_it_is_found_and_fixed(scrub, NOW_MS, "unreadable");
        cr_assert(fixture_counters_are_right(&f));
        cr_assert(eq(sz, list(TASK_DEAD), 1));
    }
}

Test(sqlite_stray, a_reason_or_a_result_that_is_none_is_repaired_too)
{
    SPOIL("0", "state = 5, reason = 77");
    SPOIL("1", "state = 4, forget_at = 1, result = x''");
    fixture_sql(&f, "UPDATE millrace_queues SET ready = 1, dead = 1, done = 1");

    cr_assert(eq(sz, walk(scrub, NOW_MS, "unreadable", true), 2));

    cr_assert(eq(sz, list(TASK_DEAD), 2));
    then_all_is_sound();
}

Test(sqlite_stray, what_is_leased_is_left_to_its_lease)
{
    struct scrub_flaw flaw = {.queue = "default"};
    while (strcmp(scrub.ops->checks[flaw.check].name, "unreadable") != 0)
        flaw.check++;
    cr_assert(eq(sz, fixture_lease(&f, 3, NOW_MS, leases), 3));
    SPOIL("0", "timeout_ms = -5");
    flaw.subject_len =
        (size_t)snprintf(flaw.subject, sizeof(flaw.subject), "row %lld",
                         (long long)fixture_number(&f, "SELECT " NUMBER("0")));

    cr_assert(
        eq(int, scrub_repair(scrub, NOW_MS, &flaw, &f.err), STATUS_NOT_FOUND));
    cr_assert(eq(sz, fixture_settle_done(&f, 3, NOW_MS, leases), 3));
}

Test(sqlite_stray, a_list_shows_all_the_rest)
{
    SPOIL("1", "id = x'01'");
    cr_assert(eq(sz, list(TASK_READY), 2));
}

Test(sqlite_stray, a_purge_takes_it_too)
{
    size_t removed = 0;
    SPOIL("1", "id = x''");

    cr_assert(eq(int,
                 admin_purge(f.admin, NOW_MS, BYTES("default"), TASK_READY, 9,
                             &removed, &f.err),
                 STATUS_OK));

    cr_assert(eq(sz, removed, 3));
    then_all_is_sound();
}

Test(sqlite_stray, a_letter_that_is_requeued_runs_as_any_other)
{
    SPOIL("0", "max_attempts = -1");
    cr_assert(eq(sz, fixture_lease(&f, 3, NOW_MS, leases), 2));
    struct task_ref const ref = {.id = the_dead_letter()->id};
    struct task_id holder;
    enum status result;

    cr_assert(eq(
        int, admin_requeue(f.admin, NOW_MS, &ref, 1, &result, &holder, &f.err),
        STATUS_OK));
    cr_assert(eq(int, result, STATUS_OK));

    cr_assert(eq(sz, fixture_lease(&f, 3, NOW_MS, leases), 1));
    cr_assert(eq(int, leases[0].task.max_attempts, DEFAULT_MAX_ATTEMPTS));
    cr_assert(eq(i64,
                 fixture_number(&f, "SELECT count(result)"
                                    " FROM millrace_tasks"),
                 0));
}
