/*
 * sqlite_scrub_steps.h - three ready tasks in an SQLite file that SQL from
 * outside is to harm, and a scrubber for it.
 */
#ifndef TESTS_ADAPTERS_SQLITE_SCRUB_STEPS_H
#define TESTS_ADAPTERS_SQLITE_SCRUB_STEPS_H

#include "tests/adapters/scrub_steps.h"
#include "tests/adapters/sqlite_fixture.h"

/* The number of a task that was enqueued, the first being 0. */
#define NUMBER(n)                                                              \
    "(SELECT number FROM millrace_tasks ORDER BY position LIMIT 1 OFFSET " n ")"

static struct fixture f;
static struct scrub_port scrub;

static inline void setup(void)
{
    fixture_init(&f);
    fixture_open(&f);
    fixture_enqueue(&f, 3, NOW_MS);
    cr_assert(eq(int, f.backend.ops->open_scrub(f.backend.self, &scrub, &f.err),
                 STATUS_OK));
}

static inline void teardown(void)
{
    scrub_close(scrub);
    fixture_close(&f);
    fixture_release(&f);
}

#endif
