/*
 * timetable.h - what happens when, in order.
 *
 * A treap (R. Seidel, C. Aragon, "Randomized Search Trees", Algorithmica
 * 1996) of nodes that sit inside what is due, ordered by (at_ms, id): a search
 * tree that stays shallow since, by a rank that is as good as random, it is a
 * heap as well. Unlike a heap alone, it can be read in order from anywhere.
 */
#ifndef ADAPTERS_MEMORY_TIMETABLE_H
#define ADAPTERS_MEMORY_TIMETABLE_H

#include <stddef.h>
#include <stdint.h>

#include "domain/task_id.h"

struct due {
    struct due *left;
    struct due *right;
    const struct task_id *id; /* lives as long as it is in the table */
    int64_t at_ms;
    uint64_t rank;
};

/* Zeroed is empty. */
struct timetable {
    struct due *root;
    uint64_t ranks; /* handed out */
    size_t count;
};

/* Whether a comes before b, also of another timetable. */
bool due_is_before(const struct due *a, const struct due *b);

/* Enters due at at_ms. */
void timetable_enter(struct timetable *t, struct due *due, int64_t at_ms,
                     const struct task_id *id);

/* Strikes due, which must be in the table. */
void timetable_strike(struct timetable *t, const struct due *due);

/* The earliest, or NULL. */
struct due *timetable_first(const struct timetable *t);

/* The first that comes after (at_ms, id), or, if is_inclusive, at it; NULL:
 * none. */
struct due *timetable_after(const struct timetable *t, int64_t at_ms,
                            const struct task_id *id, bool is_inclusive);

#endif
