/*
 * redis_admin_test.c - what the admin and fleet ports of Redis do beyond their
 * contracts: tasks are put there by hand, as redis_keys.h says, where no queue
 * port would put them at will.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <hiredis/hiredis.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "adapters/redis/redis_admin.h"
#include "adapters/redis/redis_fleet.h"
#include "adapters/redis/redis_queue.h"
#include "tests/support/redis_server.h"

#define NOW_MS INT64_C(1700000000000)
#define QUEUE BYTES("q")

static struct redis_server server;
static struct backend_url url;
static redisContext *line;
static struct admin_port admin;
static struct task_id_source ids;
static struct error err;
static char room[1 << 20];
static struct arena mem = {room, 0, sizeof(room)};

static void start(void)
{
    char text[160];

    cr_assert(redis_server_start(&server, NULL));
    snprintf(text, sizeof(text), "redis+unix://%s?namespace=ns", server.socket);
    cr_assert(backend_url_parse(bytes_of(text), &url, &err) == STATUS_OK);
    line = redisConnectUnix(server.socket);
    cr_assert(line && !line->err);
}

static void stop(void)
{
    redisFree(line);
    redis_server_remove(&server);
}

static void open_admin(void)
{
    start();
    cr_assert(redis_admin_open(&url, &admin, &err) == STATUS_OK);
}

static void close_admin(void)
{
    admin_close(admin);
    stop();
}

/* Runs a command as hiredis formats it; its number, or -1. */
static long long by_hand(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    redisReply *reply = redisvCommand(line, format, args);
    va_end(args);
    cr_assert(reply && reply->type != REDIS_REPLY_ERROR, "%s: %s", format,
              reply ? reply->str : line->errstr);
    long long const n =
        reply->type == REDIS_REPLY_INTEGER ? reply->integer : -1;
    freeReplyObject(reply);
    return n;
}

static struct task_id new_id(void)
{
    return task_id_next(&ids, NOW_MS, 7, QUEUE);
}

/* Puts a ready task into a stream of q, under an entry of that time. */
static struct task_id ready(const char *stream, int64_t at_ms, const char *x)
{
    struct task_id const id = new_id();

    by_hand("SADD ns:queues q");
    by_hand("XADD {ns:q}:ready:%s %lld-* id %s type test payload {} x %s",
            stream, (long long)at_ms, id.text, x);
    return id;
}

static struct task_id scheduled(int64_t at_ms)
{
    struct task_id const id = new_id();

    by_hand("SADD ns:queues q");
    by_hand("ZADD {ns:q}:scheduled %lld %s", (long long)at_ms, id.text);
    by_hand("HSET {ns:q}:bodies %s %s", id.text, "4:test,2:{},1 ptr=1");
    return id;
}

static void lease(const char *stream, const char *consumer)
{
    void *const reply =
        redisCommand(line, "XGROUP CREATE {ns:q}:ready:%s millrace 0", stream);
    freeReplyObject(reply); /* there may be one */
    by_hand("XREADGROUP GROUP millrace %s COUNT 1 STREAMS {ns:q}:ready:%s >",
            consumer, stream);
}

static enum status find(struct task_id id, struct task_record *out)
{
    struct task_ref const ref = {.id = id};

    return admin_find(admin, NOW_MS, &ref, &mem, out, &err);
}

TestSuite(redis_find, .init = open_admin, .fini = close_admin, .timeout = 60);

Test(redis_find, a_task_is_found_250_ms_off_its_time_in_each_stream)
{
    static const char *const streams[] = {"high", "normal", "low"};
    struct task_record record;

    for (size_t i = 0; i < 3; i++) {
        struct task_id const early = ready(streams[i], NOW_MS - 250, "1");
        struct task_id const late = ready(streams[i], NOW_MS + 250, "1");

        cr_expect(find(early, &record) == STATUS_OK, "%s early", streams[i]);
        cr_expect(find(late, &record) == STATUS_OK, "%s late", streams[i]);
        cr_expect(eq(int, record.state, TASK_READY));
        cr_expect(eq(int, record.task.priority, (enum priority)i));
    }
}

