/*
 * What the Redis queue port does when something breaks: the line, the server,
 * its memory, its mind.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <signal.h>
#include <string.h>

#include "adapters/redis/redis_handshake.h"
#include "adapters/redis/redis_queue.h"
#include "tests/adapters/redis_fixture.h"

static struct redis_fixture f;

static void start(void)
{
    fixture_start(&f, NULL);
}

static void end(void)
{
    fixture_end(&f);
}

TestSuite(redis_faults, .init = start, .fini = end, .timeout = 60);
TestSuite(redis_refusals, .timeout = 60);

#define IS_STATUS(call, expected)                                              \
    cr_assert(eq(int, (call), (expected)), "%s", f.err.text)

Test(redis_faults, a_batch_whose_answer_was_lost_is_stored_once)
{
    IS_STATUS(enqueue_some(&f, 1), STATUS_OK);

    redis_relay_arm(&f.relay, RELAY_CUT_ANSWER, "EXEC");
    IS_STATUS(enqueue_some(&f, 10), STATUS_OK);

    cr_assert(eq(llong, by_hand(&f, "XLEN {ns:q}:ready:normal"), 11));
}

Test(redis_faults, a_batch_that_never_arrived_is_sent_again)
{
    IS_STATUS(enqueue_some(&f, 1), STATUS_OK);

    redis_relay_arm(&f.relay, RELAY_CUT_REQUEST, "EXEC");
    IS_STATUS(enqueue_some(&f, 10), STATUS_OK);

    cr_assert(eq(llong, by_hand(&f, "XLEN {ns:q}:ready:normal"), 11));
}

Test(redis_faults, answers_of_a_script_that_were_lost_are_found_again)
{
    struct new_task tasks[2] = {a_new_task(&f), a_new_task(&f)};
    struct enqueued results[2];
    tasks[0].task.key = BYTES("k");
    tasks[1].task.key = BYTES("k");

    redis_relay_arm(&f.relay, RELAY_CUT_ANSWER, "EVALSHA");
    IS_STATUS(queue_enqueue(f.queue, tasks[0].task.run_at_ms, tasks, 2, results,
                            &f.err),
              STATUS_OK);

    cr_assert(not(results[0].is_duplicate));
    cr_assert(results[1].is_duplicate);
    cr_assert(eq(str, results[1].id.text, tasks[0].task.id.text));
    cr_assert(eq(llong, by_hand(&f, "XLEN {ns:q}:ready:normal"), 1));
}

Test(redis_faults, a_call_repeated_after_a_fault_stores_nothing_twice)
{
    struct new_task task = a_new_task(&f);
    struct enqueued result;
    int64_t const now = task.task.run_at_ms;
    IS_STATUS(enqueue_some(&f, 1), STATUS_OK); /* the queue is known */

    redis_relay_arm(&f.relay, RELAY_CUT_ANSWER, "EXEC");
    redis_relay_stop_accepting(&f.relay, true);
    IS_STATUS(queue_enqueue(f.queue, now, &task, 1, &result, &f.err),
              STATUS_UNAVAILABLE);
    size_t const leased = lease_some(&f, 10); /* a quick worker */
    IS_STATUS(settle_some(&f, leased, VERDICT_DONE, NULL), STATUS_OK);
    redis_relay_stop_accepting(&f.relay, false);
    enum status st;
    do
        st = queue_enqueue(f.queue, now, &task, 1, &result, &f.err);
    while (st == STATUS_UNAVAILABLE); /* while it waits to connect again */
    IS_STATUS(st, STATUS_OK);

    cr_assert(eq(sz, leased, 2));
    cr_assert(not(result.is_duplicate));
    cr_assert(eq(llong, by_hand(&f, "XLEN {ns:q}:ready:normal"), 0));
}

