/*
 * observer.h - a metrics_port that tells a function of the user's.
 *
 * Attempts are told of by the engine's thread, progress by the handlers' own;
 * a lock lets one through at a time.
 */
#ifndef CMD_LIBRARY_OBSERVER_H
#define CMD_LIBRARY_OBSERVER_H

#include <pthread.h>

#include "cmd/library/millrace.h"
#include "usecase/metrics_port.h"

struct observer {
    pthread_mutex_t lock;
    void (*observe)(const struct mr_event *event, void *context); /* or NULL */
    void *context;
};

void observer_init(struct observer *o,
                   void (*observe)(const struct mr_event *, void *),
                   void *context);
void observer_release(struct observer *o);

/* From now on tells nobody. */
void observer_mute(struct observer *o);

/* The port over an observer, which stays the caller's. */
struct metrics_port observer_metrics(struct observer *o);

/* Tells of a handler's progress. */
void observer_progress(struct observer *o, const struct lease *lease,
                       int64_t started_at_ms, const char *text);

#endif
