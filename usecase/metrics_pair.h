/*
 * metrics_pair.h - one metrics_port that tells two.
 *
 * So the engine has one watcher, and whoever wires it may have the log and
 * Prometheus; a pair of pairs is more of them.
 */
#ifndef USECASE_METRICS_PAIR_H
#define USECASE_METRICS_PAIR_H

#include "usecase/metrics_port.h"

struct metrics_pair {
    struct metrics_port first;
    struct metrics_port second;
};

/* Opens *out, which tells first and then second, and owns them: closing it
 * closes second and then first. *pair is its room, and lives as long. */
void metrics_pair_open(struct metrics_pair *pair, struct metrics_port first,
                       struct metrics_port second, struct metrics_port *out);

#endif
