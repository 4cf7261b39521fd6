/*
 * sqlite_fleet.h - the fleet port.
 */
#ifndef ADAPTERS_SQLITE_FLEET_H
#define ADAPTERS_SQLITE_FLEET_H

#include "adapters/sqlite/sqlite_store.h"
#include "usecase/fleet_port.h"

/* Opens a port over s, which must outlive it. */
MUST_USE enum status sqlite_fleet_open(struct store *s, struct fleet_port *out,
                                       struct error *err);

#endif
