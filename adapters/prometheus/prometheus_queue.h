/*
 * prometheus_queue.h - a queue_port around a queue_port that counts what is
 * added, by queue and type, and the calls that fail.
 *
 * For whoever has no metrics_port to tell of it: producers. The engine tells
 * its own faults, and around its queue they would count twice.
 */
#ifndef ADAPTERS_PROMETHEUS_PROMETHEUS_QUEUE_H
#define ADAPTERS_PROMETHEUS_PROMETHEUS_QUEUE_H

#include "adapters/prometheus/registry.h"
#include "usecase/queue_port.h"

/* Opens it into *out, which owns inner from then on; registry stays the
 * caller's. Fault STATUS_NO_MEMORY: inner is still the caller's. */
MUST_USE enum status prometheus_queue_open(struct queue_port inner,
                                           struct registry *registry,
                                           struct queue_port *out,
                                           struct error *err);

#endif
