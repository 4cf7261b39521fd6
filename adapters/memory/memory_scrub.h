/*
 * memory_scrub.h - the scrub_port over a store in memory.
 */
#ifndef ADAPTERS_MEMORY_SCRUB_H
#define ADAPTERS_MEMORY_SCRUB_H

#include "adapters/memory/memory_store.h"
#include "usecase/scrub_port.h"

/* Opens a port over store, which it borrows. Never fails. */
void memory_scrub_open(struct store *store, struct scrub_port *out);

#endif
