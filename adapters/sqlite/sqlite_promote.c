#include "adapters/sqlite/sqlite_promote.h"

/* One call of promote. */
struct promotion {
    struct ledger *ledger;
    struct promote_room *room;
    int64_t now_ms;
    size_t limit;
    size_t moved;
    size_t forgotten;
};

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Reads due tasks of queue, by (run_at, id), as many as are still to move. */
static enum status read_due(const struct promotion *p,
                            const struct queue_row *queue, size_t *n,
                            struct error *err)
{
    struct query q = query_on(p->ledger->connection, SQL_TASKS_DUE);
    enum status st;

    query_int(&q, queue->id);
    query_int(&q, p->now_ms);
    query_int(&q, (int64_t)smaller(p->limit - p->moved, BATCH_MAX));
    *n = 0;
    while ((st = query_next(&q, err)) == STATUS_OK) {
        p->room->due[*n].number = query_column_int(&q, 0);
        p->room->due[*n].state = (enum task_state)query_column_int(&q, 1);
        (*n)++;
    }
    return st < 0 ? st : STATUS_OK;
}

static enum status promote_queue(struct promotion *p, struct queue_row *queue,
                                 struct error *err)
{
    size_t n;
    enum status st = read_due(p, queue, &n, err);

    for (size_t i = 0; st == STATUS_OK && i < n; i++) {
        struct query q = query_on(p->ledger->connection, SQL_TASK_READY);
        query_int(&q, p->room->due[i].number);
        query_int(&q, queue_row_next_position(queue, p->now_ms));
        query_int(&q, p->now_ms);
        st = query_run(&q, err);
        queue_row_take(queue, p->room->due[i].state);
        queue_row_add(queue, TASK_READY);
        p->moved++;
    }
    return st;
}

/* Removes done tasks of queue whose retention is over. */
static enum status forget_done(struct promotion *p, struct queue_row *queue,
                               struct error *err)
{
    struct query q = query_on(p->ledger->connection, SQL_TASKS_FORGET);

    query_int(&q, queue->id);
    query_int(&q, p->now_ms);
    query_int(&q, (int64_t)(p->limit - p->forgotten));
    enum status const st = query_run(&q, err);
    if (st < 0)
        return st;

    int const n = sqlite3_changes(p->ledger->connection->db);
    if (n > 0) {
        queue->moved[TASK_DONE] -= n;
        queue->is_changed = true;
        p->forgotten += (size_t)n;
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
    struct promotion p = {
        .ledger = l, .room = room, .now_ms = now_ms, .limit = limit};
    char after[QUEUE_NAME_MAX + 1] = "";
    enum status st;

    while ((st = ledger_page(l, SQL_QUEUES_WAITING, after, err)) == STATUS_OK) {
        for (size_t i = 0; st == STATUS_OK && i < l->count; i++) {
            if (p.moved < limit)
                st = promote_queue(&p, &l->queues[i], err);
            if (st == STATUS_OK && p.forgotten < limit)
                st = forget_done(&p, &l->queues[i], err);
        }
        if (st < 0)
            return st;
    }
    if (st == STATUS_EMPTY)
        st = forget_keys(l, now_ms, limit, err);
    *moved = p.moved;
    return st;
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
