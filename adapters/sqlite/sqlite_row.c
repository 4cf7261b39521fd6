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

static bool copy(struct arena *mem, struct bytes *bytes)
{
    return arena_copy(mem, *bytes, bytes);
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
    return task_is_valid(&task) && task.last_error.len <= ERROR_TAIL_MAX;
}

/* Reads the task, whose bytes are the query's; false: it is none. What is too
 * large must be found here: it would find no room in any arena. */
static bool see_task(const struct query *q, struct task *out)
{
    struct bytes const id = query_column_bytes(q, COLUMN_ID);
    struct task task = {
        .type = query_column_bytes(q, COLUMN_TYPE),
        .key = query_column_bytes(q, COLUMN_KEY),
        .headers = query_column_bytes(q, COLUMN_HEADERS),
        .payload = query_column_bytes(q, COLUMN_PAYLOAD),
        .last_error = query_column_bytes(q, COLUMN_LAST_ERROR),
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
        return false;
    task.id = task_id_unpack((const uint8_t *)id.at);
    if (!is_sound(task))
        return false;
    *out = task;
    return true;
}

static bool copy_task(struct arena *mem, struct task *task)
{
    return copy(mem, &task->type) && copy(mem, &task->key) &&
           copy(mem, &task->headers) && copy(mem, &task->payload) &&
           copy(mem, &task->last_error);
}

enum status row_read_task(const struct query *q, struct arena *mem,
                          struct task *out, struct error *err)
{
    struct task task;

    if (!see_task(q, &task))
        return corrupt(q, err);
    if (!copy_task(mem, &task))
        return STATUS_EMPTY;
    *out = task;
    return STATUS_OK;
}

/* The same as see_task, for the whole record; its state may be none. */
static bool see_record(const struct query *q, struct task_record *out)
{
    struct task_record record = {
        .started_at_ms = query_column_int(q, COLUMN_STARTED_AT),
        .worker = query_column_bytes(q, COLUMN_WORKER),
    };
    int64_t const since_ms = query_column_int(q, COLUMN_SINCE);
    int32_t reason;

    if (!read_below(q, COLUMN_REASON, REASONS, &reason) ||
        !see_task(q, &record.task))
        return false;
    record.state = (enum task_state)query_column_int(q, COLUMN_STATE);
    record.reason = (enum reason)reason;
    record.task.queue = query_column_bytes(q, COLUMN_QUEUE);
    if (record.state == TASK_ACTIVE) {
        record.started_at_ms = since_ms;
        record.lease_until_ms = query_column_int(q, COLUMN_POSITION);
    } else if (record.state == TASK_DONE || record.state == TASK_DEAD) {
        record.finished_at_ms = since_ms;
    }
    if (record.state == TASK_DONE) /* of a dead one see sqlite_stray.h */
        record.result = query_column_bytes(q, COLUMN_RESULT);
    *out = record;
    return !record.result.at ||
           (record.result.len > 0 && record.result.len <= RESULT_JSON_MAX);
}

bool row_is_readable(const struct query *q)
{
    struct task_record ignored;

    return see_record(q, &ignored);
}

enum status row_read_record(const struct query *q, struct arena *mem,
                            struct task_record *out, struct error *err)
{
    struct task_record record;
    int32_t state;

    if (!see_record(q, &record) ||
        !read_below(q, COLUMN_STATE, TASK_STATES, &state))
        return corrupt(q, err);
    if (!copy_task(mem, &record.task) || !copy(mem, &record.task.queue) ||
        !copy(mem, &record.worker) || !copy(mem, &record.result))
        return STATUS_EMPTY;
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
