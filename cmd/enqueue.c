#include "cmd/enqueue.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "adapters/json/record_json.h"
#include "cmd/options.h"
#include "cmd/output.h"
#include "domain/utf8.h"

/* Blanks around the largest payload may be read too. */
#define STDIN_MAX (PAYLOAD_MAX + 4096)

enum key {
    KEY_QUEUE = 0x100,
    KEY_IN,
    KEY_AT,
    KEY_PRIORITY,
    KEY_MAX_ATTEMPTS,
    KEY_TIMEOUT,
    KEY_BACKOFF,
    KEY_JITTER,
    KEY_KEY,
    KEY_KEY_TTL,
    KEY_RETAIN,
    KEY_EXPIRES,
    KEY_HEADER,
    KEY_BATCH,
};

static const struct argp_option options[] = {
    {"queue", KEY_QUEUE, "QUEUE", 0, "into this queue (default)", 0},
    {"in", KEY_IN, "DUR", 0, "not before DUR from now: 250ms, 5s, 1m30s", 0},
    {"at", KEY_AT, "TIME", 0, "not before this time (RFC 3339)", 0},
    {"priority", KEY_PRIORITY, "P", 0, "high, normal (default) or low", 0},
    {"max-attempts", KEY_MAX_ATTEMPTS, "N", 0, "how often at most (10)", 0},
    {"timeout", KEY_TIMEOUT, "DUR", 0, "of one attempt (30m); 0: none", 0},
    {"backoff", KEY_BACKOFF, "KIND[:BASE[:MAX]]", 0,
     "waits between attempts: exponential, linear or constant "
     "(exponential:1s:1h)",
     0},
    {"jitter", KEY_JITTER, "KIND", 0, "none, full (default) or equal", 0},
    {"key", KEY_KEY, "KEY", 0,
     "add nothing while another task of the queue holds KEY", 0},
    {"key-ttl", KEY_KEY_TTL, "DUR", 0,
     "hold the key that long, not until the task has ended", 0},
    {"retain", KEY_RETAIN, "DUR", 0, "keep it that long once done (0)", 0},
    {"expires", KEY_EXPIRES, "DUR", 0, "dead unless started by then", 0},
    {"header", KEY_HEADER, "NAME=VALUE", 0, "pass on to handlers; repeatable",
     0},
    {"batch", KEY_BATCH, NULL, 0,
     "read tasks from FILE or stdin, one JSON object a line", 0},
    {0},
};

static const char doc[] =
    "Adds a task and prints its id.\v"
    "The payload is JSON, read from stdin for '-'; without it, null. Words "
    "behind '--' are no options: enqueue TYPE -- -5.";

struct request {
    struct task_spec spec;
    struct json_writer headers;
    const char *words[2];
    int word_count;
    const char *task_option; /* the first that is about one task, or NULL */
    bool has_in;
    bool has_at;
    bool is_batch;
};

static bool is_utf8(struct bytes text)
{
    uint32_t code;
    size_t len;

    while ((len = utf8_read(text, &code)) > 0)
        text = (struct bytes){text.at + len, text.len - len};
    return text.len == 0;
}

static error_t add_header(struct request *r, char *arg)
{
    const char *equals = strchr(arg, '=');

    if (!equals || equals == arg)
        return option_bad_value("--header", arg, "must be NAME=VALUE");
    if (!is_utf8(bytes_of(arg)))
        return option_bad_value("--header", arg, "must be UTF-8");
    if (r->headers.len == 0)
        json_begin_object(&r->headers, NULL);
    json_add_named_string(&r->headers,
                          (struct bytes){arg, (size_t)(equals - arg)},
                          bytes_of(equals + 1));
    return 0;
}

static error_t parse_backoff(struct request *r, int key, const char *arg)
{
    struct backoff *backoff = &r->spec.task.backoff;
    struct error err;

    if (key == KEY_BACKOFF)
        return backoff_parse(bytes_of(arg), backoff, &err) < 0
                   ? option_error(&err)
                   : 0;
    if (!jitter_from(bytes_of(arg), &backoff->jitter))
        return option_bad_value("--jitter", arg, "must be none, full or equal");
    return 0;
}

static error_t parse_count(struct request *r, const char *arg)
{
    int64_t n;
    error_t const wrong =
        option_int("--max-attempts", arg, 1, ATTEMPTS_MAX, &n);

    if (wrong == 0)
        r->spec.task.max_attempts = (int32_t)n;
    return wrong;
}

