/*
 * The floor of SQLite: one table, its rows as wide as a task, unique ids, and
 * one index on what waits. The journal and what else is set are as Millrace
 * sets them.
 */
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "bench/raw.h"

#define BUSY_US 100
#define ID_BYTES 16
#define REST_BYTES 65 /* what else a task has: limits, times, kinds */

static const char schema[] =
    "PRAGMA journal_mode = WAL;"
    "CREATE TABLE IF NOT EXISTS tasks ("
    " number INTEGER PRIMARY KEY, id BLOB NOT NULL UNIQUE,"
    " state INTEGER NOT NULL, lease_until INTEGER, rest BLOB NOT NULL,"
    " type TEXT NOT NULL, payload BLOB NOT NULL) STRICT;"
    "CREATE INDEX IF NOT EXISTS waiting ON tasks (number) WHERE state = 1;";

static void check(sqlite3 *db, int rc)
{
    if (rc != SQLITE_OK && rc != SQLITE_DONE && rc != SQLITE_ROW)
        raw_die("sqlite", sqlite3_errmsg(db));
}

static int wait_a_little(void *context, int times)
{
    (void)context;
    (void)times;
    usleep(BUSY_US);
    return 1;
}

static void script(sqlite3 *db, const char *sql)
{
    check(db, sqlite3_exec(db, sql, NULL, NULL, NULL));
}

static sqlite3 *open_file(const struct raw_request *req)
{
    sqlite3 *db;

    check(NULL, sqlite3_open(req->where, &db));
    sqlite3_busy_handler(db, wait_a_little, NULL);
    script(db, schema);
    script(db, "PRAGMA wal_autocheckpoint = 4000;"
               "PRAGMA journal_size_limit = 67108864;"
               "PRAGMA cache_size = -16384;");
    script(db, req->is_full ? "PRAGMA synchronous = FULL"
                            : "PRAGMA synchronous = NORMAL");
    return db;
}

static void remove_file(const struct raw_request *req)
{
    static const char *const endings[] = {"", "-wal", "-shm"};
    char path[1024];

    for (int i = 0; i < 3; i++) {
        snprintf(path, sizeof(path), "%s%s", req->where, endings[i]);
        unlink(path);
    }
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *sql)
{
    sqlite3_stmt *statement;

    check(db, sqlite3_prepare_v3(db, sql, -1, SQLITE_PREPARE_PERSISTENT,
                                 &statement, NULL));
    return statement;
}

static void run(sqlite3 *db, sqlite3_stmt *statement)
{
    check(db, sqlite3_step(statement));
    check(db, sqlite3_reset(statement));
}

static void add(sqlite3 *db, const struct raw_request *req)
{
    static const char rest[REST_BYTES];
    size_t const size = (size_t)req->payload;
    sqlite3_stmt *begin = prepare(db, "BEGIN IMMEDIATE");
    sqlite3_stmt *commit = prepare(db, "COMMIT");
    sqlite3_stmt *insert =
        prepare(db, "INSERT INTO tasks (id, state, rest, type, payload)"
                    " VALUES (?1, 1, ?2, '" RAW_TYPE "', ?3)");
    char *payload = malloc(size);
    char id[RAW_ID_LEN + 1];

    if (!payload)
        raw_die("add", "no memory");
    for (long at = 0; at < req->tasks; at += req->batch) {
        run(db, begin);
        for (long i = at; i < at + req->batch && i < req->tasks; i++) {
            raw_fill(i, id, payload, size);
            sqlite3_bind_blob(insert, 1, id + RAW_ID_LEN - ID_BYTES, ID_BYTES,
                              SQLITE_STATIC);
            sqlite3_bind_blob(insert, 2, rest, REST_BYTES, SQLITE_STATIC);
            sqlite3_bind_blob(insert, 3, payload, (int)size, SQLITE_STATIC);
            run(db, insert);
        }
        run(db, commit);
    }
    free(payload);
    sqlite3_finalize(begin);
    sqlite3_finalize(commit);
    sqlite3_finalize(insert);
}

