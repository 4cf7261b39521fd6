/*
 * memory_store.h - the tasks of one process, and the order they are in.
 *
 * All ports of a backend share one store; whoever touches it holds its lock.
 * A task is one entry: found by its id in its queue's table, and standing in
 * exactly one place, which its state tells:
 *
 *   SCHEDULED, RETRY  in the timetable of when it is due
 *   READY             in the lane of its priority
 *   ACTIVE            in the lane of leases, and in the timetable of their ends
 *   DONE              in the lane of results, and in the timetable of when they
 *                     are forgotten
 *   DEAD              in the lane of dead letters
 */
#ifndef ADAPTERS_MEMORY_STORE_H
#define ADAPTERS_MEMORY_STORE_H

#include <pthread.h>

#include "adapters/memory/kept_task.h"
#include "adapters/memory/lane.h"
#include "adapters/memory/pool.h"
#include "adapters/memory/table.h"
#include "adapters/memory/timetable.h"
#include "domain/error.h"
#include "domain/task.h"

struct hold;
struct member;
struct waiter;

/* A name that many tasks share; freed with its last user. */
struct shared_name {
    size_t users;
    char text[WORKER_NAME_MAX + 1];
};

struct entry {
    struct kept_task task; /* attempt as before the lease */
    struct due due;
    struct queue *queue;
    struct hold *hold;          /* the key it holds, or NULL */
    struct shared_name *worker; /* ACTIVE */
    char *error;                /* of the latest attempt that failed, or NULL */
    char *result;               /* DONE: or NULL */
    uint32_t error_len;
    uint32_t result_len;
    uint64_t id_hash;
    uint64_t number;       /* its place in its lane; ACTIVE: the fencing too */
    int64_t ready_at_ms;   /* READY */
    int64_t leased_at_ms;  /* ACTIVE */
    int64_t started_at_ms; /* of the latest attempt, or 0 */
    int64_t finished_at_ms;
    enum task_state state;
    enum reason reason;
    bool is_started; /* ACTIVE: the start is on record */
    char bytes[];    /* of task */
};

struct queue {
    struct table ids;  /* of entries */
    struct table keys; /* of holds */
    struct lane ready[PRIORITIES];
    struct lane active;
    struct lane done;
    struct lane dead;
    struct timetable due[TASK_STATES]; /* none for READY and DEAD */
    struct timetable windows;          /* holds, by when they end */
    int64_t done_total;
    int64_t failed_total;
    bool is_paused;
    struct bytes name; /* in text */
    char text[QUEUE_NAME_MAX + 1];
};

struct store {
    pthread_mutex_t mutex;
    struct queue **queues; /* [queue_count], by name */
    size_t queue_count;
    struct pool entries;
    uint64_t last_number;   /* of a place in a lane, or of a lease */
    struct waiter *waiters; /* ports that sleep */
    struct member *members; /* the fleet, by name */
};

/* Makes an empty store; NULL: no memory. */
struct store *store_new(void);
void store_free(struct store *s);

void store_lock(struct store *s);
void store_unlock(struct store *s);

/* < 0, 0, > 0: a comes before b, is the same, comes after, byte by byte. */
int bytes_order(struct bytes a, struct bytes b);

/* The queue with that name, or NULL. */
struct queue *store_queue(const struct store *s, struct bytes name);

/* The same, made if it isn't there; NULL: no memory. */
struct queue *store_queue_made(struct store *s, struct bytes name);

/* The index of the first queue whose name follows after (absent: 0). */
size_t store_queue_index_after(const struct store *s, struct bytes after);

/* Makes an entry of a copy of *task, for s but not in it yet; NULL: no memory.
 */
struct entry *entry_new(struct store *s, const struct task *task);
void entry_free(struct entry *e);

struct entry *entry_of_due(const struct due *due);

/* Its task, attempt as before the lease; lives as long as e is not changed. */
struct task entry_task(const struct entry *e);

/* The key it holds if it can, or absent. */
struct bytes entry_key(const struct entry *e);

/* The entry with that id in q, or NULL. A done one whose retention is over at
 * now_ms is forgotten instead. */
struct entry *queue_entry(struct queue *q, const struct task_id *id,
                          int64_t now_ms);

/* The entry in q with the id of e, which is in no queue; else the same. */
struct entry *queue_entry_like(struct queue *q, const struct entry *e,
                               int64_t now_ms);

/* Puts a new entry into q, in state since or until at_ms (as for store_move);
 * false: no memory, nothing changed. */
bool store_add(struct store *s, struct queue *q, struct entry *e,
               enum task_state state, int64_t at_ms);

/* Moves e into state. at_ms is, for SCHEDULED and RETRY, when it is due; for
 * READY, now; for ACTIVE, when the lease ends; for DONE, when it is forgotten;
 * for DEAD, now. False: no memory, nothing changed. */
bool store_move(struct store *s, struct entry *e, enum task_state state,
                int64_t at_ms);

/* Changes the end of e's lease. */
void store_set_due(struct entry *e, int64_t at_ms);

/* Takes e out of its queue again, without freeing it. */
void store_take_out(struct entry *e);

/* Takes e out and frees it; a window of its key goes on. */
void store_remove(struct entry *e);

/* The earliest instant at which a task of any queue is due; INT64_MAX: none. */
int64_t store_next_due_ms(const struct store *s);

/* A fault of this backend. */
enum status store_no_memory(struct error *err);

struct shared_name *shared_name_new(const char *text);
struct shared_name *shared_name_use(struct shared_name *name);
void shared_name_leave(struct shared_name *name);

#endif
