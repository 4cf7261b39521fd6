#include "adapters/sqlite/sqlite_promote.h"

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Reads up to max due tasks of queue, by (run_at, id). */
static enum status read_due(struct ledger *l, struct promote_room *room,
                            const struct queue_row *queue, int64_t now_ms,
                            size_t max, size_t *n, struct error *err)
{
    struct query q = query_on(l->connection, SQL_TASKS_DUE);
    enum status st;

    query_int(&q, queue->id);
    query_int(&q, now_ms);
    query_int(&q, (int64_t)max);
    *n = 0;
    while ((st = query_next(&q, err)) == STATUS_OK) {
        room->due[*n].number = query_column_int(&q, 0);
        room->due[*n].state = (enum task_state)query_column_int(&q, 1);
        (*n)++;
    }
    return st < 0 ? st : STATUS_OK;
}

static enum status promote_queue(struct ledger *l, struct promote_room *room,
                                 struct queue_row *queue, int64_t now_ms,
                                 size_t max, size_t *moved, struct error *err)
{
    size_t n;
    enum status st = read_due(l, room, queue, now_ms, max, &n, err);

    for (size_t i = 0; st == STATUS_OK && i < n; i++) {
        struct query q = query_on(l->connection, SQL_TASK_READY);
        query_int(&q, room->due[i].number);
        query_int(&q, queue_row_next_position(queue, now_ms));
        query_int(&q, now_ms);
        st = query_run(&q, err);
        queue_row_take(queue, room->due[i].state);
        queue_row_add(queue, TASK_READY);
    }
    if (st == STATUS_OK)
        *moved += n;
    return st;
}

/* Removes up to max done tasks of queue whose retention is over. */
static enum status forget_done(struct ledger *l, struct queue_row *queue,
                               int64_t now_ms, size_t max, size_t *forgotten,
                               struct error *err)
{
    struct query q = query_on(l->connection, SQL_TASKS_FORGET);

    query_int(&q, queue->id);
    query_int(&q, now_ms);
    query_int(&q, (int64_t)max);
    enum status const st = query_run(&q, err);
    if (st < 0)
        return st;

    int const n = sqlite3_changes(l->connection->db);
    if (n > 0) {
        queue->moved[TASK_DONE] -= n;
        queue->is_changed = true;
        *forgotten += (size_t)n;
    }
    return STATUS_OK;
}

/* Forgets one key whose window has ended. Answers STATUS_EMPTY. */
static enum status forget_key(struct ledger *l, int64_t now_ms,
                              struct error *err)
{
    char room[KEY_MAX];
    struct query ended = query_on(l->connection, SQL_KEY_ENDED);

    query_int(&ended, now_ms);
    enum status const st = query_next(&ended, err);
    if (st != STATUS_OK)
        return st;
    int64_t const queue_id = query_column_int(&ended, 0);
    struct bytes key = query_column_bytes(&ended, 1);
    key.len = smaller(key.len, sizeof(room));
    memcpy(room, key.at, key.len);
    key.at = room;
    query_end(&ended);

    struct query forget = query_on(l->connection, SQL_KEY_FORGET);
    query_int(&forget, queue_id);
    query_blob(&forget, key);
    return query_run(&forget, err);
}

static enum status forget_keys(struct ledger *l, int64_t now_ms, size_t max,
                               struct error *err)
{
    enum status st = STATUS_OK;

    for (size_t i = 0; i < max && st == STATUS_OK; i++)
        st = forget_key(l, now_ms, err);
    return st < 0 ? st : STATUS_OK;
}

enum status promote_tasks(struct ledger *l, struct promote_room *room,
                          int64_t now_ms, size_t limit, size_t *moved,
                          struct error *err)
{
    char after[QUEUE_NAME_MAX + 1] = "";
    size_t forgotten = 0;
    enum status st;

    *moved = 0;
    while ((st = ledger_page(l, SQL_QUEUES_WAITING, after, err)) == STATUS_OK) {
        for (size_t i = 0; st == STATUS_OK && i < l->count; i++) {
            struct queue_row *queue = &l->queues[i];
            size_t const max = smaller(limit - *moved, BATCH_MAX);
            if (max > 0)
                st = promote_queue(l, room, queue, now_ms, max, moved, err);
            if (st == STATUS_OK && forgotten < limit)
                st = forget_done(l, queue, now_ms, limit - forgotten,
                                 &forgotten, err);
        }
        if (st < 0)
            return st;
    }
    return st < 0 ? st : forget_keys(l, now_ms, limit, err);
}

enum status promote_next(struct connection *c, struct bytes namespace,
                         int64_t *due_ms, int64_t *end_ms, struct error *err)
{
    int64_t forget_ms = INT64_MAX, key_ms = INT64_MAX;

    struct query due = query_on(c, SQL_NEXT_DUE);
    query_text(&due, namespace);
    enum status st = query_instant(&due, due_ms, err);
    if (st < 0)
        return st;
    struct query forget = query_on(c, SQL_NEXT_FORGET);
    query_text(&forget, namespace);
    st = query_instant(&forget, &forget_ms, err);
    if (st < 0)
        return st;
    struct query key = query_on(c, SQL_NEXT_KEY_END);
    st = query_instant(&key, &key_ms, err);
    if (st < 0)
        return st;
    *end_ms = forget_ms < key_ms ? forget_ms : key_ms;
    return STATUS_OK;
}