Test(redis_faults, scripts_the_server_forgot_are_loaded_again)
{
    struct new_task keyed = a_new_task(&f);
    struct enqueued result;
    size_t moved;
    int64_t due;
    keyed.task.key = BYTES("k");

    IS_STATUS(enqueue_some(&f, 3), STATUS_OK);
    cr_assert(eq(sz, lease_some(&f, 3), 3));
    IS_STATUS(settle_some(&f, 1, VERDICT_DONE, NULL), STATUS_OK);
    by_hand(&f, "SCRIPT FLUSH");
    f.leases[0] = f.leases[1];
    IS_STATUS(settle_some(&f, 1, VERDICT_DONE, NULL), STATUS_OK);
    by_hand(&f, "SCRIPT FLUSH");
    f.leases[0] = f.leases[2];
    IS_STATUS(settle_some(&f, 1, VERDICT_RETRY, NULL), STATUS_OK);
    by_hand(&f, "SCRIPT FLUSH");
    IS_STATUS(queue_promote(f.queue, NOW_MS + 9000, 10, &moved, &due, &f.err),
              STATUS_OK);
    by_hand(&f, "SCRIPT FLUSH");
    IS_STATUS(queue_enqueue(f.queue, keyed.task.run_at_ms, &keyed, 1, &result,
                            &f.err),
              STATUS_OK);

    cr_assert(eq(sz, moved, 1));
    cr_assert(eq(llong, by_hand(&f, "XLEN {ns:q}:ready:normal"), 2));
}

Test(redis_faults, a_line_cut_while_idle_is_not_noticed)
{
    IS_STATUS(enqueue_some(&f, 1), STATUS_OK);

    by_hand(&f, "CLIENT KILL TYPE normal SKIPME yes");
    cr_assert(eq(sz, lease_some(&f, 1), 1));
    by_hand(&f, "CLIENT KILL TYPE normal SKIPME yes");
    IS_STATUS(settle_some(&f, 1, VERDICT_DONE, NULL), STATUS_OK);

    cr_assert(eq(llong, by_hand(&f, "XLEN {ns:q}:ready:normal"), 0));
}

Test(redis_faults, at_maxmemory_nothing_comes_in_but_all_can_finish)
{
    IS_STATUS(enqueue_some(&f, 8), STATUS_OK);
    cr_assert(eq(sz, lease_some(&f, 2), 2));
    by_hand(&f, "CONFIG SET maxmemory 1000000");

    IS_STATUS(enqueue_some(&f, 1), STATUS_FULL);
    IS_STATUS(settle_some(&f, 2, VERDICT_DONE, NULL), STATUS_OK);
    cr_assert(eq(sz, lease_some(&f, 2), 2));
    IS_STATUS(settle_some(&f, 2, VERDICT_RETRY, NULL), STATUS_OK);
    cr_assert(eq(sz, lease_some(&f, 2), 2));
    IS_STATUS(settle_some(&f, 2, VERDICT_DEAD, NULL), STATUS_OK);
    cr_assert(eq(sz, lease_some(&f, 2), 2));
    IS_STATUS(settle_some(&f, 2, VERDICT_RELEASE, NULL), STATUS_OK);

    cr_assert(eq(llong, by_hand(&f, "ZCARD {ns:q}:retry"), 2));
    cr_assert(eq(llong, by_hand(&f, "XLEN {ns:q}:dead"), 2));
    cr_assert(eq(llong, by_hand(&f, "XLEN {ns:q}:ready:normal"), 2));
}

Test(redis_faults, what_did_not_fit_is_stored_by_the_same_call_later)
{
    struct new_task task = a_new_task(&f);
    struct enqueued result;
    int64_t const now = task.task.run_at_ms;

    by_hand(&f, "CONFIG SET maxmemory 1000000");
    IS_STATUS(queue_enqueue(f.queue, now, &task, 1, &result, &f.err),
              STATUS_FULL);
    by_hand(&f, "CONFIG SET maxmemory 0");
    IS_STATUS(queue_enqueue(f.queue, now, &task, 1, &result, &f.err),
              STATUS_OK);

    cr_assert(eq(llong, by_hand(&f, "XLEN {ns:q}:ready:normal"), 1));
    cr_assert(eq(llong, by_hand(&f, "SISMEMBER ns:queues q"), 1));
}

Test(redis_refusals, tasks_and_leases_outlive_a_restart_of_the_server)
{
    static const char *const durable[] = {"--appendonly", "yes",
                                          "--appendfsync", "always", NULL};
    fixture_start(&f, durable);
    IS_STATUS(enqueue_some(&f, 3), STATUS_OK);
    cr_assert(eq(sz, lease_some(&f, 1), 1));

    redis_server_stop(&f.server, SIGKILL);
    IS_STATUS(settle_some(&f, 1, VERDICT_DONE, NULL), STATUS_UNAVAILABLE);
    cr_assert(redis_server_start(&f.server, durable));
    fixture_reconnect(&f);
    while (settle_some(&f, 1, VERDICT_DONE, NULL) == STATUS_UNAVAILABLE)
        continue;

    cr_assert(eq(sz, lease_some(&f, 10), 2));
    fixture_end(&f);
}

