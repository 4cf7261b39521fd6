/*
 * json_test.c - tasks come in as they were written, and go out whole.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>

#include "adapters/json/record_json.h"
#include "adapters/json/task_json.h"
#include "domain/json_text.h"

static char room[4096];
static struct arena mem;
static struct task_spec spec;
static struct error err;
static struct json_writer writer;

static void set_up(void)
{
    mem = (struct arena){.base = room, .size = sizeof(room)};
    spec = (struct task_spec){0};
    err = (struct error){0};
}

static void tear_down(void)
{
    json_writer_release(&writer);
}

TestSuite(task_json, .init = set_up);
TestSuite(json_writer, .init = set_up, .fini = tear_down);
TestSuite(record_json, .init = set_up, .fini = tear_down);

static enum status decode(const char *text)
{
    return task_json_decode(bytes_of(text), &mem, &spec, &err);
}

static const char *text_of(struct bytes b)
{
    static char copies[4][1024];
    static int next;
    char *copy = copies[next++ % 4];

    snprintf(copy, 1024, "%.*s", (int)b.len, b.at);
    return copy;
}

Test(task_json, a_task_of_a_type_alone_has_the_defaults)
{
    struct task const fresh = task_default();

    cr_assert(eq(int, decode(" {\"type\":\"mail.send\"} "), STATUS_OK));

    cr_assert(eq(str, (char *)text_of(spec.task.type), "mail.send"));
    cr_assert(eq(str, (char *)text_of(spec.task.payload), "null"));
    cr_assert(eq(int, spec.task.max_attempts, fresh.max_attempts));
    cr_assert(eq(int, spec.task.max_crashes, fresh.max_crashes));
    cr_assert(eq(i64, spec.task.timeout_ms, fresh.timeout_ms));
    cr_assert(eq(i64, spec.delay_ms, 0));
    cr_assert(spec.task.key.at == NULL);
    cr_assert(spec.task.headers.at == NULL);
}

Test(task_json, every_field_arrives)
{
    enum status const st = decode(
        "{\"type\":\"t\",\"payload\":[1, 2],\"queue\":\"q\","
        "\"id\":\"01arz3ndektsv4rrffq69g5fav\",\"delay_ms\":1500,"
        "\"priority\":\"high\",\"max_attempts\":7,\"max_crashes\":2,"
        "\"timeout_ms\":0,\"backoff\":{\"kind\":\"linear\",\"base_ms\":5,"
        "\"factor\":1.5,\"max_ms\":50,\"jitter\":\"none\"},\"key\":\"k\","
        "\"key_ttl_ms\":10,\"retain_ms\":20,\"expires_ms\":30,"
        "\"headers\":{\"a\":\"b\"}}");

    cr_assert(eq(int, st, STATUS_OK), "%s", err.text);

    cr_assert(eq(str, (char *)text_of(spec.task.payload), "[1, 2]"));
    cr_assert(eq(str, (char *)text_of(spec.task.queue), "q"));
    cr_assert(eq(str, spec.task.id.text, "01ARZ3NDEKTSV4RRFFQ69G5FAV"));
    cr_assert(eq(i64, spec.delay_ms, 1500));
    cr_assert(eq(int, spec.task.priority, PRIORITY_HIGH));
    cr_assert(eq(int, spec.task.max_attempts, 7));
    cr_assert(eq(int, spec.task.max_crashes, 2));
    cr_assert(eq(i64, spec.task.timeout_ms, 0));
    cr_assert(eq(int, spec.task.backoff.kind, BACKOFF_LINEAR));
    cr_assert(eq(i64, spec.task.backoff.base_ms, 5));
    cr_assert(eq(int, spec.task.backoff.factor_milli, 1500));
    cr_assert(eq(i64, spec.task.backoff.max_ms, 50));
    cr_assert(eq(int, spec.task.backoff.jitter, JITTER_NONE));
    cr_assert(eq(str, (char *)text_of(spec.task.key), "k"));
    cr_assert(eq(i64, spec.task.key_ttl_ms, 10));
    cr_assert(eq(i64, spec.task.retain_ms, 20));
    cr_assert(eq(i64, spec.task.expires_ms, 30));
    cr_assert(eq(str, (char *)text_of(spec.task.headers), "{\"a\":\"b\"}"));
}

Test(task_json, run_at_is_an_instant)
{
    cr_assert(eq(
        int, decode("{\"type\":\"t\",\"run_at\":\"1970-01-01T00:00:01.5Z\"}"),
        STATUS_OK));

    cr_assert(eq(i64, spec.task.run_at_ms, 1500));
}

Test(task_json, a_payload_stays_as_it_was_written)
{
    static const char *const payloads[] = {
        "9007199254740993",
        "123456789012345678901234567890",
        "-0.0",
        "1e400",
        "{\"b\":1,\"a\":2,\"b\":3}",
        "\"\\u0000 \\ud83d\\ude00 \xc3\xa9 \\/\"",
        "[ 1 ,\n2 ]",
    };

    for (size_t i = 0; i < sizeof(payloads) / sizeof(payloads[0]); i++) {
        char line[256];
        snprintf(line, sizeof(line), "{ \"payload\" : %s , \"type\":\"t\"}",
                 payloads[i]);

        cr_assert(eq(int, decode(line), STATUS_OK), "%s", err.text);

        cr_assert(
            eq(str, (char *)text_of(spec.task.payload), (char *)payloads[i]));
    }
}

Test(task_json, escapes_mean_what_they_stand_for)
{
    cr_assert(eq(int,
                 decode("{\"t\\u0079pe\":\"m\\u0061il\",\"key\":\"\\u00e9\\n"
                        "\\ud83d\\ude00\"}"),
                 STATUS_OK));

    cr_assert(eq(str, (char *)text_of(spec.task.type), "mail"));
    cr_assert(
        eq(str, (char *)text_of(spec.task.key), "\xc3\xa9\n\xf0\x9f\x98\x80"));
}

Test(task_json, whole_numbers_may_be_written_in_any_way)
{
    cr_assert(eq(int,
                 decode("{\"type\":\"t\",\"delay_ms\":1.5e3,"
                        "\"retain_ms\":2.0,\"expires_ms\":-0}"),
                 STATUS_OK));

    cr_assert(eq(i64, spec.delay_ms, 1500));
    cr_assert(eq(i64, spec.task.retain_ms, 2));
    cr_assert(eq(i64, spec.task.expires_ms, 0));
}

Test(task_json, numbers_out_of_all_bounds_are_left_to_the_rules)
{
    cr_assert(eq(int,
                 decode("{\"type\":\"t\",\"max_attempts\":99999999999,"
                        "\"max_crashes\":-1e300,\"timeout_ms\":1e300}"),
                 STATUS_OK));

    cr_assert(eq(int, spec.task.max_attempts, INT32_MAX));
    cr_assert(eq(int, spec.task.max_crashes, INT32_MIN));
    cr_assert(eq(int, task_spec_validate(&spec, &err), STATUS_INVALID));
}

/* What is refused, the field at fault (NULL: none of ours), and a part of the
 * message. */
