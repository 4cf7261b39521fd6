/*
 * How the Redis queue port makes due tasks ready: what it makes of each kind of
 * body, and how much it asks of the server at once.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#include "adapters/redis/redis_queue.h"
#include "tests/adapters/redis_fixture.h"

#define K "{ns:q}:"
#define LATER_MS INT64_C(4000000000000) /* when all is due */

static struct redis_fixture f;

static void start(void)
{
    fixture_start(&f, NULL);
}

static void end(void)
{
    fixture_end(&f);
}

TestSuite(redis_promote, .init = start, .fini = end, .timeout = 60);

#define IS_STATUS(call, expected)                                              \
    cr_assert(eq(int, (call), (expected)), "%s", f.err.text)
#define IS_COUNT(count, expected) cr_assert(eq(llong, (count), (expected)))

/* One call; how many moved. */
static size_t promote_up_to(size_t limit, int64_t *due_ms)
{
    size_t moved = 0;

    IS_STATUS(queue_promote(f.direct, LATER_MS, limit, &moved, due_ms, &f.err),
              STATUS_OK);
    return moved;
}

/* A new task that waits in zset for score, with that body ("": none). */
static struct task_id given_body(const char *zset, long long score,
                                 const char *body)
{
    struct task_id const id = a_new_task(&f).task.id;

    by_hand(&f, "SADD ns:queues q");
    by_hand(&f, "ZADD " K "%s %lld %s", zset, score, id.text);
    if (body[0] != '\0')
        by_hand(&f, "HSET " K "bodies %s %s", id.text, body);
    return id;
}

Test(redis_promote, every_form_of_a_body_becomes_the_same_task)
{
    static const struct {
        const char *body;
        const char *stream;
        const char *entry;
    } forms[] = {
        {"1:t,2:{},", "normal", "type t payload {}"},
        {"1:t,2:{},1 run=5", "normal", "type t payload {} x 1 run=5"},
        {"1:t,2:{},1 ptr=1 run=5", "normal",
         "type t payload {} x 1 ptr=1 run=5"},
        {"1:t,2:{},1 pri=0", "high", "type t payload {} x 1 pri=0"},
        {"1:t,2:{},1 pri=2 ptr=1", "low", "type t payload {} x 1 pri=2 ptr=1"},
        {"1:t,2:{},1 last=5-1", "normal", "type t payload {} x 1 last=5-1"},
        {"1:t,2:{},1 last=5-1 pri=0", "high",
         "type t payload {} x 1 last=5-1 pri=0"},
        {"1:t,2:{},1 cra=1", "normal", "type t payload {} x 1 cra=1"},
        {"1:t,2:{},1 maxatt=3", "normal", "type t payload {} x 1 maxatt=3"},
        {"4:a,b:,10:\"3:x,1 y=\",1 key=5:9,1 a", "normal",
         "type a,b: payload \"3:x,1 y=\" x 1 key=5:9,1 a"},
    };
    int64_t due_ms;

    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        struct task_id const id = given_body("scheduled", 5, forms[i].body);
        cr_assert(eq(sz, promote_up_to(1, &due_ms), 1), "%s", forms[i].body);

        const char *entry =
            text_by_hand(&f, "EVAL %s 1 " K "ready:%s",
                         "local all = redis.call('XRANGE', KEYS[1], '-', '+')"
                         "return table.concat(all[#all][2], ' ', 3)",
                         forms[i].stream);
        cr_expect(strcmp(entry, forms[i].entry) == 0, "%s", forms[i].body);
        const char *pointer =
            text_by_hand(&f, "HGET " K "pointers %s", id.text);
        cr_expect(strncmp(pointer, forms[i].stream, strlen(forms[i].stream)) ==
                  0);
    }
    IS_COUNT(by_hand(&f, "EXISTS " K "bodies " K "scheduled"), 0);
}

