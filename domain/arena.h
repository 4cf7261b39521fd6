/*
 * arena.h - memory for one unit of work.
 *
 * Whatever a call allocates for its caller goes into the caller's arena and
 * lives until that arena is reset: nobody frees a single string. The room is
 * the caller's; an arena that is full says so, and a call that fills it with
 * many items hands over those that fit.
 */
#ifndef DOMAIN_ARENA_H
#define DOMAIN_ARENA_H

#include "domain/bytes.h"

struct arena {
    char *base;
    size_t used;
    size_t size;
};

/* Returns size bytes, aligned for any type, that live until the arena is
 * reset; NULL when full. */
void *arena_alloc(struct arena *a, size_t size);

/* Copies b, adding a NUL behind it that is not counted; unaligned, so that
 * small strings sit close. Returns false when full. An absent value stays
 * absent. */
bool arena_copy(struct arena *a, struct bytes b, struct bytes *out);

void arena_reset(struct arena *a);

#endif
