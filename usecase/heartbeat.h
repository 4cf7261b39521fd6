/*
 * heartbeat.h - a worker says that it is alive.
 */
#ifndef USECASE_HEARTBEAT_H
#define USECASE_HEARTBEAT_H

#include "usecase/clock_port.h"
#include "usecase/fleet_port.h"

#define HEARTBEAT_EVERY_MS 2000
#define HEARTBEAT_ALIVE_MS 10000  /* not seen for longer: not listed */
#define HEARTBEAT_FORGET_MS 60000 /* not seen for longer: forgotten */

struct heartbeat {
    struct fleet_port fleet;
    struct clock_port clock;
    struct worker_info info;
    int64_t next_at_ms;
};

/* Beats if it is time to, with busy handlers running; gives back when to call
 * again, in ms since the epoch. A fault of the backend is left for the next
 * time: nobody depends on a beat. */
int64_t heartbeat_tick(struct heartbeat *hb, int64_t busy);

/* Says good-bye. */
void heartbeat_end(struct heartbeat *hb);

#endif