/* Whoever takes one for a time in the past never sleeps again. */
Test(redis_promote, a_score_that_is_no_time_is_never_due)
{
    static const char *const scores[] = {"inf", "1e300", "1e17"};
    int64_t due_ms;

    for (size_t i = 0; i < sizeof(scores) / sizeof(scores[0]); i++) {
        by_hand(&f, "SADD ns:queues q");
        by_hand(&f, "ZADD " K "scheduled %s x", scores[i]);

        cr_expect(eq(sz, promote_up_to(10, &due_ms), 0), "%s", scores[i]);
        cr_expect(eq(i64, due_ms, INT64_MAX), "%s", scores[i]);
    }
}

Test(redis_promote, what_was_leased_before_gets_a_later_entry)
{
    int64_t due_ms;
    given_body("retry", 5, "1:t,2:{},1 last=99999999999999-5 att=1");

    cr_assert(eq(sz, promote_up_to(10, &due_ms), 1));

    cr_assert(eq(str,
                 (char *)text_by_hand(&f, "EVAL %s 1 " K "ready:normal",
                                      "return redis.call('XRANGE', KEYS[1],"
                                      "'-', '+')[1][1]"),
                 (char *)"99999999999999-6"));
}

Test(redis_promote, what_has_no_readable_body_holds_up_nobody)
{
    static const char *const bad[] = {
        "",
        "nonsense",
        "1:t",
        "1:t,",
        "1:t;2:{},",
        "1:t,99:{},",
        "1:t,2:{}",
        "1:t,2:{};1 run=5",
        "99999999999999999999:t,2:{},",
        "1:t,99999999999999999999:{},",
        "1:t,2:{},1 pri=7",
        "1:t,2:{},1 last=99999999999999999999-1",
    };
    enum { BAD = sizeof(bad) / sizeof(bad[0]) };
    int64_t due_ms;
    given_body("scheduled", 1, "1:t,2:{},");
    for (int i = 0; i < BAD; i++)
        given_body(i % 2 == 0 ? "scheduled" : "retry", 2 + i, bad[i]);
    given_body("retry", 99, "1:t,2:{},");

    cr_assert(eq(sz, promote_up_to(100, &due_ms), 2));

    cr_assert(eq(i64, due_ms, INT64_MAX));
    IS_COUNT(by_hand(&f, "EXISTS " K "scheduled " K "retry"), 0);
    IS_COUNT(by_hand(&f, "HLEN " K "bodies"), BAD - 1);
    cr_assert(eq(sz, lease_some(&f, 10), 2));
}

Test(redis_promote, more_bad_ones_than_the_limit_hold_up_nobody)
{
    size_t moved = 0;
    int64_t due_ms = 0;
    for (int i = 0; i < 20; i++)
        given_body("scheduled", 1 + i, "nonsense");
    given_body("scheduled", 99, "1:t,2:{},");

    while (due_ms <= LATER_MS)
        moved += promote_up_to(3, &due_ms);

    cr_assert(eq(sz, moved, 1));
}

Test(redis_promote, two_long_rows_become_one_in_order_of_time)
{
    enum { TASKS = 100 };
    struct task_id ids[TASKS];
    int64_t due_ms;
    for (int i = 0; i < TASKS; i++) { /* pairs of one time, in order of id */
        bool const is_retry = i % 3 == 0 || (i > 20 && i < 40);
        ids[i] = given_body(is_retry ? "retry" : "scheduled", 1000 + i / 2,
                            "1:t,2:{},");
    }

    cr_assert(eq(sz, promote_up_to(70, &due_ms), 70));
    cr_assert(eq(sz, promote_up_to(70, &due_ms), TASKS - 70));

    cr_assert(eq(sz, lease_some(&f, TASKS), TASKS));
    for (int i = 0; i < TASKS; i++)
        cr_assert(eq(str, f.leases[i].task.id.text, ids[i].text));
}

