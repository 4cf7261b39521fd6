/*
 * What the Redis queue port keeps on the server, and what it costs.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <pthread.h>
#include <string.h>

#include "adapters/redis/redis_clock.h"
#include "adapters/redis/redis_queue.h"
#include "adapters/redis/redis_task.h"
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

TestSuite(redis_queue, .init = start, .fini = end, .timeout = 60);

#define IS_STATUS(call, expected)                                              \
    cr_assert(eq(int, (call), (expected)), "%s", f.err.text)
#define IS_COUNT(count, expected) cr_assert(eq(llong, (count), (expected)))

/* How many entries of a stream are leased. */
static long long pending_of(const char *key)
{
    redisReply *reply = redisCommand(f.line, "XPENDING %s millrace", key);

    cr_assert(reply && reply->type == REDIS_REPLY_ARRAY);
    long long const n = reply->element[0]->integer;
    freeReplyObject(reply);
    return n;
}

Test(redis_queue, a_plain_task_costs_one_command_in_and_a_share_of_two_out)
{
    IS_STATUS(enqueue_some(&f, 100), STATUS_OK);
    cr_assert(eq(sz, lease_some(&f, 100), 100)); /* makes the group */
    IS_STATUS(settle_some(&f, 100, VERDICT_DONE, NULL), STATUS_OK);
    by_hand(&f, "CONFIG RESETSTAT");

    IS_STATUS(enqueue_some(&f, 200), STATUS_OK);
    cr_assert(eq(sz, lease_some(&f, 200), 200));
    IS_STATUS(settle_some(&f, 200, VERDICT_DONE, NULL), STATUS_OK);

    IS_COUNT(calls_of(&f, "xadd"), 200);
    IS_COUNT(calls_of(&f, "multi"), 4);
    IS_COUNT(calls_of(&f, "xreadgroup"), 1);
    IS_COUNT(calls_of(&f, "evalsha"), 1);
    IS_COUNT(calls_of(&f, "xack"), 1);
    IS_COUNT(calls_of(&f, "xdel"), 1);
}

Test(redis_queue, a_plain_task_has_three_fields)
{
    IS_STATUS(enqueue_some(&f, 1), STATUS_OK);

    cr_assert(eq(str,
                 (char *)text_by_hand(&f, "EVAL %s 1 {ns:q}:ready:normal",
                                      "return table.concat(redis.call("
                                      "'XRANGE', KEYS[1], '-', '+')"
                                      "[1][2], ' ', 3)"),
                 (char *)"type test payload {\"n\":1}"));
    IS_COUNT(by_hand(&f, "EXISTS {ns:q}:pointers {ns:q}:keys {ns:q}:bodies"),
             0);
}

/* One of each kind that leaves something behind while it lives. */
static void enqueue_all_kinds(void)
{
    struct new_task tasks[4];
    struct enqueued results[4];

    for (int i = 0; i < 4; i++)
        tasks[i] = a_new_task(&f);
    tasks[0].task.key = BYTES("until-the-end");
    tasks[1].task.key = BYTES("for-a-while");
    tasks[1].task.key_ttl_ms = 1000;
    tasks[2].is_id_new = false;
    int64_t const now = tasks[3].task.run_at_ms;
    tasks[3].task.run_at_ms = now + 1;
    tasks[3].task.retain_ms = 1000;
    IS_STATUS(queue_enqueue(f.queue, now, tasks, 4, results, &f.err),
              STATUS_OK);
}

Test(redis_queue, when_all_is_done_nothing_is_left_but_what_is_there_anyway)
{
    size_t moved;
    int64_t due;

    enqueue_all_kinds();
    IS_STATUS(enqueue_some(&f, 5), STATUS_OK);
    IS_STATUS(queue_promote(f.direct, INT64_C(4000000000000), 100, &moved, &due,
                            &f.err),
              STATUS_OK);
    size_t n = lease_some(&f, 100);
    IS_STATUS(settle_some(&f, n, VERDICT_RETRY, NULL), STATUS_OK);
    IS_STATUS(queue_promote(f.direct, INT64_C(4000000000000), 100, &moved, &due,
                            &f.err),
              STATUS_OK);
    n = lease_some(&f, 100);
    IS_STATUS(settle_some(&f, n, VERDICT_DONE, NULL), STATUS_OK);
    IS_STATUS(queue_promote(f.direct, INT64_C(4000000000000), 100, &moved, &due,
                            &f.err),
              STATUS_OK);

    cr_assert(eq(sz, n, 9));
    IS_COUNT(by_hand(&f, "XLEN {ns:q}:ready:normal"), 0);
    IS_COUNT(by_hand(&f, "EXISTS {ns:q}:scheduled {ns:q}:retry {ns:q}:bodies "
                         "{ns:q}:done {ns:q}:expiry {ns:q}:keys "
                         "{ns:q}:windows {ns:q}:pointers {ns:q}:dead "
                         "{ns:q}:deadindex"),
             0);
}

