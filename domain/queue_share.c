/*
 * queue_share.c - turns a plan into quotas and an order.
 *
 * The queues lie side by side on a ring of W places, each as wide as its
 * weight; turns walk round it in steps of s. As s has no divisor in common
 * with W, W steps visit every place once; as it is near the golden section,
 * neighbouring steps land far apart.
 */
#include <assert.h>

#include "domain/queue_plan.h"

/* Turns looked at, beyond the quotas, to order the queues by their next turn.
 * Those without one by then follow in the order of the plan. */
#define TURNS_AHEAD 256

static uint64_t greatest_divisor(uint64_t a, uint64_t b)
{
    while (b > 0) {
        uint64_t const rest = a % b;
        a = b;
        b = rest;
    }
    return a;
}

/* The step s for a ring of n > 0 places. Ends at n - 1 at the latest. */
static uint64_t step_of(uint64_t n)
{
    uint64_t step = (n * 618 + 500) / 1000;

    while (greatest_divisor(step, n) != 1)
        step++;
    return step;
}

/* Every queue has one place: the ring is the list of names itself. */
static void share_evenly(uint64_t turn, size_t max, size_t n, size_t *quota,
                         size_t *order)
{
    uint64_t const step = step_of(n);
    uint64_t place = turn % n * step % n;

    for (size_t k = 0; k < n; k++) {
        order[k] = (size_t)place;
        quota[place] = max / n + (k < max % n ? 1 : 0);
        place = (place + step) % n;
    }
}

/* Of the names that a call is about, those of the plan, in its order. */
struct ring {
    size_t n;
    uint64_t width;               /* the sum of the weights */
    size_t name[PLAN_QUEUES_MAX]; /* index among the names */
    uint32_t weight[PLAN_QUEUES_MAX];
};

static struct ring ring_of(const struct queue_plan *plan,
                           const struct bytes *names, size_t n)
{
    struct ring r = {.n = 0};

    for (size_t i = 0; i < plan->count; i++) {
        size_t k = 0;
        while (k < n && !bytes_is(names[k], plan->queues[i].name))
            k++;
        if (k == n)
            continue;
        r.name[r.n] = k;
        r.weight[r.n] = plan->queues[i].weight;
        r.width += r.weight[r.n];
        r.n++;
    }
    assert(r.n == n);
    return r;
}

static size_t queue_at(const struct ring *r, uint64_t place)
{
    size_t i = 0;

    while (place >= r->weight[i]) {
        place -= r->weight[i];
        i++;
    }
    return i;
}

static void share_by_weight(const struct ring *r, uint64_t turn, size_t max,
                            size_t *quota, size_t *order)
{
    uint64_t const step = step_of(r->width);
    uint64_t const rounds = max / r->width;
    uint64_t const rest = max % r->width;
    uint64_t place = turn % r->width * step % r->width;
    bool is_ordered[PLAN_QUEUES_MAX] = {false};
    size_t ordered = 0;

    for (size_t i = 0; i < r->n; i++)
        quota[r->name[i]] = (size_t)(rounds * r->weight[i]);
    for (uint64_t k = 0; k < rest || (k < TURNS_AHEAD && ordered < r->n); k++) {
        size_t const i = queue_at(r, place);
        if (k < rest)
            quota[r->name[i]]++;
        if (!is_ordered[i])
            order[ordered++] = r->name[i];
        is_ordered[i] = true;
        place = (place + step) % r->width;
    }
    for (size_t i = 0; i < r->n; i++)
        if (!is_ordered[i])
            order[ordered++] = r->name[i];
}

void queue_plan_share(const struct queue_plan *plan, uint64_t turn, size_t max,
                      const struct bytes *names, size_t n, size_t *quota,
                      size_t *order)
{
    if (n == 0)
        return;
    if (plan->kind == PLAN_EVERY) {
        share_evenly(turn, max, n, quota, order);
        return;
    }

    struct ring const r = ring_of(plan, names, n);
    if (plan->kind == PLAN_WEIGHTED) {
        share_by_weight(&r, turn, max, quota, order);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        order[i] = r.name[i];
        quota[order[i]] = i == 0 ? max : 0;
    }
}
