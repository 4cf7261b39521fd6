/*
 * queue_plan.h - which queue a worker looks at first.
 *
 *   every    all queues there are, with equal weights
 *   weighted a=6,b=3,c=1: of ten tasks taken while all have some, 6, 3 and 1
 *   strict   a,b,c: b only when a is empty, c only when both are
 *
 * Weights are kept by turns: turn t of a plan whose weights add up to W falls
 * to the queue in whose share of [0, W) lies (t * s) mod W, where s is near
 * 0.618 W and coprime to W. Each W turns in a row give every queue exactly
 * its weight, well spread, and need no memory but t.
 */
#ifndef DOMAIN_QUEUE_PLAN_H
#define DOMAIN_QUEUE_PLAN_H

#include <stdint.h>

#include "domain/error.h"
#include "domain/limits.h"

enum plan_kind {
    PLAN_EVERY,
    PLAN_WEIGHTED,
    PLAN_STRICT,
};

struct queue_plan {
    enum plan_kind kind;
    size_t count; /* 0 for PLAN_EVERY */
    struct {
        char name[QUEUE_NAME_MAX + 1];
        uint32_t weight; /* 1 to WEIGHT_MAX; 1 where strict */
    } queues[PLAN_QUEUES_MAX];
};

/* Read "a=6,b=3,c" (no weight: 1) and "a,b,c". Otherwise STATUS_INVALID: a bad
 * name, one twice, a weight out of range, too many, none. */
MUST_USE enum status queue_plan_parse_weighted(struct bytes text,
                                               struct queue_plan *out,
                                               struct error *err);
MUST_USE enum status queue_plan_parse_strict(struct bytes text,
                                             struct queue_plan *out,
                                             struct error *err);

/* Whether the plan covers queue. */
bool queue_plan_has(const struct queue_plan *plan, struct bytes queue);

/* For names[n], all covered by the plan, no two alike: writes into quota[n]
 * how many of the max tasks from turn on fall to each (their sum is max, if
 * n > 0), and into order[n] the indexes in the order in which to look, whoever
 * has the turn first, the others as their turns come. Strict: all of max is
 * the first one's, order is the plan's. What a queue can't fill, the next in
 * order may. Weights count among names only; for PLAN_EVERY the turns go by
 * the order of names, which should be the same from call to call (sorted). */
void queue_plan_share(const struct queue_plan *plan, uint64_t turn, size_t max,
                      const struct bytes *names, size_t n, size_t *quota,
                      size_t *order);

/* Adds the plan in the form it is read from; "*" for every queue. */
struct text;
void queue_plan_add(struct text *t, const struct queue_plan *plan);

#endif
