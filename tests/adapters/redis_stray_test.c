/*
 * redis_stray_test.c - what can't be read as a task holds up nobody, and is
 * not lost: foreign entries, and ours with a harm done to them.
 */
#include "adapters/redis/redis_admin.h"
#include "adapters/redis/redis_scrub.h"
#include "tests/adapters/redis_fixture.h"
#include "tests/adapters/scrub_steps.h"
#include "tests/random.h"

#define ID "01HF7YAT00ZZZZZZZZZZZZZZZZ"
#define K "{ns:q}:"
#define READY K "ready:normal"
#define BAD_X "1 att=3 key=1:k what?"

static struct redis_fixture f;
static struct scrub_port scrub;
static struct admin_port admin;

static void start(void)
{
    fixture_start_with_queue(&f);
    cr_assert(
        eq(int, redis_scrub_open(&f.direct_url, &scrub, &f.err), STATUS_OK));
    cr_assert(
        eq(int, redis_admin_open(&f.direct_url, &admin, &f.err), STATUS_OK));
}

static void end(void)
{
    admin_close(admin);
    scrub_close(scrub);
    fixture_end(&f);
}

TestSuite(redis_stray, .init = start, .fini = end, .timeout = 60);

#define IS_COUNT(count, expected) cr_assert(eq(llong, (count), (expected)))

static void given_a_foreign_entry(const char *key)
{
    by_hand(&f, "XADD %s * no task of \"q\"", key);
}

static void given_an_entry_with_a_bad_x(const char *key)
{
    by_hand(&f, "XADD %s * id " ID " type t payload {} x %s", key, BAD_X);
}

static struct queue_stats the_stats(void)
{
    struct queue_stats row;
    size_t n = 0;

    cr_assert(eq(
        int, admin_stats(admin, NOW_MS, (struct bytes){0}, 1, &row, &n, &f.err),
        STATUS_OK));
    cr_assert(eq(sz, n, 1));
    return row;
}

/* The tasks of that state, read page by page. */
static size_t list_all(enum task_state state, size_t max,
                       struct task_record *out)
{
    struct list_request req = {.max = max, .now_ms = NOW_MS};
    struct task_page page;
    size_t n = 0;

    req.filter.queue = BYTES("q");
    req.filter.has_state = true;
    req.filter.state = state;
    arena_reset(&f.mem);
    do {
        enum status const st = admin_list(admin, &req, &f.mem, &page, &f.err);
        cr_assert(eq(int, st, STATUS_OK), "%s", f.err.text);
        for (size_t i = 0; i < page.count; i++)
            out[n++] = page.records[i];
        req.cursor = page.next;
    } while (page.next.text[0]);
    return n;
}

static struct task_record the_dead_letter(void)
{
    static struct task_record records[8];

    cr_assert(eq(sz, list_all(TASK_DEAD, 8, records), 1));
    cr_assert(eq(int, records[0].reason, REASON_REJECTED));
    return records[0];
}

/* What the only dead letter has beside id, type, payload and x. */
static const char *was(void)
{
    return text_by_hand(&f, "EVAL %s 1 " K "dead",
                        "local flat = redis.call('XRANGE', KEYS[1], '-', "
                        "'+')[1][2] return flat[9] == 'was' and flat[10]");
}

static void then_nothing_is_open(void)
{
    struct queue_stats const row = the_stats();

    IS_COUNT(row.waiting[TASK_READY], 0);
    IS_COUNT(row.waiting[TASK_ACTIVE], 0);
    IS_COUNT(row.waiting[TASK_SCHEDULED], 0);
    IS_COUNT(row.waiting[TASK_RETRY], 0);
}

static void is_text(struct bytes text, const char *expected)
{
    cr_assert(bytes_is(text, expected), "%.*s instead of %s", (int)text.len,
              text.at, expected);
}

Test(redis_stray, a_worker_makes_a_foreign_entry_a_dead_letter)
{
    given_a_foreign_entry(READY);

    cr_assert(eq(sz, lease_some(&f, 1), 0));

    struct task_record const letter = the_dead_letter();
    is_text(letter.task.type, "unreadable");
    is_text(letter.task.payload,
            "[\"no\",\"task\",\"of\",\"\\u0022q\\u0022\"]");
    then_nothing_is_open();
}

