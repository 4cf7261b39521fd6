#include "adapters/sqlite/sqlite_connection.h"

#include <assert.h>
#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "domain/text.h"
#include "usecase/backend_url.h"

static int64_t monotonic_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Sleeps a random while, longer from turn to turn, so that processes that
 * wait for the same lock don't step in time. Gives up after SQLITE_BUSY_MS. */
static int on_busy(void *self, int turn)
{
    struct connection *c = self;
    int64_t const now_ms = monotonic_ms();
    uint32_t random;

    if (turn == 0)
        c->busy_since_ms = now_ms;
    if (now_ms - c->busy_since_ms >= SQLITE_BUSY_MS)
        return 0;

    uint32_t const most_us = turn < 5 ? 500 : turn < 20 ? 2000 : 10000;
    sqlite3_randomness(sizeof(random), &random);
    struct timespec const nap = {
        .tv_nsec = (long)(100 + random % most_us) * 1000,
    };
    nanosleep(&nap, NULL);
    return 1;
}

void connection_adopt(struct connection *c, sqlite3 *db, const char *path)
{
    *c = (struct connection){.db = db, .path = path};
}

enum status connection_open(struct connection *c, const char *path, int flags,
                            struct error *err)
{
    connection_adopt(c, NULL, path);
    int const rc =
        sqlite3_open_v2(path, &c->db, flags | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc != SQLITE_OK) {
        enum status const st = connection_fault(c, rc, err);
        connection_close(c);
        return st;
    }
    sqlite3_extended_result_codes(c->db, 1);
    sqlite3_busy_handler(c->db, on_busy, c);
    return STATUS_OK;
}

void connection_release(struct connection *c)
{
    for (int i = 0; i < SQL_STATEMENTS; i++) {
        sqlite3_finalize(c->statements[i]);
        c->statements[i] = NULL;
    }
}

void connection_close(struct connection *c)
{
    connection_release(c);
    sqlite3_close(c->db);
    c->db = NULL;
}

enum status connection_refuse(const struct connection *c, enum status status,
                              const char *text, struct error *err)
{
    struct bytes const parts[] = {BYTES("sqlite: "), bytes_of(c->path),
                                  BYTES(": "), bytes_of(text)};

    return error_join(err, status, NULL, parts, 4);
}

static bool has_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    char folder[BACKEND_PATH_SIZE + 2];
    struct text t = text_in(folder, sizeof(folder));

    if (!slash || slash == path)
        return true;
    text_add_bytes(&t, (struct bytes){path, (size_t)(slash - path)});
    return access(folder, F_OK) == 0;
}

/* The system's own word on why a file can't be opened, if it has one. */
static const char *cannot_open(const struct connection *c)
{
    switch (c->db ? sqlite3_system_errno(c->db) : 0) {
    case ENOENT: /* SQLite's last try was to open what it could not make */
        if (!has_folder(c->path))
            return "cannot be opened: its folder does not exist";
        return "cannot be made: its folder cannot be written to";
    case EACCES:
    case EPERM:
        return "cannot be opened: permission denied";
    case EISDIR:
        return "cannot be opened: it is a folder";
    case EMFILE:
    case ENFILE:
        return "cannot be opened: too many open files";
    default:
        return "cannot be opened";
    }
}

/* Whether an I/O error is a lack of space that SQLite does not call so. */
static bool is_out_of_space(const struct connection *c)
{
    int const cause = c->db ? sqlite3_system_errno(c->db) : 0;

    return cause == ENOSPC || cause == EDQUOT;
}

enum status connection_fault(const struct connection *c, int rc,
                             struct error *err)
{
    enum status status = STATUS_UNAVAILABLE;
    const char *text = c->db ? sqlite3_errmsg(c->db) : sqlite3_errstr(rc);

    switch (rc & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        text = "is locked by another program";
        break;
    case SQLITE_FULL:
        status = STATUS_FULL;
        text = "the disk is full";
        break;
    case SQLITE_NOTADB:
        status = STATUS_REFUSED;
        text = "is no SQLite database";
        break;
    case SQLITE_CANTOPEN:
        status = STATUS_REFUSED;
        text = cannot_open(c);
        break;
    case SQLITE_READONLY:
        status = STATUS_REFUSED;
        text = "is read-only";
        break;
    case SQLITE_PERM:
    case SQLITE_AUTH:
    case SQLITE_ERROR: /* tables that are not what they should be */
    case SQLITE_CONSTRAINT:
        status = STATUS_REFUSED;
        break;
    case SQLITE_CORRUPT:
        status = STATUS_CORRUPT;
        break;
    case SQLITE_NOMEM:
        status = STATUS_NO_MEMORY;
        break;
    default: /* SQLITE_IOERR and what is not foreseen: the driver's words */
        if (is_out_of_space(c)) {
            status = STATUS_FULL;
            text = "the disk is full";
        }
        break;
    }
    return connection_refuse(c, status, text, err);
}

