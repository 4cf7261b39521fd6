/*
 * sqlite_join.h - tasks on a connection, and in a transaction, of the user's.
 *
 * The user's database is the queue's file; so a task can be added by the very
 * transaction that writes what the task is about, and exists exactly if that
 * is committed. Nothing here begins, commits or rolls back a transaction of
 * the user's: a savepoint inside it is undone where a call fails.
 */
#ifndef ADAPTERS_SQLITE_SQLITE_JOIN_H
#define ADAPTERS_SQLITE_SQLITE_JOIN_H

#include <sqlite3.h>

#include "usecase/queue_port.h"

/* Whether a transaction is open on db. */
bool sqlite_join_is_open(sqlite3 *db);

/* Adds our tables to the database of db, or brings them up to date, and turns
 * it to WAL mode. No transaction is open. Fault STATUS_REFUSED, with nothing
 * changed: see schema_prepare. */
MUST_USE enum status sqlite_join_prepare(sqlite3 *db, struct error *err);

/* Stores tasks[n], 1 to BATCH_MAX, in namespace as queue_port's enqueue says,
 * within the transaction that is open. Fault STATUS_REFUSED: our tables are
 * not there, or newer. After a fault nothing was added; a fault such as a full
 * disk may have made SQLite roll back the whole transaction, and says so. */
MUST_USE enum status sqlite_join_enqueue(sqlite3 *db, struct bytes namespace,
                                         int64_t now_ms,
                                         const struct new_task *tasks, size_t n,
                                         struct enqueued *results,
                                         struct error *err);

#endif
