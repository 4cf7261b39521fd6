/*
 * http_thread.h - starts the threads of the service.
 */
#ifndef ADAPTERS_HTTP_HTTP_THREAD_H
#define ADAPTERS_HTTP_HTTP_THREAD_H

#include <pthread.h>

#include "domain/error.h"

/* Starts a thread that gets no signals: those are the main thread's. Fault
 * STATUS_UNAVAILABLE. */
MUST_USE enum status http_thread_start(pthread_t *out, void *(*run)(void *self),
                                       void *self, struct error *err);

/* A condition whose waits go by the monotonic clock. */
void http_condition_init(pthread_cond_t *out);

#endif
