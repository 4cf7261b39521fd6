/*
 * task_test.c - what a producer may ask for, and what a task starts with.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdlib.h>

#include "domain/task.h"

#define NOW INT64_C(1790000000000)

static struct error err;
static char big[PAYLOAD_MAX + 1];

static struct task good(void)
{
    struct task task = task_default();

    task.type = BYTES("email.send");
    task.payload = BYTES("{\"to\":\"ada@example.org\"}");
    return task;
}

/* That task is refused, with that field and message. */
static void assert_refused(struct task task, const char *field,
                           const char *message)
{
    err = (struct error){.text = ""};

    enum status const st = task_validate(&task, &err);

    cr_assert(eq(int, st, STATUS_INVALID), "%s passes", message);
    cr_assert(eq(str, err.text, (char *)message));
    cr_assert(eq(str, (char *)err.field, (char *)field));
}

static void assert_good(struct task task, const char *what)
{
    cr_assert(eq(int, task_validate(&task, &err), STATUS_OK), "%s: %s", what,
              err.text);
}

/* The text of n bytes c. */
static struct bytes run_of(char c, size_t n)
{
    memset(big, c, n);
    return (struct bytes){big, n};
}

Test(task, defaults_are_those_of_the_documentation)
{
    struct task const task = task_default();

    cr_assert(bytes_is(task.queue, "default"));
    cr_assert(eq(int, task.priority, PRIORITY_NORMAL));
    cr_assert(eq(int, task.max_attempts, 10));
    cr_assert(eq(int, task.max_crashes, 3));
    cr_assert(eq(i64, task.timeout_ms, 30 * 60000));
    cr_assert(eq(int, task.backoff.kind, BACKOFF_EXPONENTIAL));
    cr_assert(eq(int, task.backoff.jitter, JITTER_FULL));
    cr_assert(eq(int, task.backoff.factor_milli, 2000));
    cr_assert(eq(i64, task.backoff.base_ms, 1000));
    cr_assert(eq(i64, task.backoff.max_ms, 3600000));
    cr_assert(eq(i64, task.retain_ms, 0));
    cr_assert(eq(i64, task_expires_at_ms(&task), INT64_MAX));
}

Test(task, a_type_and_a_payload_are_enough)
{
    assert_good(good(), "a plain task");
}

Test(task, names_keep_to_their_alphabets)
{
    static const struct {
        const char *name;
        bool is_queue, is_type, is_plain;
    } cases[] = {
        {"a", true, true, true},       {"0", true, true, true},
        {"a.b_c-d", true, true, true}, {"A", false, true, true},
        {"aB", false, true, true},     {"a:b", false, true, false},
        {"", false, false, false},     {".a", false, false, false},
        {"-a", false, false, false},   {"_a", false, false, false},
        {":a", false, false, false},   {"a b", false, false, false},
        {"a/b", false, false, false},  {"caf\xC3\xA9", false, false, false},
        {"a\n", false, false, false},  {"a{b}", false, false, false},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct bytes const name = bytes_of(cases[i].name);
        cr_assert(eq(int, queue_name_is_valid(name), cases[i].is_queue), "%s",
                  name.at);
        cr_assert(eq(int, type_name_is_valid(name), cases[i].is_type), "%s",
                  name.at);
        cr_assert(eq(int, plain_name_is_valid(name), cases[i].is_plain), "%s",
                  name.at);
    }
    cr_assert(not(queue_name_is_valid(BYTES("a\0"))));
    cr_assert(not(queue_name_is_valid(bytes_of(NULL))));
}

Test(task, names_have_a_longest_length)
{
    cr_assert(queue_name_is_valid(run_of('a', 64)));
    cr_assert(not(queue_name_is_valid(run_of('a', 65))));
    cr_assert(type_name_is_valid(run_of('a', 128)));
    cr_assert(not(type_name_is_valid(run_of('a', 129))));
    cr_assert(plain_name_is_valid(run_of('a', 64)));
    cr_assert(not(plain_name_is_valid(run_of('a', 65))));
}

