/*
 * consume_parts.h - what the files of the worker engine share.
 *
 * consume.c is the step and how it waits; consume_settle.c ends attempts;
 * consume_lease.c begins them; consume_upkeep.c is what every worker does for
 * all: promote, reap, extend. consume_alone.c keeps suspects apart.
 */
#ifndef USECASE_CONSUME_PARTS_H
#define USECASE_CONSUME_PARTS_H

#include "usecase/consume.h"

/* Settles what has finished. Gives back a fault of the backend, told to the
 * metrics; what could not be settled stays for the next time. */
MUST_USE enum status consume_settle_finished(struct consumer *c);

/* Settles n <= BATCH_MAX settlements of c->settlements and reports them.
 * ended_at_ms belongs to those that have no finished of their own. */
MUST_USE enum status consume_settle(struct consumer *c,
                                    const struct finished *finished, size_t n,
                                    bool is_reaped);

/* What follows from outcome for lease, as the settlement of slot i. */
void consume_judge(struct consumer *c, size_t i, const struct lease *lease,
                   const struct outcome *outcome, int64_t started_at_ms);

/* How many tasks it may lease now. */
size_t consume_room(const struct consumer *c);

/* Leases up to room > 0 tasks, waiting until until_ms, and starts them.
 * *leased is how many it got. */
MUST_USE enum status consume_lease(struct consumer *c, size_t room,
                                   int64_t until_ms, size_t *leased);

/* Starts the n first of c->leases, with what must be on record before. */
MUST_USE enum status consume_start(struct consumer *c, size_t n);

/* Takes over a lease of such a task until it can start. False: one is set
 * aside already. */
bool consume_set_aside(struct consumer *c, const struct lease *lease);

/* Starts what is set aside once it would be alone, or gives it back. */
MUST_USE enum status consume_attend_aside(struct consumer *c, int64_t now_ms);

/* Does what is due of promoting, reaping and extending. */
MUST_USE enum status consume_upkeep(struct consumer *c, int64_t now_ms);

/* Tells the metrics that op failed; gives st back. */
enum status consume_failed(struct consumer *c, const char *op, enum status st,
                           const struct error *err);

#endif
