#include "adapters/sqlite/sqlite_enqueue.h"

#include "adapters/sqlite/sqlite_key.h"

/* Forgets a done task whose retention is over. */
static enum status forget(struct ledger *l, struct queue_row *queue,
                          int64_t number, struct error *err)
{
    struct query q = query_on(l->connection, SQL_TASK_REMOVE);

    query_int(&q, number);
    queue_row_take(queue, TASK_DONE);
    return query_run(&q, err);
}

/* Looks for a task with this id in the queue. Answers STATUS_NOT_FOUND, also
 * if there is one that should be forgotten by now: then it is. */
static enum status find_state(struct ledger *l, struct queue_row *queue,
                              const struct task_id *id, int64_t now_ms,
                              enum task_state *out, struct error *err)
{
    struct packed_id const packed = packed_id_of(id);
    struct query q = query_on(l->connection, SQL_TASK_STATE);

    query_int(&q, queue->id);
    query_blob(&q, packed_id_bytes(&packed));
    enum status st = query_next(&q, err);
    if (st != STATUS_OK)
        return st == STATUS_EMPTY ? STATUS_NOT_FOUND : st;

    enum task_state const state = (enum task_state)query_column_int(&q, 0);
    int64_t const number = query_column_int(&q, 1);
    bool const is_over =
        state == TASK_DONE && query_column_int(&q, 2) <= now_ms;
    query_end(&q);
    if (is_over) {
        st = forget(l, queue, number, err);
        return st < 0 ? st : STATUS_NOT_FOUND;
    }
    *out = state;
    return STATUS_OK;
}

/* Whether a task with new's id, or the holder of its key, is there already:
 * then *out names it. Answers STATUS_NOT_FOUND. */
static enum status find_holder(struct ledger *l, struct queue_row *queue,
                               const struct new_task *new, int64_t now_ms,
                               struct enqueued *out, struct error *err)
{
    struct enqueued found = {.id = new->task.id, .is_duplicate = true};
    enum status st = STATUS_NOT_FOUND;

    if (!new->is_id_new)
        st = find_state(l, queue, &found.id, now_ms, &found.state, err);
    if (st == STATUS_NOT_FOUND) {
        st = key_holder(l, queue->id, new->task.key, now_ms, &found.id, err);
        if (st != STATUS_OK)
            return st;
        st = find_state(l, queue, &found.id, now_ms, &found.state, err);
        /* A key may outlive its task, which then is done and forgotten. */
        if (st == STATUS_NOT_FOUND) {
            found.state = TASK_DONE;
            st = STATUS_OK;
        }
    }
    if (st == STATUS_OK)
        *out = found;
    return st;
}

static void bind_task(struct query *q, const struct task *task, int64_t now_ms)
{
    query_int(q, task->priority);
    query_int(q, task->max_attempts);
    query_int(q, task->max_crashes);
    query_int(q, task->timeout_ms);
    query_int(q, task->backoff.kind);
    query_int(q, task->backoff.jitter);
    query_int(q, task->backoff.factor_milli);
    query_int(q, task->backoff.base_ms);
    query_int(q, task->backoff.max_ms);
    query_int(q, task->key_ttl_ms);
    query_int(q, task->retain_ms);
    query_int(q, task->expires_ms);
    query_int(q, task->created_at_ms);
    query_int(q, task->run_at_ms);
    query_int(q, now_ms);
    query_text(q, task->type);
    query_blob(q, task->key);
    query_blob(q, task->headers);
    query_blob(q, task->payload);
}

static enum task_state first_state(const struct task *task, int64_t now_ms)
{
    return task->run_at_ms <= now_ms ? TASK_READY : TASK_SCHEDULED;
}

/* Adds the row; *is_added is false if its id exists. */
static enum status insert(struct ledger *l, struct queue_row *queue,
                          const struct task *task, int64_t now_ms,
                          bool *is_added, struct error *err)
{
    enum task_state const state = first_state(task, now_ms);
    struct packed_id const id = packed_id_of(&task->id);
    bool const is_ready = state == TASK_READY;
    struct query q = query_on(l->connection, SQL_TASK_ADD);

    query_int(&q, queue->id);
    query_blob(&q, packed_id_bytes(&id));
    query_int(&q, state);
    query_int(&q, is_ready ? task->priority : 0);
    query_int(&q, is_ready ? queue_row_next_position(queue, now_ms)
                           : task->run_at_ms);
    bind_task(&q, task, now_ms);
    enum status const st = query_run(&q, err);
    if (st == STATUS_OK)
        *is_added = sqlite3_changes(l->connection->db) > 0;
    return st;
}

/* Adds new, which nothing but its id can stand in the way of. */
static enum status add(struct ledger *l, struct queue_row *queue,
                       const struct task *task, int64_t now_ms,
                       struct enqueued *out, struct error *err)
{
    struct enqueued found = {.id = task->id, .is_duplicate = true};
    bool is_added = false;

    enum status st = insert(l, queue, task, now_ms, &is_added, err);
    if (st == STATUS_OK && !is_added) {
        st = find_state(l, queue, &task->id, now_ms, &found.state, err);
        if (st == STATUS_OK)
            *out = found;
        if (st == STATUS_NOT_FOUND)
            st = insert(l, queue, task, now_ms, &is_added, err);
    }
    if (st < 0 || !is_added)
        return st;

    *out =
        (struct enqueued){.id = task->id, .state = first_state(task, now_ms)};
    queue_row_add(queue, out->state);
    return key_take(l, queue->id, task, err);
}

static enum status enqueue_one(struct ledger *l, int64_t now_ms,
                               const struct new_task *new, struct enqueued *out,
                               struct error *err)
{
    struct queue_row *queue;
    enum status st = ledger_need(l, new->task.queue, &queue, err);

    if (st == STATUS_OK && new->task.key.at) {
        st = find_holder(l, queue, new, now_ms, out, err);
        if (st == STATUS_OK)
            return st;
    }
    return st < 0 ? st : add(l, queue, &new->task, now_ms, out, err);
}

enum status enqueue_tasks(struct ledger *l, int64_t now_ms,
                          const struct new_task *tasks, size_t n,
                          struct enqueued *results, struct error *err)
{
    for (size_t i = 0; i < n; i++) {
        enum status const st =
            enqueue_one(l, now_ms, &tasks[i], &results[i], err);
        if (st < 0)
            return st;
    }
    return STATUS_OK;
}
