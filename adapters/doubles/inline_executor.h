/*
 * inline_executor.h - an executor_port without threads: handlers run inside
 * collect.
 *
 * For tests and simulations: the same calls give the same results every time.
 * Each collect runs up to `concurrency` of the waiting tasks, one after the
 * other, and hands them out; between two calls nothing runs. A handler may
 * advance the virtual clock to take time, and may cancel its own or any task
 * through the port it runs behind. Timeouts are not watched: nothing could end
 * a handler before it returns.
 */
#ifndef ADAPTERS_DOUBLES_INLINE_EXECUTOR_H
#define ADAPTERS_DOUBLES_INLINE_EXECUTOR_H

#include "domain/error.h"
#include "usecase/clock_port.h"
#include "usecase/executor_port.h"
#include "usecase/handler.h"

struct inline_executor_config {
    struct handlers handlers;
    struct clock_port clock; /* stays the caller's */
    size_t concurrency;      /* >= 1: the most that one collect runs */
    size_t capacity;         /* >= 1: the most taken and not forgotten */

    /* Passes ms of time when the engine waits and nothing is there to run;
     * NULL: waiting returns at once. */
    void (*pass)(void *context, int64_t ms);
    void *context;
};

/* Opens it into *out. Fault STATUS_NO_MEMORY. */
MUST_USE enum status
inline_executor_open(const struct inline_executor_config *config,
                     struct executor_port *out, struct error *err);

#endif
