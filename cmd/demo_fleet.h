/*
 * demo_fleet.h - the worker processes of a demo, and what they tell.
 *
 * Each is this very program, run as `millrace worker`, and its log, in JSON,
 * comes back through a pipe.
 */
#ifndef CMD_DEMO_FLEET_H
#define CMD_DEMO_FLEET_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "domain/task.h"
#include "usecase/wake.h"

#define DEMO_WORKERS 3
#define DEMO_LINE_SIZE 8192

struct demo_worker {
    pid_t pid; /* 0: none */
    int fd;    /* its log; -1: it has ended */
    char name[16];
    char line[DEMO_LINE_SIZE];
    size_t len;
};

struct demo_fleet {
    struct demo_worker workers[DEMO_WORKERS];
};

/* One line of a worker's log. What it does not say is 0 or "". */
struct demo_event {
    size_t worker; /* index */
    char what[40]; /* "task done" */
    struct task_id task;
    char type[TYPE_NAME_MAX + 1];
    int64_t attempt;
    int64_t duration_ms;
    int64_t retry_in_ms;
    char error[120];
};

/* Starts them on url, with handlers (TYPE=COMMAND, up to a NULL) and the path
 * of folder in the environment as DEMO_FOLDER. False: complained; to be
 * stopped all the same. */
bool demo_fleet_start(struct demo_fleet *fleet, const char *url,
                      const char *const *handlers, const char *folder);

/* The next thing that one of them tells, waiting for it until deadline_ms of
 * the monotonic clock or until wake is signalled: false then, or when all have
 * ended. */
bool demo_fleet_next(struct demo_fleet *fleet, struct wake wake,
                     int64_t deadline_ms, struct demo_event *out);

/* Tells all to stop and waits for them; true if each ended as it should. */
bool demo_fleet_stop(struct demo_fleet *fleet);

int64_t demo_monotonic_ms(void);

#endif