Test(task, bad_names_are_refused_with_their_pattern)
{
    struct task task = good();
    task.queue = BYTES("Emails");
    assert_refused(task, "queue",
                   "queue: bad name \"Emails\": must match "
                   "[a-z0-9][a-z0-9._-]{0,63}");

    task = good();
    task.type = BYTES("email send\n");
    assert_refused(task, "type",
                   "type: bad name \"email send?\": must match "
                   "[A-Za-z0-9][A-Za-z0-9._:-]{0,127}");
}

Test(task, a_long_culprit_is_cut_so_that_the_rule_is_seen)
{
    struct task task = good();
    task.queue = run_of('a', 5000);

    cr_assert(eq(int, task_validate(&task, &err), STATUS_INVALID));

    cr_assert(ne(ptr, strstr(err.text, "aaa...\": must match"), NULL), "%s",
              err.text);
}

Test(task, an_id_is_absent_or_a_ulid_in_upper_case)
{
    struct task task = good();
    strcpy(task.id.text, "01ARZ3NDEKTSV4RRFFQ69G5FAV");
    assert_good(task, "a ULID");

    strcpy(task.id.text, "01arz3ndektsv4rrffq69g5fav");
    assert_refused(task, "id",
                   "id: bad id \"01arz3ndektsv4rrffq69g5fav\": must be a ULID "
                   "in upper case, 26 characters");
    strcpy(task.id.text, "7");
    assert_refused(task, "id",
                   "id: bad id \"7\": must be a ULID in upper case, 26 "
                   "characters");
    memset(task.id.text, '7', sizeof(task.id.text)); /* no end */
    cr_assert(eq(int, task_validate(&task, &err), STATUS_INVALID));
}

Test(task, payloads_are_json_of_a_mebibyte_at_most)
{
    struct task task = good();
    task.payload = bytes_of(NULL);
    assert_refused(task, "payload", "payload: empty");
    task.payload = BYTES("");
    assert_refused(task, "payload", "payload: empty");
    task.payload = BYTES("{\"a\":\"\\ud800\"}");
    assert_refused(task, "payload", "payload: lone surrogate at byte 6");

    task.payload = run_of('1', PAYLOAD_MAX + 1);
    assert_refused(task, "payload",
                   "payload too large: 1048577 bytes, limit 1048576");
    task.payload = run_of('1', PAYLOAD_MAX);
    assert_good(task, "the largest payload");
}

Test(task, headers_are_checked_where_there_are_some)
{
    struct task task = good();
    task.headers = BYTES("{\"a\":1}");
    assert_refused(task, "headers", "headers: value is no string at byte 5");
    task.headers = run_of(' ', HEADERS_MAX + 1);
    assert_refused(task, "headers",
                   "headers too large: 16385 bytes, limit 16384");
    task.headers = BYTES("{\"a\":\"1\"}");
    assert_good(task, "a header");
}

Test(task, keys_are_short_and_print)
{
    struct task task = good();
    task.key = BYTES("order 7/\xC3\xA9\xF0\x9F\x98\x80");
    assert_good(task, "a key of words");
    task.key = run_of('k', KEY_MAX);
    assert_good(task, "the longest key");

    task.key = run_of('k', KEY_MAX + 1);
    assert_refused(task, "key", "key too large: 257 bytes, limit 256");
    task.key = BYTES("");
    assert_refused(task, "key", "key: empty");
    struct bytes const bad[] = {
        BYTES("a\nb"),  BYTES("a\0b"),         BYTES("\x7F"), BYTES("\xC2\x80"),
        BYTES("\xFF"),  BYTES("\xC3"),         BYTES("\t"),   BYTES("\xC0\x80"),
        BYTES("a\x1B"), BYTES("\xED\xA0\x80"),
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        task.key = bad[i];
        cr_assert(eq(int, task_validate(&task, &err), STATUS_INVALID),
                  "key %zu", i);
        cr_assert(
            ne(ptr, strstr(err.text, "without control characters"), NULL));
    }
}

