/*
 * walk.h - reads a whole list, page by page, for the tests of lists.
 */
#ifndef TESTS_CONTRACT_WALK_H
#define TESTS_CONTRACT_WALK_H

#include "tests/contract/fixture.h"

/* What a whole walk over a list has seen. */
struct walk {
    struct task_id ids[8000];
    enum task_state states[8000];
    size_t count;
    size_t pages;
};

/* The one room that pages are read into, again and again. */
struct arena page_room(void);

/* Walks the list in pages of max; valid until the next walk. */
const struct walk *walk(struct fixture *f, struct task_filter filter,
                        size_t max);

/* Filters for one queue, one state. */
struct task_filter any_of(const char *queue);
struct task_filter in_state(enum task_state state);

/* Asserts that the walk has seen ids[n] in that order. */
void then_walk_is(struct fixture *f, const struct walk *w,
                  const struct task_id *ids, size_t n);

#endif
