/*
 * redis_scrub_test.c - each harm that commands by hand can do is found.
 */
#include "adapters/redis/redis_scrub.h"
#include "tests/adapters/redis_fixture.h"
#include "tests/adapters/scrub_steps.h"

#define ID "01HF7YAT00ZZZZZZZZZZZZZZZZ"
#define BODY "4:test,2:{},"
#define K "{ns:q}:"

static struct redis_fixture f;
static struct scrub_port scrub;

static void start(void)
{
    fixture_start_with_queue(&f);
    cr_assert(
        eq(int, redis_scrub_open(&f.direct_url, &scrub, &f.err), STATUS_OK));
}

static void end(void)
{
    scrub_close(scrub);
    fixture_end(&f);
}

TestSuite(redis_scrub, .init = start, .fini = end, .timeout = 60);

#define IS_COUNT(count, expected) cr_assert(eq(llong, (count), (expected)))

static void then_it_is_repaired(const char *check)
{
    then_it_is_found_and_fixed(scrub, server_now(&f), check);
}

Test(redis_scrub, an_orphan_body_waits_again)
{
    by_hand(&f, "HSET " K "bodies " ID " " BODY);

    then_it_is_repaired("orphan bodies");

    IS_COUNT(by_hand(&f, "ZCARD " K "scheduled"), 1);
    IS_COUNT(by_hand(&f, "HLEN " K "bodies"), 1);
}

Test(redis_scrub, an_orphan_body_of_a_further_attempt_waits_for_its_own_time)
{
    by_hand(&f, "HSET " K "bodies " ID " %s", BODY "1 run=4102444800000 att=2");

    then_it_is_repaired("orphan bodies");

    cr_assert(eq(str, (char *)text_by_hand(&f, "ZSCORE " K "retry " ID),
                 "4102444800000"));
}

Test(redis_scrub, an_orphan_body_that_says_done_does_not_run_again)
{
    by_hand(&f, "HSET " K "bodies " ID " %s",
            BODY "1 keep=500 fin=4102444800000");

    then_it_is_repaired("orphan bodies");

    IS_COUNT(by_hand(&f, "ZCARD " K "scheduled"), 0);
    cr_assert(eq(str, (char *)text_by_hand(&f, "ZSCORE " K "expiry " ID),
                 "4102444800500"));
}

Test(redis_scrub, an_orphan_body_of_a_dead_task_goes)
{
    by_hand(&f, "XADD " K "dead 5-1 id " ID " type t payload {}");
    by_hand(&f, "HSET " K "deadindex " ID " 5-1");
    by_hand(&f, "HSET " K "bodies " ID " " BODY);

    then_it_is_repaired("orphan bodies");

    IS_COUNT(by_hand(&f, "ZCARD " K "scheduled"), 0);
    IS_COUNT(by_hand(&f, "HLEN " K "bodies"), 0);
    IS_COUNT(by_hand(&f, "XLEN " K "dead"), 1);
}

Test(redis_scrub, a_waiting_task_without_a_body_is_told)
{
    by_hand(&f, "ZADD " K "retry 4102444800000 " ID);

    then_it_is_found(scrub, server_now(&f), "task bodies");
}

Test(redis_scrub, a_done_task_without_a_body_is_forgotten)
{
    by_hand(&f, "ZADD " K "done 5 " ID);
    by_hand(&f, "ZADD " K "expiry 4102444800000 " ID);

    then_it_is_repaired("result bodies");

    IS_COUNT(by_hand(&f, "EXISTS " K "done " K "expiry"), 0);
}

Test(redis_scrub, an_end_of_no_done_task_goes)
{
    by_hand(&f, "ZADD " K "expiry 4102444800000 " ID);

    then_it_is_repaired("expiry");

    IS_COUNT(by_hand(&f, "EXISTS " K "expiry"), 0);
}

Test(redis_scrub, a_done_task_without_an_end_gets_one)
{
    by_hand(&f, "HSET " K "bodies " ID " %s", BODY "1 keep=500 fin=1000");
    by_hand(&f, "ZADD " K "done 1000 " ID);

    then_it_is_repaired("expiry");

    cr_assert(
        eq(str, (char *)text_by_hand(&f, "ZSCORE " K "expiry " ID), "1500"));
}

Test(redis_scrub, an_entry_of_the_index_without_a_dead_task_goes)
{
    by_hand(&f, "HSET " K "deadindex " ID " 5-1");

    then_it_is_repaired("dead index");

    IS_COUNT(by_hand(&f, "HLEN " K "deadindex"), 0);
}

