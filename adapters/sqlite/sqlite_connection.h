/*
 * sqlite_connection.h - one connection to the file, and its statements.
 *
 * Every statement is prepared once, on first use, and kept. A query binds its
 * parameters in order and remembers the first thing that went wrong, so that
 * only query_next() and query_run() need to be looked at.
 */
#ifndef ADAPTERS_SQLITE_CONNECTION_H
#define ADAPTERS_SQLITE_CONNECTION_H

#include <sqlite3.h>
#include <stdint.h>

#include "adapters/sqlite/sqlite_sql.h"
#include "domain/error.h"

/* How long a lock of another process is waited for. */
#define SQLITE_BUSY_MS 5000

struct connection {
    sqlite3 *db;
    const char *path; /* borrowed; for messages */
    int64_t busy_since_ms;
    sqlite3_stmt *statements[SQL_STATEMENTS];
};

/* Opens path, which must outlive *c; flags: SQLITE_OPEN_*. *c may not move
 * while it is open. */
MUST_USE enum status connection_open(struct connection *c, const char *path,
                                     int flags, struct error *err);

/* Takes over db, which stays its owner's. */
void connection_adopt(struct connection *c, sqlite3 *db, const char *path);

/* Frees the statements; connection_close() closes the file too. */
void connection_release(struct connection *c);
void connection_close(struct connection *c);

/* What result code rc means; always a fault. The one place that knows. */
enum status connection_fault(const struct connection *c, int rc,
                             struct error *err);

/* A fault in our own words: "sqlite: PATH: text". */
enum status connection_refuse(const struct connection *c, enum status status,
                              const char *text, struct error *err);

/* Fault STATUS_UNAVAILABLE if the path names another file by now, or none.
 * SQLite itself would go on with the one it has: what is stored there is lost,
 * and what others store is never seen. */
MUST_USE enum status connection_check_place(const struct connection *c,
                                            struct error *err);

/* Runs SQL of several statements that give no rows. */
MUST_USE enum status connection_script(struct connection *c, const char *sql,
                                       struct error *err);

/* Runs sql, which gives one number (or none: *out stays). */
MUST_USE enum status connection_number(struct connection *c, const char *sql,
                                       int64_t *out, struct error *err);

struct query {
    struct connection *connection;
    sqlite3_stmt *statement; /* NULL once something went wrong */
    int rc;
    int bound;
};

struct query query_on(struct connection *c, enum sql sql);
void query_int(struct query *q, int64_t value);
void query_null(struct query *q);
void query_text(struct query *q, struct bytes text);
void query_blob(struct query *q, struct bytes blob); /* absent: NULL */

/* STATUS_OK: a row is there to be read; STATUS_EMPTY: no more, and the query
 * has ended. After a fault it has ended too. */
MUST_USE enum status query_next(struct query *q, struct error *err);

/* Runs a statement that gives no rows to its end. */
MUST_USE enum status query_run(struct query *q, struct error *err);

/* Runs a query for one instant; no row or NULL counts as never, INT64_MAX. */
MUST_USE enum status query_instant(struct query *q, int64_t *out,
                                   struct error *err);

/* Ends a query whose rows have not all been read. */
void query_end(struct query *q);

/* Columns of the current row; bytes live until the query goes on. */
int64_t query_column_int(const struct query *q, int column);
struct bytes query_column_bytes(const struct query *q, int column);

/* Copies a text column into out[size], cut if it is longer. */
void query_column_text(const struct query *q, int column, char *out,
                       size_t size);

#endif
