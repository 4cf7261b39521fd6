#include "adapters/sqlite/sqlite_span.h"

enum status span_add(struct ledger *l, const struct span *span,
                     struct error *err)
{
    struct query q = query_on(l->connection, SQL_SPAN_ADD);

    query_int(&q, span->queue_id);
    query_int(&q, span->fencing);
    query_int(&q, span->priority);
    query_int(&q, span->first_position);
    query_int(&q, span->last_position);
    query_int(&q, span->until_ms);
    query_int(&q, span->since_ms);
    query_text(&q, bytes_of(span->worker));
    return query_run(&q, err);
}

enum status span_find(struct ledger *l, int64_t queue_id, int64_t fencing,
                      struct span *out, struct error *err)
{
    struct query q = query_on(l->connection, SQL_SPAN_FIND);

    query_int(&q, queue_id);
    query_int(&q, fencing);
    enum status const st = query_next(&q, err);
    if (st != STATUS_OK)
        return st == STATUS_EMPTY ? STATUS_NOT_FOUND : st;
    *out = (struct span){
        .queue_id = queue_id,
        .fencing = fencing,
        .priority = (enum priority)query_column_int(&q, 0),
        .first_position = query_column_int(&q, 1),
        .last_position = query_column_int(&q, 2),
    };
    query_end(&q);
    return STATUS_OK;
}

/* Runs a statement about one span. */
static enum status run_on(struct ledger *l, enum sql sql, int64_t queue_id,
                          int64_t fencing, struct error *err)
{
    struct query q = query_on(l->connection, sql);

    query_int(&q, queue_id);
    query_int(&q, fencing);
    return query_run(&q, err);
}

/* Splits a span; *tasks is how many were left in it. */
static enum status split(struct ledger *l, int64_t queue_id, int64_t fencing,
                         size_t *tasks, struct error *err)
{
    enum status const st = run_on(l, SQL_SPAN_SPLIT, queue_id, fencing, err);

    if (st < 0)
        return st;
    *tasks = (size_t)sqlite3_changes(l->connection->db);
    return run_on(l, SQL_SPAN_REMOVE, queue_id, fencing, err);
}

enum status span_split(struct ledger *l, int64_t queue_id, int64_t fencing,
                       struct error *err)
{
    size_t tasks;

    return split(l, queue_id, fencing, &tasks, err);
}

/* Finds a span that has ended. Answers STATUS_EMPTY. */
static enum status find_expired(struct ledger *l, int64_t queue_id,
                                int64_t now_ms, int64_t *fencing,
                                struct error *err)
{
    struct query q = query_on(l->connection, SQL_SPAN_EXPIRED);

    query_int(&q, queue_id);
    query_int(&q, now_ms);
    enum status const st = query_next(&q, err);
    if (st != STATUS_OK)
        return st;
    *fencing = query_column_int(&q, 0);
    query_end(&q);
    return STATUS_OK;
}

enum status span_split_expired(struct ledger *l, int64_t queue_id,
                               int64_t now_ms, size_t tasks, struct error *err)
{
    enum status st = STATUS_OK;
    int64_t fencing;
    size_t n;

    for (size_t done = 0; st == STATUS_OK && done < tasks; done += n) {
        n = 0;
        st = find_expired(l, queue_id, now_ms, &fencing, err);
        if (st == STATUS_OK)
            st = split(l, queue_id, fencing, &n, err);
    }
    return st < 0 ? st : STATUS_OK;
}

enum status span_sweep(struct ledger *l, int64_t queue_id, int64_t fencing,
                       struct error *err)
{
    return run_on(l, SQL_SPAN_REMOVE_EMPTY, queue_id, fencing, err);
}
