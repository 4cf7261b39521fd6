/*
 * serve_keeper.h - what every worker does for all, done by serve.
 *
 * Due tasks become ready and leases that have ended are taken back, so that
 * pull workers need no worker process. It is the worker engine itself, told
 * to lease nothing.
 */
#ifndef CMD_SERVE_KEEPER_H
#define CMD_SERVE_KEEPER_H

#include "usecase/clock_port.h"
#include "usecase/metrics_port.h"
#include "usecase/queue_port.h"
#include "usecase/random_port.h"

struct keeper_ports {
    struct queue_port queue; /* for the keeper's thread alone */
    struct random_port random;
    struct clock_port clock;
    struct metrics_port metrics;
};

struct keeper;

/* Starts its thread. Faults STATUS_NO_MEMORY, STATUS_UNAVAILABLE. */
MUST_USE enum status keeper_open(const struct keeper_ports *ports,
                                 struct keeper **out, struct error *err);

/* Makes it look at once. Any thread. */
void keeper_kick(struct keeper *k);

/* Accepts NULL. */
void keeper_close(struct keeper *k);

#endif
