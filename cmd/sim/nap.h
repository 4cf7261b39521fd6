/*
 * nap.h - a lease that waits, in virtual time.
 *
 * A port around a port. It looks once; where there is nothing, it answers so
 * and puts the actor to sleep: whoever runs the actors does not let it step
 * again before it wakes: at its time, when a task is due, or when something has
 * changed since just before the look.
 */
#ifndef CMD_SIM_NAP_H
#define CMD_SIM_NAP_H

#include "usecase/queue_port.h"

struct nap_config {
    const uint64_t *signals; /* grows with everything that may wake */
    int64_t (*next_due_ms)(void *context);
    void *context;
    bool starts_to_listen_late; /* a flaw, to be found: after the look */
};

MUST_USE enum status nap_queue_open(const struct nap_config *config,
                                    struct queue_port inner,
                                    struct queue_port *out, struct error *err);

/* A step begins: whoever slept is awake. */
void nap_end(struct queue_port nap);

/* Whether its actor sleeps at now_ms. */
bool nap_is_asleep(struct queue_port nap, int64_t now_ms);

#endif
