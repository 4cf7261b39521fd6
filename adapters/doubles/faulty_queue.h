/*
 * faulty_queue.h - a queue_port around a queue_port that fails as told.
 *
 * A fault may come before the operation (the backend could not be reached) or
 * after it (it was carried out, and the answer got lost): both look the same
 * to the caller, who must cope with either.
 */
#ifndef ADAPTERS_DOUBLES_FAULTY_QUEUE_H
#define ADAPTERS_DOUBLES_FAULTY_QUEUE_H

#include "usecase/queue_port.h"

enum queue_op {
    QUEUE_ENQUEUE,
    QUEUE_LEASE,
    QUEUE_SETTLE,
    QUEUE_EXTEND,
    QUEUE_PROMOTE,
    QUEUE_TAKE_EXPIRED,
};
#define QUEUE_OPS 6

enum fault_time {
    FAULT_BEFORE, /* the operation does not happen */
    FAULT_AFTER,  /* it happens, but its answer is lost */
};

/* Opens a port around inner into *out, which closes inner when it is closed;
 * inner stays the caller's after a fault. Fails nothing until told to. Fault
 * STATUS_NO_MEMORY. */
MUST_USE enum status faulty_queue_open(struct queue_port inner,
                                       struct queue_port *out,
                                       struct error *err);

/* Makes op, after skip more calls that go through, fail times calls in a row
 * with fault (< 0). Takes the place of what was said about op before. */
void faulty_queue_fail(struct queue_port faulty, enum queue_op op,
                       enum fault_time when, size_t skip, size_t times,
                       enum status fault);

/* How often op was called, failed calls included. */
size_t faulty_queue_calls(struct queue_port faulty, enum queue_op op);

#endif