/* "DELETE FROM tasks WHERE number IN (?, ?, ...)" */
static sqlite3_stmt *prepare_delete(sqlite3 *db, long batch)
{
    char sql[64 + 2 * RAW_BATCH_MAX] = "DELETE FROM tasks WHERE number IN (?";
    size_t at = strlen(sql);

    for (long i = 1; i < batch; i++) {
        sql[at++] = ',';
        sql[at++] = '?';
    }
    sql[at++] = ')';
    sql[at] = '\0';
    return prepare(db, sql);
}

/* Claims a batch and keeps the rows' numbers; how many they are. */
static long claim(sqlite3 *db, sqlite3_stmt *update, sqlite3_int64 *numbers)
{
    unsigned sum = 0; /* whoever claims a task reads it */
    long n = 0;
    int rc;

    while ((rc = sqlite3_step(update)) == SQLITE_ROW) {
        const unsigned char *payload = sqlite3_column_blob(update, 3);
        numbers[n++] = sqlite3_column_int64(update, 0);
        sum += payload[0] + (unsigned)sqlite3_column_bytes(update, 1);
    }
    check(db, rc);
    check(db, sqlite3_reset(update));
    if (n > 0 && sum == 0)
        raw_die("claim", "empty tasks");
    return n;
}

static void take_all(sqlite3 *db, const struct raw_request *req)
{
    sqlite3_stmt *begin = prepare(db, "BEGIN IMMEDIATE");
    sqlite3_stmt *commit = prepare(db, "COMMIT");
    sqlite3_stmt *update = prepare(
        db, "UPDATE tasks SET state = 2, lease_until = 1700000000000"
            " WHERE number IN (SELECT number FROM tasks WHERE state = 1"
            " ORDER BY number LIMIT ?1) RETURNING number, id, type, payload");
    sqlite3_stmt *delete = prepare_delete(db, req->batch);
    sqlite3_int64 numbers[RAW_BATCH_MAX];

    sqlite3_bind_int64(update, 1, req->batch);
    for (long done = 0; done < req->tasks;) {
        run(db, begin);
        long const n = claim(db, update, numbers);
        run(db, commit);
        if (n == 0) {
            usleep(BUSY_US);
            continue;
        }
        sqlite3_clear_bindings(delete);
        for (int i = 0; i < (int)n; i++)
            sqlite3_bind_int64(delete, i + 1, numbers[i]);
        run(db, begin);
        run(db, delete);
        run(db, commit);
        done += n;
    }
    sqlite3_finalize(begin);
    sqlite3_finalize(commit);
    sqlite3_finalize(update);
    sqlite3_finalize(delete);
}

static double file_bytes(const struct raw_request *req)
{
    struct stat about;

    return stat(req->where, &about) == 0 ? (double)about.st_size : 0;
}

void raw_sqlite_enqueue(const struct raw_request *req, struct raw_result *out)
{
    sqlite3 *db = open_file(req);

    raw_begin(out);
    add(db, req);
    raw_end(out);
    sqlite3_close(db);
    out->bytes = file_bytes(req);
    remove_file(req);
}

void raw_sqlite_drain(const struct raw_request *req, struct raw_result *out)
{
    sqlite3 *db = open_file(req);

    add(db, req);
    raw_begin(out);
    take_all(db, req);
    raw_end(out);
    sqlite3_close(db);
    remove_file(req);
}

/* One process adds, another takes. */
void raw_sqlite_e2e(const struct raw_request *req, struct raw_result *out)
{
    sqlite3_close(open_file(req));
    pid_t const taker = fork();
    if (taker == 0) {
        sqlite3 *own = open_file(req);
        take_all(own, req);
        sqlite3_close(own);
        _exit(0);
    }

    sqlite3 *db = open_file(req);
    raw_begin(out);
    add(db, req);
    waitpid(taker, NULL, 0);
    raw_end(out);
    out->cpu_us += raw_cpu_us(true);
    sqlite3_close(db);
    remove_file(req);
}
