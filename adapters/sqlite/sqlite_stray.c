#include "adapters/sqlite/sqlite_stray.h"

#include <stdlib.h>

#include "adapters/sqlite/sqlite_key.h"
#include "adapters/sqlite/sqlite_row.h"
#include "domain/text.h"

#define SHOWN_MAX 1000 /* bytes of the row in the error of the letter */
#define NAME "row "

/* Columns of SQL_STRAY_ROW; the last and all behind it are the row's. */
enum { S_ID, S_PRIORITY, S_TYPE, S_PAYLOAD, S_ALL };

/* The dead letter that a stray becomes. */
struct letter {
    struct task task;
    bool is_task; /* type and payload are as they were */
    struct bytes was;
    char error[SHOWN_MAX + 100];
    char *row; /* owned, SQLite's: what the stray consists of, as JSON */
};

static void put_string(sqlite3_str *s, struct bytes b)
{
    char shown[BYTE_JSON_MAX];

    sqlite3_str_appendchar(s, 1, '"');
    for (size_t i = 0; i < b.len; i++)
        sqlite3_str_append(s, shown, (int)byte_to_json(b.at[i], shown));
    sqlite3_str_appendchar(s, 1, '"');
}

static void put_column(sqlite3_str *s, const struct query *q, int column)
{
    switch (sqlite3_column_type(q->statement, column)) {
    case SQLITE_INTEGER:
        sqlite3_str_appendf(s, "%lld", (long long)query_column_int(q, column));
        break;
    case SQLITE_NULL:
        sqlite3_str_appendall(s, "null");
        break;
    default:
        put_string(s, query_column_bytes(q, column));
    }
}

static enum status write_row(struct letter *l, const struct query *q,
                             struct bytes *out, struct error *err)
{
    sqlite3_str *s = sqlite3_str_new(q->connection->db);

    for (int i = S_ALL; i < sqlite3_column_count(q->statement); i++) {
        sqlite3_str_appendf(s, "%c\"%s\":", i == S_ALL ? '{' : ',',
                            sqlite3_column_name(q->statement, i));
        put_column(s, q, i);
    }
    sqlite3_str_appendchar(s, 1, '}');
    int const rc = sqlite3_str_errcode(s);
    size_t const len = (size_t)sqlite3_str_length(s);
    l->row = sqlite3_str_finish(s);
    if (rc != SQLITE_OK)
        return connection_fault(q->connection, rc, err);
    *out = (struct bytes){l->row, len};
    return STATUS_OK;
}

/* The id that the row says; or else one that leads to it (see
 * packed_id_number): all bits of the number are in it, and another that says
 * where its sign is, in which no other part of an id made so differs. */
static struct task_id id_for(struct bytes said, int64_t number,
                             struct bytes queue)
{
    uint64_t const size = number < 0 ? -(uint64_t)number : (uint64_t)number;
    uint64_t const sign = UINT64_C(1) << (number < 0 ? 63 : 62);
    struct task_id_source source = {0};

    if (said.len == TASK_ID_BYTES) {
        struct task_id const id = task_id_unpack((const uint8_t *)said.at);
        struct packed_id const packed = packed_id_of(&id);
        if (packed_id_leads_to(&packed, number) &&
            task_id_time_ms(&id) <= INSTANT_MAX_MS)
            return id;
    }
    return task_id_next(&source, (int64_t)(size >> 21),
                        sign | (size & ((1U << 21) - 1)), queue);
}

static void say(struct letter *l, int64_t number, const char *what,
                struct bytes rest)
{
    struct text t = text_in(l->error, sizeof(l->error));

    text_add(&t, "can't be read, found in " NAME);
    text_add_int(&t, number);
    text_add(&t, ": ");
    text_add(&t, what);
    if (rest.len > SHOWN_MAX)
        rest.len = SHOWN_MAX;
    text_add_printable(&t, rest);
    l->task.last_error = (struct bytes){l->error, t.len};
}

/* Writes all of the letter but its task's id and priority. */
static enum status write_text(struct letter *l, const struct query *q,
                              int64_t number, struct error *err)
{
    struct task *task = &l->task;
    struct error ignored;
    struct bytes row = {NULL, 0};

    task->type = query_column_bytes(q, S_TYPE);
    task->payload = query_column_bytes(q, S_PAYLOAD);
    l->is_task = task_validate(task, &ignored) == STATUS_OK;
    enum status const st = write_row(l, q, &row, err);
    if (st < 0)
        return st;
    bool const is_shown = !l->is_task && row.len <= PAYLOAD_MAX;
    l->was = is_shown ? (struct bytes){NULL, 0} : row;
    if (l->is_task) {
        task->type = task->payload = (struct bytes){NULL, 0};
        say(l, number, "all but type and payload is lost, it was: ", row);
        return STATUS_OK;
    }
    task->type = BYTES(STRAY_TYPE);
    task->payload = is_shown ? row : BYTES("null");
    say(l, number,
        is_shown ? "no task; see its payload"
                 : "no task; too large to show, see the column result",
        (struct bytes){NULL, 0});
    return STATUS_OK;
}

