/*
 * thread_executor.h - an executor_port that runs handlers on pool threads.
 *
 * Threads start when there is work for them, up to `concurrency`, and stay.
 * They block all signals, so that those reach the program's main thread. A
 * handler whose task has a timeout is asked to end, like a cancelled one, when
 * that is over. A handler may use THREAD_STACK_SIZE of stack. A handler that
 * crashes takes the process with it: what it held is taken back when its lease
 * runs out.
 */
#ifndef ADAPTERS_THREADS_THREAD_EXECUTOR_H
#define ADAPTERS_THREADS_THREAD_EXECUTOR_H

#include "domain/error.h"
#include "usecase/clock_port.h"
#include "usecase/executor_port.h"
#include "usecase/handler.h"

#define THREAD_STACK_SIZE ((size_t)1024 * 1024)

struct thread_executor_config {
    struct handlers handlers; /* called by several threads at once */
    struct clock_port clock;  /* for any thread; stays the caller's */
    struct wake wake;   /* an eventfd, signalled when the first has ended since
                         the last collect; stays the caller's, who drains it
                         before he collects */
    size_t concurrency; /* >= 1: handlers that run at once */
    size_t capacity;    /* >= 1: the most taken and not forgotten */

    /* Called once, when it is closed and the last handler has ended, by that
     * one's thread: the table of handlers is not used any more. May be NULL. */
    void (*left)(void *context);
    void *context;
};

/* Opens it into *out. Fault STATUS_NO_MEMORY.
 *
 * Closing it waits for threads without work only. One whose handler still runs
 * goes on alone, and what it uses (not the clock and the wake, but the table
 * of handlers) must stay; the last of them frees what they share. */
MUST_USE enum status
thread_executor_open(const struct thread_executor_config *config,
                     struct executor_port *out, struct error *err);

#endif
