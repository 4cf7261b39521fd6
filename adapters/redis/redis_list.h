/*
 * redis_list.h - pages of tasks, and the statistics of queues.
 */
#ifndef ADAPTERS_REDIS_LIST_H
#define ADAPTERS_REDIS_LIST_H

#include "adapters/redis/redis_connection.h"
#include "usecase/admin_port.h"

/* See list in admin_port.h. Active tasks come in the order in which they
 * became ready (or were taken from a dead worker): no server keeps the order
 * of leases, and of one priority it is the same. */
MUST_USE enum status redis_list(struct redis_connection *c,
                                const struct list_request *req,
                                struct arena *mem, struct task_page *page,
                                struct error *err);

/* See stats in admin_port.h. */
MUST_USE enum status redis_stats(struct redis_connection *c, int64_t now_ms,
                                 struct bytes after, size_t max,
                                 struct queue_stats *rows, size_t *count,
                                 struct error *err);

#endif
