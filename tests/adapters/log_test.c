/*
 * log_test.c - the lines of the log, and which events make one.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <unistd.h>

#include "adapters/log/log_metrics.h"
#include "domain/json_text.h"

static int64_t read_now(void *self)
{
    (void)self;
    return INT64_C(1769860800123); /* 2026-01-31T12:00:00.123Z */
}

static void close_nothing(void *self)
{
    (void)self;
}

static const struct clock_ops fixed_ops = {"fixed", read_now, close_nothing};
static int from; /* what the log writes comes out here */
static struct log log_used;
static struct error err;

static void set_up(void)
{
    int ends[2];
    cr_assert(eq(int, pipe2(ends, O_NONBLOCK), 0));
    from = ends[0];
    log_used = (struct log){.fd = ends[1],
                            .least = LEVEL_DEBUG,
                            .format = FORMAT_TEXT,
                            .clock = {&fixed_ops, &log_used}};
}

TestSuite(log, .init = set_up);
TestSuite(log_metrics, .init = set_up);

/* All that was written since the last call. */
static char *written(void)
{
    static char text[65536];
    size_t len = 0;
    ssize_t n;

    while ((n = read(from, text + len, sizeof(text) - 1 - len)) > 0)
        len += (size_t)n;
    text[len] = '\0';
    return text;
}

static void write_one(const char *name, struct bytes value)
{
    struct log_field const field = log_text(name, value);

    log_write(&log_used, LEVEL_INFO, "event", &field, 1);
}

static void is_one_json_line(const char *line)
{
    size_t const len = strlen(line);

    cr_assert(eq(chr, line[len - 1], '\n'));
    cr_assert(strchr(line, '\n') == line + len - 1);
    enum status const st =
        json_text_check((struct bytes){line, len}, 10, "line", &err);
    cr_assert(eq(int, st, STATUS_OK), "%s: %s", err.text, line);
}

Test(log, text_line_has_time_level_event_and_fields)
{
    struct log_field const fields[] = {log_text("queue", BYTES("mail")),
                                       log_number("attempt", 3)};

    log_write(&log_used, LEVEL_WARN, "task failed", fields, 2);

    cr_assert(eq(str, written(),
                 "2026-01-31T12:00:00.123Z WARN  task failed queue=mail "
                 "attempt=3\n"));
}

Test(log, json_line_has_time_level_event_and_fields)
{
    struct log_field const fields[] = {log_text("queue", BYTES("mail")),
                                       log_number("attempt", -3)};
    log_used.format = FORMAT_JSON;

    log_write(&log_used, LEVEL_ERROR, "task dead", fields, 2);

    cr_assert(eq(str, written(),
                 "{\"time\":\"2026-01-31T12:00:00.123Z\",\"level\":\"error\","
                 "\"event\":\"task dead\",\"queue\":\"mail\",\"attempt\":-3}"
                 "\n"));
}

Test(log, value_with_blanks_or_quotes_is_quoted_and_stays_on_its_line)
{
    write_one("error", BYTES("a \"b\"\n\\c"));

    cr_assert(eq(str, written(),
                 "2026-01-31T12:00:00.123Z INFO  event error=\"a "
                 "\\\"b\\\"\\n\\\\c\"\n"));
}

Test(log, empty_value_shows_and_absent_one_is_left_out)
{
    write_one("a", BYTES(""));
    cr_assert(
        eq(str, written(), "2026-01-31T12:00:00.123Z INFO  event a=\"\"\n"));

    write_one("a", (struct bytes){0});
    cr_assert(eq(str, written(), "2026-01-31T12:00:00.123Z INFO  event\n"));
}

Test(log, any_bytes_make_valid_json)
{
    char all[256];
    log_used.format = FORMAT_JSON;
    for (int i = 0; i < 256; i++)
        all[i] = (char)i;

    write_one("bytes", (struct bytes){all, sizeof(all)});

    is_one_json_line(written());
}

Test(log, no_control_character_reaches_the_terminal)
{
    write_one("a", BYTES("\x1B[31m\x7F\xC2\x9B"));

    cr_assert(eq(str, written(),
                 "2026-01-31T12:00:00.123Z INFO  event "
                 "a=\"\\u001b[31m\\u007f\\u009b\"\n"));
}

Test(log, long_value_is_cut)
{
    static char value[LOG_VALUE_MAX + 1];
    memset(value, 'x', sizeof(value));
    log_used.format = FORMAT_JSON;

    write_one("a", (struct bytes){value, sizeof(value)});

    char *line = written();
    is_one_json_line(line);
    cr_assert(strstr(line, "x...\"}") != NULL);
    cr_assert(lt(sz, strlen(line), LOG_VALUE_MAX + 100));
}

