/*
 * memory_fleet.h - the fleet_port over a store in memory.
 */
#ifndef ADAPTERS_MEMORY_FLEET_H
#define ADAPTERS_MEMORY_FLEET_H

#include "adapters/memory/memory_store.h"
#include "usecase/fleet_port.h"

/* A worker that has been heard of. */
struct member {
    struct member *next; /* by name */
    struct worker_info info;
};

void members_free(struct member *first);

/* Opens a port over store, which it borrows. Never fails. */
void memory_fleet_open(struct store *store, struct fleet_port *out);

#endif
