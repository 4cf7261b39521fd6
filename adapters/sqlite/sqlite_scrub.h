/*
 * sqlite_scrub.h - the scrub_port over an SQLite file.
 */
#ifndef ADAPTERS_SQLITE_SCRUB_H
#define ADAPTERS_SQLITE_SCRUB_H

#include "adapters/sqlite/sqlite_store.h"
#include "usecase/scrub_port.h"

/* Opens a port; what it gets must outlive it. */
MUST_USE enum status sqlite_scrub_open(struct store *s, struct scrub_port *out,
                                       struct error *err);

#endif
