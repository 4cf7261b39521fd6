#include "adapters/sqlite/sqlite_join.h"

#include <assert.h>
#include <stdlib.h>

#include "adapters/sqlite/sqlite_enqueue.h"
#include "adapters/sqlite/sqlite_schema.h"

/* Named so that it hides none of the user's. */
#define SAVEPOINT_BEGIN "SAVEPOINT millrace_enqueue"
#define SAVEPOINT_END "RELEASE millrace_enqueue"
#define SAVEPOINT_UNDO "ROLLBACK TO millrace_enqueue; RELEASE millrace_enqueue"

/* The user's connection, with the statements and the ledger of one call. */
struct join {
    struct connection connection;
    struct ledger ledger;
};

static const char *path_of(sqlite3 *db)
{
    const char *path = sqlite3_db_filename(db, "main");

    return path && *path ? path : "a database without a file";
}

bool sqlite_join_is_open(sqlite3 *db)
{
    return sqlite3_get_autocommit(db) == 0;
}

enum status sqlite_join_prepare(sqlite3 *db, struct error *err)
{
    struct connection c;
    assert(!sqlite_join_is_open(db));

    connection_adopt(&c, db, path_of(db));
    enum status const st = schema_prepare(&c, err);
    connection_release(&c);
    return st;
}

static enum status check_schema(struct connection *c, struct error *err)
{
    int64_t version;
    enum status const st = schema_version(c, &version, err);

    if (st < 0 || version == SCHEMA_VERSION)
        return st;
    return connection_refuse(c, STATUS_REFUSED,
                             version < SCHEMA_VERSION
                                 ? "its tables for tasks are missing or old: "
                                   "prepare it first"
                                 : "its tables for tasks are newer than this "
                                   "program's",
                             err);
}

/* What the failed call has done goes; the user's own stays, if SQLite has not
 * given up the transaction already. */
static void undo(const struct connection *c, struct error *err)
{
    if (sqlite_join_is_open(c->db)) {
        sqlite3_exec(c->db, SAVEPOINT_UNDO, NULL, NULL, NULL);
        return;
    }
    struct bytes const parts[] = {bytes_of(err->text),
                                  BYTES(" (the transaction was rolled back)")};
    struct error full;
    error_write(&full, err->field, parts, 2);
    *err = full;
}

static enum status add(struct join *join, int64_t now_ms,
                       const struct new_task *tasks, size_t n,
                       struct enqueued *results, struct error *err)
{
    struct connection *c = &join->connection;
    enum status st = connection_script(c, SAVEPOINT_BEGIN, err);

    if (st < 0)
        return st;
    ledger_begin(&join->ledger);
    st = enqueue_tasks(&join->ledger, now_ms, tasks, n, results, err);
    if (st == STATUS_OK)
        st = ledger_flush(&join->ledger, err);
    if (st == STATUS_OK)
        st = connection_script(c, SAVEPOINT_END, err);
    if (st < 0)
        undo(c, err);
    return st;
}

enum status sqlite_join_enqueue(sqlite3 *db, struct bytes namespace,
                                int64_t now_ms, const struct new_task *tasks,
                                size_t n, struct enqueued *results,
                                struct error *err)
{
    struct join *join = calloc(1, sizeof(*join));
    assert(n > 0 && n <= BATCH_MAX && sqlite_join_is_open(db));

    if (!join)
        return error_set(err, STATUS_NO_MEMORY, NULL, "sqlite: out of memory");
    connection_adopt(&join->connection, db, path_of(db));
    join->ledger.connection = &join->connection;
    join->ledger.namespace = namespace;
    enum status st = check_schema(&join->connection, err);
    if (st == STATUS_OK)
        st = add(join, now_ms, tasks, n, results, err);
    connection_release(&join->connection);
    free(join);
    return st;
}
