/*
 * sqlite_enqueue.h - tasks on their way in.
 */
#ifndef ADAPTERS_SQLITE_ENQUEUE_H
#define ADAPTERS_SQLITE_ENQUEUE_H

#include "adapters/sqlite/sqlite_ledger.h"
#include "usecase/queue_port.h"

/* Stores tasks[n] as queue_port's enqueue says, within the transaction that
 * is open on the ledger's connection. The caller flushes the ledger. */
MUST_USE enum status enqueue_tasks(struct ledger *l, int64_t now_ms,
                                   const struct new_task *tasks, size_t n,
                                   struct enqueued *results, struct error *err);

#endif
