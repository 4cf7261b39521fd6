/*
 * patrol_thread.h - a thread that looks through the store, see patrol.h.
 */
#ifndef CMD_PATROL_THREAD_H
#define CMD_PATROL_THREAD_H

#include "cmd/wire.h"
#include "usecase/metrics_port.h"

struct patrol_thread;

/* Starts one over the backend of wire, with a scrub port of its own; metrics,
 * which stays the caller's, is told from that thread. */
MUST_USE enum status patrol_thread_open(const struct wire *wire,
                                        struct metrics_port metrics,
                                        struct patrol_thread **out,
                                        struct error *err);

/* Ends it after the page that it looks at. Accepts NULL. */
void patrol_thread_close(struct patrol_thread *t);

#endif