Test(redis_stray, a_worker_keeps_of_a_task_what_can_be_read)
{
    given_an_entry_with_a_bad_x(READY);
    by_hand(&f, "HSET " K "keys k %s", ID " 0");

    cr_assert(eq(sz, lease_some(&f, 1), 0));

    struct task_record const letter = the_dead_letter();
    cr_assert(eq(str, (char *)letter.task.id.text, ID));
    is_text(letter.task.type, "t");
    is_text(letter.task.payload, "{}");
    cr_assert(memmem(letter.task.last_error.at, letter.task.last_error.len,
                     BAD_X, strlen(BAD_X)) != NULL);
    IS_COUNT(by_hand(&f, "HLEN " K "keys"), 0);
    cr_assert(eq(str, (char *)was(), BAD_X));
}

Test(redis_stray, fields_of_others_beside_those_of_a_task_are_kept)
{
    by_hand(&f, "XADD " READY " * id " ID " type t payload {} x 2 more to%sit",
            "\xff");

    cr_assert(eq(sz, lease_some(&f, 1), 0));

    is_text(the_dead_letter().task.type, "t");
    cr_assert(eq(str, (char *)was(),
                 "[\"id\",\"" ID "\",\"type\",\"t\",\"payload\",\"{}\","
                 "\"x\",\"2\",\"more\",\"to\\u00ffit\"]"));
}

Test(redis_stray, tasks_behind_it_are_leased_by_the_same_call)
{
    given_a_foreign_entry(READY);
    given_an_entry_with_a_bad_x(READY);
    cr_assert(eq(int, enqueue_some(&f, 1), STATUS_OK));

    cr_assert(eq(sz, lease_some(&f, 1), 1));
}

Test(redis_stray, an_id_that_another_task_has_stays_that_tasks)
{
    by_hand(&f, "XADD " K "dead 5-1 id " ID " type t payload {}");
    by_hand(&f, "HSET " K "deadindex " ID " 5-1");
    given_an_entry_with_a_bad_x(READY);

    cr_assert(eq(sz, lease_some(&f, 1), 0));

    struct task_record records[8];
    cr_assert(eq(sz, list_all(TASK_DEAD, 8, records), 2));
    cr_assert(eq(str, (char *)records[0].task.id.text, ID));
    cr_assert(ne(str, (char *)records[1].task.id.text, ID));
    IS_COUNT(by_hand(&f, "HLEN " K "deadindex"), 2);
}

Test(redis_stray, what_is_too_large_for_a_payload_stands_beside_it)
{
    by_hand(&f, "EVAL %s 1 " READY,
            "return redis.call('XADD', KEYS[1], '*', 'a', "
            "string.rep('z', 1048576))");

    cr_assert(eq(sz, lease_some(&f, 1), 0));

    is_text(the_dead_letter().task.payload, "null");
    IS_COUNT(
        by_hand(&f, "EVAL %s 1 " K "dead",
                "return #redis.call('XRANGE', KEYS[1], '-', '+')[1][2][10]"),
        1048576 + (long long)strlen("[\"a\",\"\"]"));
}

Test(redis_stray, what_is_acknowledged_by_hand_holds_up_no_lower_priority)
{
    by_hand(&f, "XADD " K "ready:high * id " ID " type t payload {}");
    by_hand(&f, "XREADGROUP GROUP millrace 600000/w COUNT 1 STREAMS " K
                "ready:high >");
    by_hand(&f, "EVAL %s 1 " K "ready:high",
            "local e = redis.call('XRANGE', KEYS[1], '-', '+')[1][1] "
            "return redis.call('XACK', KEYS[1], 'millrace', e)");
    cr_assert(eq(int, enqueue_some(&f, 1), STATUS_OK));

    cr_assert(eq(sz, lease_some(&f, 1), 1));
}

/* Entries of READY become leases that have ended: of a worker with leases of
 * 1 ms, who is gone. */
static void given_they_are_held_by_the_dead(long long n)
{
    IS_COUNT(by_hand(&f,
                     "XREADGROUP GROUP millrace 1/gone COUNT 100 STREAMS " READY
                     " >"),
             1);
    IS_COUNT(by_hand(&f, "EVAL %s 1 " READY,
                     "for _, e in ipairs(redis.call('XPENDING', KEYS[1], "
                     "'millrace', '-', '+', 100)) do redis.call('XCLAIM', "
                     "KEYS[1], 'millrace', '1/gone', 0, e[1], 'IDLE', 60000, "
                     "'JUSTID') end "
                     "return redis.call('XPENDING', KEYS[1], 'millrace')[1]"),
             n);
}

