#include "cmd/library/spec.h"

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))

/* Each is indexed by the value of millrace.h. */
static const enum priority priorities[] = {
    [MR_PRIORITY_NORMAL] = PRIORITY_NORMAL,
    [MR_PRIORITY_HIGH] = PRIORITY_HIGH,
    [MR_PRIORITY_LOW] = PRIORITY_LOW,
};
static const enum backoff_kind kinds[] = {
    [MR_BACKOFF_EXPONENTIAL] = BACKOFF_EXPONENTIAL,
    [MR_BACKOFF_LINEAR] = BACKOFF_LINEAR,
    [MR_BACKOFF_CONSTANT] = BACKOFF_CONSTANT,
};
static const enum jitter jitters[] = {
    [MR_JITTER_FULL] = JITTER_FULL,
    [MR_JITTER_EQUAL] = JITTER_EQUAL,
    [MR_JITTER_NONE] = JITTER_NONE,
};
static const enum reason reasons[] = {
    [MR_REASON_NONE] = REASON_NONE,
    [MR_REASON_EXHAUSTED] = REASON_EXHAUSTED,
    [MR_REASON_REJECTED] = REASON_REJECTED,
    [MR_REASON_EXPIRED] = REASON_EXPIRED,
    [MR_REASON_LOST] = REASON_LOST,
};

enum status reserve_check(const uint64_t *reserved, size_t n, struct error *err)
{
    for (size_t i = 0; i < n; i++)
        if (reserved[i] != 0)
            return error_set(err, STATUS_INVALID, "reserved",
                             "reserved: not zero: a member that this "
                             "libmillrace does not know, or no initialiser");
    return STATUS_OK;
}

static enum status check_range(const char *field, int64_t value, int64_t min,
                               int64_t max, struct error *err)
{
    if (value >= min && value <= max)
        return STATUS_OK;
    return error_out_of_range(err, field, value, min, max);
}

/* A value of one of the enums above, whatever its sign. */
static enum status check_enum(const char *field, int64_t value, size_t count,
                              struct error *err)
{
    return check_range(field, value, 0, (int64_t)count - 1, err);
}

static enum status check_enums(const struct mr_task_spec *spec,
                               struct error *err)
{
    enum status st = check_enum("priority", (int64_t)spec->priority,
                                ARRAY_LEN(priorities), err);

    if (st == STATUS_OK)
        st = check_enum("backoff", (int64_t)spec->backoff, ARRAY_LEN(kinds),
                        err);
    if (st == STATUS_OK)
        st = check_enum("jitter", (int64_t)spec->jitter, ARRAY_LEN(jitters),
                        err);
    return st;
}

/* 0 leaves the default, MR_NONE is 0, all else is itself. */
static int64_t duration(int64_t given, int64_t by_default)
{
    if (given == 0)
        return by_default;
    return given == MR_NONE ? 0 : given;
}

static struct backoff read_backoff(const struct mr_task_spec *spec,
                                   struct backoff by_default)
{
    struct backoff b = {
        .kind = kinds[spec->backoff],
        .jitter = jitters[spec->jitter],
        .factor_milli = spec->backoff_factor_milli ? spec->backoff_factor_milli
                                                   : by_default.factor_milli,
        .base_ms = duration(spec->backoff_base_ms, by_default.base_ms),
        .max_ms = spec->backoff_max_ms,
    };

    if (b.max_ms == 0)
        b.max_ms =
            b.base_ms > by_default.max_ms ? b.base_ms : by_default.max_ms;
    return b;
}

static void read_texts(const struct mr_task_spec *spec, struct task *task)
{
    task->type = bytes_of(spec->type);
    task->payload = BYTES("null");
    if (spec->payload)
        task->payload = spec->payload_len > 0
                            ? (struct bytes){spec->payload, spec->payload_len}
                            : bytes_of(spec->payload);
    if (spec->queue)
        task->queue = bytes_of(spec->queue);
    task->headers = bytes_of(spec->headers);
    task->key = bytes_of(spec->key);
}

static void read_numbers(const struct mr_task_spec *spec, struct task *task)
{
    task->priority = priorities[spec->priority];
    task->backoff = read_backoff(spec, task->backoff);
    if (spec->max_attempts != 0)
        task->max_attempts = spec->max_attempts;
    if (spec->max_crashes != 0)
        task->max_crashes = spec->max_crashes;
    task->timeout_ms = duration(spec->timeout_ms, task->timeout_ms);
    task->key_ttl_ms = spec->key_ttl_ms;
    task->retain_ms = spec->retain_ms;
    task->expires_ms = spec->expires_ms;
    task->run_at_ms = spec->run_at_ms;
}

/* What the domain checks under another name, or in another unit, than the
 * member has. */
static enum status check_members(const struct task *task, struct error *err)
{
    const struct backoff *b = &task->backoff;
    enum status st =
        check_range("run_at_ms", task->run_at_ms, 0, INSTANT_MAX_MS, err);