static error_t parse_task_option(struct request *r, int key, char *arg)
{
    struct task *task = &r->spec.task;

    switch (key) {
    case KEY_QUEUE:
        task->queue = bytes_of(arg);
        return 0;
    case KEY_IN:
        r->has_in = true;
        return option_duration("--in", arg, &r->spec.delay_ms);
    case KEY_AT:
        r->has_at = true;
        return option_instant("--at", arg, &task->run_at_ms);
    case KEY_PRIORITY:
        return priority_from(bytes_of(arg), &task->priority)
                   ? 0
                   : option_bad_value("--priority", arg,
                                      "must be high, normal or low");
    case KEY_MAX_ATTEMPTS:
        return parse_count(r, arg);
    case KEY_TIMEOUT:
        return option_duration("--timeout", arg, &task->timeout_ms);
    case KEY_BACKOFF:
    case KEY_JITTER:
        return parse_backoff(r, key, arg);
    case KEY_KEY:
        task->key = bytes_of(arg);
        return 0;
    case KEY_KEY_TTL:
        return option_duration("--key-ttl", arg, &task->key_ttl_ms);
    case KEY_RETAIN:
        return option_duration("--retain", arg, &task->retain_ms);
    case KEY_EXPIRES:
        return option_duration("--expires", arg, &task->expires_ms);
    case KEY_HEADER:
        return add_header(r, arg);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static error_t check_words(const struct request *r)
{
    char flag[32];

    snprintf(flag, sizeof(flag), "--%s", r->task_option ? r->task_option : "");
    if (!r->is_batch && r->word_count == 0)
        return option_wrong("TYPE", "is missing");
    if (r->is_batch && r->word_count > 1)
        return option_wrong(r->words[1], "one word too many");
    if (r->is_batch && r->task_option)
        return option_wrong(flag, "does not go with --batch");
    if (r->has_in && r->has_at)
        return option_wrong("--in", "not together with --at");
    return 0;
}

static const char *name_of(int key)
{
    for (const struct argp_option *o = options; o->name; o++)
        if (o->key == key)
            return o->name;
    return NULL;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct request *r = state->input;

    switch (key) {
    case KEY_BATCH:
        r->is_batch = true;
        return 0;
    case ARGP_KEY_ARG:
        if (r->word_count == 2)
            return ARGP_ERR_UNKNOWN;
        r->words[r->word_count++] = arg;
        return 0;
    case ARGP_KEY_END:
        return check_words(r);
    default:
        if (!r->task_option)
            r->task_option = name_of(key);
        return parse_task_option(r, key, arg);
    }
}

/* Reads stdin up to its end into buffer[size]; *total is the number of bytes
 * that came. If those are more than fit, only their number counts. */
static enum exit_code read_stdin(char *buffer, size_t size, uint64_t *total)
{
    *total = 0;
    for (;;) {
        size_t const used = *total < size ? (size_t)*total : 0;
        ssize_t const got = read(STDIN_FILENO, buffer + used, size - used);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0) {
            complain("millrace: payload: standard input: %s", strerror(errno));
            return CODE_USAGE;
        }
        if (got == 0)
            return CODE_FINE;
        *total += (uint64_t)got;
    }
}

static struct bytes without_blanks(struct bytes b)
{
    while (b.len > 0 && strchr(" \t\r\n", b.at[0]) && b.at[0])
        b = (struct bytes){b.at + 1, b.len - 1};
    while (b.len > 0 && strchr(" \t\r\n", b.at[b.len - 1]) && b.at[b.len - 1])
        b.len--;
    return b;
}

/* Finds the payload; *buffer is to be freed. */
static enum exit_code read_payload(struct request *r, char **buffer)
{
    const char *word = r->word_count > 1 ? r->words[1] : "null";
    struct bytes payload = bytes_of(word);

    if (strcmp(word, "-") == 0) {
        *buffer = malloc(STDIN_MAX);
        if (!*buffer) {
            complain("millrace: no memory for the payload");
            return CODE_FAILED;
        }
        uint64_t total;
        if (read_stdin(*buffer, STDIN_MAX, &total) != CODE_FINE)
            return CODE_USAGE;
        if (total > STDIN_MAX) {
            complain("millrace: payload too large: %llu bytes, "
                     "limit %d",
                     (unsigned long long)total, PAYLOAD_MAX);
            return CODE_USAGE;
        }
        payload = (struct bytes){*buffer, (size_t)total};
    }
    r->spec.task.payload = without_blanks(payload);
    return CODE_FINE;
}

/* Completes and checks the task before any backend is touched. */
static enum exit_code complete(struct request *r)
{
    struct error err;

    if (r->headers.len > 0) {
        json_end_object(&r->headers);
        if (!json_writer_text(&r->headers, &r->spec.task.headers)) {
            complain("millrace: no memory for the headers");
            return CODE_FAILED;
        }
    }
    r->spec.task.type = bytes_of(r->words[0]);
    if (task_spec_validate(&r->spec, &err) < 0) {
        complain("millrace: %s", err.text);
        return CODE_USAGE;
    }
    return CODE_FINE;
}

static enum exit_code enqueue_one(const struct globals *globals,
                                  const struct task_spec *spec)
{
    struct producer producer;
    struct new_task room;
    struct enqueued result;
    struct error err;

    enum exit_code code = producer_open(&producer, globals);
    if (code != CODE_FINE)
        return code;
    enum status const st = enqueue_patiently(&producer.enqueuer, spec, 1, &room,
                                             &result, NULL, &err);
    if (st < 0) {
        code = wire_fault(&producer.wire, st, &err);
    } else if (globals->is_json) {
        struct json_writer json = {0};
        record_json_enqueued(&json, NULL, &result, spec->task.queue);
        output_json(&json);
        json_writer_release(&json);
    } else {
        printf("%s\n", result.id.text);
    }
    producer_close(&producer);
    return code;
}

enum exit_code command_enqueue(struct invocation *inv)
{
    struct option_set const set = {options, parse, doc};
    struct request r = {.spec = {.task = task_default()}};
    char *buffer = NULL;
    enum exit_code code;

    if (options_read(inv, &set, &r, &code)) {
        if (r.is_batch) {
            code = enqueue_batch(&inv->globals,
                                 r.word_count > 0 ? r.words[0] : "-");
        } else {
            code = read_payload(&r, &buffer);
            if (code == CODE_FINE)
                code = complete(&r);
            if (code == CODE_FINE)
                code = enqueue_one(&inv->globals, &r.spec);
        }
    }
    free(buffer);
    json_writer_release(&r.headers);
    return code;
}
