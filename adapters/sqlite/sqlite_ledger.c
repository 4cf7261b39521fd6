#include "adapters/sqlite/sqlite_ledger.h"

#include <assert.h>

void ledger_begin(struct ledger *l)
{
    l->count = 0;
}

/* Reads the current row of q into a new row of the ledger. */
static struct queue_row *read_row(struct ledger *l, const struct query *q)
{
    assert(l->count < LEDGER_QUEUES);
    struct queue_row *row = &l->queues[l->count++];

    *row = (struct queue_row){
        .id = query_column_int(q, 0),
        .is_paused = query_column_int(q, 2) != 0,
        .position = query_column_int(q, 3),
        .fencing = query_column_int(q, 4),
        .ready = query_column_int(q, 5),
    };
    query_column_text(q, 1, row->name, sizeof(row->name));
    return row;
}

/* Runs a query for one queue. */
static enum status read_one(struct ledger *l, struct query *q,
                            struct queue_row **out, struct error *err)
{
    enum status const st = query_next(q, err);

    if (st == STATUS_EMPTY)
        return STATUS_NOT_FOUND;
    if (st == STATUS_OK) {
        *out = read_row(l, q);
        query_end(q);
    }
    return st;
}

enum status ledger_find(struct ledger *l, struct bytes name,
                        struct queue_row **out, struct error *err)
{
    for (size_t i = l->count; i-- > 0;) {
        if (bytes_is(name, l->queues[i].name)) {
            *out = &l->queues[i];
            return STATUS_OK;
        }
    }

    struct query q = query_on(l->connection, SQL_QUEUE_BY_NAME);
    query_text(&q, l->namespace);
    query_text(&q, name);
    return read_one(l, &q, out, err);
}

enum status ledger_find_id(struct ledger *l, int64_t id, struct queue_row **out,
                           struct error *err)
{
    for (size_t i = l->count; i-- > 0;) {
        if (l->queues[i].id == id) {
            *out = &l->queues[i];
            return STATUS_OK;
        }
    }

    struct query q = query_on(l->connection, SQL_QUEUE_BY_ID);
    query_text(&q, l->namespace);
    query_int(&q, id);
    return read_one(l, &q, out, err);
}

enum status ledger_need(struct ledger *l, struct bytes name,
                        struct queue_row **out, struct error *err)
{
    enum status st = ledger_find(l, name, out, err);
    if (st != STATUS_NOT_FOUND)
        return st;

    struct query add = query_on(l->connection, SQL_QUEUE_ADD);
    query_text(&add, l->namespace);
    query_text(&add, name);
    st = query_run(&add, err);
    if (st < 0)
        return st;
    st = ledger_find(l, name, out, err);
    assert(st != STATUS_NOT_FOUND);
    return st;
}

static enum status write_row(struct ledger *l, const struct queue_row *row,
                             struct error *err)
{
    struct query q = query_on(l->connection, SQL_QUEUE_COUNT);

    query_int(&q, row->id);
    for (int state = 0; state < TASK_STATES; state++)
        query_int(&q, row->moved[state]);
    query_int(&q, row->succeeded);
    query_int(&q, row->failed);
    query_int(&q, row->position);
    query_int(&q, row->fencing);
    return query_run(&q, err);
}

enum status ledger_flush(struct ledger *l, struct error *err)
{
    for (size_t i = 0; i < l->count; i++) {
        const struct queue_row *row = &l->queues[i];
        if (!row->is_changed)
            continue;
        enum status const st = write_row(l, row, err);
        if (st < 0)
            return st;
        if (row->moved[TASK_READY] > 0 || row->moved[TASK_SCHEDULED] > 0 ||
            row->moved[TASK_RETRY] > 0)
            l->has_news = true;
    }
    return STATUS_OK;
}

enum status ledger_page(struct ledger *l, enum sql list,
                        char after[QUEUE_NAME_MAX + 1], struct error *err)
{
    enum status st = ledger_flush(l, err);
    if (st < 0)
        return st;

    struct query q = query_on(l->connection, list);
    query_text(&q, l->namespace);
    query_text(&q, bytes_of(after));
    query_int(&q, LEDGER_QUEUES);
    ledger_begin(l);
    while ((st = query_next(&q, err)) == STATUS_OK)
        read_row(l, &q);
    if (st < 0 || l->count == 0)
        return st;
    memcpy(after, l->queues[l->count - 1].name, QUEUE_NAME_MAX + 1);
    return STATUS_OK;
}

int64_t queue_row_next_position(struct queue_row *q, int64_t now_ms)
{
    int64_t const by_time = now_ms * POSITIONS_PER_MS;

    q->position = by_time > q->position ? by_time : q->position + 1;
    q->is_changed = true;
    return q->position;
}

int64_t queue_row_next_fencing(struct queue_row *q)
{
    q->is_changed = true;
    return ++q->fencing;
}

void queue_row_add(struct queue_row *q, enum task_state state)
{
    q->moved[state]++;
    q->is_changed = true;
}

void queue_row_take(struct queue_row *q, enum task_state state)
{
    q->moved[state]--;
    q->is_changed = true;
}
