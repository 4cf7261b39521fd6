/*
 * lane.h - items in the order in which they came.
 *
 * Each carries a number that grows along the lane; by it the lane finds an
 * item, or the place where a reader stopped. It is one array: what joins goes
 * to its end, what leaves makes a gap, and once most of it is gaps they are
 * squeezed out. So joining and leaving cost the same few steps on average
 * however long the lane is, and finding a place a binary search.
 */
#ifndef ADAPTERS_MEMORY_LANE_H
#define ADAPTERS_MEMORY_LANE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct lane_slot {
    uint64_t number;
    void *item; /* NULL: has left */
};

/* Zeroed is empty. */
struct lane {
    struct lane_slot *slots; /* [size]; slots[first] to slots[end - 1] count,
                                and slots[first] is no gap */
    size_t first;
    size_t end;
    size_t size;
    size_t count; /* items that have not left */
};

/* Makes room for n more to join; false: no memory, nothing changed. */
bool lane_reserve(struct lane *lane, size_t n);

/* Lets item join at the end; number must be larger than all before, and room
 * reserved. */
void lane_join(struct lane *lane, uint64_t number, void *item);

/* Lets the item with number, which must be there, leave. */
void lane_leave(struct lane *lane, uint64_t number);

/* The first item, or NULL. */
void *lane_first(const struct lane *lane);

/* The first item whose number is larger than number, or NULL. */
void *lane_after(const struct lane *lane, uint64_t number);

/* Frees the slots, not the items. */
void lane_release(struct lane *lane);

#endif