Test(redis_queue, a_forged_token_does_not_delete_a_ready_task)
{
    enum status results[2];
    IS_STATUS(enqueue_some(&f, 2), STATUS_OK);
    cr_assert(eq(sz, lease_some(&f, 1), 1));
    f.leases[1] = f.leases[0];
    snprintf(f.leases[1].token.text, LEASE_TOKEN_SIZE, "q:normal:%s:%s",
             text_by_hand(&f, "EVAL %s 1 {ns:q}:ready:normal",
                          "return redis.call('XREVRANGE', KEYS[1], '+', '-')"
                          "[1][1]"),
             f.leases[1].task.id.text);

    IS_STATUS(settle_some(&f, 2, VERDICT_DONE, results), STATUS_OK);

    cr_assert(eq(int, results[0], STATUS_OK));
    cr_assert(eq(int, results[1], STATUS_LEASE_LOST));
    IS_COUNT(by_hand(&f, "XLEN {ns:q}:ready:normal"), 1);
    cr_assert(eq(str, (char *)text_by_hand(&f, "HGET {ns:q}:counters done"),
                 (char *)"1"));
}

Test(redis_queue, tokens_of_no_queue_make_none)
{
    enum status result;
    f.leases[0] = (struct lease){.task = a_new_task(&f).task};

    f.leases[0].task.queue = BYTES("nowhere");
    snprintf(f.leases[0].token.text, LEASE_TOKEN_SIZE, "nowhere:normal:1-1:%s",
             f.leases[0].task.id.text);
    IS_STATUS(settle_some(&f, 1, VERDICT_DONE, &result), STATUS_OK);

    cr_assert(eq(int, result, STATUS_LEASE_LOST));
    IS_COUNT(by_hand(&f, "KEYS *"), 0);
}

Test(redis_queue, a_task_far_from_the_time_in_its_id_gets_a_pointer)
{
    struct new_task task = a_new_task(&f);
    struct enqueued result;
    struct task_id_source past = {0};
    task.task.id = task_id_next(&past, NOW_MS, 9, task.task.queue);

    IS_STATUS(
        queue_enqueue(f.queue, task.task.run_at_ms, &task, 1, &result, &f.err),
        STATUS_OK);

    IS_COUNT(by_hand(&f, "HEXISTS {ns:q}:pointers %s", task.task.id.text), 1);
    cr_assert(eq(sz, lease_some(&f, 1), 1));
    IS_STATUS(settle_some(&f, 1, VERDICT_DONE, NULL), STATUS_OK);
    IS_COUNT(by_hand(&f, "EXISTS {ns:q}:pointers"), 0);
}

Test(redis_queue, fencing_grows_also_when_the_servers_clock_steps_back)
{
    struct reap_request const req = {
        .max = 1, .lease_ms = 10, .worker = "reaper", .now_ms = NOW_MS};
    size_t count;
    IS_STATUS(enqueue_some(&f, 1), STATUS_OK);
    const struct new_task task = a_new_task(&f);
    by_hand(&f,
            "XADD {ns:q}:ready:high 99999999999999-5 id %s type t payload "
            "{}",
            task.task.id.text);
    cr_assert(eq(sz, lease_some(&f, 1), 1));
    uint64_t const before = f.leases[0].fencing;

    by_hand(&f, "XGROUP CREATECONSUMER {ns:q}:ready:high millrace 0/gone");
    by_hand(&f, "XCLAIM {ns:q}:ready:high millrace 0/gone 0 99999999999999-5");
    IS_STATUS(
        queue_take_expired(f.direct, &req, &f.mem, f.leases, &count, &f.err),
        STATUS_OK);

    cr_assert(gt(u64, f.leases[0].fencing, before));
}

Test(redis_queue, many_leases_that_ended_are_taken_with_one_look_at_the_group)
{
    struct reap_request const req = {
        .max = 20, .lease_ms = LONG_MS, .worker = "reaper", .now_ms = NOW_MS};
    size_t count;
    IS_STATUS(enqueue_some(&f, 20), STATUS_OK);
    cr_assert(eq(sz, lease_some(&f, 20), 20));
    by_hand(&f, "EVAL %s 1 {ns:q}:ready:normal",
            "for _, item in ipairs(redis.call('XRANGE', KEYS[1], '-', '+')) do "
            "redis.call('XCLAIM', KEYS[1], 'millrace', '0/gone', 0, item[1]) "
            "end return 1");
    by_hand(&f, "CONFIG RESETSTAT");

    IS_STATUS(
        queue_take_expired(f.direct, &req, &f.mem, f.leases, &count, &f.err),
        STATUS_OK);

    cr_assert(eq(sz, count, 20));
    IS_COUNT(calls_of(&f, "xclaim"), 20);
    IS_COUNT(calls_of(&f, "xgroup|create") + calls_of(&f, "xgroup"), 1);
}

