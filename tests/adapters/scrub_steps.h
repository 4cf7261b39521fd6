/*
 * scrub_steps.h - what the tests of all scrubbers do: walk, and repair.
 */
#ifndef TESTS_ADAPTERS_SCRUB_STEPS_H
#define TESTS_ADAPTERS_SCRUB_STEPS_H

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>

#include "usecase/scrub_port.h"

/* Walks through all; how many flaws of a check there are, any other being a
 * failure. Repairs them if is_fix, which must work. */
static inline size_t walk(struct scrub_port scrub, int64_t now_ms,
                          const char *check, bool is_fix)
{
    struct scrub_flaw flaws[SCRUB_PAGE_MAX];
    struct scrub_cursor cursor = {.text = ""};
    struct error err = {.text = ""};
    size_t total = 0;

    do {
        size_t n = 0;
        enum status st = scrub_examine(scrub, now_ms, &cursor, flaws, &n, &err);
        cr_assert(eq(int, st, STATUS_OK), "%s", err.text);
        for (size_t i = 0; i < n; i++, total++) {
            cr_assert(eq(str, (char *)scrub.ops->checks[flaws[i].check].name,
                         (char *)check));
            if (!is_fix)
                continue;
            st = scrub_repair(scrub, now_ms, &flaws[i], &err);
            cr_assert(eq(int, st, STATUS_OK), "%s: %s", check, err.text);
            st = scrub_repair(scrub, now_ms, &flaws[i], &err);
            cr_assert(eq(int, st, STATUS_NOT_FOUND), "%s: twice", check);
        }
    } while (cursor.text[0]);
    return total;
}

/* The one flaw, of that check, is found, repaired, and gone. */
static inline void then_it_is_found_and_fixed(struct scrub_port scrub,
                                              int64_t now_ms, const char *check)
{
    cr_assert(eq(sz, walk(scrub, now_ms, check, false), 1), "%s", check);
    cr_assert(eq(sz, walk(scrub, now_ms, check, true), 1), "%s", check);
    cr_assert(eq(sz, walk(scrub, now_ms, check, false), 0), "%s", check);
}

/* The one flaw, of that check, is found. */
static inline void then_it_is_found(struct scrub_port scrub, int64_t now_ms,
                                    const char *check)
{
    cr_assert(eq(sz, walk(scrub, now_ms, check, false), 1), "%s", check);
}

#endif
