/*
 * sqlite_store.h - the file, and the one connection that writes to it.
 *
 * SQLite has one writer at a time, and with sync=full each commit waits for
 * the disk. So all ports of a process write through one connection: a port
 * hands in a write; whoever finds nobody writing executes all that are handed
 * in by then, in one transaction. He then wakes their owners, each by a
 * semaphore of its own, and one of those who came too late, to do the same for
 * these. A port that is alone pays nothing for that.
 */
#ifndef ADAPTERS_SQLITE_STORE_H
#define ADAPTERS_SQLITE_STORE_H

#include <pthread.h>
#include <semaphore.h>

#include "adapters/sqlite/sqlite_ledger.h"
#include "usecase/backend_url.h"

/* One unit of work of one port. run may be called more than once, each time
 * after everything it did to the store was rolled back, so it begins by
 * resetting what it answers. It runs in the thread of whoever writes. */
struct write {
    enum status (*run)(struct ledger *l, void *self, struct error *err);
    void *self;
    struct error *err;
    enum status status;
    sem_t turn;   /* on which its owner waits: to go, or to write for all */
    bool is_done; /* to go */
    struct write *next;
};

/* A port that waits for tasks; fd is an eventfd. */
struct waiter {
    int fd;
    bool is_waiting;
    struct waiter *next;
};

struct store {
    char path[BACKEND_PATH_SIZE + 2];
    char namespace[NAMESPACE_MAX + 1];
    enum sync_mode sync;
    struct connection writer;

    pthread_mutex_t lock; /* guards what follows */
    bool is_writing;      /* a thread has the connection and the ledger */
    struct write *first;  /* handed in, not yet begun */
    struct write **end;
    struct waiter *waiters;

    /* of the thread that writes */
    struct ledger ledger;
    bool is_shared; /* the latest transaction was of more than one thread */
};

/* Opens or makes the file that url names. */
MUST_USE enum status store_open(const struct backend_url *url,
                                struct store **out, struct error *err);
void store_close(struct store *s);

/* Opens one more connection that can only read. */
MUST_USE enum status store_open_reader(struct store *s, struct connection *out,
                                       struct error *err);

/* Runs run(…, self, err) in a write transaction, perhaps together with others'
 * writes; durable when it returns. Gives back what run gave: after an answer
 * too the transaction is committed. Any thread. */
MUST_USE enum status store_write(struct store *s,
                                 enum status (*run)(struct ledger *, void *,
                                                    struct error *),
                                 void *self, struct error *err);

/* Adds and removes a waiter, whose fd is signalled after each commit of this
 * process that may have made a task ready or due, while is_waiting is set. */
void store_add_waiter(struct store *s, struct waiter *w);
void store_remove_waiter(struct store *s, struct waiter *w);
void store_set_waiting(struct store *s, struct waiter *w, bool is_waiting);

#endif
