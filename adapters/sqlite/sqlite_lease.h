/*
 * sqlite_lease.h - tasks on their way out: leasing, and taking what expired.
 */
#ifndef ADAPTERS_SQLITE_LEASE_H
#define ADAPTERS_SQLITE_LEASE_H

#include "adapters/sqlite/sqlite_ledger.h"
#include "usecase/queue_port.h"

/* Room for the queues of one plan, too large for a stack. */
struct lease_room {
    struct bytes names[LEDGER_QUEUES];
    struct queue_row *queues[LEDGER_QUEUES];
    size_t quota[LEDGER_QUEUES];
    size_t order[LEDGER_QUEUES];
    int64_t numbers[BATCH_MAX];     /* of the tasks just read */
    char after[QUEUE_NAME_MAX + 1]; /* where the next lease of every queue goes
                                       on, if there are too many to look at
                                       in one */
};

/* Both within the transaction that is open on the ledger's connection; they
 * answer STATUS_EMPTY, and do not wait. */
MUST_USE enum status lease_tasks(struct ledger *l, struct lease_room *room,
                                 const struct lease_request *req,
                                 struct arena *mem, struct lease *leases,
                                 size_t *count, struct error *err);
MUST_USE enum status take_expired_tasks(struct ledger *l,
                                        struct lease_room *room,
                                        const struct reap_request *req,
                                        struct arena *mem, struct lease *leases,
                                        size_t *count, struct error *err);

#endif