Test(redis_queue, a_port_that_closes_leaves_no_consumer_behind)
{
    struct queue_port q;
    IS_STATUS(redis_queue_open(&f.direct_url, &q, &f.err), STATUS_OK);
    IS_STATUS(enqueue_some(&f, 1), STATUS_OK);
    struct queue_port const kept = f.direct;
    f.direct = q;
    cr_assert(eq(sz, lease_some(&f, 1), 1));
    IS_STATUS(settle_some(&f, 1, VERDICT_DONE, NULL), STATUS_OK);
    f.direct = kept;

    queue_close(q);

    IS_COUNT(by_hand(&f, "XINFO CONSUMERS {ns:q}:ready:normal millrace"), 0);
}

Test(redis_queue, the_clock_is_the_servers)
{
    struct clock_port clock;
    IS_STATUS(redis_clock_open(&f.direct_url, &clock, &f.err), STATUS_OK);

    int64_t const before = server_now(&f);
    int64_t const now = clock_now_ms(clock);
    int64_t const after = server_now(&f);

    cr_assert(ge(i64, now, before - 5));
    cr_assert(le(i64, now, after + 5));
    clock.ops->close(clock.self);
}

Test(redis_queue, what_the_arena_cannot_hold_is_not_leased)
{
    enum { SIZE = 500000, TASKS = 30 };
    static char payload[SIZE];
    memset(payload, '1', SIZE);
    for (int i = 0; i < TASKS; i++) {
        struct new_task task = a_new_task(&f);
        struct enqueued result;
        task.task.payload = (struct bytes){payload, SIZE};
        IS_STATUS(queue_enqueue(f.queue, task.task.run_at_ms, &task, 1, &result,
                                &f.err),
                  STATUS_OK);
    }

    size_t const n = lease_some(&f, TASKS);

    cr_assert(ge(sz, n, 8));
    cr_assert(lt(sz, n, TASKS));
    IS_COUNT(pending_of("{ns:q}:ready:normal"), (long long)n);
}

struct sleeper {
    struct queue_port port;
    struct lease lease;
    enum status status;
    struct error err;
};

/* Waits for a task of any queue, as long as it takes. */
static void *sleep_for_any(void *context)
{
    static char room[4 << 20];
    struct sleeper *s = context;
    struct queue_plan const every = {.kind = PLAN_EVERY};
    struct arena mem = {room, 0, sizeof(room)};
    struct lease_request const req = {.plan = &every,
                                      .max = 1,
                                      .lease_ms = LONG_MS,
                                      .worker = "sleeper",
                                      .now_ms = NOW_MS,
                                      .until_ms = NOW_MS + LONG_MS,
                                      .wake = WAKE_NEVER};
    size_t count;

    s->status = queue_lease(s->port, &req, &mem, &s->lease, &count, &s->err);
    return NULL;
}

/* Until so many clients sleep in a blocking read. */
static void wait_for_blocked(int clients)
{
    char wanted[40];

    snprintf(wanted, sizeof(wanted), "blocked_clients:%d", clients);
    while (!strstr(text_by_hand(&f, "INFO clients"), wanted))
        continue;
}

static void begin_sleep(struct sleeper *s, pthread_t *thread)
{
    IS_STATUS(redis_queue_open(&f.direct_url, &s->port, &f.err), STATUS_OK);
    cr_assert(pthread_create(thread, NULL, sleep_for_any, s) == 0);
    wait_for_blocked(1);
}

Test(redis_queue, a_queue_that_is_new_wakes_who_waits_for_every_queue)
{
    struct sleeper s;
    pthread_t thread;
    begin_sleep(&s, &thread);

    IS_STATUS(enqueue_some(&f, 1), STATUS_OK);
    pthread_join(thread, NULL);

    cr_assert(eq(int, s.status, STATUS_OK), "%s", s.err.text);
    queue_close(s.port);
}

Test(redis_queue, what_a_sleeper_gets_of_a_queue_paused_meanwhile_goes_back)
{
    struct sleeper s;
    pthread_t thread;
    by_hand(&f, "SADD ns:queues q other");
    begin_sleep(&s, &thread);

    by_hand(&f, "SADD ns:paused q");
    IS_STATUS(enqueue_some(&f, 1), STATUS_OK);
    struct new_task other = a_new_task(&f);
    struct enqueued result;
    other.task.queue = BYTES("other");
    wait_for_blocked(1);
    IS_STATUS(queue_enqueue(f.queue, other.task.run_at_ms, &other, 1, &result,
                            &f.err),
              STATUS_OK);
    pthread_join(thread, NULL);

    cr_assert(eq(str, s.lease.task.id.text, other.task.id.text));
    by_hand(&f, "SREM ns:paused q");
    cr_assert(eq(sz, lease_some(&f, 1), 1));
    cr_assert(eq(int, f.leases[0].task.attempt, 1));
    queue_close(s.port);
}

Test(redis_queue, a_sleeper_outlives_the_loss_of_its_keys)
{
    struct sleeper s;
    pthread_t thread;
    begin_sleep(&s, &thread);

    by_hand(&f, "FLUSHALL");
    wait_for_blocked(1); /* once it sleeps again */
    IS_STATUS(enqueue_some(&f, 1), STATUS_OK);
    pthread_join(thread, NULL);

    cr_assert(eq(int, s.status, STATUS_OK), "%s", s.err.text);
    queue_close(s.port);
}
