/*
 * log_metrics.h - a metrics_port that writes what happens to a log.
 *
 *   debug  task done, released, snoozed: at 30,000 tasks/s nobody wants more
 *   info   backend recovered
 *   warn   task failed (and will be retried), lease lost, store has flaws
 *   error  task dead, backend failed, store has flaws that lose tasks
 * A backend that goes on failing in the same way is told of once, until it
 * has recovered.
 */
#ifndef ADAPTERS_LOG_LOG_METRICS_H
#define ADAPTERS_LOG_LOG_METRICS_H

#include "adapters/log/log.h"
#include "usecase/metrics_port.h"

/* Opens it into *out, for any number of threads; log stays the caller's. Fault
 * STATUS_NO_MEMORY. */
MUST_USE enum status log_metrics_open(const struct log *log,
                                      struct metrics_port *out,
                                      struct error *err);

#endif
