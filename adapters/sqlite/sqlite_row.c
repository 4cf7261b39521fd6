#include "adapters/sqlite/sqlite_row.h"

#include "domain/text.h"

/* Reads a number that has to be less than count; false: it is not. */
static bool read_below(const struct query *q, int column, int64_t count,
                       int32_t *out)
{
    int64_t const value = query_column_int(q, column);

    *out = (int32_t)value;
    return value >= 0 && value < count;
}

/* Reads the numbers that might not fit where they go; false: one does not.
 * Whether they make a task is the domain's to say. */
static bool read_small(const struct query *q, struct task *task)
{
    int32_t priority, kind, jitter;

    if (!read_below(q, COLUMN_PRIORITY, PRIORITIES, &priority) ||
        !read_below(q, COLUMN_BACKOFF_KIND, BACKOFF_KINDS, &kind) ||
        !read_below(q, COLUMN_BACKOFF_JITTER, JITTER_NONE + 1, &jitter))
        return false;
    task->priority = (enum priority)priority;
    task->backoff.kind = (enum backoff_kind)kind;
    task->backoff.jitter = (enum jitter)jitter;
    return read_below(q, COLUMN_BACKOFF_FACTOR, FACTOR_MILLI_MAX + 1,
                      &task->backoff.factor_milli) &&
           read_below(q, COLUMN_MAX_ATTEMPTS, ATTEMPTS_MAX + 1,
                      &task->max_attempts) &&
           read_below(q, COLUMN_MAX_CRASHES, CRASHES_MAX + 1,
                      &task->max_crashes) &&
           read_below(q, COLUMN_ATTEMPT, ATTEMPTS_MAX + 1, &task->attempt) &&
           read_below(q, COLUMN_CRASHES, CRASHES_MAX + 1, &task->crashes);
}

bool row_is_over(const struct query *q, int64_t now_ms)
{
    int64_t const retain_ms = query_column_int(q, COLUMN_RETAIN);

    return query_column_int(q, COLUMN_STATE) == TASK_DONE && retain_ms >= 0 &&
           retain_ms <= DURATION_MAX_MS &&
           query_column_int(q, COLUMN_SINCE) <= now_ms - retain_ms;
}

static bool copy(const struct query *q, int column, struct arena *mem,
                 struct bytes *out)
{
    return arena_copy(mem, query_column_bytes(q, column), out);
}

static enum status corrupt(const struct query *q, struct error *err)
{
    return connection_refuse(q->connection, STATUS_CORRUPT,
                             "a stored task can't be understood", err);
}

/* The rules of the domain count on it: a number beyond its limit would
 * overflow there. How far a task may get by its own limits is a verdict's to
 * say, not a store's. */
static bool is_sound(struct task task)
{
    task.queue = BYTES(DEFAULT_QUEUE); /* filled in later */
    task.attempt = 0;
    task.crashes = 0;
    return task_is_valid(&task);
}

enum status row_read_task(const struct query *q, struct arena *mem,
                          struct task *out, struct error *err)
{
    struct bytes const id = query_column_bytes(q, COLUMN_ID);
    struct task task = {
        .backoff.base_ms = query_column_int(q, COLUMN_BACKOFF_BASE),
        .backoff.max_ms = query_column_int(q, COLUMN_BACKOFF_MAX),
        .timeout_ms = query_column_int(q, COLUMN_TIMEOUT),
        .key_ttl_ms = query_column_int(q, COLUMN_KEY_TTL),
        .retain_ms = query_column_int(q, COLUMN_RETAIN),
        .expires_ms = query_column_int(q, COLUMN_EXPIRES),
        .created_at_ms = query_column_int(q, COLUMN_CREATED_AT),
        .run_at_ms = query_column_int(q, COLUMN_RUN_AT),
    };

    if (id.len != TASK_ID_BYTES || !read_small(q, &task))
        return corrupt(q, err);
    task.id = task_id_unpack((const uint8_t *)id.at);
    if (!copy(q, COLUMN_TYPE, mem, &task.type) ||
        !copy(q, COLUMN_KEY, mem, &task.key) ||
        !copy(q, COLUMN_HEADERS, mem, &task.headers) ||
        !copy(q, COLUMN_PAYLOAD, mem, &task.payload) ||
        !copy(q, COLUMN_LAST_ERROR, mem, &task.last_error))
        return STATUS_EMPTY;
    if (!is_sound(task))
        return corrupt(q, err);
    *out = task;
    return STATUS_OK;
}

enum status row_read_record(const struct query *q, struct arena *mem,
                            struct task_record *out, struct error *err)
{
    struct task_record record = {
        .started_at_ms = query_column_int(q, COLUMN_STARTED_AT),
    };
    int64_t const since_ms = query_column_int(q, COLUMN_SINCE);
    int32_t state, reason;

    if (!read_below(q, COLUMN_STATE, TASK_STATES, &state) ||
        !read_below(q, COLUMN_REASON, REASONS, &reason))
        return corrupt(q, err);
    record.state = (enum task_state)state;
    record.reason = (enum reason)reason;
    enum status const st = row_read_task(q, mem, &record.task, err);
    if (st != STATUS_OK)
        return st;
    if (record.state == TASK_ACTIVE) {
        record.started_at_ms = since_ms;
        record.lease_until_ms = query_column_int(q, COLUMN_POSITION);
    } else if (record.state == TASK_DONE || record.state == TASK_DEAD) {
        record.finished_at_ms = since_ms;
    }
    if (!copy(q, COLUMN_QUEUE, mem, &record.task.queue) ||
        !copy(q, COLUMN_WORKER, mem, &record.worker) ||
        !copy(q, COLUMN_RESULT, mem, &record.result))
        return STATUS_EMPTY;
    if (record.result.at && record.result.len == 0)
        return corrupt(q, err);
    *out = record;
    return STATUS_OK;
}

struct lease_token token_format(struct token token)
{
    struct lease_token out;
    struct text t = text_in(out.text, sizeof(out.text));

    text_add_int(&t, token.queue_id);
    text_add(&t, ".");
    text_add_int(&t, token.number);
    text_add(&t, ".");
    text_add_int(&t, token.fencing);
    return out;
}

/* Reads the number up to the next dot, and goes behind it. */
static bool read_part(struct bytes *rest, int64_t *out)
{
    const char *dot = memchr(rest->at, '.', rest->len);
    size_t const len = dot ? (size_t)(dot - rest->at) : rest->len;
    size_t const used = dot ? len + 1 : len;
    size_t const sign = len > 0 && rest->at[0] == '-';
    struct bytes const digits = {rest->at + sign, len - sign};

    *rest = (struct bytes){rest->at + used, rest->len - used};
    if (!text_read_int(digits, INT64_MAX, out))
        return false;
    if (sign)
        *out = -*out;
    return true;
}

bool token_parse(const struct lease_token *text, struct token *out)
{
    struct bytes rest = {text->text, strnlen(text->text, sizeof(text->text))};

    return read_part(&rest, &out->queue_id) && read_part(&rest, &out->number) &&
           read_part(&rest, &out->fencing) && rest.len == 0;
}