static const struct {
    const char *text;
    const char *field;
    const char *why;
} refused[] = {
    {"", "task", "must be a JSON object"},
    {"[]", "task", "must be a JSON object"},
    {"{", "task", "missing"},
    {"{}", "type", "missing"},
    {"{\"type\":\"t\"} {}", "task", "follows"},
    {"{\"type\":\"t\"", "task", "comma"},
    {"{\"type\":\"t\",}", "task", "name"},
    {"{\"type\" \"t\"}", "task", "colon"},
    {"{\"type\":}", "type", ""},
    {"{\"type\":\"t\",\"payload\":[1,]}", "payload", ""},
    {"{\"type\":\"t\",\"payload\":\"\\ud800\"}", "payload", "surrogate"},
    {"{\"type\":7}", "type", "must be a string"},
    {"{\"type\":\"a\\u0000b\"}", "type", "\\u0000"},
    {"{\"type\":\"t\",\"colour\":1}", NULL, "unknown field \"colour\""},
    {"{\"type\":\"t\",\"type\":\"u\"}", NULL, "duplicate field \"type\""},
    {"{\"type\":\"t\",\"t\\u0079pe\":\"u\"}", NULL, "duplicate field \"type\""},
    {"{\"type\":\"t\",\"queue\":null}", "queue", "must be a string"},
    {"{\"type\":\"t\",\"id\":\"x\"}", "id", "ULID"},
    {"{\"type\":\"t\",\"delay_ms\":0.5}", "delay_ms", "must be an integer"},
    {"{\"type\":\"t\",\"delay_ms\":\"1\"}", "delay_ms", "must be an integer"},
    {"{\"type\":\"t\",\"delay_ms\":true}", "delay_ms", "must be an integer"},
    {"{\"type\":\"t\",\"delay_ms\":1.00000000000000000000000000000000000000000"
     "00000000000000000000000001}",
     "delay_ms", "must be an integer"},
    {"{\"type\":\"t\",\"delay_ms\":1,\"run_at\":\"2030-01-01T00:00:00Z\"}",
     "delay_ms", "not together with run_at"},
    {"{\"type\":\"t\",\"run_at\":1}", "run_at", "must be a string"},
    {"{\"type\":\"t\",\"run_at\":\"soon\"}", "run_at", "soon"},
    {"{\"type\":\"t\",\"priority\":\"top\"}", "priority", "top"},
    {"{\"type\":\"t\",\"backoff\":[]}", "backoff", "must be an object"},
    {"{\"type\":\"t\",\"backoff\":{\"kind\":\"cubic\"}}", "backoff.kind",
     "cubic"},
    {"{\"type\":\"t\",\"backoff\":{\"kind\":3}}", "backoff.kind", "string"},
    {"{\"type\":\"t\",\"backoff\":{\"base\":5}}", "backoff",
     "unknown field \"backoff.base\""},
    {"{\"type\":\"t\",\"backoff\":{\"base_ms\":1,\"base_ms\":1}}", "backoff",
     "duplicate field \"backoff.base_ms\""},
    {"{\"type\":\"t\",\"backoff\":{\"kind\\u0000\":1}}", "backoff", "\\u0000"},
    {"{\"type\":\"t\",\"backoff\":{\"factor\":0.5}}", "backoff.factor", "1"},
    {"{\"type\":\"t\",\"backoff\":{\"factor\":1e9}}", "backoff.factor", "100"},
    {"{\"type\":\"t\",\"backoff\":{\"factor\":1.0001}}", "backoff.factor",
     "decimals"},
    {"{\"type\":\"t\",\"headers\":{\"a\":1}}", "headers", ""},
    {"{\"type\":\"t\",\"headers\":[]}", "headers", ""},
};