Test(redis_scrub, a_dead_task_is_put_into_the_index_again)
{
    by_hand(&f, "XADD " K "dead 5-1 id " ID " type t payload {}");

    then_it_is_repaired("dead letters");

    cr_assert(
        eq(str, (char *)text_by_hand(&f, "HGET " K "deadindex " ID), "5-1"));
}

/* A leased task whose entry was acknowledged by hand. */
static void given_a_ghost(void)
{
    cr_assert(eq(int, enqueue_some(&f, 1), STATUS_OK));
    cr_assert(eq(sz, lease_some(&f, 1), 1));
    text_by_hand(&f, "EVAL %s 1 " K "ready:normal",
                 "local e = redis.call('XRANGE', KEYS[1], '-', '+')[1][1] "
                 "return redis.call('XACK', KEYS[1], 'millrace', e)");
}

Test(redis_scrub, a_ghost_becomes_ready_and_runs)
{
    given_a_ghost();
    struct task_id const id = f.leases[0].task.id;

    then_it_is_repaired("ghosts");

    cr_assert(eq(sz, lease_some(&f, 2), 1));
    cr_assert(eq(str, f.leases[0].task.id.text, (char *)id.text));
    cr_assert(eq(int, settle_some(&f, 1, VERDICT_DONE, NULL), STATUS_OK));
    IS_COUNT(by_hand(&f, "XLEN " K "ready:normal"), 0);
    IS_COUNT(by_hand(&f, "HLEN " K "pointers"), 0);
}

Test(redis_scrub, a_ghost_of_a_done_task_does_not_run_again)
{
    given_a_ghost();
    const char *id = f.leases[0].task.id.text;
    by_hand(&f, "HSET " K "bodies %s %s", id, BODY "1 keep=5 fin=1000");
    by_hand(&f, "ZADD " K "done 1000 %s", id);
    by_hand(&f, "ZADD " K "expiry 4102444800000 %s", id);

    then_it_is_repaired("ghosts");

    IS_COUNT(by_hand(&f, "XLEN " K "ready:normal"), 0);
}

Test(redis_scrub, a_lease_whose_entry_is_gone_goes)
{
    cr_assert(eq(int, enqueue_some(&f, 1), STATUS_OK));
    cr_assert(eq(sz, lease_some(&f, 1), 1));
    by_hand(&f, "EVAL %s 1 " K "ready:normal",
            "local e = redis.call('XRANGE', KEYS[1], '-', '+')[1][1] "
            "return redis.call('XDEL', KEYS[1], e)");

    then_it_is_repaired("pending entries");

    IS_COUNT(by_hand(&f, "EVAL %s 1 " K "ready:normal",
                     "return redis.call('XPENDING', KEYS[1], 'millrace')[1]"),
             0);
}

Test(redis_scrub, a_key_of_no_live_task_is_freed)
{
    by_hand(&f, "HSET " K "keys key %s", ID " 0");

    then_it_is_repaired("keys");

    IS_COUNT(by_hand(&f, "HLEN " K "keys"), 0);
}

Test(redis_scrub, a_key_whose_task_lost_its_pointer_is_not_freed)
{
    cr_assert(eq(int, enqueue_some(&f, 1), STATUS_OK));
    by_hand(&f, "EVAL %s 2 " K "ready:normal " K "keys",
            "local e = redis.call('XRANGE', KEYS[1], '-', '+')[1][2] "
            "return redis.call('HSET', KEYS[2], 'key', e[2] .. ' 0')");
    struct scrub_flaw flaw = {.queue = "q", .subject = "key", .subject_len = 3};
    while (strcmp(scrub.ops->checks[flaw.check].name, "keys") != 0)
        flaw.check++;

    cr_assert(eq(int, scrub_repair(scrub, server_now(&f), &flaw, &f.err),
                 STATUS_NOT_FOUND));
    IS_COUNT(by_hand(&f, "HLEN " K "keys"), 1);
}

Test(redis_scrub, a_key_without_its_window_gets_it)
{
    by_hand(&f, "HSET " K "keys key %s", ID " 4102444800000");

    then_it_is_repaired("key windows");

    cr_assert(eq(str, (char *)text_by_hand(&f, "ZSCORE " K "windows key"),
                 "4102444800000"));
}

Test(redis_scrub, a_window_of_no_key_goes)
{
    by_hand(&f, "ZADD " K "windows 4102444800000 key");

    then_it_is_repaired("key windows");

    IS_COUNT(by_hand(&f, "EXISTS " K "windows"), 0);
}

