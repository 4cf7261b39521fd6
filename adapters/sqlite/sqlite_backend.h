/*
 * sqlite_backend.h - a backend that is one SQLite file.
 *
 * Many processes may share the file; it may be the user's own database, as
 * all tables here have names of their own (see schema.sql).
 */
#ifndef ADAPTERS_SQLITE_BACKEND_H
#define ADAPTERS_SQLITE_BACKEND_H

#include "usecase/backend_port.h"
#include "usecase/backend_url.h"

/* Opens the file that url names, making it if its folder is there. Fault
 * STATUS_REFUSED: it is no database, another program's, or newer. */
MUST_USE enum status sqlite_backend_open(const struct backend_url *url,
                                         struct backend_port *out,
                                         struct error *err);

#endif