Test(log, field_that_does_not_fit_is_left_out_whole)
{
    enum { MANY = 4 };
    static char value[LOG_VALUE_MAX];
    struct log_field fields[MANY];
    memset(value, 1, sizeof(value)); /* six times as long when escaped */
    for (int i = 0; i < MANY; i++)
        fields[i] = log_text("a", (struct bytes){value, sizeof(value)});
    log_used.format = FORMAT_JSON;

    log_write(&log_used, LEVEL_INFO, "event", fields, MANY);

    is_one_json_line(written());
}

Test(log, below_its_level_nothing_is_written)
{
    log_used.least = LEVEL_WARN;

    log_write(&log_used, LEVEL_INFO, "event", NULL, 0);
    cr_assert(eq(str, written(), ""));

    log_write(&log_used, LEVEL_WARN, "event", NULL, 0);
    cr_assert(ne(str, written(), ""));
}

Test(log, levels_and_formats_have_names)
{
    enum log_level level;
    enum log_format format;

    cr_assert(log_level_from(BYTES("debug"), &level) && level == LEVEL_DEBUG);
    cr_assert(log_level_from(BYTES("error"), &level) && level == LEVEL_ERROR);
    cr_assert(not(log_level_from(BYTES("loud"), &level)));
    cr_assert(log_format_from(BYTES("json"), &format) && format == FORMAT_JSON);
    cr_assert(not(log_format_from(BYTES("xml"), &format)));
}

enum { THREADS = 4, LINES = 200 };

static void *write_many(void *argument)
{
    char value[100];
    memset(value, *(char *)argument, sizeof(value));

    for (int i = 0; i < LINES; i++)
        write_one("a", (struct bytes){value, sizeof(value)});
    return NULL;
}

Test(log, lines_of_several_threads_do_not_mix, .timeout = 20)
{
    pthread_t threads[THREADS];
    char letters[THREADS] = {'a', 'b', 'c', 'd'};
    FILE *file = tmpfile();
    close(log_used.fd);
    cr_assert(file != NULL);
    log_used.fd = fileno(file);
    fcntl(log_used.fd, F_SETFL, O_APPEND);

    for (int i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, write_many, &letters[i]);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);

    char line[512];
    int lines = 0;
    rewind(file);
    while (fgets(line, sizeof(line), file)) {
        const char *value = strstr(line, " a=");
        cr_assert(value != NULL);
        cr_assert(eq(sz, strspn(value + 3, (char[]){value[3], '\0'}), 100));
        lines++;
    }
    cr_assert(eq(int, lines, THREADS *LINES));
    fclose(file);
}

/* --- the watcher --------------------------------------------------------- */

static struct metrics_port given_a_watcher(void)
{
    struct metrics_port metrics;
    cr_assert(eq(int, log_metrics_open(&log_used, &metrics, &err), STATUS_OK));
    metrics_port_check(metrics);
    return metrics;
}

static struct lease const lease = {
    .task = {.id = {"01ARZ3NDEKTSV4RRFFQ69G5FAV"},
             .queue = {"mail", 4},
             .type = {"email.send", 10},
             .payload = {"\"secret\"", 8},
             .attempt = 2,
             .run_at_ms = 1000},
};

static void settle(struct metrics_port metrics, struct verdict verdict,
                   enum status status, const char *error)
{
    struct attempt_report const report = {.lease = &lease,
                                          .verdict = &verdict,
                                          .status = status,
                                          .error = bytes_of(error),
                                          .started_at_ms = 1200,
                                          .ended_at_ms = 1500};

    metrics_attempt_settled(metrics, &report);
}

Test(log_metrics, done_is_for_debugging_only)
{
    struct metrics_port metrics = given_a_watcher();
    struct verdict const done = {.action = VERDICT_DONE};

    settle(metrics, done, STATUS_OK, NULL);
    cr_assert(eq(str, written(),
                 "2026-01-31T12:00:00.123Z DEBUG task done "
                 "task=01ARZ3NDEKTSV4RRFFQ69G5FAV queue=mail type=email.send "
                 "attempt=2 duration_ms=300 wait_ms=200\n"));

    log_used.least = LEVEL_INFO;
    settle(metrics, done, STATUS_OK, NULL);
    cr_assert(eq(str, written(), ""));
    metrics.ops->close(metrics.self);
}

