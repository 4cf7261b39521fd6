/*
 * sqlite_sql.h - every statement there is, by name.
 *
 * Parameters are numbered, never pasted in: no text from outside ever becomes
 * SQL. Each statement finds its rows by an index; sqlite_test.c asks SQLite.
 */
#ifndef ADAPTERS_SQLITE_SQL_H
#define ADAPTERS_SQLITE_SQL_H

enum sql {
    SQL_BEGIN_READ,
    SQL_BEGIN_WRITE,
    SQL_COMMIT,
    SQL_SAVEPOINT,
    SQL_ROLLBACK_TO,
    SQL_RELEASE,
    SQL_DATA_VERSION,

    SQL_QUEUE_BY_NAME,
    SQL_QUEUE_BY_ID,
    SQL_QUEUE_ADD,
    SQL_QUEUE_COUNT,
    SQL_QUEUE_PAUSE,
    SQL_QUEUES_READY,
    SQL_QUEUES_WAITING,
    SQL_QUEUES_ACTIVE,
    SQL_QUEUES_HOLDING,
    SQL_QUEUES_STATS,

    SQL_ANY_READY,
    SQL_QUEUE_IS_READY,
    SQL_NEXT_DUE,
    SQL_NEXT_FORGET,
    SQL_NEXT_EXPIRY,

    SQL_TASK_ADD,
    SQL_TASKS_ADD, /* SQL_ROWS of them */
    SQL_NUMBER_APART,
    SQL_TASK_BY_NUMBER,
    SQL_TASK_BY_ID,
    SQL_TASK_ANYWHERE,
    SQL_TASK_STATE,
    SQL_TASKS_READY,
    SQL_TASKS_DUE,
    SQL_TASKS_EXPIRED,
    SQL_TASKS_FORGET,
    SQL_TASK_FIRST,
    SQL_TASK_AFTER,
    SQL_READY_AFTER,
    SQL_LEASED_AFTER,
    SQL_TASK_HELD,
    SQL_TASK_TAKE,
    SQL_TASK_EXTEND,
    SQL_TASK_SETTLE,
    SQL_TASK_FINISH,
    SQL_TASKS_FINISH,      /* up to SQL_ROWS of them */
    SQL_MANY_TASKS_FINISH, /* up to SQL_MANY_ROWS */
    SQL_TASK_READY,
    SQL_TASK_RUN_NOW,
    SQL_TASK_REQUEUE,
    SQL_TASK_REMOVE,

    SQL_SPAN_ADD,
    SQL_SPAN_FIND,
    SQL_SPAN_SPLIT,
    SQL_SPAN_REMOVE,
    SQL_SPAN_REMOVE_EMPTY,
    SQL_SPAN_EXPIRED,

    SQL_KEY_HOLDER,
    SQL_KEY_TAKE,
    SQL_KEY_FREE,
    SQL_KEY_ENDED,
    SQL_KEY_FORGET,
    SQL_NEXT_KEY_END,

    SQL_WORKER_BEAT,
    SQL_WORKERS_FORGET,
    SQL_WORKER_LEAVE,
    SQL_WORKERS,

    SQL_STRAY_ROW,
    SQL_STRAY_KEY_FREE,
    SQL_STRAY_BURY,

    SQL_SCRUB_TASKS,
    SQL_SCRUB_KEYS,
    SQL_SCRUB_COUNTERS,
    SQL_FIX_STATE,
    SQL_FIX_PLACE,
    SQL_FIX_RETENTION,
    SQL_FIX_KEY,
    SQL_FIX_COUNTERS,

    SQL_STATEMENTS
};

/* How many rows a statement deals with that is for more than one. */
#define SQL_ROWS 20
#define SQL_MANY_ROWS 100

extern const char *const sql_text[SQL_STATEMENTS];

/* What statements that hand over tasks give, in this order; the SQL beside it
 * in sqlite_sql.c. */
enum task_column {
    COLUMN_NUMBER,
    COLUMN_ID,
    COLUMN_POSITION,
    COLUMN_PRIORITY,
    COLUMN_ATTEMPT,
    COLUMN_CRASHES,
    COLUMN_MAX_ATTEMPTS,
    COLUMN_MAX_CRASHES,
    COLUMN_TIMEOUT,
    COLUMN_BACKOFF_KIND,
    COLUMN_BACKOFF_JITTER,
    COLUMN_BACKOFF_FACTOR,
    COLUMN_BACKOFF_BASE,
    COLUMN_BACKOFF_MAX,
    COLUMN_KEY_TTL,
    COLUMN_RETAIN,
    COLUMN_EXPIRES,
    COLUMN_CREATED_AT,
    COLUMN_RUN_AT,
    COLUMN_TYPE,
    COLUMN_KEY,
    COLUMN_HEADERS,
    COLUMN_PAYLOAD,
    COLUMN_LAST_ERROR,
    /* Those that tell about its lease, also: */
    COLUMN_SINCE,
    COLUMN_IS_STARTED,
    /* And those that hand over all that is known: */
    COLUMN_STATE,
    COLUMN_REASON,
    COLUMN_STARTED_AT,
    COLUMN_WORKER,
    COLUMN_RESULT,
    COLUMN_QUEUE_ID,
    COLUMN_QUEUE,
};

#endif
