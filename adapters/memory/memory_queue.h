/*
 * memory_queue.h - the queue_port over a store in memory.
 */
#ifndef ADAPTERS_MEMORY_QUEUE_H
#define ADAPTERS_MEMORY_QUEUE_H

#include "adapters/memory/memory_store.h"
#include "adapters/memory/memory_wait.h"
#include "usecase/queue_port.h"

/* Queues that may have a task for one lease. In columns, since
 * queue_plan_share wants the names in one piece. */
struct candidates {
    struct queue **queues;
    struct bytes *names;
    size_t *quota;
    size_t *order;
    size_t count;
    size_t size; /* of each column */
};

struct memory_queue {
    struct store *store;
    struct waiter waiter;
    struct shared_name *worker; /* who leased last, or NULL */
    struct candidates candidates;
    struct entry *prepared[BATCH_MAX]; /* of one enqueue */
};

/* Opens a port over store, which it borrows. Faults STATUS_NO_MEMORY,
 * STATUS_UNAVAILABLE (no descriptor is free). */
MUST_USE enum status memory_queue_open(struct store *store,
                                       struct queue_port *out,
                                       struct error *err);

/* Two of its operations; they live in memory_lease.c. */
enum status memory_queue_lease(void *self, const struct lease_request *req,
                               struct arena *mem, struct lease *leases,
                               size_t *count, struct error *err);
enum status memory_queue_take_expired(void *self,
                                      const struct reap_request *req,
                                      struct arena *mem, struct lease *leases,
                                      size_t *count, struct error *err);

/* The active entry that id and token name, or NULL. */
struct entry *memory_leased(const struct store *s, const struct task_id *id,
                            const struct lease_token *token);

/* Copies the task of e into mem; false: mem is full. */
bool memory_copy_task(const struct entry *e, struct arena *mem,
                      struct task *to);

#endif