    if (st == STATUS_OK)
        st = check_range("backoff_factor_milli", b->factor_milli, 1000,
                         FACTOR_MILLI_MAX, err);
    if (st == STATUS_OK)
        st =
            check_range("backoff_base_ms", b->base_ms, 0, DURATION_MAX_MS, err);
    if (st == STATUS_OK)
        st = check_range("backoff_max_ms", b->max_ms, b->base_ms,
                         DURATION_MAX_MS, err);
    return st;
}

static enum status read_id(const char *text, struct task_id *out,
                           struct error *err)
{
    if (task_id_parse(bytes_of(text), out))
        return STATUS_OK;
    return error_bad_text(err, "id", "id", bytes_of(text), "must be a ULID");
}

enum status spec_read(const struct mr_task_spec *spec, struct task_spec *out,
                      struct error *err)
{
    enum status st =
        reserve_check(spec->reserved, ARRAY_LEN(spec->reserved), err);

    if (st == STATUS_OK)
        st = check_enums(spec, err);
    if (st < 0)
        return st;
    if (!spec->type)
        return error_set(err, STATUS_INVALID, "type", "type: missing");
    if (!spec->payload && spec->payload_len > 0)
        return error_set(err, STATUS_INVALID, "payload",
                         "payload: missing, though it has a length");

    *out =
        (struct task_spec){.task = task_default(), .delay_ms = spec->delay_ms};
    read_texts(spec, &out->task);
    read_numbers(spec, &out->task);
    st = check_members(&out->task, err);
    if (st == STATUS_OK && spec->id)
        st = read_id(spec->id, &out->task.id, err);
    return st < 0 ? st : task_spec_validate(out, err);
}

enum status queue_read(const char *name, struct bytes *out, struct error *err)
{
    *out = bytes_of(name);
    if (queue_name_is_valid(*out))
        return STATUS_OK;
    return error_bad_text(err, "queue", "name", *out,
                          "must match [a-z0-9][a-z0-9._-]{0,63}");
}

enum status ref_read(const char *queue, const char *id, struct task_ref *out,
                     struct error *err)
{
    *out = (struct task_ref){0};
    enum status const st =
        queue ? queue_read(queue, &out->queue, err) : STATUS_OK;
    if (st < 0)
        return st;
    if (!id)
        return error_set(err, STATUS_INVALID, "id", "id: missing");
    return read_id(id, &out->id, err);
}

static enum status read_filter_enums(const struct mr_filter *filter,
                                     struct task_filter *out, struct error *err)
{
    enum status st =
        check_enum("state", (int64_t)filter->state, MR_STATE_DEAD + 1, err);

    if (st == STATUS_OK)
        st = check_enum("reason", (int64_t)filter->reason, ARRAY_LEN(reasons),
                        err);
    if (st < 0)
        return st;
    out->has_state = state_read(filter->state, &out->state);
    out->reason = reasons[filter->reason];
    return STATUS_OK;
}

enum status filter_read(const struct mr_filter *filter, struct task_filter *out,
                        struct error *err)
{
    *out = (struct task_filter){0};
    if (!filter)
        return STATUS_OK;

    enum status st =
        reserve_check(filter->reserved, ARRAY_LEN(filter->reserved), err);
    if (st == STATUS_OK)
        st = read_filter_enums(filter, out, err);
    if (st == STATUS_OK && filter->queue)
        st = queue_read(filter->queue, &out->queue, err);
    if (st < 0)
        return st;
    out->type = bytes_of(filter->type);
    if (filter->type && !type_name_is_valid(out->type))
        return error_bad_text(err, "type", "type", out->type,
                              "must match [A-Za-z0-9][A-Za-z0-9._:-]{0,127}");
    out->before_ms = filter->before_ms;
    return check_range("before_ms", filter->before_ms, 0, INSTANT_MAX_MS, err);
}

void enqueued_write(const struct enqueued *from, struct mr_enqueued *to)
{
    *to = (struct mr_enqueued){.is_duplicate = from->is_duplicate,
                               .state = state_shown(from->state)};
    memcpy(to->id, from->id.text, sizeof(to->id));
}

enum mr_state state_shown(enum task_state state)
{
    switch (state) {
    case TASK_SCHEDULED:
        return MR_STATE_SCHEDULED;
    case TASK_READY:
        return MR_STATE_READY;
    case TASK_ACTIVE:
        return MR_STATE_ACTIVE;
    case TASK_RETRY:
        return MR_STATE_RETRY;
    case TASK_DONE:
        return MR_STATE_DONE;
    case TASK_DEAD:
        return MR_STATE_DEAD;
    }
    return MR_STATE_ANY;
}

bool state_read(enum mr_state state, enum task_state *out)
{
    static const enum task_state states[] = {
        TASK_SCHEDULED, TASK_READY, TASK_ACTIVE,
        TASK_RETRY,     TASK_DONE,  TASK_DEAD,
    };

    if (state < MR_STATE_SCHEDULED || state > MR_STATE_DEAD)
        return false;
    *out = states[state - MR_STATE_SCHEDULED];
    return true;
}
