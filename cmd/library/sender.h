/*
 * sender.h - one way into the queue for any number of threads.
 *
 * A thread hands in its tasks; whoever finds nobody sending sends all that are
 * handed in by then, in one call of the port. So threads that enqueue at the
 * same time share a trip to the backend, and one that is alone waits for
 * nobody.
 */
#ifndef CMD_LIBRARY_SENDER_H
#define CMD_LIBRARY_SENDER_H

#include <pthread.h>

#include "usecase/enqueue.h"

/* Tasks of one thread: 1 to BATCH_MAX, which have been checked. */
struct sending {
    const struct task_spec *specs;
    size_t n;
    struct enqueued *results; /* after a fault only ids: of what was sent, or
                                 "" where nothing was */
    struct error *err;
    enum status status;
    bool is_done;
    struct sending *next;
};

struct sender {
    struct enqueuer enqueuer;
    bool is_hasty; /* asks a backend that fails once, and no more: for tests,
                      whose faults come by plan */

    pthread_mutex_t lock;   /* guards what follows */
    pthread_cond_t is_idle; /* somebody has finished sending */
    bool is_sending;        /* a thread has the enqueuer and the room */
    struct sending *first;  /* handed in, not yet begun */
    struct sending **end;

    /* Room for one call of the port. */
    struct task_spec *specs;
    struct new_task *room;
    struct enqueued *results;
};

/* Sets up *s; the ports of the enqueuer stay the caller's. Fault
 * STATUS_NO_MEMORY. */
MUST_USE enum status sender_init(struct sender *s,
                                 const struct enqueuer *enqueuer,
                                 struct error *err);
void sender_release(struct sender *s);

/* Sends, and blocks until that is done; any thread. */
MUST_USE enum status sender_send(struct sender *s, struct sending *sending);

/* enqueue(), tried again a few times while the backend does not answer or is
 * full: some seconds in all. */
MUST_USE enum status enqueue_patiently(struct enqueuer *e,
                                       const struct task_spec *specs, size_t n,
                                       struct new_task *room,
                                       struct enqueued *results,
                                       size_t *culprit, struct error *err);

#endif
