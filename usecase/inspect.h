/*
 * inspect.h - questions about many queues at once.
 */
#ifndef USECASE_INSPECT_H
#define USECASE_INSPECT_H

#include "domain/queue_plan.h"
#include "usecase/admin_port.h"
#include "usecase/clock_port.h"

/* Whether no task of the plan's queues is scheduled, ready, active or waiting
 * for a retry. */
MUST_USE enum status inspect_is_drained(struct admin_port admin,
                                        struct clock_port clock,
                                        const struct queue_plan *plan,
                                        bool *is_drained, struct error *err);

/* Removes every task of queue in state, or, without a state, all but the
 * active and the dead ones. *removed counts, also after a fault. Answers
 * STATUS_NOT_FOUND. */
MUST_USE enum status inspect_purge(struct admin_port admin,
                                   struct clock_port clock, struct bytes queue,
                                   const enum task_state *state,
                                   size_t *removed, struct error *err);

#endif
