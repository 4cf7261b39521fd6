/*
 * table.h - a hash table of pointers, found by hash and a match of the
 * caller's.
 *
 * Open addressing with linear probing; a removal shifts back what follows, so
 * that nothing but items and gaps is ever in the slots. The items stay the
 * caller's, and so does making sure that no two alike go in.
 */
#ifndef ADAPTERS_MEMORY_TABLE_H
#define ADAPTERS_MEMORY_TABLE_H

#include <stdint.h>

#include "domain/bytes.h"

struct table_slot {
    uint64_t hash;
    void *item; /* NULL: a gap */
};

/* Zeroed is empty. */
struct table {
    struct table_slot *slots; /* [size] */
    size_t size;              /* a power of two, or 0 */
    size_t count;
};

typedef bool table_match(const void *item, const void *wanted);

uint64_t table_hash(struct bytes key);

/* Makes room for n more items; false: no memory, nothing changed. */
bool table_reserve(struct table *t, size_t n);

/* Asks the processor to fetch where an item with hash would be: for tables that
 * its caches don't hold, some steps before it is looked for. */
void table_prefetch(const struct table *t, uint64_t hash);

/* Adds item; room must have been reserved. */
void table_add(struct table *t, uint64_t hash, void *item);

/* The item with hash that matches wanted, or NULL. */
void *table_find(const struct table *t, uint64_t hash, table_match *match,
                 const void *wanted);

/* Removes item, which must be there. */
void table_remove(struct table *t, uint64_t hash, const void *item);

/* Frees the slots, not the items. */
void table_release(struct table *t);

#endif
