/*
 * sqlite_scrub_test.c - each harm that SQL from outside can do is found.
 */
#include "tests/adapters/sqlite_scrub_steps.h"

#define NOW "1700000000000" /* NOW_MS */

static struct lease lease;
static struct lease leases[3];

TestSuite(sqlite_scrub, .init = setup, .fini = teardown, .timeout = 60);

Test(sqlite_scrub, a_task_in_no_state_becomes_ready_and_runs)
{
    fixture_sql(&f,
                "UPDATE millrace_tasks SET state = 9 WHERE number = " NUMBER(
                    "0") ";"
                         "UPDATE millrace_queues SET ready = ready - 1");

    then_it_is_found_and_fixed(scrub, NOW_MS, "task states");

    cr_assert(fixture_counters_are_right(&f));
    cr_assert(eq(sz, fixture_lease(&f, 3, NOW_MS, leases), 3));
}

/* Somebody has made a finished task ready, but by hand: where it stood. */
Test(sqlite_scrub, a_task_that_leases_passed_by_gets_its_turn)
{
    cr_assert(eq(sz, fixture_lease(&f, 3, NOW_MS, leases), 3));
    fixture_sql(&f, "INSERT INTO millrace_workers SELECT namespace, 'tester',"
                    " '', '', 1, 1, 1, 0, " NOW " FROM millrace_queues");
    fixture_sql(&f,
                "UPDATE millrace_tasks SET position = 5"
                " WHERE number = " NUMBER(
                    "2") ";"
                         "UPDATE millrace_queues SET ready = 1, active = 2");
    cr_assert(eq(sz, fixture_lease(&f, 1, NOW_MS, &lease), 0));

    then_it_is_found_and_fixed(scrub, NOW_MS, "line");

    cr_assert(fixture_counters_are_right(&f));
    cr_assert(eq(sz, fixture_lease(&f, 1, NOW_MS, &lease), 1));
    cr_assert(eq(str, lease.task.id.text, leases[2].task.id.text));
}

Test(sqlite_scrub, a_task_that_its_id_does_not_lead_to_is_told)
{
    fixture_sql(&f, "UPDATE millrace_tasks SET number = number + 7"
                    " WHERE number = " NUMBER("1"));

    then_it_is_found(scrub, NOW_MS, "task rows");
}

Test(sqlite_scrub, a_live_task_that_was_to_be_forgotten_is_kept)
{
    fixture_sql(
        &f,
        "UPDATE millrace_tasks SET forget_at = 1 WHERE number = " NUMBER("1"));

    then_it_is_found_and_fixed(scrub, NOW_MS, "retention");

    cr_assert(eq(i64,
                 fixture_number(&f, "SELECT count(*) FROM millrace_tasks"
                                    " WHERE forget_at IS NULL"),
                 3));
}

Test(sqlite_scrub, a_done_task_that_would_stay_for_ever_gets_its_end)
{
    fixture_sql(&f, "UPDATE millrace_tasks SET state = 4,"
                    " retain_ms = 5 WHERE number = " NUMBER(
                        "2") ";"
                             "UPDATE millrace_queues SET ready = 2, done = 1");

    then_it_is_found_and_fixed(scrub, NOW_MS, "retention");

    cr_assert(eq(i64,
                 fixture_number(&f, "SELECT forget_at - since"
                                    " FROM millrace_tasks"
                                    " WHERE number = " NUMBER("2")),
                 5));
}

Test(sqlite_scrub, keys_of_no_live_task_are_freed_and_others_stay)
{
    fixture_sql(
        &f, "INSERT INTO millrace_keys SELECT queue_id, x'6100', id, number, 0"
            " FROM millrace_tasks WHERE number = " NUMBER(
                "0") ";"
                     "INSERT INTO millrace_keys VALUES (1, x'62', x'00', 9, 0),"
                     " (1, x'63', x'00', 9, 5)");

    then_it_is_found_and_fixed(scrub, NOW_MS, "keys");

    cr_assert(
        eq(i64, fixture_number(&f, "SELECT count(*) FROM millrace_keys"), 2));
}

Test(sqlite_scrub, counters_that_disagree_are_counted_anew)
{
    fixture_sql(&f, "UPDATE millrace_queues SET ready = 77, dead = -1");

    then_it_is_found_and_fixed(scrub, NOW_MS, "counters");

    cr_assert(fixture_counters_are_right(&f));
}

Test(sqlite_scrub, a_name_that_no_queue_can_have_holds_up_no_walk)
{
    fixture_sql(&f, "INSERT INTO millrace_queues (namespace, name)"
                    " SELECT namespace, 'No queue' || char(0) || 'at all'"
                    " FROM millrace_queues");
    fixture_sql(&f, "INSERT INTO millrace_queues (namespace, name)"
                    " SELECT namespace, printf('%080d', 0)"
                    " FROM millrace_queues LIMIT 1");

    cr_assert(eq(sz, walk(scrub, NOW_MS, "counters", false), 0));
}

Test(sqlite_scrub, a_task_of_no_queue_is_told)
{
    fixture_sql(
        &f, "UPDATE millrace_tasks SET queue_id = 99 WHERE number = " NUMBER(
                "0") ";"
                     "UPDATE millrace_queues SET ready = 2");

    then_it_is_found(scrub, NOW_MS, "task rows");
}

Test(sqlite_scrub, missing_indexes_are_made_again)
{
    int64_t const before =
        fixture_number(&f, "SELECT count(*) FROM sqlite_schema");
    fixture_sql(&f, "DROP INDEX millrace_task_order;"
                    "DROP INDEX millrace_task_line");

    cr_assert(eq(sz, walk(scrub, NOW_MS, "indexes", true), 1));

    cr_assert(eq(sz, walk(scrub, NOW_MS, "indexes", false), 0));
    cr_assert(eq(i64, fixture_number(&f, "SELECT count(*) FROM sqlite_schema"),
                 before));
}

Test(sqlite_scrub, a_lease_is_silent_at_first_and_stale_later)
{
    cr_assert(eq(sz, fixture_lease(&f, 1, NOW_MS, &lease), 1));

    then_it_is_found(scrub, NOW_MS, "silent workers");
    then_it_is_found(scrub, NOW_MS + 10001 + SCRUB_STALE_MS, "stale leases");
}

Test(sqlite_scrub, all_pages_are_walked)
{
    fixture_enqueue(&f, 1000, NOW_MS);
    fixture_enqueue(&f, 1000, NOW_MS);
    fixture_sql(&f, "UPDATE millrace_tasks SET forget_at = 1");

    cr_assert(eq(sz, walk(scrub, NOW_MS, "retention", true), 2003));
    cr_assert(eq(sz, walk(scrub, NOW_MS, "retention", false), 0));
}

Test(sqlite_scrub, all_keys_are_walked)
{
    fixture_enqueue(&f, 1000, NOW_MS);
    fixture_sql(&f, "INSERT INTO millrace_keys"
                    " SELECT 1, CAST(number AS BLOB), x'00', 9, 0"
                    " FROM millrace_tasks");

    cr_assert(eq(sz, walk(scrub, NOW_MS, "keys", true), 1003));
    cr_assert(
        eq(i64, fixture_number(&f, "SELECT count(*) FROM millrace_keys"), 0));
}
