#include "adapters/json/task_json.h"

#include <assert.h>

#include "adapters/json/json_value.h"
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

static enum status read_field(enum field field, struct bytes value,
                              struct arena *mem, struct task_spec *out,
                              struct error *err)
{
    struct json_member const m = {field_names[field], value};
    struct task *task = &out->task;

    switch (field) {
    case FIELD_TYPE:
        return json_read_string(m, mem, &task->type, err);
    case FIELD_PAYLOAD:
        task->payload = value;
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

static enum field find_field(struct bytes name)
{
    enum field field = 0;

    while (field < FIELDS && !bytes_is(name, field_names[field]))
        field++;
    return field;
}

static enum status refuse_name(struct error *err, const char *what,
                               struct bytes name)
{
    struct bytes const parts[] = {bytes_of(what), BYTES(" \""), name,
                                  BYTES("\"")};

    return error_join(err, STATUS_INVALID, NULL, parts, 4);
}

/* Reads the member whose name was read. */
static enum status read_member(struct json_walk *walk, struct bytes quoted,
                               struct arena *mem, bool is_given[FIELDS],
                               struct task_spec *out, struct error *err)
{
    struct json_member const m = {"name of a field", quoted};
    struct bytes name;
    struct bytes value;

    enum status st = json_read_string(m, mem, &name, err);
    if (st < 0)
        return st;

    enum field const field = find_field(name);
    if (field == FIELDS)
        return refuse_name(err, "unknown field", name);
    if (is_given[field])
        return refuse_name(err, "duplicate field", name);
    is_given[field] = true;

    st = json_walk_value(walk, field_names[field], &value, err);
    return st < 0 ? st : read_field(field, value, mem, out, err);
}

static enum status read_members(struct json_walk *walk, struct arena *mem,
                                bool is_given[FIELDS], struct task_spec *out,
                                struct error *err)
{
    struct bytes name;
    enum status st;

    while ((st = json_walk_name(walk, &name, err)) == STATUS_OK) {
        st = read_member(walk, name, mem, is_given, out, err);
        if (st < 0)
            return st;
    }
    return st < 0 ? st : STATUS_OK;
}

enum status task_json_decode(struct bytes text, struct arena *mem,
                             struct task_spec *out, struct error *err)
{
    struct task_spec spec = {.task = task_default()};
    bool is_given[FIELDS] = {false};
    struct json_walk walk;

    enum status st = json_walk_begin(text, &walk, err);
    if (st == STATUS_OK)
        st = read_members(&walk, mem, is_given, &spec, err);
    if (st < 0)
        return st;
    if (!is_given[FIELD_TYPE])
        return json_refuse(err, "type", "is missing");
    if (is_given[FIELD_DELAY] && is_given[FIELD_RUN_AT])
        return json_refuse(err, "delay_ms", "not together with run_at");
    if (!is_given[FIELD_PAYLOAD])
        spec.task.payload = BYTES("null");
    *out = spec;
    return STATUS_OK;
}
