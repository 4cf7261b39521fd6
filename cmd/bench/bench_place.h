/*
 * bench_place.h - where a phase's tasks live, apart from all others.
 *
 * In Redis that is a namespace of its own; with SQLite a file of its own beside
 * the one that the URL names, since removing a million tasks from somebody's
 * file would leave it as large as they made it.
 */
#ifndef CMD_BENCH_BENCH_PLACE_H
#define CMD_BENCH_BENCH_PLACE_H

#include "cmd/command.h"
#include "domain/error.h"
#include "usecase/backend_url.h"

struct bench_place {
    struct backend_url url;
    bool is_inside; /* the tasks are in this process, not outside */
};

/* What the backend has spent so far; NAN: it does not say. */
struct bench_usage {
    double cpu_us;
    double commands;
    double bytes; /* that it takes; of a file all, once that is closed */
};

/* Finds a place by what globals say; nothing is made yet. Otherwise complains
 * and gives back the exit status. */
enum exit_code bench_place_find(const struct globals *globals,
                                struct bench_place *out);

MUST_USE enum status bench_place_usage(const struct bench_place *place,
                                       struct bench_usage *out,
                                       struct error *err);

/* Removes all that is there. Every port must be closed. */
MUST_USE enum status bench_place_clear(const struct bench_place *place,
                                       struct error *err);

#endif
