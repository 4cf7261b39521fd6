/*
 * spec.h - the task specs of millrace.h, as the use case wants them.
 */
#ifndef CMD_LIBRARY_SPEC_H
#define CMD_LIBRARY_SPEC_H

#include "cmd/library/millrace.h"
#include "usecase/admin_port.h"
#include "usecase/enqueue.h"

/* Reads and checks spec into *out, which borrows from it. STATUS_INVALID. */
MUST_USE enum status spec_read(const struct mr_task_spec *spec,
                               struct task_spec *out, struct error *err);

/* Reads and checks a filter, which may be NULL, into *out, which borrows from
 * it. STATUS_INVALID. */
MUST_USE enum status filter_read(const struct mr_filter *filter,
                                 struct task_filter *out, struct error *err);

/* Reads the two that name a task; queue may be NULL. STATUS_INVALID. */
MUST_USE enum status ref_read(const char *queue, const char *id,
                              struct task_ref *out, struct error *err);

/* Reads the name of a queue. STATUS_INVALID. */
MUST_USE enum status queue_read(const char *name, struct bytes *out,
                                struct error *err);

/* Whether the room for members to come is zero; else STATUS_INVALID. */
MUST_USE enum status reserve_check(const uint64_t *reserved, size_t n,
                                   struct error *err);

/* Writes what became of a task. */
void enqueued_write(const struct enqueued *from, struct mr_enqueued *to);

enum mr_state state_shown(enum task_state state);

/* False for MR_STATE_ANY, and for what is no state. */
bool state_read(enum mr_state state, enum task_state *out);

#endif
