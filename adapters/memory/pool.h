/*
 * pool.h - memory for pieces that are many and small.
 *
 * Pieces of a size come from blocks of their own. Each block is as large as
 * all before it together, from 4 KiB to 1 MiB, so that few tasks take
 * little and many are quick. A piece that is given back is the next to be
 * taken; a block of which none is in use goes back to the system, but for one
 * to start with. Pieces beyond PIECE_MAX are malloc()'s.
 */
#ifndef ADAPTERS_MEMORY_POOL_H
#define ADAPTERS_MEMORY_POOL_H

#include <stddef.h>

#define PIECE_STEP 16
#define PIECE_MAX 1024 /* with a pointer before it */

struct block;

/* The pieces of one size. */
struct shelf {
    struct block *open; /* blocks that have a piece left */
    size_t bytes;       /* of all blocks */
};

/* Zeroed is empty. */
struct pool {
    struct shelf shelves[PIECE_MAX / PIECE_STEP];
};

/* A piece of size bytes, aligned for pointers and 64-bit numbers; NULL: no
 * memory. */
void *pool_take(struct pool *p, size_t size);

/* Gives a piece back to the pool from which it came; NULL: nothing. */
void pool_give(void *piece);

/* Ends the pool, to which all pieces have been given back. */
void pool_release(struct pool *p);

#endif
