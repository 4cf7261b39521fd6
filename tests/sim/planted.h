/*
 * planted.h - stores that break one promise each.
 *
 * A port around a port of a good store, which does wrong what the flaw says:
 * mistakes that real queues have made. The simulation must find each.
 */
#ifndef TESTS_SIM_PLANTED_H
#define TESTS_SIM_PLANTED_H

#include "cmd/sim/sim.h"

enum flaw {
    FLAW_NONE,
    FLAW_SETTLES_BY_ID,             /* without looking at the token */
    FLAW_LEAVES_OLD_TOKENS_ALIVE,   /* when a lease is taken back */
    FLAW_TOKENS_DO_NOT_GROW,        /* the fencing number stays */
    FLAW_POPS_THEN_PUSHES,          /* when promoting, and breaks in between */
    FLAW_EXTENDS_WITHOUT_ITS_INDEX, /* by which leases are taken back */
    FLAW_COUNTS_IN_ANOTHER_STEP,    /* than it settles, and breaks in between */
    FLAW_KEEPS_THE_KEYS_OF_THE_DEAD,
    FLAW_RELEASE_COSTS_AN_ATTEMPT,
    FLAW_TAKES_ALL_FOR_STARTED, /* so that a neighbour's crash can kill */
    FLAW_TAKES_BACK_TOO_EARLY,
    FLAW_STORES_BATCHES_IN_PART, /* and says that all is there */
    FLAW_SENDS_AGAIN_BLINDLY,    /* after a lost reply */
    FLAW_LISTENS_TOO_LATE,       /* after the look, before the sleep */
};
#define FLAWS 14

const char *flaw_name(enum flaw flaw);

/* What tells from a complaint that it is this flaw that was found. */
const char *flaw_sign(enum flaw flaw);

#define PLANTED_TASKS 1024

/* What the wrong store has to remember to be wrong. */
struct planted {
    enum flaw flaw;
    size_t chances;          /* how often it could have broken */
    int64_t not_counted;     /* tasks that are done */
    struct admin_port admin; /* of the store */
    size_t popped;           /* and not pushed */
    size_t count;
    struct {
        struct task_id id;
        struct lease_token token; /* of the latest lease */
        struct lease_token old;   /* of the one before it was taken back */
    } known[PLANTED_TASKS];
    size_t dead_count;
    struct {
        struct task_id id;
        char queue[QUEUE_NAME_MAX + 1];
        char key[KEY_MAX + 1];
    } dead[PLANTED_TASKS];
};

/* The wrong store as operators see it; for plant(). */
struct admin_port planted_admin(void *context, struct admin_port inner);

/* Plants flaw into *config; planted must live as long. */
void plant(enum flaw flaw, struct planted *planted, struct sim_config *config);

#endif