static size_t reap(size_t max)
{
    struct reap_request const req = {
        .max = max, .lease_ms = LONG_MS, .worker = "reaper", .now_ms = NOW_MS};
    size_t n = 0;

    arena_reset(&f.mem);
    enum status const st =
        queue_take_expired(f.direct, &req, &f.mem, f.leases, &n, &f.err);
    cr_assert(st == STATUS_OK || st == STATUS_EMPTY, "%s", f.err.text);
    return n;
}

Test(redis_stray, who_reaps_passes_by_any_number_of_them)
{
    for (int i = 0; i < 5; i++)
        given_a_foreign_entry(READY);
    given_an_entry_with_a_bad_x(READY);
    by_hand(&f, "XADD " READY " * id 01HF7YAT01ZZZZZZZZZZZZZZZZ type t "
                "payload {} x none");
    cr_assert(eq(int, enqueue_some(&f, 1), STATUS_OK));
    given_they_are_held_by_the_dead(8);

    cr_assert(eq(sz, reap(2), 1));

    IS_COUNT(the_stats().waiting[TASK_DEAD], 7);
    IS_COUNT(the_stats().waiting[TASK_ACTIVE], 1);
    IS_COUNT(the_stats().waiting[TASK_READY], 0);
}

Test(redis_stray, who_reaps_one_keeps_it_as_it_was)
{
    by_hand(&f, "XADD " READY " * id " ID " type t payload {} x none");
    given_they_are_held_by_the_dead(1);

    cr_assert(eq(sz, reap(1), 0));

    cr_assert(eq(str, (char *)was(), "none"));
}

Test(redis_stray, it_is_found_and_repaired_in_each_stream)
{
    static const char *const keys[] = {"ready:high", "ready:normal",
                                       "ready:low", "taken", "dead"};

    for (size_t i = 0; i < 5; i++) {
        char key[40];
        snprintf(key, sizeof(key), K "%s", keys[i]);
        given_a_foreign_entry(key);
        then_it_is_found_and_fixed(scrub, server_now(&f), "unreadable");
        by_hand(&f, "XADD %s * id x type t payload {}", key);
        then_it_is_found_and_fixed(scrub, server_now(&f), "unreadable");
        by_hand(&f, "XADD %s * id " ID " type t payload {} x 2", key);
        then_it_is_found_and_fixed(scrub, server_now(&f), "unreadable");
        IS_COUNT(the_stats().waiting[TASK_DEAD], 3 * ((long long)i + 1));
    }
    then_nothing_is_open();
}

Test(redis_stray, it_is_found_and_repaired_where_tasks_wait)
{
    by_hand(&f, "ZADD " K "scheduled 4102444800000 " ID);
    by_hand(&f, "HSET " K "bodies " ID " %s", "1:t,2:{},1 att=x");
    then_it_is_found_and_fixed(scrub, server_now(&f), "unreadable");
    is_text(the_dead_letter().task.type, "t");

    by_hand(&f, "ZADD " K "retry 4102444800000 01HF7YAT01ZZZZZZZZZZZZZZZZ");
    by_hand(&f, "HSET " K "bodies 01HF7YAT01ZZZZZZZZZZZZZZZZ %s", "1:t,9:{},");
    then_it_is_found_and_fixed(scrub, server_now(&f), "unreadable");
    by_hand(&f, "ZADD " K "retry 4102444800000 somebody");
    by_hand(&f, "HSET " K "bodies somebody %s", "her own");
    then_it_is_found_and_fixed(scrub, server_now(&f), "unreadable");

    IS_COUNT(by_hand(&f, "HLEN " K "bodies"), 0);
    static struct task_record letters[8];
    cr_assert(eq(sz, list_all(TASK_DEAD, 8, letters), 3));
    is_text(letters[1].task.payload,
            "[\"01HF7YAT01ZZZZZZZZZZZZZZZZ\",\"1:t,9:{},\"]");
    is_text(letters[2].task.payload, "[\"somebody\",\"her own\"]");
    then_nothing_is_open();
}