Test(redis_promote, a_page_of_small_tasks_is_few_commands)
{
    enum { TASKS = 500 };
    int64_t due_ms;
    for (int i = 0; i < TASKS; i++)
        given_body("scheduled", 5, "1:t,2:{},1 ptr=1 run=5");
    by_hand(&f, "CONFIG RESETSTAT");

    cr_assert(eq(sz, promote_up_to(TASKS, &due_ms), TASKS));

    IS_COUNT(calls_of(&f, "xadd"), TASKS);
    cr_expect(le(llong, calls_of(&f, "evalsha"), 2)); /* a look, and the move */
    cr_expect(le(llong, calls_of(&f, "hmget"), 8));
    cr_expect(le(llong, calls_of(&f, "zremrangebyrank"), 8));
    cr_expect(le(llong, calls_of(&f, "hset"), 8));
    cr_expect(le(llong, calls_of(&f, "hdel"), 8));
}

Test(redis_promote, where_nothing_is_due_no_script_runs)
{
    int64_t due_ms;
    given_body("scheduled", LATER_MS + 2, "1:t,2:{},");
    given_body("retry", LATER_MS + 1, "1:t,2:{},");
    by_hand(&f, "CONFIG RESETSTAT");

    cr_assert(eq(sz, promote_up_to(10, &due_ms), 0));

    cr_assert(eq(i64, due_ms, LATER_MS + 1));
    IS_COUNT(calls_of(&f, "evalsha"), 0);
}

/* What one script may move of the largest is a matter of its bytes. */
Test(redis_promote, of_large_tasks_only_a_few_are_moved_at_once)
{
    enum { SIZE = 65536, TASKS = 250 };
    static char body[SIZE + 40];
    size_t moved = 0;
    int64_t due_ms = 0;
    int const head = snprintf(body, sizeof(body), "1:t,%d:", SIZE);
    memset(body + head, '1', SIZE);
    strcpy(body + head + SIZE, ",1 ptr=1 run=5");
    for (int i = 0; i < TASKS; i++)
        given_body("scheduled", 5 + i, body);
    by_hand(&f, "CONFIG RESETSTAT");

    while (due_ms <= LATER_MS) {
        size_t const n = promote_up_to(TASKS, &due_ms);
        cr_expect(lt(sz, n, TASKS)); /* and the caller got to something else */
        moved += n;
    }

    cr_assert(eq(sz, moved, TASKS));
    cr_expect(ge(llong, calls_of(&f, "evalsha"), TASKS / 10));
}

/*
 * Ahead: a promote of MANY that leaves something due is gone on with by the
 * next lease.
 */
enum { MANY = 500, REST = 30 };

/* MANY were promoted, REST are left. */
static void given_a_rest(void)
{
    int64_t due_ms;

    for (int i = 0; i < MANY + REST; i++)
        given_body("scheduled", 5, "1:t,2:{},1 ptr=1 run=5");
    cr_assert(eq(sz, promote_up_to(MANY, &due_ms), MANY));
    cr_assert(le(i64, due_ms, LATER_MS));
    IS_COUNT(by_hand(&f, "ZCARD " K "scheduled"), REST);
}

static void wait_until_moved(void)
{
    while (by_hand(&f, "EXISTS " K "scheduled") > 0)
        continue;
}

static void then_all_were_moved_once(void)
{
    IS_COUNT(by_hand(&f, "EXISTS " K "scheduled " K "bodies"), 0);
    IS_COUNT(by_hand(&f, "XLEN " K "ready:normal"), MANY + REST);
    IS_COUNT(by_hand(&f, "HLEN " K "pointers"), MANY + REST);
}