enum status connection_check_place(const struct connection *c,
                                   struct error *err)
{
    int has_moved = 0;

    sqlite3_file_control(c->db, "main", SQLITE_FCNTL_HAS_MOVED, &has_moved);
    if (!has_moved)
        return STATUS_OK;
    return connection_refuse(c, STATUS_UNAVAILABLE,
                             "was removed or replaced while in use: restart "
                             "what uses it",
                             err);
}

enum status connection_script(struct connection *c, const char *sql,
                              struct error *err)
{
    int const rc = sqlite3_exec(c->db, sql, NULL, NULL, NULL);

    return rc == SQLITE_OK ? STATUS_OK : connection_fault(c, rc, err);
}

enum status connection_number(struct connection *c, const char *sql,
                              int64_t *out, struct error *err)
{
    sqlite3_stmt *statement = NULL;
    int rc = sqlite3_prepare_v2(c->db, sql, -1, &statement, NULL);

    if (rc == SQLITE_OK)
        rc = sqlite3_step(statement);
    if (rc == SQLITE_ROW)
        *out = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return rc == SQLITE_ROW || rc == SQLITE_DONE ? STATUS_OK
                                                 : connection_fault(c, rc, err);
}

struct query query_on(struct connection *c, enum sql sql)
{
    struct query q = {.connection = c, .rc = SQLITE_OK};

    if (!c->statements[sql])
        q.rc = sqlite3_prepare_v3(c->db, sql_text[sql], -1,
                                  SQLITE_PREPARE_PERSISTENT,
                                  &c->statements[sql], NULL);
    q.statement = c->statements[sql];
    return q;
}

static void note(struct query *q, int rc)
{
    if (q->rc == SQLITE_OK)
        q->rc = rc;
}

void query_int(struct query *q, int64_t value)
{
    note(q, sqlite3_bind_int64(q->statement, ++q->bound, value));
}

void query_null(struct query *q)
{
    note(q, sqlite3_bind_null(q->statement, ++q->bound));
}

void query_text(struct query *q, struct bytes text)
{
    note(q, sqlite3_bind_text(q->statement, ++q->bound, text.at, (int)text.len,
                              SQLITE_STATIC));
}

void query_blob(struct query *q, struct bytes blob)
{
    note(q, sqlite3_bind_blob(q->statement, ++q->bound, blob.at, (int)blob.len,
                              SQLITE_STATIC));
}

void query_end(struct query *q)
{
    sqlite3_reset(q->statement);
}

enum status query_next(struct query *q, struct error *err)
{
    if (q->rc == SQLITE_OK)
        q->rc = sqlite3_step(q->statement);
    if (q->rc == SQLITE_ROW) {
        q->rc = SQLITE_OK;
        return STATUS_OK;
    }

    enum status const st = q->rc == SQLITE_DONE
                               ? STATUS_EMPTY
                               : connection_fault(q->connection, q->rc, err);
    query_end(q);
    return st;
}

enum status query_run(struct query *q, struct error *err)
{
    enum status const st = query_next(q, err);

    assert(st != STATUS_OK);
    return st == STATUS_EMPTY ? STATUS_OK : st;
}

enum status query_instant(struct query *q, int64_t *out, struct error *err)
{
    enum status const st = query_next(q, err);
    if (st < 0)
        return st;

    bool const is_set =
        st == STATUS_OK && sqlite3_column_type(q->statement, 0) != SQLITE_NULL;
    *out = is_set ? query_column_int(q, 0) : INT64_MAX;
    query_end(q);
    return STATUS_OK;
}

int64_t query_column_int(const struct query *q, int column)
{
    return sqlite3_column_int64(q->statement, column);
}

struct bytes query_column_bytes(const struct query *q, int column)
{
    if (sqlite3_column_type(q->statement, column) == SQLITE_NULL)
        return (struct bytes){NULL, 0};

    const char *at = sqlite3_column_blob(q->statement, column);
    int const len = sqlite3_column_bytes(q->statement, column);
    return at ? (struct bytes){at, (size_t)len} : BYTES("");
}

void query_column_text(const struct query *q, int column, char *out,
                       size_t size)
{
    struct text line = text_in(out, size);

    text_add_bytes(&line, query_column_bytes(q, column));
}
