/*
 * sqlite_queue.h - the queue port.
 */
#ifndef ADAPTERS_SQLITE_QUEUE_H
#define ADAPTERS_SQLITE_QUEUE_H

#include "adapters/sqlite/sqlite_store.h"
#include "usecase/queue_port.h"

/* Opens a port over s, which must outlive it. */
MUST_USE enum status sqlite_queue_open(struct store *s, struct queue_port *out,
                                       struct error *err);

#endif
