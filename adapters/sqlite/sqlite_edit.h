/*
 * sqlite_edit.h - what an operator changes.
 *
 * All within the transaction that is open on the ledger's connection, and as
 * admin_port.h says.
 */
#ifndef ADAPTERS_SQLITE_EDIT_H
#define ADAPTERS_SQLITE_EDIT_H

#include "adapters/sqlite/sqlite_key.h"
#include "usecase/admin_port.h"

/* Asks for the whole record of ref's task; packed is ref->id, and must live as
 * long as the query. */
struct query edit_find(struct connection *c, struct bytes namespace,
                       const struct task_ref *ref,
                       const struct packed_id *packed);

MUST_USE enum status edit_remove(struct ledger *l, int64_t now_ms,
                                 unsigned states, const struct task_ref *ref,
                                 struct error *err);
MUST_USE enum status edit_run_now(struct ledger *l, int64_t now_ms,
                                  const struct task_ref *ref,
                                  struct error *err);
MUST_USE enum status edit_requeue(struct ledger *l, int64_t now_ms,
                                  const struct task_ref *ref,
                                  struct task_id *holder, struct error *err);

/* Up to limit, which is at most BATCH_MAX. */
MUST_USE enum status edit_purge(struct ledger *l, struct bytes queue,
                                enum task_state state, size_t limit,
                                size_t *removed, struct error *err);
MUST_USE enum status edit_pause(struct ledger *l, struct bytes queue,
                                bool is_paused, struct error *err);

#endif
