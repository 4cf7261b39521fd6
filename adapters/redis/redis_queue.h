/*
 * redis_queue.h - the queue port over Redis.
 */
#ifndef ADAPTERS_REDIS_QUEUE_H
#define ADAPTERS_REDIS_QUEUE_H

#include "usecase/backend_url.h"
#include "usecase/queue_port.h"

/* Connects to the server of url, which must outlive the port, and opens a port
 * to its namespace. Faults: STATUS_UNAVAILABLE, STATUS_REFUSED,
 * STATUS_NO_MEMORY. */
MUST_USE enum status redis_queue_open(const struct backend_url *url,
                                      struct queue_port *out,
                                      struct error *err);

#endif
