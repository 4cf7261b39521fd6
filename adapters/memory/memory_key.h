/*
 * memory_key.h - who holds which idempotency key.
 *
 * Without a ttl a key is held until its task is done, dead or removed; with
 * one, for that long from the task's creation, also when the task itself has
 * gone.
 */
#ifndef ADAPTERS_MEMORY_KEY_H
#define ADAPTERS_MEMORY_KEY_H

#include "adapters/memory/memory_store.h"

struct hold {
    struct due due;      /* of a window: when it ends */
    struct task_id id;   /* of the holder */
    struct entry *entry; /* the holder; NULL: it has gone */
    uint64_t hash;
    bool is_window;
    size_t len;
    char key[];
};

/* Who holds key in q at now_ms, or NULL; a window that is over is dropped. */
struct hold *hold_find(struct queue *q, struct bytes key, int64_t now_ms);

/* Drops a hold of q, whatever it is. */
void hold_drop(struct queue *q, struct hold *h);

/* Lets e hold its key, which must be free, if it has one and its window is not
 * over; false: no memory, nothing changed. */
bool hold_take(struct entry *e, int64_t now_ms);

/* Ends the hold of e, which is done or dead, unless it is a window. */
void hold_finish(struct entry *e);

/* Ends the hold of e. */
void hold_end(struct entry *e);

/* Lets a window of e, which goes, go on without it; ends any other hold. */
void hold_outlive(struct entry *e);

/* Drops up to limit windows that are over at now_ms. */
void holds_forget(struct queue *q, int64_t now_ms, size_t limit);

/* Frees all holds of q. */
void holds_free(struct queue *q);

#endif