Test(redis_promote, a_lease_goes_on_with_what_was_left_due)
{
    int64_t due_ms;
    given_a_rest();

    cr_assert(eq(sz, lease_some(&f, 10), 10));
    wait_until_moved();

    cr_assert(eq(sz, promote_up_to(MANY, &due_ms), REST));
    cr_assert(eq(i64, due_ms, INT64_MAX));
    cr_assert(eq(sz, promote_up_to(MANY, &due_ms), 0));
    then_all_were_moved_once();
}

Test(redis_promote, a_lease_that_finds_nothing_moves_nothing)
{
    given_a_rest();
    by_hand(&f, "DEL " K "ready:normal");

    cr_assert(eq(sz, lease_some(&f, 10), 0));
    cr_assert(eq(sz, lease_some(&f, 10), 0));

    IS_COUNT(by_hand(&f, "ZCARD " K "scheduled"), REST);
}

Test(redis_promote, after_a_small_limit_no_lease_goes_on)
{
    int64_t due_ms;
    for (int i = 0; i < MANY; i++)
        given_body("scheduled", 5, "1:t,2:{},1 ptr=1 run=5");
    cr_assert(eq(sz, promote_up_to(MANY - 1, &due_ms), MANY - 1));

    cr_assert(eq(sz, lease_some(&f, 10), 10));
    cr_assert(eq(sz, lease_some(&f, 10), 10)); /* behind whatever was sent */

    IS_COUNT(by_hand(&f, "ZCARD " K "scheduled"), 1);
}

Test(redis_promote, any_call_may_follow_on_a_lease_that_went_on)
{
    struct enqueued results[2];
    struct new_task tasks[2] = {a_new_task(&f), a_new_task(&f)};
    struct renewal renewal;
    enum status renewed;
    int64_t due_ms;
    given_a_rest();

    cr_assert(eq(sz, lease_some(&f, 10), 10));
    IS_STATUS(queue_enqueue(f.direct, tasks[1].task.run_at_ms, tasks, 2,
                            results, &f.err),
              STATUS_OK);
    cr_assert(not(results[0].is_duplicate));
    renewal = (struct renewal){f.leases[0].task.id, f.leases[0].token, false};
    IS_STATUS(queue_extend(f.direct, NOW_MS, LONG_MS, "w", &renewal, 1,
                           &renewed, &f.err),
              STATUS_OK);
    cr_assert(eq(int, renewed, STATUS_OK));
    IS_STATUS(settle_some(&f, 10, VERDICT_DONE, NULL), STATUS_OK);

    cr_assert(eq(sz, promote_up_to(MANY, &due_ms), REST));
    cr_assert(eq(sz, lease_some(&f, BATCH_MAX), MANY + REST + 2 - 10));
}

Test(redis_promote, a_line_that_is_lost_meanwhile_loses_and_doubles_nothing)
{
    size_t moved;
    int64_t due_ms;
    given_a_rest();
    cr_assert(eq(sz, lease_some(&f, 10), 10));

    by_hand(&f, "CLIENT KILL TYPE normal");
    moved = promote_up_to(MANY, &due_ms);

    cr_assert(moved == 0 || moved == REST); /* whether the answer came first */
    cr_assert(eq(i64, due_ms, INT64_MAX));
    then_all_were_moved_once();
}

Test(redis_promote, a_server_that_forgot_the_script_is_told_it_again)
{
    int64_t due_ms;
    given_a_rest();
    by_hand(&f, "SCRIPT FLUSH");

    cr_assert(eq(sz, lease_some(&f, 10), 10)); /* and asks for it in vain */
    cr_assert(eq(sz, promote_up_to(MANY, &due_ms), REST));

    then_all_were_moved_once();
}

Test(redis_promote, a_port_may_close_before_the_answer)
{
    struct queue_port const kept = f.direct;
    IS_STATUS(redis_queue_open(&f.direct_url, &f.direct, &f.err), STATUS_OK);
    given_a_rest();
    cr_assert(eq(sz, lease_some(&f, 10), 10));

    queue_close(f.direct);
    f.direct = kept;

    then_all_were_moved_once();
}
