/*
 * home.h - a place that a client and its workers share.
 *
 * Whoever uses it holds it; the last one to let go closes it. The memory
 * backend lives in it, so a client and a worker over "memory:" see the same
 * tasks.
 */
#ifndef CMD_LIBRARY_HOME_H
#define CMD_LIBRARY_HOME_H

#include <pthread.h>
#include <stdatomic.h>

#include "cmd/library/place.h"

struct home {
    atomic_size_t holders;
    pthread_mutex_t lock; /* held to open ports: one thread at a time may */
    struct place place;

    /* Puts a port around each queue port that is opened, which it then owns;
     * NULL: none. For the testing kit and for backends of others. */
    enum status (*wrap)(void *context, struct queue_port inner,
                        struct queue_port *out, struct error *err);
    void *context;
};

/* A home with one holder; NULL: no memory, and place stays the caller's. */
struct home *home_new(const struct place *place);

struct home *home_hold(struct home *home);

/* Accepts NULL. */
void home_let_go(struct home *home);

/* Each opens a port that its holder closes before it lets go. */
MUST_USE enum status home_open_queue(struct home *home, struct queue_port *out,
                                     struct error *err);
MUST_USE enum status home_open_admin(struct home *home, struct admin_port *out,
                                     struct error *err);
MUST_USE enum status home_open_fleet(struct home *home, struct fleet_port *out,
                                     struct error *err);

#endif
