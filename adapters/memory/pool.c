#include "adapters/memory/pool.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>

#include "adapters/memory/pages.h"

#ifdef __SANITIZE_ADDRESS__
#define WITH_ASAN 1
#elif defined(__has_feature)
#define WITH_ASAN __has_feature(address_sanitizer)
#else
#define WITH_ASAN 0
#endif
#if WITH_ASAN
#include <sanitizer/asan_interface.h>
#else /* as that header has them where there is nothing to tell */
#define ASAN_POISON_MEMORY_REGION(at, size) ((void)(at), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(at, size) ((void)(at), (void)(size))
#endif

#define BLOCK_MIN ((size_t)4 * 1024)
#define BLOCK_MAX ((size_t)1024 * 1024)
#define BLOCK_KEPT ((size_t)64 * 1024) /* the largest that an empty shelf has */

struct piece {
    struct block *block; /* NULL: malloc's */
    struct piece *next;  /* while it waits to be taken; else it begins here */
};
#define PIECE_HEAD offsetof(struct piece, next)

struct block {
    struct shelf *shelf;
    struct block *previous; /* of the open ones */
    struct block *next;
    struct piece *given; /* back, the latest first */
    size_t piece;        /* bytes of one, with its head */
    size_t size;
    size_t fresh; /* where what was never taken begins */
    size_t used;  /* pieces */
};

static void *start_of(struct piece *p)
{
    return (char *)p + PIECE_HEAD;
}

static struct piece *piece_at(void *start)
{
    return (struct piece *)(void *)((char *)start - PIECE_HEAD);
}

static bool has_room(const struct block *b)
{
    return b->given || b->size - b->fresh >= b->piece;
}

static void open_block(struct block *b)
{
    b->previous = NULL;
    b->next = b->shelf->open;
    if (b->next)
        b->next->previous = b;
    b->shelf->open = b;
}

static void shut_block(struct block *b)
{
    if (b->next)
        b->next->previous = b->previous;
    if (b->previous)
        b->previous->next = b->next;
    else
        b->shelf->open = b->next;
}

static struct block *block_new(struct shelf *shelf, size_t piece)
{
    size_t size = BLOCK_MIN;

    while (size < shelf->bytes && size < BLOCK_MAX)
        size *= 2;
    struct block *b = malloc(size);
    if (!b)
        return NULL;
    if (size > BLOCK_KEPT)
        pages_populate(b, size);
    *b = (struct block){
        .shelf = shelf, .piece = piece, .size = size, .fresh = sizeof(*b)};
    ASAN_POISON_MEMORY_REGION(b + 1, size - sizeof(*b));
    shelf->bytes += size;
    open_block(b);
    return b;
}

static void block_free(struct block *b)
{
    b->shelf->bytes -= b->size;
    ASAN_UNPOISON_MEMORY_REGION(b, b->size);
    free(b);
}

/* Whether b, of which no piece is in use, stays: else a task that comes and
 * goes, and comes and goes again, might make and free it each time. */
static bool is_kept(const struct block *b)
{
    bool const is_last = b->size == b->shelf->bytes;

    return !b->previous && !b->next && (!is_last || b->size <= BLOCK_KEPT);
}

static struct piece *take_from(struct block *b)
{
    struct piece *p = b->given;

    if (p) {
        ASAN_UNPOISON_MEMORY_REGION(p, b->piece);
        b->given = p->next;
    } else {
        p = (struct piece *)(void *)((char *)b + b->fresh);
        ASAN_UNPOISON_MEMORY_REGION(p, b->piece);
        b->fresh += b->piece;
        p->block = b;
    }
    b->used++;
    if (!has_room(b))
        shut_block(b);
    return p;
}

static void *take_large(size_t size)
{
    struct piece *p = malloc(PIECE_HEAD + size);

    if (!p)
        return NULL;
    p->block = NULL;
    return start_of(p);
}

void *pool_take(struct pool *p, size_t size)
{
    size_t const steps = (PIECE_HEAD + size + PIECE_STEP - 1) / PIECE_STEP;

    if (size > PIECE_MAX - PIECE_HEAD)
        return take_large(size);
    assert(steps > 0);
    struct shelf *shelf = &p->shelves[steps - 1];
    struct block *b =
        shelf->open ? shelf->open : block_new(shelf, steps * PIECE_STEP);
    return b ? start_of(take_from(b)) : NULL;
}

void pool_give(void *piece)
{
    if (!piece)
        return;
    struct piece *p = piece_at(piece);
    struct block *b = p->block;
    if (!b) {
        free(p);
        return;
    }

    if (!has_room(b))
        open_block(b);
    p->next = b->given;
    b->given = p;
    ASAN_POISON_MEMORY_REGION(p, b->piece);
    if (--b->used == 0 && !is_kept(b)) {
        shut_block(b);
        block_free(b);
    }
}

void pool_release(struct pool *p)
{
    for (size_t i = 0; i < PIECE_MAX / PIECE_STEP; i++) {
        struct shelf *shelf = &p->shelves[i];
        for (struct block *b = shelf->open, *next; b; b = next) {
            next = b->next;
            block_free(b);
        }
        shelf->open = NULL;
        assert(shelf->bytes == 0);
    }
}
