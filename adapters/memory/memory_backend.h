/*
 * memory_backend.h - tasks that live and die with the process.
 */
#ifndef ADAPTERS_MEMORY_BACKEND_H
#define ADAPTERS_MEMORY_BACKEND_H

#include "usecase/backend_port.h"
#include "usecase/backend_url.h"

/* Opens an empty store of its own into *out; its ports may be used by
 * different threads. Fault STATUS_NO_MEMORY. */
MUST_USE enum status memory_backend_open(const struct backend_url *url,
                                         struct backend_port *out,
                                         struct error *err);

#endif
