/*
 * redis_admin.h - the admin port.
 */
#ifndef ADAPTERS_REDIS_ADMIN_H
#define ADAPTERS_REDIS_ADMIN_H

#include "usecase/admin_port.h"
#include "usecase/backend_url.h"

/* Opens a port with a connection of its own; url must outlive it. Faults:
 * STATUS_UNAVAILABLE, STATUS_REFUSED. */
MUST_USE enum status redis_admin_open(const struct backend_url *url,
                                      struct admin_port *out,
                                      struct error *err);

#endif
