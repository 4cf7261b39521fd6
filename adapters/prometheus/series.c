#include "adapters/prometheus/series.h"

#include <assert.h>
#include <stdatomic.h>

/* FNV-1a (Fowler, Noll, Vo). */
#define FNV_START UINT64_C(14695981039346656037)
#define FNV_PRIME UINT64_C(1099511628211)

static uint64_t hash_on(uint64_t hash, struct bytes b)
{
    for (size_t i = 0; i < b.len; i++)
        hash = (hash ^ (unsigned char)b.at[i]) * FNV_PRIME;
    return hash;
}

static bool is_of(const struct series *s, struct bytes queue, struct bytes type)
{
    return bytes_equal((struct bytes){s->queue, s->queue_len}, queue) &&
           bytes_equal((struct bytes){s->type, s->type_len}, type);
}

static void name(char *out, struct bytes from)
{
    memcpy(out, from.at, from.len);
    out[from.len] = '\0';
}

void series_table_init(struct series_table *t)
{
    struct series *others = &t->pairs[SERIES_MAX];
    struct queue_series *other_queues = &t->queues[QUEUE_SERIES_MAX];

    pthread_mutex_init(&t->adding, NULL);
    name(others->queue, BYTES(OTHER_NAME));
    name(others->type, BYTES(OTHER_NAME));
    name(other_queues->queue, BYTES(OTHER_NAME));
    others->of_queue = other_queues;
}

void series_table_release(struct series_table *t)
{
    pthread_mutex_destroy(&t->adding);
}

/* The pair's slot, or the empty one where it would be; the table is never
 * full. */
static size_t slot_of(struct series_table *t, struct bytes queue,
                      struct bytes type, struct series **found)
{
    /* A byte that is in no name, so that "a" "bc" is not "ab" "c". */
    uint64_t const hash =
        hash_on(hash_on(hash_on(FNV_START, queue), BYTES("\n")), type);
    size_t at = (size_t)(hash ^ hash >> 32) % SERIES_SLOTS;

    for (;; at = (at + 1) % SERIES_SLOTS) {
        *found = atomic_load_explicit(&t->slots[at], memory_order_acquire);
        if (!*found || is_of(*found, queue, type))
            return at;
    }
}

/* Called with the lock held. */
static struct queue_series *queue_of(struct series_table *t, struct bytes queue)
{
    size_t const n = t->queue_count;

    for (size_t i = 0; i < n; i++)
        if (bytes_is(queue, t->queues[i].queue))
            return &t->queues[i];
    if (n == QUEUE_SERIES_MAX)
        return &t->queues[QUEUE_SERIES_MAX];
    name(t->queues[n].queue, queue);
    atomic_store_explicit(&t->queue_count, n + 1, memory_order_release);
    return &t->queues[n];
}

static struct series *add(struct series_table *t, struct bytes queue,
                          struct bytes type)
{
    struct series *s;
    size_t const slot = slot_of(t, queue, type, &s); /* a new look: locked */
    size_t const n = t->pair_count;
    assert(queue.len <= QUEUE_NAME_MAX && type.len <= TYPE_NAME_MAX);

    if (s)
        return s;
    if (n == SERIES_MAX)
        return &t->pairs[SERIES_MAX];
    s = &t->pairs[n];
    name(s->queue, queue);
    name(s->type, type);
    s->queue_len = queue.len;
    s->type_len = type.len;
    s->of_queue = queue_of(t, queue);
    atomic_store_explicit(&t->slots[slot], s, memory_order_release);
    atomic_store_explicit(&t->pair_count, n + 1, memory_order_release);
    return s;
}

struct series *series_of(struct series_table *t, struct bytes queue,
                         struct bytes type)
{
    struct series *s;

    slot_of(t, queue, type, &s);
    if (s)
        return s;
    if (atomic_load_explicit(&t->pair_count, memory_order_acquire) ==
        SERIES_MAX)
        return &t->pairs[SERIES_MAX];
    pthread_mutex_lock(&t->adding);
    s = add(t, queue, type);
    pthread_mutex_unlock(&t->adding);
    return s;
}