Test(task, choices_are_among_their_names)
{
    struct task task = good();
    task.priority = (enum priority)3;
    assert_refused(task, "priority", "priority: must be high, normal or low");
    task.priority = (enum priority) - 1;
    assert_refused(task, "priority", "priority: must be high, normal or low");

    task = good();
    task.backoff.kind = (enum backoff_kind)BACKOFF_KINDS;
    assert_refused(task, "backoff.kind",
                   "backoff.kind: must be exponential, linear or constant");
    task = good();
    task.backoff.jitter = (enum jitter)3;
    assert_refused(task, "backoff.jitter",
                   "backoff.jitter: must be full, equal or none");
}

/* Sets one number of the task. */
#define SET(field)                                                             \
    offsetof(struct task, field), sizeof(((struct task *)0)->field)

static void set_number(struct task *task, size_t at, size_t size, int64_t n)
{
    int32_t const narrow = (int32_t)n;

    memcpy((char *)task + at, size == 4 ? (const void *)&narrow : &n, size);
}

Test(task, numbers_keep_to_their_ranges)
{
    static const struct {
        const char *field;
        size_t at, size;
        int64_t min, max;
    } cases[] = {
        {"backoff.base_ms", SET(backoff.base_ms), 0, 3600000},
        {"backoff.max_ms", SET(backoff.max_ms), 1000, DURATION_MAX_MS},
        {"max_attempts", SET(max_attempts), 1, ATTEMPTS_MAX},
        {"max_crashes", SET(max_crashes), 1, CRASHES_MAX},
        {"timeout_ms", SET(timeout_ms), 0, DURATION_MAX_MS},
        {"key_ttl_ms", SET(key_ttl_ms), 0, DURATION_MAX_MS},
        {"retain_ms", SET(retain_ms), 0, DURATION_MAX_MS},
        {"expires_ms", SET(expires_ms), 0, DURATION_MAX_MS},
        {"created_at", SET(created_at_ms), 0, INSTANT_MAX_MS},
        {"run_at", SET(run_at_ms), 0, INSTANT_MAX_MS},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct task task = good();
        task.key = BYTES("k");
        set_number(&task, cases[i].at, cases[i].size, cases[i].min);
        assert_good(task, cases[i].field);
        set_number(&task, cases[i].at, cases[i].size, cases[i].max);
        assert_good(task, cases[i].field);

        for (int side = 0; side < 2; side++) {
            int64_t const n = side ? cases[i].max + 1 : cases[i].min - 1;
            set_number(&task, cases[i].at, cases[i].size, n);
            cr_assert(eq(int, task_validate(&task, &err), STATUS_INVALID),
                      "%s %lld", cases[i].field, (long long)n);
            cr_assert(ne(ptr, strstr(err.text, "out of range"), NULL));
            /* a base beyond the maximum shows as a maximum below the base */
            if (i > 0 || side == 0)
                cr_assert(eq(str, (char *)err.field, (char *)cases[i].field));
        }
    }
}

Test(task, a_number_out_of_range_is_shown_with_the_range)
{
    struct task task = good();
    task.max_attempts = 0;
    assert_refused(task, "max_attempts",
                   "max_attempts: 0 is out of range 1 to 1000000");

    task = good();
    task.timeout_ms = INT64_MIN;
    assert_refused(task, "timeout_ms",
                   "timeout_ms: out of range 0 to 315360000000");
}

Test(task, a_backoff_does_not_shrink)
{
    struct task task = good();
    task.backoff.factor_milli = 999;
    assert_refused(task, "backoff.factor",
                   "backoff.factor: out of range 1 to 100");
    task.backoff.factor_milli = FACTOR_MILLI_MAX + 1;
    assert_refused(task, "backoff.factor",
                   "backoff.factor: out of range 1 to 100");
    task.backoff.factor_milli = FACTOR_MILLI_MAX;
    assert_good(task, "the steepest backoff");
}

