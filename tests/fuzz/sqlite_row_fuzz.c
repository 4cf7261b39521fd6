/*
 * Whatever stands in the row of a task, it is refused as corrupt, or what is
 * read is a valid task whose texts can be shown.
 *
 * Each line of the input changes a column: its first byte tells which, the
 * second what to, and the rest is that: '#' a number, '=' bytes, else NULL.
 * A change that the schema forbids does not take place.
 */
#include <stdlib.h>

#include "adapters/sqlite/sqlite_row.h"
#include "adapters/sqlite/sqlite_schema.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/sqlite_folder.h"

#define NOW_MS INT64_C(1800000000000)
#define LINES_MAX 16

/* In the order of the letters from 'A' on. */
static const char *const updates[] = {
#define UPDATE(column) "UPDATE millrace_tasks SET " column " = ?1"
    UPDATE("id"),
    UPDATE("state"),
    UPDATE("position"),
    UPDATE("priority"),
    UPDATE("attempt"),
    UPDATE("crashes"),
    UPDATE("max_attempts"),
    UPDATE("max_crashes"),
    UPDATE("timeout_ms"),
    UPDATE("backoff_kind"),
    UPDATE("backoff_jitter"),
    UPDATE("backoff_factor_milli"),
    UPDATE("backoff_base_ms"),
    UPDATE("backoff_max_ms"),
    UPDATE("key_ttl_ms"),
    UPDATE("retain_ms"),
    UPDATE("expires_ms"),
    UPDATE("created_at"),
    UPDATE("run_at"),
    UPDATE("reason"),
    UPDATE("since"),
    UPDATE("started_at"),
    UPDATE("worker"),
    UPDATE("type"),
    UPDATE("key"),
    UPDATE("headers"),
    UPDATE("payload"),
    UPDATE("last_error"),
    UPDATE("result"),
#undef UPDATE
};
#define UPDATES (sizeof(updates) / sizeof(updates[0]))

static const char first_row[] =
    "INSERT INTO millrace_queues (id, namespace, name) VALUES (1, 'n', 'mail');"
    "INSERT INTO millrace_tasks (number, queue_id, id, state, position,"
    " priority, max_attempts, max_crashes, timeout_ms, backoff_kind,"
    " backoff_jitter, backoff_factor_milli, backoff_base_ms, backoff_max_ms,"
    " key_ttl_ms, retain_ms, expires_ms, created_at, run_at, since, type,"
    " payload) VALUES (1, 1, x'000102030405060708090a0b0c0d0e0f', 1, 1, 1,"
    " 10, 3, 1000, 0, 0, 2000, 1000, 5000, 0, 0, 0, 5, 5, 5, 'echo', x'7b7d')";

struct database {
    sqlite3 *db;
    struct connection connection;
    sqlite3_stmt *updates[UPDATES];
};

static void open_database(struct database *d)
{
    struct error err;

    assert(sqlite3_open(sqlite_folder_make(), &d->db) == SQLITE_OK);
    connection_adopt(&d->connection, d->db, "queue.db");
    assert(schema_prepare(&d->connection, &err) == STATUS_OK);
    assert(connection_script(&d->connection, first_row, &err) == STATUS_OK);
    for (size_t i = 0; i < UPDATES; i++)
        assert(sqlite3_prepare_v2(d->db, updates[i], -1, &d->updates[i],
                                  NULL) == SQLITE_OK);
}

static void change(struct database *d, struct bytes line)
{
    sqlite3_stmt *update = d->updates[(input_byte(&line) - 'A') % UPDATES];
    bool const is_text = strstr(sqlite3_sql(update), "worker") ||
                         strstr(sqlite3_sql(update), "type");
    uint8_t const kind = input_byte(&line);
    char digits[24] = "";

    if (kind == '#') {
        memcpy(digits, line.at, line.len < 23 ? line.len : 23);
        sqlite3_bind_int64(update, 1, strtoll(digits, NULL, 10));
    } else if (kind == '=' && is_text) {
        sqlite3_bind_text(update, 1, line.at, (int)line.len, SQLITE_STATIC);
    } else if (kind == '=') {
        sqlite3_bind_blob(update, 1, line.at, (int)line.len, SQLITE_STATIC);
    } else {
        sqlite3_bind_null(update, 1);
    }
    sqlite3_step(update);
    sqlite3_reset(update);
}

static void hold_for_row(struct database *d)
{
    static char room[64 * 1024];
    struct arena mem = {.base = room, .size = sizeof(room)};
    struct query q = query_on(&d->connection, SQL_TASK_BY_NUMBER);
    struct task_record record;
    struct error err;

    query_int(&q, 1);
    assert(query_next(&q, &err) == STATUS_OK);
    row_is_over(&q, NOW_MS);
    enum status const st = row_read_record(&q, &mem, &record, &err);
    if (st == STATUS_OK) {
        assert(is_stored_task(record.task));
        assert(record.task.attempt == query_column_int(&q, COLUMN_ATTEMPT));
        assert(record.task.max_attempts ==
               query_column_int(&q, COLUMN_MAX_ATTEMPTS));
        assert(!record.task.headers.at || record.task.headers.len > 0);
        assert(!record.result.at || record.result.len > 0);
        assert(task_state_name(record.state) && reason_name(record.reason));
    } else {
        assert(st == STATUS_CORRUPT);
    }
    query_end(&q);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct database database;
    struct bytes rest = input_of(data, size);

    if (!database.db)
        open_database(&database);
    sqlite3_exec(database.db, "BEGIN", NULL, NULL, NULL);
    for (int i = 0; i < LINES_MAX && rest.len > 0; i++)
        change(&database, input_line(&rest));
    hold_for_row(&database);
    sqlite3_exec(database.db, "ROLLBACK", NULL, NULL, NULL);
    return 0;
}
