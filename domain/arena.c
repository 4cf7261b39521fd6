#include "domain/arena.h"

#include <stdalign.h>

void *arena_alloc(struct arena *a, size_t size)
{
    size_t const step = alignof(max_align_t);
    size_t const pad = (step - a->used % step) % step;

    if (pad > a->size - a->used || size > a->size - a->used - pad)
        return NULL;

    void *at = a->base + a->used + pad;
    a->used += pad + size;
    return at;
}

bool arena_copy(struct arena *a, struct bytes b, struct bytes *out)
{
    if (!b.at) {
        *out = b;
        return true;
    }
    if (b.len >= a->size - a->used)
        return false;

    char *at = a->base + a->used;
    memcpy(at, b.at, b.len);
    at[b.len] = '\0';
    a->used += b.len + 1;
    *out = (struct bytes){at, b.len};
    return true;
}

void arena_reset(struct arena *a)
{
    a->used = 0;
}