Test(log_metrics, failure_tells_why_and_when_it_is_tried_again)
{
    struct metrics_port metrics = given_a_watcher();
    struct verdict const retry = {.action = VERDICT_RETRY, .run_at_ms = 2500};

    settle(metrics, retry, STATUS_OK, "no\nroom");

    cr_assert(eq(str, written(),
                 "2026-01-31T12:00:00.123Z WARN  task failed "
                 "task=01ARZ3NDEKTSV4RRFFQ69G5FAV queue=mail type=email.send "
                 "attempt=2 retry_in_ms=1000 duration_ms=300 wait_ms=200 "
                 "error=\"no\\nroom\"\n"));
    metrics.ops->close(metrics.self);
}

Test(log_metrics, death_is_an_error_with_its_reason)
{
    struct metrics_port metrics = given_a_watcher();
    struct verdict const dead = {.action = VERDICT_DEAD,
                                 .reason = REASON_EXHAUSTED};

    settle(metrics, dead, STATUS_OK, "no");

    char *line = written();
    cr_assert(strstr(line, " ERROR task dead ") != NULL);
    cr_assert(strstr(line, " reason=exhausted ") != NULL);
    metrics.ops->close(metrics.self);
}

Test(log_metrics, lost_lease_is_a_warning_whatever_the_verdict)
{
    struct metrics_port metrics = given_a_watcher();
    struct verdict const done = {.action = VERDICT_DONE};

    settle(metrics, done, STATUS_LEASE_LOST, NULL);

    cr_assert(strstr(written(), " WARN  lease lost ") != NULL);
    metrics.ops->close(metrics.self);
}

Test(log_metrics, payload_never_shows)
{
    struct metrics_port metrics = given_a_watcher();
    struct verdict const retry = {.action = VERDICT_RETRY};

    settle(metrics, retry, STATUS_OK, "no");

    cr_assert(strstr(written(), "secret") == NULL);
    metrics.ops->close(metrics.self);
}

static void fail(struct metrics_port metrics, const char *text)
{
    error_set(&err, STATUS_UNAVAILABLE, NULL, text);
    metrics_backend_failed(metrics, "lease", STATUS_UNAVAILABLE, &err);
}

Test(log_metrics, outage_is_told_of_once_and_so_is_its_end)
{
    struct metrics_port metrics = given_a_watcher();

    fail(metrics, "redis: connection refused");
    cr_assert(eq(str, written(),
                 "2026-01-31T12:00:00.123Z ERROR backend failed op=lease "
                 "error=\"redis: connection refused\"\n"));
    fail(metrics, "redis: connection refused");
    cr_assert(eq(str, written(), ""));

    metrics_backend_recovered(metrics);
    cr_assert(eq(str, written(),
                 "2026-01-31T12:00:00.123Z INFO  backend recovered failures=2 "
                 "after_ms=0\n"));

    fail(metrics, "redis: connection refused");
    cr_assert(ne(str, written(), ""));
    metrics.ops->close(metrics.self);
}

Test(log_metrics, outage_that_changes_its_face_is_told_of_again)
{
    struct metrics_port metrics = given_a_watcher();
    fail(metrics, "redis: connection refused");
    written();

    fail(metrics, "redis: wrong password");

    cr_assert(strstr(written(), "wrong password") != NULL);
    metrics.ops->close(metrics.self);
}

Test(log_metrics, flaws_of_the_store_are_told_one_line_a_check)
{
    static const struct scrub_check checks[] = {
        {"lost task", FINDING_BAD, NULL, "it is gone"},
        {"loose key", FINDING_WARN, "let go", "a key of no task"},
        {"stale lease", FINDING_WARN, "taken", "nobody took it"},
        {.name = NULL}};
    struct scrub_tally const tallies[] = {
        {2, {.queue = "mail", .subject = "T1", .subject_len = 2}},
        {0},
        {1, {.subject = "T2", .subject_len = 2}}};
    struct store_report const report = {checks, tallies};
    struct metrics_port metrics = given_a_watcher();

    metrics_store_examined(metrics, &report);

    cr_assert(eq(str, written(),
                 "2026-01-31T12:00:00.123Z ERROR store has flaws "
                 "check=\"lost task\" found=2 text=\"it is gone\" queue=mail "
                 "example=T1\n"
                 "2026-01-31T12:00:00.123Z WARN  store has flaws "
                 "check=\"stale lease\" found=1 text=\"nobody took it\" "
                 "queue=\"\" example=T2\n"));
    metrics_close(metrics);
}
