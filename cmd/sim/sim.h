/*
 * sim.h - the whole queue in one thread, in virtual time, with everything
 * going wrong that can.
 *
 * Producers, real worker engines, reapers, an operator and an impostor with
 * dead tokens act in turn over a real store. What they do and what goes wrong
 * is a plan, made from a seed: the same seed is the same run. After each
 * action the store is compared with a model; at the end the faults stop, and
 * all that was accepted must be done or dead within bounded time.
 *
 * A plan that fails can be shrunk to a short one that fails as well.
 */
#ifndef CMD_SIM_SIM_H
#define CMD_SIM_SIM_H

#include <stdio.h>

#include "cmd/sim/chaos.h"
#include "usecase/backend_port.h"

#define SIM_STEPS_MAX 2000
#define SIM_STEPS 120
#define SIM_WORKERS_MAX 8
#define SIM_COMPLAINT_SIZE 300

enum sim_kind {
    SIM_PRODUCE,
    SIM_WORK,
    SIM_REAP,
    SIM_OPERATE,
    SIM_IMPOSE,  /* somebody tries a token that is dead */
    SIM_RESTART, /* a worker stops in good order and comes back */
    SIM_FREEZE,  /* an actor stands still for a while */
    SIM_PASS,    /* time does */
};
#define SIM_KINDS 8

/* One action of a plan; what it chooses, it chooses by its own bits, so that
 * it stays what it is when others are left out. */
struct sim_action {
    enum sim_kind kind;
    size_t actor;
    struct chaos chaos;
    uint64_t bits;
};

struct sim_plan {
    size_t count;
    struct sim_action actions[SIM_STEPS_MAX];
};

/* What a test breaks, to see that it is found; zeroed: nothing. */
struct sim_flaws {
    struct queue_port (*wrap_queue)(void *context, struct queue_port inner);
    struct admin_port (*wrap_admin)(void *context, struct admin_port inner);
    void (*begin)(void *context); /* of a run */
    void *context;
    bool forgets_what_it_sent;  /* see chaos.h */
    bool starts_to_listen_late; /* see nap.h */
};

/* Where runs take place. */
struct sim_place {
    /* Opens a store in which nothing is. */
    enum status (*open)(void *context, struct backend_port *out,
                        struct error *err);
    /* Lets ms pass there, where the store has a clock of its own by which
     * leases end; NULL: it believes what it is told. */
    enum status (*age)(void *context, int64_t ms, struct error *err);
    /* The run is over, its backend closed. NULL: nothing is left. */
    void (*clean)(void *context);
    void *context;
    int64_t start_ms; /* 0: any time will do */
    bool is_ordered;  /* tasks of one queue come in exactly the model's order */
};

struct sim_config {
    uint64_t seed;
    size_t steps;   /* 1 to SIM_STEPS_MAX */
    size_t workers; /* 0: the seed decides; to SIM_WORKERS_MAX */
    struct sim_place place;
    struct sim_flaws flaws;
    FILE *trace; /* NULL: none */
};

struct sim_result {
    char complaint[SIM_COMPLAINT_SIZE]; /* "": all was well */
    size_t at;     /* the action after which it was not; plan.count: the end */
    uint64_t hash; /* of all that happened */
    size_t tasks;
    size_t runs;
    size_t crashes;
};

/* Makes the plan of config's seed. */
void sim_plan_make(const struct sim_config *config, struct sim_plan *plan);

/* Carries it out. A fault: the place can't be opened or has no memory. */
MUST_USE enum status sim_run(const struct sim_config *config,
                             const struct sim_plan *plan,
                             struct sim_result *result, struct error *err);

/* Leaves out of a plan that fails whatever can be left out, in at most tries
 * runs; it still fails. */
MUST_USE enum status sim_shrink(const struct sim_config *config, size_t tries,
                                struct sim_plan *plan,
                                struct sim_result *result, struct error *err);

/* Describes an action in a few words. */
void sim_action_print(const struct sim_action *action, char *out, size_t size);

#endif
