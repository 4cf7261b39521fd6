/*
 * guarded_queue.h - a queue_port around one that is not trusted.
 *
 * For backends of others: what they answer is looked at before it is used. A
 * broken promise is a fault STATUS_CORRUPT whose field is CONTRACT_FIELD, and
 * whose text says which.
 */
#ifndef CMD_LIBRARY_GUARDED_QUEUE_H
#define CMD_LIBRARY_GUARDED_QUEUE_H

#include "usecase/queue_port.h"

/* Opens a port around inner into *out, which closes inner when it is closed;
 * inner stays the caller's after a fault. Fault STATUS_NO_MEMORY. */
MUST_USE enum status guarded_queue_open(struct queue_port inner,
                                        struct queue_port *out,
                                        struct error *err);

/* The fault of a backend by that name that broke a promise. */
enum status contract_broken(struct error *err, const char *backend,
                            const char *how);

/* Whether every member of a table of operations is there: all are pointers. */
bool is_table_whole(const void *ops, size_t size);

#endif
