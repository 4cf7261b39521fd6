/*
 * sqlite_list.h - pages of tasks, and the statistics.
 *
 * Both only read; a page is read in one transaction, which ends with it.
 */
#ifndef ADAPTERS_SQLITE_LIST_H
#define ADAPTERS_SQLITE_LIST_H

#include "adapters/sqlite/sqlite_connection.h"
#include "usecase/admin_port.h"

MUST_USE enum status list_tasks(struct connection *c, struct bytes namespace,
                                const struct list_request *req,
                                struct arena *mem, struct task_page *page,
                                struct error *err);
MUST_USE enum status list_stats(struct connection *c, struct bytes namespace,
                                struct bytes after, size_t max,
                                struct queue_stats *rows, size_t *count,
                                struct error *err);

#endif
