/*
 * sqlite_schema.h - is this file ours to use, and are our tables in it?
 */
#ifndef ADAPTERS_SQLITE_SCHEMA_H
#define ADAPTERS_SQLITE_SCHEMA_H

#include "adapters/sqlite/sqlite_connection.h"

/* The schema that this program writes. */
#define SCHEMA_VERSION 2

/* Turns the file to WAL mode and adds our tables, or brings them up to
 * SCHEMA_VERSION. Fault STATUS_REFUSED, with nothing changed: the file is no
 * database, has a newer schema, or is another program's. */
MUST_USE enum status schema_prepare(struct connection *c, struct error *err);

/* The version in the file; 0: it has none of our tables. */
MUST_USE enum status schema_version(struct connection *c, int64_t *out,
                                    struct error *err);

/* Whether the indexes of tasks are all there. */
MUST_USE enum status schema_has_indexes(struct connection *c, bool *out,
                                        struct error *err);

/* Makes what is missing of the indexes of tasks, in the caller's
 * transaction. */
MUST_USE enum status schema_add_indexes(struct connection *c,
                                        struct error *err);

#endif