Test(task_json, what_is_wrong_is_named)
{
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        const char *field = refused[i].field;

        enum status const st = decode(refused[i].text);

        cr_assert(eq(int, st, STATUS_INVALID), "%s", refused[i].text);
        cr_assert(strstr(err.text, refused[i].why) != NULL, "%s: %s",
                  refused[i].text, err.text);
        cr_assert(field ? err.field && strcmp(err.field, field) == 0
                        : err.field == NULL,
                  "%s: %s", refused[i].text, err.text);
    }
}

Test(task_json, whatever_is_cut_off_is_refused)
{
    static const char whole[] =
        "{\"type\":\"t\",\"payload\":{\"a\":[1,\"\\u00e9\"]},\"backoff\":"
        "{\"kind\":\"linear\"},\"headers\":{\"a\":\"b\"},\"delay_ms\":10}";

    for (size_t len = 0; len < sizeof(whole) - 1; len++) {
        /* a copy of just that size, so that a byte too far is found */
        char *cut = malloc(len > 0 ? len : 1);
        memcpy(cut, whole, len);

        enum status const st =
            task_json_decode((struct bytes){cut, len}, &mem, &spec, &err);

        cr_assert(eq(int, st, STATUS_INVALID), "%zu bytes", len);
        free(cut);
    }
}

static const char *written(void)
{
    struct bytes text;

    cr_assert(json_writer_text(&writer, &text));
    cr_assert(eq(int, json_text_check(text, 10, "text", &err), STATUS_OK), "%s",
              err.text);
    return text_of(text);
}

Test(json_writer, commas_come_by_themselves)
{
    json_begin_object(&writer, NULL);
    json_begin_array(&writer, "a");
    json_add_int(&writer, NULL, 1);
    json_add_int(&writer, NULL, INT64_MIN);
    json_end_array(&writer);
    json_begin_object(&writer, "b");
    json_end_object(&writer);
    json_add_bool(&writer, "c", true);
    json_add_null(&writer, "d");
    json_add_time(&writer, "e", 1500);
    json_add_time(&writer, "f", 0);
    json_add_raw(&writer, "g", BYTES("1.0"));
    json_end_object(&writer);

    cr_assert(eq(str, (char *)written(),
                 "{\"a\":[1,-9223372036854775808],\"b\":{},\"c\":true,"
                 "\"d\":null,\"e\":\"1970-01-01T00:00:01.500Z\",\"f\":null,"
                 "\"g\":1.0}"));
}

