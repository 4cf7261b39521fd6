/*
 * sqlite_admin.h - the admin port.
 */
#ifndef ADAPTERS_SQLITE_ADMIN_H
#define ADAPTERS_SQLITE_ADMIN_H

#include "adapters/sqlite/sqlite_store.h"
#include "usecase/admin_port.h"

/* Opens a port over s, which must outlive it. */
MUST_USE enum status sqlite_admin_open(struct store *s, struct admin_port *out,
                                       struct error *err);

#endif
