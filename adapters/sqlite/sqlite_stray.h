/*
 * sqlite_stray.h - rows of tasks that make no task.
 *
 * Foreign hands, a bug or a broken disk made them so. Nobody can run such a
 * row, and left in its place it would be met again and again. So whoever meets
 * it makes it a dead letter, where it stands: with its own id, type and payload
 * where those can be read, all else being at its default; or of the type
 * STRAY_TYPE, with all its columns as payload, as one JSON object. What finds
 * no room in either stands beside them in the column result, which no dead task
 * needs and nobody reads: the same object.
 *
 * An id that can't be read, or that leads elsewhere, is replaced by one made
 * from the row's number, so that it leads there.
 */
#ifndef ADAPTERS_SQLITE_STRAY_H
#define ADAPTERS_SQLITE_STRAY_H

#include "adapters/sqlite/sqlite_ledger.h"

#define STRAY_TYPE "unreadable"

/* Makes a dead letter of the row of queue, which is in that state, and in no
 * span, and frees its key. The state may be none that there is. */
MUST_USE enum status stray_bury(struct ledger *l, struct queue_row *queue,
                                int64_t number, int64_t state, int64_t now_ms,
                                struct error *err);

/* Writes what a scrubber calls the row. */
void stray_name(int64_t number, char *out, size_t size);

/* Makes a dead letter of the row of that name if it can't be read, and nobody
 * has leased it; else answers STATUS_NOT_FOUND. */
MUST_USE enum status stray_repair(struct ledger *l, struct queue_row *queue,
                                  struct bytes name, int64_t now_ms,
                                  struct error *err);

#endif