Test(redis_scrub, a_pointer_that_leads_nowhere_goes)
{
    by_hand(&f, "HSET " K "pointers " ID " %s", "high 5-1");

    then_it_is_repaired("pointers");

    IS_COUNT(by_hand(&f, "HLEN " K "pointers"), 0);
}

Test(redis_scrub, a_consumer_that_is_nobodys_goes)
{
    by_hand(&f, "XGROUP CREATECONSUMER " K "ready:normal millrace stranger");

    then_it_is_repaired("consumers");
}

/* The sum that ends what DUMP answers: CRC-64 by the polynomial of Jones,
 * lowest bits first. */
static uint64_t sum_of(const char *at, size_t len)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < len; i++) {
        sum ^= (uint8_t)at[i];
        for (int bit = 0; bit < 8; bit++)
            sum = sum >> 1 ^ (sum & 1 ? UINT64_C(0x95ac9329ac4bc9b5) : 0);
    }
    return sum;
}

static void put_number(char *at, uint64_t number)
{
    for (int i = 0; i < 8; i++)
        at[i] = (char)(number >> 8 * i);
}

/* A consumer of that name, last seen so long ago. No command can say so, but
 * the stream as it is dumped does: the time follows the name. */
static void given_a_consumer(const char *name, int64_t idle_ms)
{
    const char *key = K "ready:normal";
    int64_t const seen_ms = server_now(&f) - idle_ms;
    by_hand(&f, "XGROUP CREATECONSUMER %s millrace %s", key, name);

    redisReply *dump = redisCommand(f.line, "DUMP %s", key);
    cr_assert(dump != NULL && dump->type == REDIS_REPLY_STRING);
    char *found = memmem(dump->str, dump->len, name, strlen(name));
    cr_assert(found != NULL);
    put_number(found + strlen(name), (uint64_t)seen_ms);
    put_number(dump->str + dump->len - 8, sum_of(dump->str, dump->len - 8));
    by_hand(&f, "RESTORE %s 0 %b REPLACE", key, dump->str, dump->len);
    freeReplyObject(dump);
}

#define HOUR_MS 3600000

Test(redis_scrub, a_consumer_that_was_idle_for_a_day_goes)
{
    given_a_consumer("600000/w", 24 * HOUR_MS);

    then_it_is_repaired("consumers");
}

Test(redis_scrub, a_consumer_that_was_idle_for_less_than_a_day_stays)
{
    given_a_consumer("600000/w", 23 * HOUR_MS);

    cr_assert(eq(sz, walk(scrub, server_now(&f), "consumers", false), 0));
}

Test(redis_scrub, a_consumer_of_longer_leases_stays_for_the_length_of_one)
{
    given_a_consumer("172800000/w", 47 * HOUR_MS);

    cr_assert(eq(sz, walk(scrub, server_now(&f), "consumers", false), 0));
}

Test(redis_scrub, a_consumer_goes_that_was_idle_for_the_length_of_its_leases)
{
    given_a_consumer("172800000/w", 48 * HOUR_MS);

    then_it_is_repaired("consumers");
}

Test(redis_scrub, a_queue_that_is_not_listed_is_listed)
{
    by_hand(&f, "SREM ns:queues q");

    then_it_is_repaired("queue names");

    IS_COUNT(by_hand(&f, "SISMEMBER ns:queues q"), 1);
}

Test(redis_scrub, a_listed_name_that_no_queue_can_have_holds_up_no_walk)
{
    char longer[QUEUE_NAME_MAX + 2] = "";
    memset(longer, 'q', QUEUE_NAME_MAX + 1);

    by_hand(&f, "SADD ns:queues %s %s %s", "No queue", longer, "");
    by_hand(&f, "HSET %s a b", "{ns:None either}:keys");

    cr_assert(eq(sz, walk(scrub, server_now(&f), "queue names", true), 0));
    IS_COUNT(by_hand(&f, "SCARD ns:queues"), 4);
}

Test(redis_scrub, all_pages_are_walked)
{
    by_hand(&f, "EVAL %s 1 " K "pointers",
            "for i = 1, 3000 do redis.call('HSET', KEYS[1], i, 'high 5-1') end "
            "return 1");

    cr_assert(eq(sz, walk(scrub, server_now(&f), "pointers", true), 3000));
    IS_COUNT(by_hand(&f, "HLEN " K "pointers"), 0);
}
