/*
 * redis_health.h - the health port.
 *
 * What it takes to keep tasks safe on a server: it answers soon, is no
 * replica, evicts nothing, has memory left, and writes to disk what it holds.
 */
#ifndef ADAPTERS_REDIS_HEALTH_H
#define ADAPTERS_REDIS_HEALTH_H

#include "usecase/backend_url.h"
#include "usecase/health_port.h"

/* Opens a port with a connection of its own; url must outlive it. Faults:
 * STATUS_UNAVAILABLE, STATUS_REFUSED. */
MUST_USE enum status redis_health_open(const struct backend_url *url,
                                       struct health_port *out,
                                       struct error *err);

#endif
