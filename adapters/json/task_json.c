#include "adapters/json/task_json.h"

#include <assert.h>

#include "adapters/json/json_object.h"
#include "domain/instant.h"
#include "domain/json_text.h"

enum field {
    FIELD_TYPE,
    FIELD_PAYLOAD,
    FIELD_QUEUE,
    FIELD_ID,
    FIELD_DELAY,
    FIELD_RUN_AT,
    FIELD_PRIORITY,
    FIELD_MAX_ATTEMPTS,
    FIELD_MAX_CRASHES,
    FIELD_TIMEOUT,
    FIELD_BACKOFF,
    FIELD_KEY,
    FIELD_KEY_TTL,
    FIELD_RETAIN,
    FIELD_EXPIRES,
    FIELD_HEADERS,
    FIELDS,
};

static const char *const field_names[FIELDS] = {
    [FIELD_TYPE] = "type",
    [FIELD_PAYLOAD] = "payload",
    [FIELD_QUEUE] = "queue",
    [FIELD_ID] = "id",
    [FIELD_DELAY] = "delay_ms",
    [FIELD_RUN_AT] = "run_at",
    [FIELD_PRIORITY] = "priority",
    [FIELD_MAX_ATTEMPTS] = "max_attempts",
    [FIELD_MAX_CRASHES] = "max_crashes",
    [FIELD_TIMEOUT] = "timeout_ms",
    [FIELD_BACKOFF] = "backoff",
    [FIELD_KEY] = "key",
    [FIELD_KEY_TTL] = "key_ttl_ms",
    [FIELD_RETAIN] = "retain_ms",
    [FIELD_EXPIRES] = "expires_ms",
    [FIELD_HEADERS] = "headers",
};

static enum status read_id(struct json_member m, struct arena *mem,
                           struct task_id *out, struct error *err)
{
    struct bytes text;
    enum status st = json_read_string(m, mem, &text, err);

    if (st < 0)
        return st;
    if (!task_id_parse(text, out))
        return error_bad_text(err, m.field, "id", text,
                              "must be a ULID of 26 characters");
    return STATUS_OK;
}

static enum status read_run_at(struct json_member m, struct arena *mem,
                               int64_t *out, struct error *err)
{
    struct bytes text;
    enum status st = json_read_string(m, mem, &text, err);

    return st < 0 ? st : instant_parse(text, m.field, out, err);
}

static enum status read_priority(struct json_member m, struct arena *mem,
                                 enum priority *out, struct error *err)
{
    struct bytes text;
    enum status st = json_read_string(m, mem, &text, err);

    if (st < 0)
        return st;
    if (!priority_from(text, out))
        return error_bad_text(err, m.field, "value", text,
                              "must be high, normal or low");
    return STATUS_OK;
}

static enum status read_headers(struct json_member m, struct bytes *out,
                                struct error *err)
{
    enum status st = json_text_check_headers(m.value, err);

    if (st == STATUS_OK)
        *out = m.value;
    return st;
}

static enum status read_field(void *self, size_t i, struct json_member m,
                              struct arena *mem, struct error *err)
{
    enum field const field = (enum field)i;
    struct task_spec *out = self;
    struct task *task = &out->task;

    switch (field) {
    case FIELD_TYPE:
        return json_read_string(m, mem, &task->type, err);
    case FIELD_PAYLOAD:
        task->payload = m.value;
        return STATUS_OK;
    case FIELD_QUEUE:
        return json_read_string(m, mem, &task->queue, err);
    case FIELD_ID:
        return read_id(m, mem, &task->id, err);
    case FIELD_DELAY:
        return json_read_int(m, &out->delay_ms, err);
    case FIELD_RUN_AT:
        return read_run_at(m, mem, &task->run_at_ms, err);
    case FIELD_PRIORITY:
        return read_priority(m, mem, &task->priority, err);
    case FIELD_MAX_ATTEMPTS:
        return json_read_int32(m, &task->max_attempts, err);
    case FIELD_MAX_CRASHES:
        return json_read_int32(m, &task->max_crashes, err);
    case FIELD_TIMEOUT:
        return json_read_int(m, &task->timeout_ms, err);
    case FIELD_BACKOFF:
        return json_read_backoff(m, &task->backoff, err);
    case FIELD_KEY:
        return json_read_string(m, mem, &task->key, err);
    case FIELD_KEY_TTL:
        return json_read_int(m, &task->key_ttl_ms, err);
    case FIELD_RETAIN:
        return json_read_int(m, &task->retain_ms, err);
    case FIELD_EXPIRES:
        return json_read_int(m, &task->expires_ms, err);
    case FIELD_HEADERS:
        return read_headers(m, &task->headers, err);
    case FIELDS:
        break;
    }
    assert(false && "a field");
    return STATUS_INVALID;
}

enum status task_json_decode(struct bytes text, struct arena *mem,
                             struct task_spec *out, struct error *err)
{
    static const struct json_shape shape = {"task", field_names, FIELDS,
                                            read_field};
    struct task_spec spec = {.task = task_default()};
    uint32_t given;

    enum status const st =
        json_object_read(text, &shape, mem, &spec, &given, err);
    if (st < 0)
        return st;
    if (!(given & 1U << FIELD_TYPE))
        return json_refuse(err, "type", "is missing");
    if (given & 1U << FIELD_DELAY && given & 1U << FIELD_RUN_AT)
        return json_refuse(err, "delay_ms", "not together with run_at");
    if (!(given & 1U << FIELD_PAYLOAD))
        spec.task.payload = BYTES("null");
    *out = spec;
    return STATUS_OK;
}
