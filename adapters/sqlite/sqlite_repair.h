/*
 * sqlite_repair.h - puts right what the scrubber has found in an SQLite file.
 *
 * In a write transaction, in which the flaw is looked at again.
 */
#ifndef ADAPTERS_SQLITE_REPAIR_H
#define ADAPTERS_SQLITE_REPAIR_H

#include "adapters/sqlite/sqlite_store.h"
#include "usecase/scrub_port.h"

/* What is checked, see sqlite_scrub.c. */
enum sqlite_check {
    CHECK_INDEXES,
    CHECK_UNREADABLE,
    CHECK_ROWS,
    CHECK_STATES,
    CHECK_LINE,
    CHECK_RETENTION,
    CHECK_STALE,
    CHECK_SILENT,
    CHECK_KEYS,
    CHECK_COUNTERS
};

/* The repair of scrub_port.h, of a check that has a remedy. */
MUST_USE enum status sqlite_repair(struct store *store, int64_t now_ms,
                                   const struct scrub_flaw *flaw,
                                   struct error *err);

#endif
