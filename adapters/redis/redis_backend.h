/*
 * redis_backend.h - tasks on a Redis server, for any number of machines.
 */
#ifndef ADAPTERS_REDIS_BACKEND_H
#define ADAPTERS_REDIS_BACKEND_H

#include "usecase/backend_port.h"
#include "usecase/backend_url.h"

/* Opens the backend that url names. Nothing is sent until a port is opened.
 * Fault STATUS_NO_MEMORY. */
MUST_USE enum status redis_backend_open(const struct backend_url *url,
                                        struct backend_port *out,
                                        struct error *err);

#endif
