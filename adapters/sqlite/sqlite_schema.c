/*
 * A file is ours to use if it is empty, if it has our tables, or if it is a
 * database of the user's own that claims no application id and has no table
 * with a name of ours. The id is set only on files that were empty: a
 * database of the user's stays the user's.
 */
#include "adapters/sqlite/sqlite_schema.h"

#include <string.h>
#include <time.h>

#include "adapters/sqlite/indexes_sql.h"
#include "adapters/sqlite/schema_sql.h"
#include "adapters/sqlite/spans_sql.h"
#include "domain/text.h"

#define APPLICATION_ID 0x4d696c6c /* "Mill" */
#define APPLICATION_ID_SQL "PRAGMA application_id = 1298754668"
_Static_assert(APPLICATION_ID == 1298754668, "the two must agree");

/* migrations[v] leads from version v to v + 1. */
static const char *const migrations[SCHEMA_VERSION] = {schema_sql, spans_sql};

enum status schema_version(struct connection *c, int64_t *out,
                           struct error *err)
{
    int64_t has_meta = 0;
    enum status st =
        connection_number(c,
                          "SELECT count(*) FROM sqlite_schema"
                          " WHERE type = 'table' AND name = 'millrace_meta'",
                          &has_meta, err);

    *out = 0;
    if (st == STATUS_OK && has_meta)
        st = connection_number(
            c, "SELECT value FROM millrace_meta WHERE name = 'schema'", out,
            err);
    return st;
}

static enum status refuse_newer(const struct connection *c, int64_t version,
                                struct error *err)
{
    char line[80];
    struct text t = text_in(line, sizeof(line));

    text_add(&t, "schema ");
    text_add_int(&t, version);
    text_add(&t, " is newer than this program's ");
    text_add_int(&t, SCHEMA_VERSION);
    return connection_refuse(c, STATUS_REFUSED, line, err);
}

/* Whether a file without our version may get our tables. */
static enum status check_foreign(struct connection *c, int64_t tables,
                                 struct error *err)
{
    int64_t id = 0, ours = 0;

    enum status st = connection_number(c, "PRAGMA application_id", &id, err);
    if (st < 0)
        return st;
    st = connection_number(c,
                           "SELECT count(*) FROM sqlite_schema"
                           " WHERE name LIKE 'millrace\\_%' ESCAPE '\\'",
                           &ours, err);
    if (st < 0)
        return st;
    if (ours > 0)
        return connection_refuse(
            c, STATUS_REFUSED,
            "has tables named millrace_ that are not Millrace's", err);
    if (tables > 0 && id != 0 && id != APPLICATION_ID)
        return connection_refuse(
            c, STATUS_REFUSED,
            "is the database of another program (it has an application_id)",
            err);
    return STATUS_OK;
}

/* SQLite does not always ask the busy handler when it turns a file to WAL, so
 * this asks again by itself. */
static enum status turn_to_wal(struct connection *c, struct error *err)
{
    struct timespec const nap = {.tv_nsec = 5000000};
    sqlite3_stmt *pragma = NULL;
    int rc = sqlite3_prepare_v2(c->db, "PRAGMA journal_mode = WAL", -1, &pragma,
                                NULL);

    for (int turn = 0; rc == SQLITE_OK && turn < SQLITE_BUSY_MS / 5; turn++) {
        rc = sqlite3_step(pragma);
        if ((rc & 0xff) == SQLITE_BUSY) {
            sqlite3_reset(pragma);
            nanosleep(&nap, NULL);
            rc = SQLITE_OK;
        }
    }

    enum status st = STATUS_OK;
    if (rc != SQLITE_ROW)
        st = connection_fault(c, rc == SQLITE_OK ? SQLITE_BUSY : rc, err);
    else if (strcmp((const char *)sqlite3_column_text(pragma, 0), "wal") != 0)
        st = connection_refuse(c, STATUS_REFUSED,
                               "cannot be used in WAL mode (is it on a network "
                               "file system?)",
                               err);
    sqlite3_finalize(pragma);
    return st;
}

/* What a file holds, as far as it matters here. */
struct holding {
    int64_t tables;  /* of anybody */
    int64_t version; /* of ours; 0: it has none */
};

/* Whether the file is ours to use. Inside a transaction, since all of it must
 * be seen in one instant: somebody else may be making our tables just now. */
static enum status inspect(struct connection *c, struct holding *out,
                           struct error *err)
{
    enum status st = connection_number(c, "SELECT count(*) FROM sqlite_schema",
                                       &out->tables, err);

    if (st == STATUS_OK)
        st = schema_version(c, &out->version, err);
    if (st == STATUS_OK && out->version > SCHEMA_VERSION)
        return refuse_newer(c, out->version, err);
    if (st == STATUS_OK && out->version == 0)
        st = check_foreign(c, out->tables, err);
    return st;
}

enum status schema_has_indexes(struct connection *c, bool *out,
                               struct error *err)
{
    int64_t missing = 0;
    enum status const st = connection_number(
        c,
        "SELECT 4 - count(*) FROM pragma_index_list('millrace_tasks')"
        " WHERE name IN ('millrace_task_ids', 'millrace_task_line',"
        " 'millrace_task_order', 'millrace_task_retention')",
        &missing, err);

    if (st == STATUS_OK)
        *out = missing == 0;
    return st;
}

enum status schema_add_indexes(struct connection *c, struct error *err)
{
    return connection_script(c, indexes_sql, err);
}

static enum status migrate(struct connection *c, struct error *err)
{
    struct holding has;
    enum status st = inspect(c, &has, err);

    if (st == STATUS_OK && has.tables == 0)
        st = connection_script(c, APPLICATION_ID_SQL, err);
    for (; st == STATUS_OK && has.version < SCHEMA_VERSION; has.version++)
        st = connection_script(c, migrations[has.version], err);
    return st == STATUS_OK ? schema_add_indexes(c, err) : st;
}

/* Leaves nothing behind unless all went well. */
static enum status end_transaction(struct connection *c, enum status st,
                                   struct error *err)
{
    if (st == STATUS_OK)
        st = connection_script(c, "COMMIT", err);
    if (!sqlite3_get_autocommit(c->db))
        sqlite3_exec(c->db, "ROLLBACK", NULL, NULL, NULL);
    return st;
}

static enum status look_at_once(struct connection *c, struct holding *out,
                                struct error *err)
{
    enum status st = connection_script(c, "BEGIN", err);

    if (st < 0)
        return st;
    return end_transaction(c, inspect(c, out, err), err);
}

/* Whoever else opens the file waits meanwhile. */
static enum status migrate_at_once(struct connection *c, struct error *err)
{
    enum status st = connection_script(c, "BEGIN IMMEDIATE", err);

    if (st < 0)
        return st;
    return end_transaction(c, migrate(c, err), err);
}

enum status schema_prepare(struct connection *c, struct error *err)
{
    struct holding has = {0};
    enum status st = look_at_once(c, &has, err);

    if (st == STATUS_OK && sqlite3_db_readonly(c->db, "main") == 1)
        return connection_refuse(c, STATUS_REFUSED, "is read-only", err);
    if (st == STATUS_OK)
        st = turn_to_wal(c, err);
    if (st == STATUS_OK && has.version < SCHEMA_VERSION)
        st = migrate_at_once(c, err);
    return st;
}
