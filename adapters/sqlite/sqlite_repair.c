#include "adapters/sqlite/sqlite_repair.h"

#include "adapters/sqlite/sqlite_key.h"
#include "adapters/sqlite/sqlite_row.h"
#include "adapters/sqlite/sqlite_schema.h"
#include "adapters/sqlite/sqlite_stray.h"

/* A repair on its way into a write transaction. */
struct fix {
    int64_t now_ms;
    const struct scrub_flaw *flaw;
};

/* Runs a statement; answers STATUS_NOT_FOUND if it changed nothing. */
static enum status run_fix(struct ledger *l, struct query *q, struct error *err)
{
    enum status const st = query_run(q, err);

    if (st != STATUS_OK)
        return st;
    return sqlite3_changes(l->connection->db) > 0 ? STATUS_OK
                                                  : STATUS_NOT_FOUND;
}

static enum status fix_task(struct ledger *l, const struct fix *fix,
                            struct queue_row *row, struct error *err)
{
    static const enum sql statements[] = {
        [CHECK_STATES] = SQL_FIX_STATE,
        [CHECK_LINE] = SQL_FIX_PLACE,
        [CHECK_RETENTION] = SQL_FIX_RETENTION,
    };
    size_t const check = fix->flaw->check;
    struct task_id id;

    if (!task_id_parse(bytes_of(fix->flaw->subject), &id))
        return STATUS_NOT_FOUND;
    struct packed_id const packed = packed_id_of(&id);
    struct query q = query_on(l->connection, statements[check]);
    query_int(&q, packed_id_number(&packed));
    query_blob(&q, packed_id_bytes(&packed));
    query_int(&q, row->id);
    if (check == CHECK_STATES || check == CHECK_LINE) {
        query_int(&q, queue_row_next_position(row, fix->now_ms));
        query_int(&q, fix->now_ms);
    }
    enum status const st = run_fix(l, &q, err);
    if (st == STATUS_OK && check == CHECK_STATES)
        queue_row_add(row, TASK_READY);
    return st;
}

static enum status fix_key(struct ledger *l, const struct scrub_flaw *flaw,
                           const struct queue_row *row, struct error *err)
{
    struct query q = query_on(l->connection, SQL_FIX_KEY);

    query_int(&q, row->id);
    query_blob(&q, (struct bytes){flaw->subject, flaw->subject_len});
    return run_fix(l, &q, err);
}

static enum status fix_counters(struct ledger *l, const struct scrub_flaw *flaw,
                                struct error *err)
{
    /* What others moved in this transaction is to be in the row first. */
    enum status const st = ledger_flush(l, err);
    if (st < 0)
        return st;
    ledger_begin(l);

    struct query q = query_on(l->connection, SQL_FIX_COUNTERS);
    query_text(&q, l->namespace);
    query_text(&q, bytes_of(flaw->queue));
    return run_fix(l, &q, err);
}

/* All others wait until they are made: some seconds for a million tasks. */
static enum status fix_indexes(struct connection *c, struct error *err)
{
    bool is_whole = false;
    enum status const st = schema_has_indexes(c, &is_whole, err);

    if (st != STATUS_OK)
        return st;
    return is_whole ? STATUS_NOT_FOUND : schema_add_indexes(c, err);
}

static enum status run(struct ledger *l, void *self, struct error *err)
{
    const struct fix *fix = self;
    struct queue_row *row;

    if (fix->flaw->check == CHECK_INDEXES)
        return fix_indexes(l->connection, err);
    if (fix->flaw->check == CHECK_COUNTERS)
        return fix_counters(l, fix->flaw, err);
    enum status const st =
        ledger_find(l, bytes_of(fix->flaw->queue), &row, err);
    if (st != STATUS_OK)
        return st;
    if (fix->flaw->check == CHECK_UNREADABLE)
        return stray_repair(l, row, bytes_of(fix->flaw->subject), fix->now_ms,
                            err);
    return fix->flaw->check == CHECK_KEYS ? fix_key(l, fix->flaw, row, err)
                                          : fix_task(l, fix, row, err);
}

enum status sqlite_repair(struct store *store, int64_t now_ms,
                          const struct scrub_flaw *flaw, struct error *err)
{
    struct fix fix = {now_ms, flaw};

    return store_write(store, run, &fix, err);
}
