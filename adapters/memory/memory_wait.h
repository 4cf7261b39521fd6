/*
 * memory_wait.h - ports that sleep until there is a task for them.
 *
 * Each has a descriptor of its own, which whoever makes a task ready in one of
 * its queues makes readable; so does whoever schedules one that is due before
 * the sleeper would look again.
 */
#ifndef ADAPTERS_MEMORY_WAIT_H
#define ADAPTERS_MEMORY_WAIT_H

#include "adapters/memory/memory_store.h"
#include "domain/queue_plan.h"
#include "usecase/wake.h"

struct waiter {
    struct waiter *next; /* while it sleeps */
    const struct queue_plan *plan;
    int64_t due_ms; /* when it would look again */
    int fd;         /* an eventfd */
    bool is_woken;
};

/* Opens a waiter that does not sleep yet; false: no descriptor is free. */
bool waiter_open(struct waiter *w);
void waiter_close(struct waiter *w);

/* Sleeps, with the lock given up meanwhile, until a task of plan may be ready
 * or due earlier than due_ms, wake is readable, or timeout_ms is over. True:
 * wake is readable. */
bool waiter_sleep(struct store *s, struct waiter *w,
                  const struct queue_plan *plan, int64_t due_ms,
                  int64_t timeout_ms, struct wake wake);

/* Wakes who sleeps for tasks of q. */
void wake_for_ready(struct store *s, const struct queue *q);

/* Wakes who would look only after at_ms, when a task is due. */
void wake_for_due(struct store *s, int64_t at_ms);

/* The monotonic clock, in ms. */
int64_t monotonic_ms(void);

#endif
