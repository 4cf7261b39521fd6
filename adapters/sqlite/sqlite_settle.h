/*
 * sqlite_settle.h - what becomes of tasks that were leased.
 */
#ifndef ADAPTERS_SQLITE_SETTLE_H
#define ADAPTERS_SQLITE_SETTLE_H

#include "adapters/sqlite/sqlite_ledger.h"
#include "usecase/queue_port.h"

/* All within the transaction that is open on the ledger's connection, and as
 * queue_port.h says. */
MUST_USE enum status settle_tasks(struct ledger *l, int64_t now_ms,
                                  const struct settlement *items, size_t n,
                                  enum status *results, struct error *err);
MUST_USE enum status extend_tasks(struct ledger *l, int64_t until_ms,
                                  const struct renewal *items, size_t n,
                                  enum status *results, struct error *err);

#endif
