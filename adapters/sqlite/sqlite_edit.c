#include "adapters/sqlite/sqlite_edit.h"

#include <assert.h>

#include "adapters/sqlite/sqlite_key.h"
#include "adapters/sqlite/sqlite_row.h"

/* A task that something is done to. Of task, what requeueing and keys need. */
struct target {
    struct queue_row *queue;
    int64_t number;
    enum task_state state;
    struct task task;
    char key[KEY_MAX];
};

struct query edit_find(struct connection *c, struct bytes namespace,
                       const struct task_ref *ref,
                       const struct packed_id *packed)
{
    bool const is_anywhere = !ref->queue.at;
    struct query q =
        query_on(c, is_anywhere ? SQL_TASK_ANYWHERE : SQL_TASK_BY_ID);

    query_text(&q, namespace);
    query_blob(&q, packed_id_bytes(packed));
    query_int(&q, packed_id_number(packed));
    if (!is_anywhere)
        query_text(&q, ref->queue);
    return q;
}

/* Reads the target, all but its queue and state, from the row of a task. */
static void read_target(const struct query *q, const struct task_id *id,
                        struct target *out)
{
    struct bytes key = query_column_bytes(q, COLUMN_KEY);

    out->number = query_column_int(q, COLUMN_NUMBER);
    out->task = (struct task){
        .id = *id,
        .key_ttl_ms = query_column_int(q, COLUMN_KEY_TTL),
        .expires_ms = query_column_int(q, COLUMN_EXPIRES),
        .created_at_ms = query_column_int(q, COLUMN_CREATED_AT),
        .run_at_ms = query_column_int(q, COLUMN_RUN_AT),
        .attempt = (int32_t)query_column_int(q, COLUMN_ATTEMPT),
        .crashes = (int32_t)query_column_int(q, COLUMN_CRASHES),
    };
    if (key.at && key.len <= sizeof(out->key)) {
        memcpy(out->key, key.at, key.len);
        out->task.key = (struct bytes){out->key, key.len};
    }
}

/* Finds the task of ref. Answers STATUS_NOT_FOUND. */
static enum status find_target(struct ledger *l, int64_t now_ms,
                               const struct task_ref *ref, struct target *out,
                               struct error *err)
{
    struct packed_id const packed = packed_id_of(&ref->id);
    struct query q = edit_find(l->connection, l->namespace, ref, &packed);

    enum status st = query_next(&q, err);
    if (st != STATUS_OK)
        return st == STATUS_EMPTY ? STATUS_NOT_FOUND : st;
    read_target(&q, &ref->id, out);
    out->state = (enum task_state)query_column_int(&q, COLUMN_STATE);
    int64_t const queue_id = query_column_int(&q, COLUMN_QUEUE_ID);
    bool const is_over = row_is_over(&q, now_ms);
    query_end(&q);
    if (is_over)
        return STATUS_NOT_FOUND;
    return ledger_find_id(l, queue_id, &out->queue, err);
}

static enum status remove_target(struct ledger *l, const struct target *t,
                                 struct error *err)
{
    struct query q = query_on(l->connection, SQL_TASK_REMOVE);

    query_int(&q, t->number);
    enum status const st = query_run(&q, err);
    if (st < 0)
        return st;
    queue_row_take(t->queue, t->state);
    return key_free(l, t->queue->id, &t->task, err);
}

enum status edit_remove(struct ledger *l, int64_t now_ms, unsigned states,
                        const struct task_ref *ref, struct error *err)
{
    struct target t;
    enum status const st = find_target(l, now_ms, ref, &t, err);

    if (st != STATUS_OK)
        return st;
    if (!(states & STATE_SET(t.state)))
        return STATUS_WRONG_STATE;
    return remove_target(l, &t, err);
}

enum status edit_run_now(struct ledger *l, int64_t now_ms,
                         const struct task_ref *ref, struct error *err)
{
    struct target t;
    enum status st = find_target(l, now_ms, ref, &t, err);

    if (st != STATUS_OK)
        return st;
    if (t.state != TASK_SCHEDULED && t.state != TASK_RETRY)
        return STATUS_WRONG_STATE;

    struct query q = query_on(l->connection, SQL_TASK_RUN_NOW);
    query_int(&q, t.number);
    query_int(&q, queue_row_next_position(t.queue, now_ms));
    query_int(&q, now_ms);
    st = query_run(&q, err);
    queue_row_take(t.queue, t.state);
    queue_row_add(t.queue, TASK_READY);
    return st;
}

