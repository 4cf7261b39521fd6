#include "adapters/memory/table.h"

#include <assert.h>
#include <stdlib.h>

#include "adapters/memory/pages.h"

enum { SIZE_MIN = 16 };

static uint64_t mix(uint64_t h)
{
    h ^= h >> 32;
    h *= UINT64_C(0xd6e8feb86659fd93);
    h ^= h >> 32;
    return h;
}

uint64_t table_hash(struct bytes key)
{
    uint64_t h = key.len;
    uint64_t word;
    size_t at = 0;

    for (; key.len - at >= sizeof(word); at += sizeof(word)) {
        memcpy(&word, key.at + at, sizeof(word));
        h = mix(h ^ word);
    }
    if (at < key.len) {
        word = 0;
        memcpy(&word, key.at + at, key.len - at);
        h = mix(h ^ word);
    }
    return mix(h);
}

/* At most five eighths full. */
static bool has_room(const struct table *t, size_t n)
{
    return t->count + n <= t->size / 8 * 5;
}

static void put(struct table_slot *slots, size_t size, struct table_slot slot)
{
    size_t at = slot.hash & (size - 1);

    while (slots[at].item)
        at = (at + 1) & (size - 1);
    slots[at] = slot;
}

bool table_reserve(struct table *t, size_t n)
{
    struct table bigger = *t;

    if (has_room(t, n))
        return true;
    if (bigger.size == 0)
        bigger.size = SIZE_MIN;
    while (!has_room(&bigger, n))
        bigger.size *= 2;
    bigger.slots = calloc(bigger.size, sizeof(*bigger.slots));
    if (!bigger.slots)
        return false;
    pages_populate(bigger.slots, bigger.size * sizeof(*bigger.slots));
    for (size_t i = 0; i < t->size; i++)
        if (t->slots[i].item)
            put(bigger.slots, bigger.size, t->slots[i]);
    free(t->slots);
    *t = bigger;
    return true;
}

void table_prefetch(const struct table *t, uint64_t hash)
{
    if (t->size > 0)
        __builtin_prefetch(&t->slots[hash & (t->size - 1)], 1);
}

void table_add(struct table *t, uint64_t hash, void *item)
{
    assert(has_room(t, 1));

    put(t->slots, t->size, (struct table_slot){hash, item});
    t->count++;
}

void *table_find(const struct table *t, uint64_t hash, table_match *match,
                 const void *wanted)
{
    if (t->size == 0)
        return NULL;
    for (size_t at = hash & (t->size - 1); t->slots[at].item;
         at = (at + 1) & (t->size - 1)) {
        const struct table_slot *slot = &t->slots[at];
        if (slot->hash == hash && match(slot->item, wanted))
            return slot->item;
    }
    return NULL;
}

/* Whether the item in slot at, which would like to be at home, may move back
 * to gap: not if that is before its home. */
static bool may_move(size_t gap, size_t at, size_t home, size_t mask)
{
    return ((at - home) & mask) >= ((at - gap) & mask);
}

void table_remove(struct table *t, uint64_t hash, const void *item)
{
    size_t const mask = t->size - 1;
    size_t gap = hash & mask;

    while (t->slots[gap].item != item) {
        assert(t->slots[gap].item);
        gap = (gap + 1) & mask;
    }
    for (size_t at = (gap + 1) & mask; t->slots[at].item;
         at = (at + 1) & mask) {
        if (may_move(gap, at, t->slots[at].hash & mask, mask)) {
            t->slots[gap] = t->slots[at];
            gap = at;
        }
    }
    t->slots[gap].item = NULL;
    t->count--;
}

void table_release(struct table *t)
{
    free(t->slots);
    *t = (struct table){0};
}
