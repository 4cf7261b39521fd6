/*
 * A file is ours to use if it is empty, if it has our tables, or if it is a
 * database of the user's own that claims no application id and has no table
 * with a name of ours. The id is set only on files that were empty: a
 * database of the user's stays the user's.
 */
#include "adapters/sqlite/sqlite_schema.h"

#include <string.h>
#include <time.h>

#include "adapters/sqlite/schema_sql.h"
#include "domain/text.h"

#define APPLICATION_ID 0x4d696c6c /* "Mill" */
#define APPLICATION_ID_SQL "PRAGMA application_id = 1298754668"
_Static_assert(APPLICATION_ID == 1298754668, "the two must agree");

/* migrations[v] leads from version v to v + 1. */
static const char *const migrations[SCHEMA_VERSION] = {schema_sql};

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

/* Inside a write transaction: whoever else opens the file waits. */
static enum status migrate(struct connection *c, bool is_own, struct error *err)
{
    int64_t version;
    enum status st = schema_version(c, &version, err);

    if (st == STATUS_OK && version > SCHEMA_VERSION)
        return refuse_newer(c, version, err);
    if (st == STATUS_OK && version == 0 && is_own)
        st = connection_script(c, APPLICATION_ID_SQL, err);
    for (; st == STATUS_OK && version < SCHEMA_VERSION; version++)
        st = connection_script(c, migrations[version], err);
    return st;
}

static enum status migrate_all(struct connection *c, bool is_own,
                               struct error *err)
{
    enum status st = connection_script(c, "BEGIN IMMEDIATE", err);

    if (st < 0)
        return st;
    st = migrate(c, is_own, err);
    if (st == STATUS_OK)
        st = connection_script(c, "COMMIT", err);
    if (!sqlite3_get_autocommit(c->db))
        sqlite3_exec(c->db, "ROLLBACK", NULL, NULL, NULL);
    return st;
}

enum status schema_prepare(struct connection *c, struct error *err)
{
    int64_t tables = 0, version = 0;

    enum status st = connection_number(c, "SELECT count(*) FROM sqlite_schema",
                                       &tables, err);
    if (st == STATUS_OK)
        st = schema_version(c, &version, err);
    if (st < 0)
        return st;
    if (version > SCHEMA_VERSION)
        return refuse_newer(c, version, err);
    if (sqlite3_db_readonly(c->db, "main") == 1)
        return connection_refuse(c, STATUS_REFUSED, "is read-only", err);

    if (version == 0)
        st = check_foreign(c, tables, err);
    if (st == STATUS_OK)
        st = turn_to_wal(c, err);
    if (st == STATUS_OK && version < SCHEMA_VERSION)
        st = migrate_all(c, tables == 0, err);
    return st;
}
