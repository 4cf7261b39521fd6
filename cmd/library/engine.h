/*
 * engine.h - a worker from its start to its end: the engine's loop, its
 * threads, its heartbeat, and how it stops.
 *
 *   running    until told to stop, or drained
 *   stopping   leases nothing more; handlers may finish, until the deadline
 *   cancelled  handlers are asked to end; until a last deadline
 * Whatever is held then is given back, so that others need not wait for its
 * lease to run out.
 *
 * The program's worker and the library's are this one; they differ in who
 * tells it to stop, and in who is told what happens. All of it belongs to one
 * thread; others signal the wake, which ends its waits.
 */
#ifndef CMD_LIBRARY_ENGINE_H
#define CMD_LIBRARY_ENGINE_H

#include "usecase/admin_port.h"
#include "usecase/consume.h"
#include "usecase/handler.h"
#include "usecase/heartbeat.h"

#define ENGINE_CONCURRENCY 10
#define ENGINE_SHUTDOWN_MS 25000

/* How long handlers have that were asked to end; the same, when told twice. */
#define ENGINE_CANCEL_MS 7000
#define ENGINE_CANCEL_AT_ONCE_MS 1000

struct engine_config {
    struct queue_plan plan;
    char name[WORKER_NAME_MAX + 1];
    size_t concurrency;  /* 1 to CONCURRENCY_MAX */
    int64_t lease_ms;    /* LEASE_MIN_MS to DURATION_MAX_MS */
    int64_t shutdown_ms; /* how long handlers may go on when it is to stop */
    bool is_draining;    /* it is over when nothing is left to do */
    struct handlers handlers;

    /* Called once the handlers are not used any more, if engine_open has opened
     * an executor: see thread_executor.h. May be NULL. */
    void (*left)(void *context);
    void *context;
};

/* They stay the caller's, who closes them after the engine. */
struct engine_ports {
    struct queue_port queue;
    struct admin_port admin;
    struct fleet_port fleet;
    struct clock_port clock;
    struct random_port random;
    struct metrics_port metrics;
};

enum engine_stage {
    ENGINE_RUNNING,
    ENGINE_STOPPING,
    ENGINE_CANCELLED,
};

struct engine {
    struct engine_config config;
    struct engine_ports ports;
    struct wake wake;
    struct executor_port executor;
    char *room;
    struct consumer consumer;
    struct heartbeat heartbeat;
    enum engine_stage stage;
    int64_t deadline_ms;   /* of the stage, by the monotonic clock */
    int64_t drain_look_ms; /* when to look again, by the same */
    int stops_heeded;
    bool is_quiet;
    bool is_drained;
};

/* Sets up *e, zeroed but for config, ports and wake (an eventfd that stays the
 * caller's). Fault STATUS_NO_MEMORY; engine_close follows in any case. */
MUST_USE enum status engine_open(struct engine *e, struct error *err);

/* Takes to heart how often it has been told to stop, and whether to be quiet:
 * the stage may change. */
void engine_heed(struct engine *e, int stops, bool is_quiet);

/* Whether to leave the loop. */
bool engine_is_over(struct engine *e);

/* Takes one step, which may wait; the wake is drained before. */
void engine_step(struct engine *e);

/* Gives back what is held, and says good-bye. A fault: the leases must run
 * out. *stuck is how many handlers have not ended. */
MUST_USE enum status engine_end(struct engine *e, size_t *stuck,
                                struct error *err);

/* Handlers that have not ended go on, and use their table; see
 * thread_executor_open. */
void engine_close(struct engine *e);

/* Writes a name for a worker, HOST-PID-RANDOM, into out. */
MUST_USE enum status engine_make_name(char out[WORKER_NAME_MAX + 1],
                                      struct error *err);

#endif