Test(json_writer, strings_are_escaped)
{
    json_add_string(&writer, NULL, BYTES("\"\\\b\f\n\r\t\0\x1f/\x7f\xc3\xa9"));

    cr_assert(eq(str, (char *)written(),
                 "\"\\\"\\\\\\b\\f\\n\\r\\t\\u0000\\u001f/\x7f\xc3\xa9\""));
}

Test(json_writer, bytes_that_are_no_text_are_replaced)
{
    json_add_string(&writer, NULL, BYTES("a\xff\xc3(\xed\xa0\x80\xe2\x82"));

    cr_assert(eq(str, (char *)written(),
                 "\"a\xef\xbf\xbd\xef\xbf\xbd(\xef\xbf\xbd\xef\xbf\xbd\xef\xbf"
                 "\xbd\xef\xbf\xbd\xef\xbf\xbd\""));
}

Test(json_writer, a_long_text_is_whole)
{
    enum { LEN = 100000 };
    static char big[LEN];
    struct bytes text;
    memset(big, 'x', LEN);

    json_add_string(&writer, NULL, (struct bytes){big, LEN});

    cr_assert(json_writer_text(&writer, &text));
    cr_assert(eq(sz, text.len, LEN + 2));
}

Test(record_json, a_task_says_all_there_is_to_say)
{
    struct task_record record = {.task = task_default(), .state = TASK_DEAD};
    struct task *task = &record.task;
    cr_assert(task_id_parse(BYTES("01ARZ3NDEKTSV4RRFFQ69G5FAV"), &task->id));
    task->type = BYTES("t");
    task->queue = BYTES("q");
    task->payload = BYTES("[9007199254740993]");
    task->backoff.factor_milli = 1250;
    task->headers = BYTES("{\"a\":\"b\"}");
    task->attempt = 3;
    task->created_at_ms = 1000;
    task->last_error = BYTES("no \"luck\"");
    record.reason = REASON_EXHAUSTED;
    record.finished_at_ms = 2000;

    record_json_task(&writer, NULL, &record);

    cr_assert(
        eq(str, (char *)written(),
           "{\"id\":\"01ARZ3NDEKTSV4RRFFQ69G5FAV\",\"type\":\"t\","
           "\"queue\":\"q\",\"state\":\"dead\","
           "\"payload\":[9007199254740993],\"priority\":\"normal\","
           "\"max_attempts\":10,\"max_crashes\":3,\"timeout_ms\":1800000,"
           "\"backoff\":{\"kind\":\"exponential\",\"base_ms\":1000,"
           "\"factor\":1.25,\"max_ms\":3600000,\"jitter\":\"full\"},"
           "\"key\":null,\"key_ttl_ms\":0,\"retain_ms\":0,\"expires_ms\":0,"
           "\"headers\":{\"a\":\"b\"},\"attempt\":3,\"crashes\":0,"
           "\"created_at\":\"1970-01-01T00:00:01.000Z\",\"run_at\":null,"
           "\"started_at\":null,"
           "\"finished_at\":\"1970-01-01T00:00:02.000Z\","
           "\"last_error\":\"no \\\"luck\\\"\",\"reason\":\"exhausted\","
           "\"worker\":null,\"lease_until\":null,\"result\":null}"));
}

Test(record_json, an_enqueued_task_names_its_queue)
{
    struct enqueued result = {.state = TASK_READY, .is_duplicate = true};
    cr_assert(task_id_parse(BYTES("01ARZ3NDEKTSV4RRFFQ69G5FAV"), &result.id));

    record_json_enqueued(&writer, NULL, &result, BYTES("q"));

    cr_assert(eq(str, (char *)written(),
                 "{\"id\":\"01ARZ3NDEKTSV4RRFFQ69G5FAV\",\"queue\":\"q\","
                 "\"state\":\"ready\",\"duplicate\":true}"));
}

Test(record_json, a_queue_tells_counts_and_the_oldest_age)
{
    struct queue_stats stats = {.queue = "q",
                                .waiting = {[TASK_READY] = 1, [TASK_DEAD] = 2},
                                .done = 3,
                                .failed = 4,
                                .oldest_ready_at_ms = 1000};

    record_json_queue(&writer, NULL, &stats, 1250);

    cr_assert(eq(str, (char *)written(),
                 "{\"queue\":\"q\",\"ready\":1,\"active\":0,\"scheduled\":0,"
                 "\"retry\":0,\"dead\":2,\"done\":3,\"failed\":4,"
                 "\"paused\":false,\"oldest_ready_ms\":250}"));
}