static enum status write_letter(struct letter *l, struct connection *c,
                                const struct queue_row *queue, int64_t number,
                                struct error *err)
{
    struct query q = query_on(c, SQL_STRAY_ROW);
    struct task *task = &l->task;

    *l = (struct letter){.task = task_default()};
    query_int(&q, number);
    enum status st = query_next(&q, err);
    if (st != STATUS_OK)
        return st == STATUS_EMPTY ? STATUS_NOT_FOUND : st;
    int64_t const priority = query_column_int(&q, S_PRIORITY);
    if (priority >= 0 && priority < PRIORITIES)
        task->priority = (enum priority)priority;
    task->id =
        id_for(query_column_bytes(&q, S_ID), number, bytes_of(queue->name));
    task->created_at_ms = task_id_time_ms(&task->id);
    st = write_text(l, &q, number, err);
    query_end(&q);
    return st;
}

static enum status free_key(struct ledger *l, int64_t queue_id, int64_t number,
                            struct error *err)
{
    struct query q = query_on(l->connection, SQL_STRAY_KEY_FREE);

    query_int(&q, queue_id);
    query_int(&q, number);
    return query_run(&q, err);
}

static enum status replace(struct ledger *l, struct queue_row *queue,
                           int64_t number, const struct letter *letter,
                           int64_t now_ms, struct error *err)
{
    const struct task *task = &letter->task;
    struct packed_id const id = packed_id_of(&task->id);
    struct query q = query_on(l->connection, SQL_STRAY_BURY);

    query_int(&q, number);
    query_blob(&q, packed_id_bytes(&id));
    query_int(&q, queue_row_next_position(queue, now_ms));
    query_int(&q, now_ms);
    query_int(&q, task->priority);
    query_int(&q, task->max_attempts);
    query_int(&q, task->max_crashes);
    query_int(&q, task->timeout_ms);
    query_int(&q, task->backoff.kind);
    query_int(&q, task->backoff.jitter);
    query_int(&q, task->backoff.factor_milli);
    query_int(&q, task->backoff.base_ms);
    query_int(&q, task->backoff.max_ms);
    query_int(&q, task->created_at_ms);
    query_int(&q, REASON_REJECTED);
    query_blob(&q, task->last_error);
    if (letter->is_task)
        query_null(&q);
    else
        query_text(&q, task->type);
    query_blob(&q, task->payload);
    query_blob(&q, letter->was);
    return query_run(&q, err);
}

enum status stray_bury(struct ledger *l, struct queue_row *queue,
                       int64_t number, int64_t state, int64_t now_ms,
                       struct error *err)
{
    struct letter letter;

    enum status st = write_letter(&letter, l->connection, queue, number, err);
    if (st == STATUS_OK)
        st = free_key(l, queue->id, number, err);
    if (st == STATUS_OK)
        st = replace(l, queue, number, &letter, now_ms, err);
    sqlite3_free(letter.row);
    if (st != STATUS_OK)
        return st;
    if (state >= 0 && state < TASK_STATES)
        queue_row_take(queue, (enum task_state)state);
    queue_row_add(queue, TASK_DEAD);
    return STATUS_OK;
}

void stray_name(int64_t number, char *out, size_t size)
{
    struct text t = text_in(out, size);

    text_add(&t, NAME);
    text_add_int(&t, number);
}

enum status stray_repair(struct ledger *l, struct queue_row *queue,
                         struct bytes name, int64_t now_ms, struct error *err)
{
    struct query q = query_on(l->connection, SQL_TASK_BY_NUMBER);
    size_t const prefix = name.len < strlen(NAME) ? name.len : strlen(NAME);
    int64_t const number = strtoll(name.at + prefix, NULL, 10);

    query_int(&q, number);
    enum status const st = query_next(&q, err);
    if (st != STATUS_OK)
        return st == STATUS_EMPTY ? STATUS_NOT_FOUND : st;
    int64_t const state = query_column_int(&q, COLUMN_STATE);
    bool const is_stray = state != TASK_ACTIVE && !row_is_readable(&q) &&
                          query_column_int(&q, COLUMN_QUEUE_ID) == queue->id;
    query_end(&q);
    return is_stray ? stray_bury(l, queue, number, state, now_ms, err)
                    : STATUS_NOT_FOUND;
}
