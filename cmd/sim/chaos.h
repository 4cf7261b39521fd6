/*
 * chaos.h - what can go wrong around one call of a port.
 *
 * A port around a port. Armed, it lets one call of a step fail, before it
 * happened or after (when only the answer is lost); or the actor dies there;
 * or it stands still there while the others go on. Once the actor is dead,
 * nothing it calls reaches the store any more.
 *
 * What a port knows of an enqueue whose answer it lost, it is to remember:
 * sent again, the same tasks are answered as they were the first time. The
 * real ones see to it below the port, so this one must.
 */
#ifndef CMD_SIM_CHAOS_H
#define CMD_SIM_CHAOS_H

#include "usecase/queue_port.h"

enum chaos_kind {
    CHAOS_NONE,
    CHAOS_FAIL,
    CHAOS_CRASH,
    CHAOS_STALL,
};

struct chaos {
    enum chaos_kind kind;
    bool is_after;
    size_t call;  /* which one of the step; 0: the first */
    bool is_full; /* FAIL: because the store is, not for want of an answer */
};

#define CHAOS_BATCH_MAX 8 /* tasks of one enqueue */

struct chaos_config {
    void (*stall)(void *context); /* the others go on */
    void *context;
    bool forgets_what_it_sent; /* a flaw, to be found */
};

MUST_USE enum status chaos_queue_open(const struct chaos_config *config,
                                      struct queue_port inner,
                                      struct queue_port *out,
                                      struct error *err);

/* A step begins, in which that is to happen. */
void chaos_arm(struct queue_port chaos, struct chaos what);

/* The actor dies here. */
void chaos_kill(struct queue_port chaos);
bool chaos_is_dead(struct queue_port chaos);

#endif
