/*
 * enqueue.h - what the two forms of the enqueue command share.
 */
#ifndef CMD_ENQUEUE_H
#define CMD_ENQUEUE_H

#include "cmd/library/sender.h"
#include "cmd/wire.h"
#include "usecase/enqueue.h"

/* What it takes to add tasks. */
struct producer {
    struct wire wire;
    struct enqueuer enqueuer;
};

enum exit_code producer_open(struct producer *p, const struct globals *globals);
void producer_close(struct producer *p);

/* enqueue --batch: the lines of file, or of stdin for "-". */
enum exit_code enqueue_batch(const struct globals *globals, const char *file);

#endif