Test(redis_stray, what_is_leased_is_left_to_its_lease)
{
    given_a_foreign_entry(READY);
    given_they_are_held_by_the_dead(1);
    struct scrub_flaw flaw = {.queue = "q"};
    while (strcmp(scrub.ops->checks[flaw.check].name, "unreadable") != 0)
        flaw.check++;
    flaw.subject_len = (size_t)snprintf(
        flaw.subject, sizeof(flaw.subject), "normal %s",
        text_by_hand(&f, "EVAL %s 1 " READY,
                     "return redis.call('XRANGE', KEYS[1], '-', '+')[1][1]"));

    cr_assert(eq(int, scrub_repair(scrub, server_now(&f), &flaw, &f.err),
                 STATUS_NOT_FOUND));
    IS_COUNT(by_hand(&f, "XLEN " READY), 1);
}

Test(redis_stray, what_is_leased_is_not_accused)
{
    given_a_foreign_entry(READY);
    by_hand(&f,
            "XREADGROUP GROUP millrace 600000/w COUNT 1 STREAMS " READY " >");

    then_it_is_found(scrub, server_now(&f), "silent workers"); /* and no more */
}

Test(redis_stray, many_are_found_page_by_page)
{
    by_hand(&f, "EVAL %s 2 " READY " " K "bodies",
            "for i = 1, 700 do redis.call('XADD', KEYS[1], '*', 'n', i) "
            "redis.call('HSET', KEYS[2], 'n' .. i, i) end return 1");
    cr_assert(eq(int, enqueue_some(&f, 1000), STATUS_OK));

    cr_assert(eq(sz, walk(scrub, server_now(&f), "unreadable", true), 1400));

    IS_COUNT(the_stats().waiting[TASK_READY], 1000);
    IS_COUNT(the_stats().waiting[TASK_DEAD], 1400);
}

Test(redis_stray, a_list_shows_all_the_rest)
{
    static struct task_record records[200];

    for (int i = 0; i < 50; i++) {
        given_a_foreign_entry(READY);
        given_an_entry_with_a_bad_x(READY);
        given_a_foreign_entry(K "dead");
        if (i % 5 == 0)
            cr_assert(eq(int, enqueue_some(&f, 1), STATUS_OK));
    }
    by_hand(&f, "XADD " K "dead * id " ID " type t payload {}");

    cr_assert(eq(sz, list_all(TASK_READY, 3, records), 10));
    cr_assert(eq(sz, list_all(TASK_DEAD, 3, records), 1));
}

Test(redis_stray, a_list_shows_all_that_wait_but_those_without_a_body)
{
    static struct task_record records[200];

    by_hand(&f, "EVAL %s 2 " K "scheduled " K "bodies",
            "for i = 10, 89 do local id = '01HF7YAT"
            "' .. i .. 'ZZZZZZZZZZZZZZZZ' "
            "redis.call('ZADD', KEYS[1], 4102444800000 + i, id) "
            "if i % 2 == 0 then redis.call('HSET', KEYS[2], id, '1:t,2:{},') "
            "elseif i % 3 == 0 then redis.call('HSET', KEYS[2], id, 'what') "
            "end end "
            "redis.call('ZADD', KEYS[1], 1.5, 'somebody') "
            "redis.call('HSET', KEYS[2], 'somebody', '1:t,2:{},') return 1");

    cr_assert(eq(sz, list_all(TASK_SCHEDULED, 7, records), 40));
    cr_assert(eq(sz, list_all(TASK_SCHEDULED, 100, records), 40));
}

Test(redis_stray, it_can_be_removed_by_its_id)
{
    struct task_ref ref = {.queue = {0}};
    enum status result;
    cr_assert(task_id_parse(BYTES(ID), &ref.id));
    by_hand(&f, "XADD " K "dead 5-1 id " ID " type t payload {} x what");
    by_hand(&f, "HSET " K "deadindex " ID " 5-1");

    cr_assert(eq(int,
                 admin_remove(admin, NOW_MS, STATE_SET(TASK_DEAD), &ref, 1,
                              &result, &f.err),
                 STATUS_OK),
              "%s", f.err.text);

    cr_assert(eq(int, result, STATUS_OK));
    IS_COUNT(the_stats().waiting[TASK_DEAD], 0);
}