Test(task, a_window_without_a_key_is_refused)
{
    struct task task = good();
    task.key_ttl_ms = 1;
    assert_refused(task, "key_ttl_ms",
                   "key_ttl_ms: has no meaning without a key");
}

Test(task, of_several_mistakes_the_first_field_is_named)
{
    struct task task = good();
    task.queue = BYTES("");
    task.type = BYTES("");
    task.run_at_ms = -1;
    cr_assert(eq(int, task_validate(&task, &err), STATUS_INVALID));
    cr_assert(eq(str, (char *)err.field, "queue"));

    task.queue = BYTES("q");
    cr_assert(eq(int, task_validate(&task, &err), STATUS_INVALID));
    cr_assert(eq(str, (char *)err.field, "type"));
}

Test(task, a_stored_task_is_valid_with_an_id_and_counts_in_range)
{
    struct task task = good();
    cr_assert(not(task_is_valid(&task)));

    strcpy(task.id.text, "01ARZ3NDEKTSV4RRFFQ69G5FAV");
    cr_assert(task_is_valid(&task));
    task.attempt = task.max_attempts;
    task.crashes = task.max_crashes;
    cr_assert(task_is_valid(&task));
    task.attempt++;
    cr_assert(not(task_is_valid(&task)));
    task.attempt = 0;
    task.crashes++;
    cr_assert(not(task_is_valid(&task)));
}

Test(task, expiry_counts_from_the_making_of_the_task)
{
    struct task task = good();
    task.created_at_ms = NOW;
    task.run_at_ms = NOW + 5000;
    task.expires_ms = 1000;

    cr_assert(eq(i64, task_expires_at_ms(&task), NOW + 1000));
    task.created_at_ms = INSTANT_MAX_MS;
    cr_assert(eq(i64, task_expires_at_ms(&task), INSTANT_MAX_MS));
}

Test(task, requeued_it_starts_from_nothing_and_expires_no_more)
{
    struct task task = good();
    task.created_at_ms = NOW;
    task.attempt = 10;
    task.crashes = 2;
    task.expires_ms = 1000;
    task.key = BYTES("k");
    task.last_error = BYTES("boom");

    struct task const again = task_requeued(&task, NOW + 9999);

    cr_assert(eq(int, again.attempt, 0));
    cr_assert(eq(int, again.crashes, 0));
    cr_assert(eq(i64, again.run_at_ms, NOW + 9999));
    cr_assert(eq(i64, again.created_at_ms, NOW));
    cr_assert(eq(i64, task_expires_at_ms(&again), INT64_MAX));
    cr_assert(bytes_is(again.key, "k"));
    cr_assert(bytes_is(again.last_error, "boom"));
}

Test(task, names_of_choices_read_back_and_others_do_not)
{
    enum priority priority = PRIORITY_LOW;
    enum task_state state = TASK_DEAD;
    enum reason reason = REASON_LOST;

    for (int i = 0; i < PRIORITIES; i++) {
        const char *name = priority_name((enum priority)i);
        cr_assert(priority_from(bytes_of(name), &priority));
        cr_assert(eq(int, priority, i));
    }
    for (int i = 0; i < TASK_STATES; i++) {
        const char *name = task_state_name((enum task_state)i);
        cr_assert(task_state_from(bytes_of(name), &state));
        cr_assert(eq(int, state, i));
    }
    for (int i = 0; i < REASONS; i++) {
        const char *name = reason_name((enum reason)i);
        cr_assert(reason_from(bytes_of(name), &reason));
        cr_assert(eq(int, reason, i));
    }
    cr_assert(not(priority_from(BYTES("High"), &priority)));
    cr_assert(not(task_state_from(BYTES("read"), &state)));
    cr_assert(not(reason_from(BYTES("losts"), &reason)));
}
