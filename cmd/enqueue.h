/*
 * enqueue.h - what the two forms of the enqueue command share.
 */
#ifndef CMD_ENQUEUE_H
#define CMD_ENQUEUE_H

#include "cmd/wire.h"
#include "usecase/enqueue.h"

/* A producer that has patience with a backend that fails for a moment. */
struct producer {
    struct wire wire;
    struct enqueuer enqueuer;
};

enum exit_code producer_open(struct producer *p, const struct globals *globals);
void producer_close(struct producer *p);

/* enqueue(), tried again a few times while the backend does not answer or is
 * full: some seconds in all. */
MUST_USE enum status producer_send(struct producer *p,
                                   const struct task_spec *specs, size_t n,
                                   struct new_task *room,
                                   struct enqueued *results, size_t *culprit,
                                   struct error *err);

/* enqueue --batch: the lines of file, or of stdin for "-". */
enum exit_code enqueue_batch(const struct globals *globals, const char *file);

#endif