Test(redis_stray, a_purge_takes_all_that_nobody_holds)
{
    size_t removed = 0;

    given_a_foreign_entry(READY);
    given_an_entry_with_a_bad_x(READY);
    given_they_are_held_by_the_dead(2);
    by_hand(&f, "EVAL %s 1 " READY,
            "local e = redis.call('XRANGE', KEYS[1], '-', '+')[1][1] "
            "return redis.call('XACK', KEYS[1], 'millrace', e)");
    given_a_foreign_entry(READY);

    cr_assert(eq(int,
                 admin_purge(admin, NOW_MS, BYTES("q"), TASK_READY, 100,
                             &removed, &f.err),
                 STATUS_OK));

    cr_assert(eq(sz, removed, 2));
    IS_COUNT(the_stats().waiting[TASK_READY], 0);
    IS_COUNT(the_stats().waiting[TASK_ACTIVE], 1);
}

Test(redis_stray, a_key_whose_holder_cannot_be_read_is_free)
{
    struct new_task task = a_new_task(&f);
    struct enqueued result = {.is_duplicate = true};
    size_t moved;
    int64_t due_ms;
    task.task.key = BYTES("k");
    by_hand(&f, "HSET " K "keys k what l ever");
    by_hand(&f, "ZADD " K "windows 5 l");

    cr_assert(eq(int,
                 queue_enqueue(f.direct, task.task.run_at_ms, &task, 1, &result,
                               &f.err),
                 STATUS_OK),
              "%s", f.err.text);
    cr_assert(eq(int,
                 queue_promote(f.direct, NOW_MS, 10, &moved, &due_ms, &f.err),
                 STATUS_OK),
              "%s", f.err.text);

    cr_assert(not(result.is_duplicate));
    IS_COUNT(by_hand(&f, "HEXISTS " K "keys l"), 0);
}

Test(redis_stray, a_pointer_that_cannot_be_read_leads_nowhere)
{
    struct task_ref ref = {.queue = {0}};
    struct task_record record;
    cr_assert(task_id_parse(BYTES(ID), &ref.id));
    by_hand(&f, "HSET " K "pointers " ID " %s", "what 5-1");

    cr_assert(eq(int, admin_find(admin, NOW_MS, &ref, &f.mem, &record, &f.err),
                 STATUS_NOT_FOUND),
              "%s", f.err.text);
}

/* Names and values near those of tasks, and bytes near none. */
static struct bytes a_part(struct random_source *random, char room[16])
{
    static const char *const parts[] = {
        "id", "type", "payload", "x",     "t",     ID,   "{}",     "1 att=2",
        "1",  "",     "k",       "1 att", "what?", "\"", "1 pri=9"};
    uint64_t const which = random_next(random) % 20;

    if (which < sizeof(parts) / sizeof(parts[0]))
        return bytes_of(parts[which]);
    for (size_t i = 0; i < 16; i += 8) {
        uint64_t const bits = random_next(random);
        memcpy(room + i, &bits, sizeof(bits));
    }
    return (struct bytes){room, which - 4};
}

static void given_a_random_entry(struct random_source *random)
{
    const char *argv[3 + 2 * 5] = {"XADD", READY, "*"};
    size_t lengths[3 + 2 * 5] = {4, strlen(READY), 1};
    char rooms[2 * 5][16];
    size_t const n = 2 * (1 + random_next(random) % 5);

    for (size_t i = 0; i < n; i++) {
        struct bytes const part = a_part(random, rooms[i]);
        argv[3 + i] = part.at;
        lengths[3 + i] = part.len;
    }
    freeReplyObject(redisCommandArgv(f.line, (int)(3 + n), argv, lengths));
}

Test(redis_stray, whatever_it_is_it_becomes_a_letter_that_can_be_read)
{
    enum { ENTRIES = 500 };
    static struct task_record records[ENTRIES];
    struct random_source random = random_seeded(1);
    for (int i = 0; i < ENTRIES; i++)
        given_a_random_entry(&random);

    size_t const tasks = lease_some(&f, ENTRIES);

    cr_assert(eq(sz, tasks + list_all(TASK_DEAD, 100, records), ENTRIES));
    cr_assert(eq(sz, walk(scrub, server_now(&f), "", false), 0));
}