Test(redis_find, a_task_further_off_is_found_by_its_pointer_alone)
{
    struct task_id const id = ready("normal", NOW_MS + 5000, "1");
    struct task_record record;

    cr_expect(find(id, &record) == STATUS_NOT_FOUND);
    by_hand("HSET {ns:q}:pointers %s %s", id.text, "normal 1700000005000-0");
    cr_expect(find(id, &record) == STATUS_OK);
}

Test(redis_find, a_crowd_at_the_same_time_hides_nobody)
{
    struct task_record record;
    struct task_id id = {""};

    for (int i = 0; i < 900; i++)
        id = ready("low", NOW_MS + 3, "1");

    cr_expect(find(id, &record) == STATUS_OK);
    cr_expect(eq(str, record.task.id.text, id.text));
}

Test(redis_find, an_id_of_another_queue_is_not_searched_by_time)
{
    struct task_id_source other = {0};
    struct task_id const id = task_id_next(&other, NOW_MS, 7, BYTES("other"));
    struct task_record record;

    by_hand("SADD ns:queues q");
    by_hand("XADD {ns:q}:ready:normal %lld-0 id %s type t payload {}",
            (long long)NOW_MS, id.text);

    cr_expect(find(id, &record) == STATUS_NOT_FOUND);
}

Test(redis_find, a_lease_tells_its_worker_and_its_end)
{
    struct task_id const id = ready("normal", NOW_MS, "1 att=2");
    struct task_record record;
    lease("normal", "30000/w-1");

    cr_assert(find(id, &record) == STATUS_OK);

    cr_expect(eq(int, record.state, TASK_ACTIVE));
    cr_expect(eq(int, record.task.attempt, 3));
    cr_expect(bytes_is(record.worker, "w-1"));
    cr_expect(le(i64, record.lease_until_ms, NOW_MS + 30000));
    cr_expect(gt(i64, record.lease_until_ms, NOW_MS));
}

/* Extends the first entry of the normal stream for 30 s. */
static void extend_first(struct task_id id, bool is_started)
{
    struct renewal item = {.id = id, .is_started = is_started};
    struct queue_port queue;
    enum status result = STATUS_LEASE_LOST;
    snprintf(item.token.text, sizeof(item.token.text),
             "q:normal:1700000000000-0:%s", id.text);

    cr_assert(redis_queue_open(&url, &queue, &err) == STATUS_OK);
    cr_assert(queue_extend(queue, NOW_MS, 30000, "w", &item, 1, &result,
                           &err) == STATUS_OK);
    cr_expect(eq(int, result, STATUS_OK));
    queue_close(queue);
}

static void age_first(int64_t ms)
{
    by_hand("XCLAIM {ns:q}:ready:normal millrace 30000/w 0 1700000000000-0 "
            "IDLE %lld JUSTID",
            (long long)ms);
}

Test(redis_find, a_lease_that_is_extended_still_tells_when_it_began)
{
    struct task_id const id = ready("normal", NOW_MS, "1");
    struct task_record record;
    lease("normal", "30000/w");

    age_first(5000);
    extend_first(id, true);
    age_first(7000);
    extend_first(id, false);

    cr_assert(find(id, &record) == STATUS_OK);
    cr_expect(le(i64, record.started_at_ms, NOW_MS - 12000));
    cr_expect(gt(i64, record.started_at_ms, NOW_MS - 12000 - 60000));
    cr_expect(gt(i64, record.lease_until_ms, NOW_MS));
}

Test(redis_find, scripts_that_the_server_forgot_are_sent_again)
{
    struct task_id const id = scheduled(NOW_MS + 1000);
    struct task_record record;
    cr_assert(find(id, &record) == STATUS_OK);

    by_hand("SCRIPT FLUSH");

    cr_expect(find(id, &record) == STATUS_OK);
}

TestSuite(redis_purge, .init = open_admin, .fini = close_admin, .timeout = 60);

