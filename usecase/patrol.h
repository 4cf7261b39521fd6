/*
 * patrol.h - looks through the store again and again, while it is in use.
 *
 * doctor does so when somebody asks; a patrol goes on by itself, a page at a
 * time, with long pauses, so that it costs next to nothing. It repairs
 * nothing, which is for people to ask for: it tells the metrics after each
 * whole walk what it has found.
 */
#ifndef USECASE_PATROL_H
#define USECASE_PATROL_H

#include "usecase/clock_port.h"
#include "usecase/metrics_port.h"
#include "usecase/scrub_port.h"

#define PATROL_PAGE_PAUSE_MS 200     /* between two pages */
#define PATROL_WALK_PAUSE_MS 3600000 /* between two walks */
#define PATROL_FAULT_PAUSE_MS 5000   /* after a fault of the backend */

struct patrol {
    struct scrub_port scrub;
    struct clock_port clock;
    struct metrics_port metrics;

    struct scrub_cursor cursor;
    struct scrub_tally tallies[SCRUB_CHECKS_MAX];
    struct scrub_flaw flaws[SCRUB_PAGE_MAX];
    bool is_failing;
};

/* Sets up *p, to begin with the first page. */
void patrol_init(struct patrol *p, struct scrub_port scrub,
                 struct clock_port clock, struct metrics_port metrics);

/* Looks at the next page and gives back how long to pause, in ms. A fault is
 * told to the metrics; the walk goes on where it was. */
int64_t patrol_step(struct patrol *p);

#endif
