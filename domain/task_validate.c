/*
 * task_validate.c - what a producer may ask for.
 *
 * One check a field, in the order of struct task; the first that fails names
 * its field and its limit.
 */
#include "domain/json_text.h"
#include "domain/task.h"
#include "domain/utf8.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

/* Whether name is a letter or digit followed by such or marks, at most max. */
static bool is_name(struct bytes name, size_t max, bool has_upper,
                    const char *marks)
{
    if (name.len == 0 || name.len > max)
        return false;
    for (size_t i = 0; i < name.len; i++) {
        char const c = name.at[i];
        bool const is_mark = memchr(marks, c, strlen(marks)) != NULL;
        if (!is_digit(c) && !is_lower(c) && !(has_upper && is_upper(c)) &&
            !(i > 0 && is_mark))
            return false;
    }
    return true;
}

bool queue_name_is_valid(struct bytes name)
{
    return is_name(name, QUEUE_NAME_MAX, false, "._-");
}

bool type_name_is_valid(struct bytes name)
{
    return is_name(name, TYPE_NAME_MAX, true, "._:-");
}

bool plain_name_is_valid(struct bytes name)
{
    return is_name(name, NAMESPACE_MAX, true, "._-");
}

static enum status check_id(const struct task_id *id, struct error *err)
{
    const char *end = memchr(id->text, '\0', sizeof(id->text));
    struct bytes const text = {id->text,
                               end ? (size_t)(end - id->text) : TASK_ID_LEN};
    struct task_id read;

    if (text.len == 0 ||
        (end && task_id_parse(text, &read) && strcmp(read.text, id->text) == 0))
        return STATUS_OK;
    return error_bad_text(err, "id", "id", text,
                          "must be a ULID in upper case, 26 characters");
}

static enum status check_names(const struct task *task, struct error *err)
{
    if (!queue_name_is_valid(task->queue))
        return error_bad_text(err, "queue", "name", task->queue,
                              "must match [a-z0-9][a-z0-9._-]{0,63}");
    if (!type_name_is_valid(task->type))
        return error_bad_text(err, "type", "name", task->type,
                              "must match [A-Za-z0-9][A-Za-z0-9._:-]{0,127}");
    return STATUS_OK;
}

static enum status check_sizes(const struct task *task, struct error *err)
{
    if (task->payload.len == 0)
        return error_set(err, STATUS_INVALID, "payload", "payload: empty");
    if (task->payload.len > PAYLOAD_MAX)
        return error_too_large(err, "payload", task->payload.len, PAYLOAD_MAX);
    if (task->headers.at && task->headers.len == 0)
        return error_set(err, STATUS_INVALID, "headers", "headers: empty");
    if (task->headers.len > HEADERS_MAX)
        return error_too_large(err, "headers", task->headers.len, HEADERS_MAX);
    return STATUS_OK;
}

static enum status check_json(const struct task *task, struct error *err)
{
    enum status st =
        json_text_check(task->payload, PAYLOAD_DEPTH_MAX, "payload", err);

    if (st == STATUS_OK && task->headers.at)
        st = json_text_check_headers(task->headers, err);
    return st;
}

/* Keys travel in environment variables and on terminals. */
static enum status check_key(struct bytes key, struct error *err)
{
    if (!key.at)
        return STATUS_OK;
    if (key.len == 0)
        return error_set(err, STATUS_INVALID, "key", "key: empty");
    if (key.len > KEY_MAX)
        return error_too_large(err, "key", key.len, KEY_MAX);
    if (!utf8_is_printable(key))
        return error_bad_text(err, "key", "key", key,
                              "must be UTF-8 without control characters");
    return STATUS_OK;
}

static enum status check_range(const char *field, int64_t n, int64_t min,
                               int64_t max, struct error *err)
{
    if (n >= min && n <= max)
        return STATUS_OK;
    return error_out_of_range(err, field, n, min, max);
}

/* Enums are read from numbers too, and then need not be one of their names. */
static enum status check_choices(const struct task *task, struct error *err)
{
    const struct backoff *b = &task->backoff;

    if ((unsigned)task->priority > PRIORITY_LOW)
        return error_set(err, STATUS_INVALID, "priority",
                         "priority: must be high, normal or low");
    if ((unsigned)b->kind >= BACKOFF_KINDS)
        return error_set(err, STATUS_INVALID, "backoff.kind",
                         "backoff.kind: must be exponential, linear or "
                         "constant");
    if ((unsigned)b->jitter > JITTER_NONE)
        return error_set(err, STATUS_INVALID, "backoff.jitter",
                         "backoff.jitter: must be full, equal or none");
    return STATUS_OK;
}

static enum status check_backoff(const struct backoff *b, struct error *err)
{
    enum status st;

    _Static_assert(FACTOR_MILLI_MAX == 100000, "the message below says 100");
    if (b->factor_milli < 1000 || b->factor_milli > FACTOR_MILLI_MAX)
        return error_set(err, STATUS_INVALID, "backoff.factor",
                         "backoff.factor: out of range 1 to 100");
    st = check_range("backoff.base_ms", b->base_ms, 0, DURATION_MAX_MS, err);
    if (st == STATUS_OK)
        st = check_range("backoff.max_ms", b->max_ms, b->base_ms,
                         DURATION_MAX_MS, err);
    return st;
}

static enum status check_numbers(const struct task *task, struct error *err)
{
    const struct {
        const char *field;
        int64_t n, min, max;
    } checks[] = {
        {"max_attempts", task->max_attempts, 1, ATTEMPTS_MAX},
        {"max_crashes", task->max_crashes, 1, CRASHES_MAX},
        {"timeout_ms", task->timeout_ms, 0, DURATION_MAX_MS},
        {"key_ttl_ms", task->key_ttl_ms, 0, DURATION_MAX_MS},
        {"retain_ms", task->retain_ms, 0, DURATION_MAX_MS},
        {"expires_ms", task->expires_ms, 0, DURATION_MAX_MS},
        {"created_at", task->created_at_ms, 0, INSTANT_MAX_MS},
        {"run_at", task->run_at_ms, 0, INSTANT_MAX_MS},
    };

    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
        enum status const st = check_range(checks[i].field, checks[i].n,
                                           checks[i].min, checks[i].max, err);
        if (st != STATUS_OK)
            return st;
    }
    if (task->key_ttl_ms > 0 && !task->key.at)
        return error_set(err, STATUS_INVALID, "key_ttl_ms",
                         "key_ttl_ms: has no meaning without a key");
    return STATUS_OK;
}

static enum status check(const struct task *task, bool reads_json,
                         struct error *err)
{
    enum status st = check_id(&task->id, err);

    if (st == STATUS_OK)
        st = check_names(task, err);
    if (st == STATUS_OK)
        st = check_sizes(task, err);
    if (st == STATUS_OK && reads_json)
        st = check_json(task, err);
    if (st == STATUS_OK)
        st = check_key(task->key, err);
    if (st == STATUS_OK)
        st = check_choices(task, err);
    if (st == STATUS_OK)
        st = check_backoff(&task->backoff, err);
    if (st == STATUS_OK)
        st = check_numbers(task, err);
    return st;
}

enum status task_validate(const struct task *task, struct error *err)
{
    return check(task, true, err);
}

bool task_is_valid(const struct task *task)
{
    struct error err;

    return check(task, false, &err) == STATUS_OK && task->id.text[0] != '\0' &&
           task->attempt >= 0 && task->attempt <= task->max_attempts &&
           task->crashes >= 0 && task->crashes <= task->max_crashes;
}
