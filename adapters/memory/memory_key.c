#include "adapters/memory/memory_key.h"

#include <stddef.h>
#include <stdlib.h>

static struct hold *hold_of_due(const struct due *due)
{
    return (struct hold *)((char *)due - offsetof(struct hold, due));
}

static bool hold_has_key(const void *item, const void *wanted)
{
    const struct hold *h = item;
    const struct bytes *key = wanted;

    return bytes_equal((struct bytes){h->key, h->len}, *key);
}

void hold_drop(struct queue *q, struct hold *h)
{
    if (h->is_window)
        timetable_strike(&q->windows, &h->due);
    table_remove(&q->keys, h->hash, h);
    if (h->entry && h->entry->hold == h)
        h->entry->hold = NULL;
    free(h);
}

struct hold *hold_find(struct queue *q, struct bytes key, int64_t now_ms)
{
    struct hold *h = table_find(&q->keys, table_hash(key), hold_has_key, &key);

    if (h && h->is_window && h->due.at_ms <= now_ms) {
        hold_drop(q, h);
        return NULL;
    }
    return h;
}

bool hold_take(struct entry *e, int64_t now_ms)
{
    const struct kept_task *t = &e->task;
    struct bytes const key = entry_key(e);
    struct queue *q = e->queue;
    int64_t const ends_at_ms = t->created_at_ms + t->key_ttl_ms;

    if (!key.at || (t->key_ttl_ms > 0 && ends_at_ms <= now_ms))
        return true;

    struct hold *h = malloc(sizeof(*h) + key.len);
    if (!h || !table_reserve(&q->keys, 1)) {
        free(h);
        return false;
    }
    *h = (struct hold){
        .id = t->id,
        .entry = e,
        .hash = table_hash(key),
        .is_window = t->key_ttl_ms > 0,
        .len = key.len,
    };
    memcpy(h->key, key.at, key.len);
    table_add(&q->keys, h->hash, h);
    if (h->is_window)
        timetable_enter(&q->windows, &h->due, ends_at_ms, &h->id);
    e->hold = h;
    return true;
}

void hold_finish(struct entry *e)
{
    if (e->hold && !e->hold->is_window)
        hold_drop(e->queue, e->hold);
}

void hold_end(struct entry *e)
{
    if (e->hold)
        hold_drop(e->queue, e->hold);
}

void hold_outlive(struct entry *e)
{
    if (!e->hold || !e->hold->is_window) {
        hold_end(e);
        return;
    }
    e->hold->entry = NULL;
    e->hold = NULL;
}

void holds_forget(struct queue *q, int64_t now_ms, size_t limit)
{
    const struct due *due;

    while (limit-- > 0 && (due = timetable_first(&q->windows)) &&
           due->at_ms <= now_ms)
        hold_drop(q, hold_of_due(due));
}

void holds_free(struct queue *q)
{
    for (size_t i = 0; i < q->keys.size; i++) {
        struct hold *h = q->keys.slots[i].item;
        if (h && h->entry)
            h->entry->hold = NULL;
        free(h);
    }
    table_release(&q->keys);
}
