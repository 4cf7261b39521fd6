/*
 * Most tasks are plain: their id was made just now, they have no key, and are
 * ready at once. Those go in many a statement.
 */
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

/* What is stored of a task. */
struct found {
    enum task_state state;
    int64_t position;
};

/* Looks for a task with this id in the queue. Answers STATUS_NOT_FOUND, also
 * if there is one that should be forgotten by now: then it is. */
static enum status find(struct ledger *l, struct queue_row *queue,
                        const struct task_id *id, int64_t now_ms,
                        struct found *out, struct error *err)
{
    struct packed_id const packed = packed_id_of(id);
    struct query q = query_on(l->connection, SQL_TASK_STATE);

    query_int(&q, queue->id);
    query_blob(&q, packed_id_bytes(&packed));
    query_int(&q, packed_id_number(&packed));
    enum status st = query_next(&q, err);
    if (st != STATUS_OK)
        return st == STATUS_EMPTY ? STATUS_NOT_FOUND : st;

    struct found const found = {
        .state = (enum task_state)query_column_int(&q, 0),
        .position = query_column_int(&q, 3),
    };
    int64_t const number = query_column_int(&q, 1);
    bool const is_over =
        found.state == TASK_DONE && query_column_int(&q, 2) <= now_ms;
    query_end(&q);
    if (is_over) {
        st = forget(l, queue, number, err);
        return st < 0 ? st : STATUS_NOT_FOUND;
    }
    *out = found;
    return STATUS_OK;
}

static enum status find_state(struct ledger *l, struct queue_row *queue,
                              const struct task_id *id, int64_t now_ms,
                              enum task_state *out, struct error *err)
{
    struct found found;
    enum status const st = find(l, queue, id, now_ms, &found, err);

    if (st == STATUS_OK)
        *out = found.state;
    return st;
}

/* Whether a task with new's id, if it may_exist, or the holder of its key, is
 * there already: then *out names it. Answers STATUS_NOT_FOUND. */
static enum status find_holder(struct ledger *l, struct queue_row *queue,
                               const struct new_task *new, bool may_exist,
                               int64_t now_ms, struct enqueued *out,
                               struct error *err)
{
    struct enqueued found = {.id = new->task.id, .is_duplicate = true};
    enum status st = STATUS_NOT_FOUND;

