/*
 * sqlite_health.h - the health port.
 */
#ifndef ADAPTERS_SQLITE_HEALTH_H
#define ADAPTERS_SQLITE_HEALTH_H

#include "adapters/sqlite/sqlite_store.h"
#include "usecase/health_port.h"

/* Opens a port over s, which must outlive it. */
MUST_USE enum status
sqlite_health_open(struct store *s, struct health_port *out, struct error *err);

#endif
