#include "usecase/patrol.h"

#include <string.h>

void patrol_init(struct patrol *p, struct scrub_port scrub,
                 struct clock_port clock, struct metrics_port metrics)
{
    memset(p, 0, sizeof(*p));
    p->scrub = scrub;
    p->clock = clock;
    p->metrics = metrics;
}

static void take_flaws(struct patrol *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct scrub_tally *t = &p->tallies[p->flaws[i].check];
        if (t->found++ == 0)
            t->example = p->flaws[i];
    }
}

static int64_t end_walk(struct patrol *p)
{
    struct store_report const report = {p->scrub.ops->checks, p->tallies};

    metrics_store_examined(p->metrics, &report);
    memset(p->tallies, 0, sizeof(p->tallies));
    return PATROL_WALK_PAUSE_MS;
}

int64_t patrol_step(struct patrol *p)
{
    struct error err;
    size_t n;
    enum status const st = scrub_examine(p->scrub, clock_now_ms(p->clock),
                                         &p->cursor, p->flaws, &n, &err);

    if (st < 0) {
        p->is_failing = true;
        metrics_backend_failed(p->metrics, "scrub", st, &err);
        return PATROL_FAULT_PAUSE_MS;
    }
    if (p->is_failing)
        metrics_backend_recovered(p->metrics);
    p->is_failing = false;
    take_flaws(p, n);
    return p->cursor.text[0] ? PATROL_PAGE_PAUSE_MS : end_walk(p);
}