Test(redis_purge, what_is_leased_stays_and_nothing_else_is_left)
{
    struct task_id const leased = ready("normal", NOW_MS, "1 ptr=1 key=1:a");
    struct task_id const waits = ready("normal", NOW_MS, "1 ptr=1 key=1:b");
    struct task_record record;
    size_t removed = 0;
    by_hand("HSET {ns:q}:keys a %s b %s", "x 0", "y 0");
    char held[TASK_ID_LEN + 3];
    snprintf(held, sizeof(held), "%s 0", waits.text);
    by_hand("HSET {ns:q}:keys b %s", held);
    by_hand("HSET {ns:q}:pointers %s %s", waits.text, "normal 1700000000000-1");
    by_hand("HSET {ns:q}:pointers %s %s", leased.text,
            "normal 1700000000000-0");
    lease("normal", "30000/w");

    cr_assert(admin_purge(admin, NOW_MS, QUEUE, TASK_READY, 100, &removed,
                          &err) == STATUS_OK);

    cr_expect(eq(sz, removed, 1));
    cr_expect(find(leased, &record) == STATUS_OK);
    cr_expect(find(waits, &record) == STATUS_NOT_FOUND);
    cr_expect(by_hand("XLEN {ns:q}:ready:normal") == 1);
    cr_expect(by_hand("HLEN {ns:q}:pointers") == 1);
    cr_expect(by_hand("HLEN {ns:q}:keys") == 1);
}

Test(redis_purge, pages_go_on_to_the_limit)
{
    size_t removed = 0;
    for (int i = 0; i < 450; i++)
        scheduled(NOW_MS + i);

    cr_assert(admin_purge(admin, NOW_MS, QUEUE, TASK_SCHEDULED, 401, &removed,
                          &err) == STATUS_OK);

    cr_expect(eq(sz, removed, 401));
    cr_expect(by_hand("ZCARD {ns:q}:scheduled") == 49);
    cr_expect(by_hand("HLEN {ns:q}:bodies") == 49);
}

Test(redis_purge, a_key_in_an_error_text_is_not_taken_for_the_key)
{
    struct task_id const id = ready("normal", NOW_MS, "1 ptr=1 err=8: key=1:a");
    struct task_ref const ref = {.queue = QUEUE, .id = id};
    enum status result;
    char held[TASK_ID_LEN + 3];
    snprintf(held, sizeof(held), "%s 0", id.text);
    by_hand("HSET {ns:q}:keys a %s", held);

    cr_assert(admin_remove(admin, NOW_MS, STATES_INACTIVE, &ref, 1, &result,
                           &err) == STATUS_OK);

    cr_expect(eq(int, result, STATUS_OK));
    cr_expect(by_hand("HEXISTS {ns:q}:keys a") == 1);
}

TestSuite(redis_list, .init = open_admin, .fini = close_admin, .timeout = 60);

static size_t list_page(struct list_request *req, struct task_id *out)
{
    struct task_page page;

    arena_reset(&mem);
    cr_assert(admin_list(admin, req, &mem, &page, &err) == STATUS_OK);
    for (size_t i = 0; i < page.count; i++)
        out[i] = page.records[i].task.id;
    req->cursor = page.next;
    return page.count;
}

Test(redis_list, many_of_the_same_time_are_each_listed_once_though_some_go)
{
    struct list_request req = {.max = 7, .now_ms = NOW_MS};
    struct task_id page[7], last = {""};
    size_t total = 0;
    for (int i = 0; i < 300; i++)
        scheduled(NOW_MS + 1000);

    do {
        size_t const n = list_page(&req, page);
        for (size_t i = 0; i < n; i++) {
            cr_expect(gt(str, page[i].text, last.text));
            last = page[i];
        }
        total += n;
        if (total % 2 == 0)
            by_hand("ZREM {ns:q}:scheduled %s", last.text);
    } while (req.cursor.text[0] != '\0');

    cr_expect(eq(sz, total, 300));
}

Test(redis_list, a_lease_whose_entry_was_deleted_by_hand_is_looked_over)
{
    struct list_request req = {
        .filter = {.queue = QUEUE, .has_state = true, .state = TASK_ACTIVE},
        .max = 1,
        .now_ms = NOW_MS};
    struct task_id page[1];
    for (int i = 0; i < 5; i++) {
        ready("normal", NOW_MS, "1");
        lease("normal", "30000/w");
    }
    by_hand("XDEL {ns:q}:ready:normal 1700000000000-0 1700000000000-1 "
            "1700000000000-2");

    cr_expect(eq(sz, list_page(&req, page), 1));
    cr_expect(eq(sz, list_page(&req, page), 1));
    cr_expect(eq(str, req.cursor.text, ""));
}

