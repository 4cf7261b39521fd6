/*
 * sim_world.h - what a run consists of; for the files of the simulation.
 */
#ifndef CMD_SIM_SIM_WORLD_H
#define CMD_SIM_SIM_WORLD_H

#include "cmd/sim/dice.h"
#include "cmd/sim/sim.h"
#include "cmd/sim/witness.h"
#include "usecase/consume.h"
#include "usecase/enqueue.h"
#include "usecase/handler.h"

#define SIM_PRODUCERS 2
#define SIM_REAPERS 2
#define SIM_QUEUES 3
#define SIM_KEYS 3
#define SIM_GRAVES 512
#define SIM_SKEW_MS 20 /* clocks are wrong by up to so much, either way */

/* Somebody who acts on a queue port of his own. */
struct sim_actor {
    struct sim *sim;
    char name[32];
    size_t lives; /* how often it was started */
    bool is_open;
    bool is_stepping;
    bool is_reaper;
    int64_t skew_ms;
    int64_t frozen_until_ms;
    struct clock_port clock;
    struct random_port random;
    struct queue_port queue; /* all of: nap, chaos, witness, store */
    struct queue_port chaos; /* the part of it to be armed */

    /* A producer. */
    struct enqueuer enqueuer;
    struct new_task pending[CHAOS_BATCH_MAX]; /* not acknowledged yet */
    char payloads[CHAOS_BATCH_MAX][24];
    size_t pending_count;

    /* A worker, or a reaper: one that leases nothing. */
    struct consumer consumer;
    struct executor_port executor;
    struct metrics_port metrics;
    struct handler handler;
    char *room;
};

struct sim {
    const struct sim_config *config;
    struct sim_result *result;
    struct backend_port backend;
    struct clock_port clock;
    struct admin_port admin;    /* looks, without a witness */
    struct admin_port operator; /* acts */
    struct queue_port impostor;
    struct witness witness;
    uint64_t compared_hash; /* when the store was last compared */
    struct model *model;
    struct dice dice; /* of the action under way */
    struct arena mem;

    /* What the seed decides for the whole run. */
    int64_t lease_ms;
    size_t concurrency;
    size_t worker_count;
    bool keeps_names; /* who comes back has the name it had */

    struct sim_actor producers[SIM_PRODUCERS];
    struct sim_actor workers[SIM_WORKERS_MAX];
    struct sim_actor reapers[SIM_REAPERS];
    bool is_calm;    /* no faults any more */
    bool is_stalled; /* the others go on while one stands still */

    /* The ports of dead actors: what a close would give back, a dead process
     * does not, so they are left alone until the run is over. */
    struct queue_port graves[SIM_GRAVES];
    size_t grave_count;
    struct error *err; /* of the run */
    enum status status;
};

/* The name of the i-th queue. */
const char *sim_queue_name(size_t i);

int64_t sim_now_ms(const struct sim *s);

/* The latest time that anybody's clock shows: that of the operator. */
int64_t sim_latest_ms(const struct sim *s);

/* Lets time pass for all. */
void sim_pass(struct sim *s, int64_t ms);

/* Someone stands still in mid-call: time passes, and others act. */
void sim_stall(void *actor);

/* Makes sure that an actor lives; false: a fault, in s->status. */
bool sim_actor_open(struct sim_actor *a);

/* Ends it: in good order, or as a process that was killed. */
void sim_actor_close(struct sim_actor *a);
void sim_actor_bury(struct sim_actor *a);

/* A queue port for a, with all that is around it. */
enum status sim_queue_open(struct sim *s, struct sim_actor *a);

void sim_produce(struct sim_actor *a);
void sim_flush(struct sim_actor *a); /* sends again what is pending */
void sim_work(struct sim_actor *a);
void sim_restart(struct sim_actor *a);
void sim_operate(struct sim *s);
void sim_impose(struct sim *s);

enum status sim_worker_open(struct sim_actor *a);
void sim_worker_release(struct sim_actor *a);

#endif