/* Takes the key of a dead task that is to run again. Answers STATUS_KEY_HELD:
 * it is another's by now. */
static enum status take_key_again(struct ledger *l, const struct target *t,
                                  const struct task *task, int64_t now_ms,
                                  struct task_id *holder, struct error *err)
{
    struct task_id found;

    if (!task->key.at)
        return STATUS_OK;
    enum status const st =
        key_holder(l, t->queue->id, task->key, now_ms, &found, err);
    if (st < 0)
        return st;
    if (st == STATUS_OK && strcmp(found.text, task->id.text) != 0) {
        *holder = found;
        return STATUS_KEY_HELD;
    }
    return key_take(l, t->queue->id, t->number, task, err);
}

enum status edit_requeue(struct ledger *l, int64_t now_ms,
                         const struct task_ref *ref, struct task_id *holder,
                         struct error *err)
{
    struct target t;
    enum status st = find_target(l, now_ms, ref, &t, err);

    if (st != STATUS_OK)
        return st;
    if (t.state != TASK_DEAD)
        return STATUS_WRONG_STATE;
    struct task const task = task_requeued(&t.task, now_ms);
    st = take_key_again(l, &t, &task, now_ms, holder, err);
    if (st != STATUS_OK)
        return st;

    struct query q = query_on(l->connection, SQL_TASK_REQUEUE);
    query_int(&q, t.number);
    query_int(&q, queue_row_next_position(t.queue, now_ms));
    query_int(&q, now_ms);
    query_int(&q, task.attempt);
    query_int(&q, task.crashes);
    query_int(&q, task.expires_ms);
    query_int(&q, task.created_at_ms);
    query_int(&q, task.run_at_ms);
    st = query_run(&q, err);
    queue_row_take(t.queue, TASK_DEAD);
    queue_row_add(t.queue, TASK_READY);
    return st;
}

/* Removes the first task in the state that t is in; of ready ones, the first
 * in the line of that priority. Answers STATUS_EMPTY. */
static enum status remove_first(struct ledger *l, struct target *t,
                                int priority, struct error *err)
{
    bool const is_ready = t->state == TASK_READY;
    struct query q =
        query_on(l->connection, is_ready ? SQL_TASKS_READY : SQL_TASK_FIRST);

    query_int(&q, t->queue->id);
    query_int(&q, is_ready ? priority : (int)t->state);
    if (is_ready)
        query_int(&q, 1);
    enum status const st = query_next(&q, err);
    if (st != STATUS_OK)
        return st;
    struct bytes const id = query_column_bytes(&q, COLUMN_ID);
    struct packed_id packed = {{0}};
    memcpy(packed.at, id.at, id.len < TASK_ID_BYTES ? id.len : TASK_ID_BYTES);
    struct task_id const unpacked = task_id_unpack(packed.at);
    read_target(&q, &unpacked, t);
    query_end(&q);
    return remove_target(l, t, err);
}

enum status edit_purge(struct ledger *l, struct bytes queue,
                       enum task_state state, size_t limit, size_t *removed,
                       struct error *err)
{
    struct target t = {.state = state};
    int const lines = state == TASK_READY ? PRIORITIES : 1;
    assert(limit <= BATCH_MAX && state != TASK_ACTIVE);

    *removed = 0;
    enum status st = ledger_find(l, queue, &t.queue, err);
    for (int line = 0; line < lines && st == STATUS_OK; line++) {
        while (*removed < limit && st == STATUS_OK) {
            st = remove_first(l, &t, line, err);
            *removed += st == STATUS_OK;
        }
        if (st == STATUS_EMPTY)
            st = STATUS_OK;
    }
    return st;
}

enum status edit_pause(struct ledger *l, struct bytes queue, bool is_paused,
                       struct error *err)
{
    struct queue_row *row;
    enum status const st = is_paused ? ledger_need(l, queue, &row, err)
                                     : ledger_find(l, queue, &row, err);

    if (st != STATUS_OK)
        return st;
    struct query q = query_on(l->connection, SQL_QUEUE_PAUSE);
    query_int(&q, row->id);
    query_int(&q, is_paused);
    l->has_news = true;
    return query_run(&q, err);
}