Test(redis_list, a_cursor_that_no_list_gave_is_refused)
{
    static const char *const bad[] = {"x",           "6",
                                      "9.1.1..0.q",  "1.1.1..0.",
                                      "1.1.1..9.q",  "1.1.1.nope.0.q",
                                      "1.-1.1..0.q", "1.1.1..0.Q"};
    struct task_page page;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct list_request req = {.max = 1, .now_ms = NOW_MS};
        strcpy(req.cursor.text, bad[i]);
        cr_expect(admin_list(admin, &req, &mem, &page, &err) == STATUS_INVALID,
                  "%s", bad[i]);
        cr_expect(eq(str, (char *)err.field, "cursor"));
    }
}

TestSuite(redis_pause, .init = open_admin, .fini = close_admin, .timeout = 60);

Test(redis_pause, to_resume_wakes_those_who_sleep)
{
    cr_assert(admin_set_paused(admin, QUEUE, true, &err) == STATUS_OK);
    cr_assert(by_hand("XLEN {ns:q}:wake") == 0);

    cr_assert(admin_set_paused(admin, QUEUE, false, &err) == STATUS_OK);

    cr_expect(by_hand("XLEN {ns:q}:wake") == 1);
}

Test(redis_pause, to_resume_wakes_each_of_them)
{
    cr_assert(admin_set_paused(admin, QUEUE, true, &err) == STATUS_OK);
    by_hand("XGROUP CREATE {ns:q}:wake millrace 0 MKSTREAM");
    for (int i = 0; i < 3; i++)
        by_hand("XGROUP CREATECONSUMER {ns:q}:wake millrace w%d", i);

    cr_assert(admin_set_paused(admin, QUEUE, false, &err) == STATUS_OK);

    cr_expect(by_hand("XLEN {ns:q}:wake") == 3);
}

TestSuite(redis_full, .init = open_admin, .fini = close_admin, .timeout = 60);

Test(redis_full, what_is_there_already_can_be_made_ready)
{
    struct task_ref const ref = {.queue = QUEUE, .id = scheduled(NOW_MS + 1)};
    struct task_ref const dead = {.queue = QUEUE, .id = new_id()};
    struct task_id holder;
    enum status result;
    by_hand("XADD {ns:q}:dead 5-0 id %s type test payload {} x %s",
            dead.id.text, "1 last=7-0 pri=0 ptr=1 why=1 fin=5");
    by_hand("HSET {ns:q}:deadindex %s 5-0", dead.id.text);
    by_hand("CONFIG SET maxmemory 1");

    cr_expect(admin_run_now(admin, NOW_MS, &ref, &err) == STATUS_OK);
    cr_expect(admin_requeue(admin, NOW_MS, &dead, 1, &result, &holder, &err) ==
              STATUS_OK);

    cr_expect(eq(int, result, STATUS_OK));
    cr_expect(by_hand("XLEN {ns:q}:ready:normal") == 1);
    cr_expect(by_hand("XLEN {ns:q}:ready:high") == 1);
    cr_expect(by_hand("HLEN {ns:q}:pointers") == 2);
    cr_expect(by_hand("EXISTS {ns:q}:dead {ns:q}:bodies") == 1);
    cr_expect(by_hand("XLEN {ns:q}:dead") == 0);
}

TestSuite(redis_fleet, .init = start, .fini = stop, .timeout = 60);

Test(redis_fleet, who_leaves_or_is_forgotten_leaves_nothing)
{
    struct worker_info const a = {.name = "a", .host = "h 1", .queues = "x=1"};
    struct worker_info const b = {.name = "b"};
    struct fleet_port fleet;
    cr_assert(redis_fleet_open(&url, &fleet, &err) == STATUS_OK);
    cr_assert(fleet_beat(fleet, NOW_MS, 1000, &a, &err) == STATUS_OK);

    cr_assert(fleet_beat(fleet, NOW_MS + 1001, 1000, &b, &err) == STATUS_OK);
    cr_expect(by_hand("HLEN ns:workers") == 1);
    cr_assert(fleet_leave(fleet, "b", &err) == STATUS_OK);

    cr_expect(by_hand("EXISTS ns:workers ns:workers:seen") == 0);
    fleet_close(fleet);
}
