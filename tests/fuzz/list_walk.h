/*
 * list_walk.h - what must hold for any cursor, in any kind of store.
 */
#ifndef TESTS_FUZZ_LIST_WALK_H
#define TESTS_FUZZ_LIST_WALK_H

#include "usecase/backend_port.h"
#include "usecase/backend_url.h"

/* A store with a task in each of several states and queues. */
struct list_walk {
    struct backend_port backend;
    struct queue_port queue;
    struct admin_port admin;
};

/* Takes over an open backend, and fills it. */
void list_walk_init(struct list_walk *w, struct backend_port backend);

/* Goes through the list from the cursor in input on, whose first byte tells
 * how large a page is. */
void list_walk_hold(const struct list_walk *w, struct bytes input);

#endif
