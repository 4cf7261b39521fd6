/*
 * redis_admin_edit.h - what an operator does to tasks.
 *
 * Each change is one script, which looks again and then acts: a task that has
 * moved since it was found is looked for anew. The contracts are those of
 * admin_port.h.
 */
#ifndef ADAPTERS_REDIS_ADMIN_EDIT_H
#define ADAPTERS_REDIS_ADMIN_EDIT_H

#include "adapters/redis/redis_connection.h"
#include "usecase/admin_port.h"

MUST_USE enum status redis_edit_remove(struct redis_connection *c,
                                       unsigned states,
                                       const struct task_ref *refs, size_t n,
                                       enum status *results, struct error *err);

MUST_USE enum status redis_edit_run_now(struct redis_connection *c,
                                        int64_t now_ms,
                                        const struct task_ref *ref,
                                        struct error *err);

MUST_USE enum status
redis_edit_requeue(struct redis_connection *c, int64_t now_ms,
                   const struct task_ref *refs, size_t n, enum status *results,
                   struct task_id *holders, struct error *err);

MUST_USE enum status redis_edit_purge(struct redis_connection *c,
                                      struct bytes queue, enum task_state state,
                                      size_t limit, size_t *removed,
                                      struct error *err);

MUST_USE enum status redis_edit_pause(struct redis_connection *c,
                                      struct bytes queue, bool is_paused,
                                      struct error *err);

#endif