static enum status enqueue_directly(void)
{
    struct new_task const task = a_new_task(&f);
    struct enqueued result;

    return queue_enqueue(f.direct, task.task.run_at_ms, &task, 1, &result,
                         &f.err);
}

Test(redis_refusals, a_server_that_has_forgotten_all_is_told_the_queue_anew)
{
    fixture_start(&f, NULL);
    IS_STATUS(enqueue_directly(), STATUS_OK);

    redis_server_stop(&f.server, SIGKILL);
    cr_assert(redis_server_start(&f.server, NULL));
    fixture_reconnect(&f);
    while (enqueue_directly() == STATUS_UNAVAILABLE)
        continue;

    cr_assert(eq(llong, by_hand(&f, "SISMEMBER ns:queues q"), 1));
    cr_assert(eq(sz, lease_some(&f, 10), 1));
    fixture_end(&f);
}

static enum status open_with(const char *options)
{
    struct backend_url url;
    struct queue_port q;

    fixture_url(&f, options, &url);
    enum status const st = redis_queue_open(&url, &q, &f.err);
    if (st == STATUS_OK)
        queue_close(q);
    return st;
}

Test(redis_refusals, a_wrong_password_is_refused_and_not_shown)
{
    fixture_start(&f, NULL);
    by_hand(&f, "CONFIG SET requirepass right");

    IS_STATUS(open_with(""), STATUS_REFUSED);
    IS_STATUS(open_with("&password=wrong-one"), STATUS_REFUSED);
    cr_assert(strstr(f.err.text, "wrong-one") == NULL, "%s", f.err.text);
    cr_assert(strstr(f.err.text, "***") != NULL, "%s", f.err.text);
    IS_STATUS(open_with("&password=right"), STATUS_OK);

    fixture_end(&f);
}

Test(redis_refusals, a_schema_from_the_future_is_refused)
{
    fixture_start(&f, NULL);

    by_hand(&f, "SET ns:schema 2");
    IS_STATUS(open_with(""), STATUS_REFUSED);

    cr_assert(strstr(f.err.text, "version 2") != NULL, "%s", f.err.text);
    fixture_end(&f);
}

Test(redis_refusals, a_server_that_is_not_there_is_unavailable)
{
    strcpy(f.server.socket, "/nonexistent/redis.sock");

    IS_STATUS(open_with(""), STATUS_UNAVAILABLE);

    cr_assert(strstr(f.err.text, "/nonexistent") != NULL, "%s", f.err.text);
}

Test(redis_refusals, a_server_older_than_6_2_is_refused_by_its_version)
{
    static const struct {
        const char *info;
        enum status expected;
    } cases[] = {
        {"redis_version:5.0.14\r\n", STATUS_REFUSED},
        {"redis_version:6.0.16\r\n", STATUS_REFUSED},
        {"# Server\r\nredis_version:6.2.0\r\nuptime_in_seconds:9\r\n",
         STATUS_OK},
        {"redis_version:7.0.15\r\nrun_id:abc\r\n", STATUS_OK},
        {"redis_version:10.1\r\n", STATUS_OK},
        {"no such line", STATUS_REFUSED},
    };
    struct redis_connection c;
    redis_connection_init(&c, &f.url);

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        cr_expect(eq(int,
                     redis_server_check(&c, bytes_of(cases[i].info), &f.err),
                     cases[i].expected),
                  "%s", cases[i].info);
}

Test(redis_refusals, each_error_of_the_server_has_its_meaning)
{
    static const struct {
        const char *text;
        enum status expected;
    } cases[] = {
        {"OOM command not allowed", STATUS_FULL},
        {"ERR Error running script (call to f_1): @user_script:1: -OOM command"
         " not allowed",
         STATUS_FULL},
        {"LOADING Redis is loading", STATUS_UNAVAILABLE},
        {"READONLY You can't write", STATUS_UNAVAILABLE},
        {"MASTERDOWN Link with MASTER is down", STATUS_UNAVAILABLE},
        {"BUSY Redis is busy", STATUS_UNAVAILABLE},
        {"NOAUTH Authentication required.", STATUS_REFUSED},
        {"NOPERM no permission", STATUS_REFUSED},
        {"WRONGTYPE Operation against a key", STATUS_CORRUPT},
        {"ERR unknown command", STATUS_REFUSED},
    };
    struct redis_connection c;
    redis_connection_init(&c, &f.url);

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        cr_expect(
            eq(int, redis_fault(&c, cases[i].text, &f.err), cases[i].expected),
            "%s", cases[i].text);
}
