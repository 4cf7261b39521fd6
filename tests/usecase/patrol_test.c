/*
 * patrol_test.c - a walk through the store, page by page, and what it tells.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>

#include "adapters/doubles/spy_metrics.h"
#include "adapters/doubles/virtual_clock.h"
#include "usecase/patrol.h"

#define PAGES 3

/* A store of PAGES pages, each with one flaw. */
struct store {
    size_t calls;
    size_t repairs;
    bool is_down;
};

static const struct scrub_check checks[] = {
    {.name = "first"}, {.name = "second", .remedy = "removed"}, {.name = NULL}};

static enum status examine(void *self, int64_t now_ms,
                           struct scrub_cursor *cursor,
                           struct scrub_flaw flaws[SCRUB_PAGE_MAX],
                           size_t *count, struct error *err)
{
    struct store *s = self;
    int page = 0;
    (void)now_ms;

    s->calls++;
    if (s->is_down)
        return error_set(err, STATUS_UNAVAILABLE, NULL, "gone");
    if (cursor->text[0])
        page = cursor->text[0] - '0';
    flaws[0] = (struct scrub_flaw){.check = 1};
    *count = 1;
    if (page + 1 < PAGES)
        snprintf(cursor->text, sizeof(cursor->text), "%d", page + 1);
    else
        cursor->text[0] = '\0';
    return STATUS_OK;
}

static enum status repair(void *self, int64_t now_ms,
                          const struct scrub_flaw *flaw, struct error *err)
{
    struct store *s = self;
    (void)now_ms;
    (void)flaw;
    (void)err;

    s->repairs++;
    return STATUS_OK;
}

static void close_nothing(void *self)
{
    (void)self;
}

static const struct scrub_ops ops = {
    .name = "pages",
    .checks = checks,
    .examine = examine,
    .repair = repair,
    .close = close_nothing,
};

static struct store store;
static struct clock_port clock_used;
static struct metrics_port metrics;
static const struct spy_record *spy;
static struct patrol patrol;
static struct error err;

static void set_up(void)
{
    cr_assert(eq(int, virtual_clock_open(1000, &clock_used, &err), STATUS_OK));
    cr_assert(eq(int, spy_metrics_open(&metrics, &err), STATUS_OK));
    spy = spy_metrics_record(metrics);
    patrol_init(&patrol, (struct scrub_port){&ops, &store}, clock_used,
                metrics);
}

static void tear_down(void)
{
    metrics_close(metrics);
    clock_used.ops->close(clock_used.self);
}

TestSuite(patrol, .init = set_up, .fini = tear_down);

Test(patrol, takes_a_page_a_step_and_tells_at_the_end_of_the_walk)
{
    cr_assert(eq(i64, patrol_step(&patrol), PATROL_PAGE_PAUSE_MS));
    cr_assert(eq(i64, patrol_step(&patrol), PATROL_PAGE_PAUSE_MS));
    cr_assert(eq(sz, spy->walks, 0));

    cr_assert(eq(i64, patrol_step(&patrol), PATROL_WALK_PAUSE_MS));
    cr_assert(eq(sz, store.calls, PAGES));
    cr_assert(eq(sz, spy->walks, 1));
    cr_assert(eq(sz, spy->flaws, PAGES));
}

Test(patrol, begins_anew_and_counts_from_nothing)
{
    for (size_t i = 0; i < 2 * PAGES; i++)
        patrol_step(&patrol);

    cr_assert(eq(sz, spy->walks, 2));
    cr_assert(eq(sz, spy->flaws, 2 * PAGES));
}

Test(patrol, repairs_nothing)
{
    for (size_t i = 0; i < PAGES; i++)
        patrol_step(&patrol);

    cr_assert(eq(sz, store.repairs, 0));
}

Test(patrol, outage_is_told_of_and_the_walk_goes_on_where_it_was)
{
    patrol_step(&patrol);
    store.is_down = true;
    cr_assert(eq(i64, patrol_step(&patrol), PATROL_FAULT_PAUSE_MS));
    cr_assert(eq(sz, spy->failures, 1));
    cr_assert(eq(str, (char *)spy->failed_op, "scrub"));

    store.is_down = false;
    patrol_step(&patrol);
    cr_assert(eq(sz, spy->recoveries, 1));
    patrol_step(&patrol);
    cr_assert(eq(sz, spy->walks, 1));
    cr_assert(eq(sz, spy->flaws, PAGES));
}
