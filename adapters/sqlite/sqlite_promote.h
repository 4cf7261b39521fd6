/*
 * sqlite_promote.h - what time brings about: due tasks, ended retentions.
 */
#ifndef ADAPTERS_SQLITE_PROMOTE_H
#define ADAPTERS_SQLITE_PROMOTE_H

#include "adapters/sqlite/sqlite_ledger.h"

/* Room for the tasks that one statement gives. */
struct promote_room {
    struct {
        int64_t number;
        enum task_state state;
    } due[BATCH_MAX];
};

/* Within the transaction that is open on the ledger's connection: makes up to
 * limit due tasks ready, and forgets up to limit done tasks, and as many ended
 * key windows. */
MUST_USE enum status promote_tasks(struct ledger *l, struct promote_room *room,
                                   int64_t now_ms, size_t limit, size_t *moved,
                                   struct error *err);

/* When the next task is due, or a retention or key window ends; INT64_MAX:
 * none. Only reads. */
MUST_USE enum status promote_next(struct connection *c, struct bytes namespace,
                                  int64_t *due_ms, int64_t *end_ms,
                                  struct error *err);

#endif