    if (may_exist)
        st = find_state(l, queue, &found.id, now_ms, &found.state, err);
    if (st == STATUS_NOT_FOUND && new->task.key.at) {
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

/* Where a row goes; id and number are of the task. */
struct place {
    int64_t queue_id;
    int64_t number;
    struct packed_id id;
    enum task_state state;
    int64_t position;
};

static struct place place_for(struct queue_row *queue, const struct task *task,
                              int64_t now_ms)
{
    struct packed_id const id = packed_id_of(&task->id);
    enum task_state const state = first_state(task, now_ms);

    return (struct place){
        .queue_id = queue->id,
        .number = packed_id_number(&id),
        .id = id,
        .state = state,
        .position = state == TASK_READY ? queue_row_next_position(queue, now_ms)
                                        : task->run_at_ms,
    };
}

/* Binds a NEW_ROW, see sqlite_sql.c; *place must live until it has run. */
static void bind_row(struct query *q, const struct place *place,
                     const struct task *task, int64_t now_ms)
{
    query_int(q, place->number);
    query_int(q, place->queue_id);
    query_blob(q, packed_id_bytes(&place->id));
    query_int(q, place->state);
    query_int(q, place->position);
    bind_task(q, task, now_ms);
}

/* Adds the row; *is_added is false if its number is taken. */
static enum status insert(struct ledger *l, const struct place *place,
                          const struct task *task, int64_t now_ms,
                          bool *is_added, struct error *err)
{
    struct query q = query_on(l->connection, SQL_TASK_ADD);

    bind_row(&q, place, task, now_ms);
    enum status const st = query_run(&q, err);
    if (st == STATUS_OK)
        *is_added = sqlite3_changes(l->connection->db) > 0;
    return st;
}

/* Adds the row under a number below zero, which becomes place's: its own is
 * another's. */
static enum status insert_apart(struct ledger *l, struct place *place,
                                const struct task *task, int64_t now_ms,
                                struct error *err)
{
    bool is_added = false;
    struct query next = query_on(l->connection, SQL_NUMBER_APART);
    enum status st = query_next(&next, err);

    if (st < 0)
        return st;
    place->number = st == STATUS_OK ? query_column_int(&next, 0) : -1;
    query_end(&next);
    st = insert(l, place, task, now_ms, &is_added, err);
    if (st == STATUS_OK && !is_added)
        return connection_refuse(l->connection, STATUS_CORRUPT,
                                 "an index of its tasks is damaged", err);
    return st;
}

/* Adds the task at place, or apart, or finds it is there. */
static enum status add_at(struct ledger *l, struct queue_row *queue,
                          struct place *place, const struct task *task,
                          int64_t now_ms, struct enqueued *out,
                          struct error *err)
{
    struct enqueued found = {.id = task->id, .is_duplicate = true};
    bool is_added = false;

    enum status st = insert(l, place, task, now_ms, &is_added, err);
    if (st == STATUS_OK && !is_added) {
        st = find_state(l, queue, &task->id, now_ms, &found.state, err);
        if (st == STATUS_OK)
            *out = found;
        if (st != STATUS_NOT_FOUND)
            return st;
        st = insert_apart(l, place, task, now_ms, err);
    }
    if (st < 0)
        return st;

    *out = (struct enqueued){.id = task->id, .state = place->state};
    queue_row_add(queue, out->state);
    return key_take(l, queue->id, place->number, task, err);
}

static enum status enqueue_one(struct ledger *l, int64_t now_ms,
                               const struct new_task *new, bool may_exist,
                               struct enqueued *out, struct error *err)
{
    struct queue_row *queue;
    enum status st = ledger_need(l, new->task.queue, &queue, err);
    if (st < 0)
        return st;

    if (may_exist || new->task.key.at) {
        st = find_holder(l, queue, new, may_exist, now_ms, out, err);
        if (st != STATUS_NOT_FOUND)
            return st;
    }
    struct place place = place_for(queue, &new->task, now_ms);
    return add_at(l, queue, &place, &new->task, now_ms, out, err);
}

/* Answers for a row that was to be added with others, not all of which were:
 * it was if it stands where it was to stand, as places in line are unique. */
static enum status answer_one(struct ledger *l, struct queue_row *queue,
                              struct place *place, const struct task *task,
                              int64_t now_ms, struct enqueued *out,
                              struct error *err)
{
    struct found found;
    enum status const st = find(l, queue, &task->id, now_ms, &found, err);

    if (st == STATUS_NOT_FOUND)
        return add_at(l, queue, place, task, now_ms, out, err);
    if (st < 0)
        return st;
    bool const is_ours = found.position == place->position;
    *out = (struct enqueued){
        .id = task->id, .state = found.state, .is_duplicate = !is_ours};
    if (is_ours)
        queue_row_add(queue, found.state);
    return STATUS_OK;
}

/* Adds SQL_ROWS plain tasks by one statement. */
static enum status add_many(struct ledger *l, int64_t now_ms,
                            const struct new_task *tasks,
                            struct enqueued *results, struct error *err)
{
    struct place places[SQL_ROWS];
    struct queue_row *queues[SQL_ROWS];
    enum status st = STATUS_OK;

    for (size_t i = 0; i < SQL_ROWS && st == STATUS_OK; i++)
        st = ledger_need(l, tasks[i].task.queue, &queues[i], err);
    if (st < 0)
        return st;
    struct query q = query_on(l->connection, SQL_TASKS_ADD);
    for (size_t i = 0; i < SQL_ROWS; i++) {
        places[i] = place_for(queues[i], &tasks[i].task, now_ms);
        bind_row(&q, &places[i], &tasks[i].task, now_ms);
    }
    st = query_run(&q, err);
    bool const are_all = sqlite3_changes(l->connection->db) == SQL_ROWS;
    for (size_t i = 0; i < SQL_ROWS && st == STATUS_OK; i++) {
        if (!are_all) {
            st = answer_one(l, queues[i], &places[i], &tasks[i].task, now_ms,
                            &results[i], err);
            continue;
        }
        results[i] =
            (struct enqueued){.id = tasks[i].task.id, .state = TASK_READY};
        queue_row_add(queues[i], TASK_READY);
    }
    return st;
}

static bool is_plain(const struct new_task *new, int64_t now_ms)
{
    return new->is_id_new && !new->task.key.at &&new->task.run_at_ms <= now_ms;
}

/* Whether tasks[n] begins with SQL_ROWS plain ones. */
static bool are_many_plain(const struct new_task *tasks, size_t n,
                           int64_t now_ms)
{
    size_t i = 0;

    while (i < n && i < SQL_ROWS && is_plain(&tasks[i], now_ms))
        i++;
    return i == SQL_ROWS;
}

/* Whether a task stands apart. If one does, an id that was made just now may
 * too: it was sent, the answer was lost, and its number has become free. */
static enum status stand_some_apart(struct ledger *l, bool *out,
                                    struct error *err)
{
    struct query q = query_on(l->connection, SQL_NUMBER_APART);
    enum status const st = query_next(&q, err);

    if (st < 0)
        return st;
    *out = st == STATUS_OK;
    query_end(&q);
    return STATUS_OK;
}

enum status enqueue_tasks(struct ledger *l, int64_t now_ms,
                          const struct new_task *tasks, size_t n,
                          struct enqueued *results, struct error *err)
{
    bool are_apart;
    enum status st = stand_some_apart(l, &are_apart, err);

    for (size_t i = 0; i < n && st >= 0;) {
        if (!are_apart && are_many_plain(&tasks[i], n - i, now_ms)) {
            st = add_many(l, now_ms, &tasks[i], &results[i], err);
            i += SQL_ROWS;
        } else {
            bool const may_exist = are_apart || !tasks[i].is_id_new;
            st = enqueue_one(l, now_ms, &tasks[i], may_exist, &results[i], err);
            i++;
        }
    }
    return st < 0 ? st : STATUS_OK;
}
