/*
 * prometheus_metrics.h - a metrics_port that counts what happens.
 *
 * It keeps no state of its own, so one may serve several threads.
 */
#ifndef ADAPTERS_PROMETHEUS_PROMETHEUS_METRICS_H
#define ADAPTERS_PROMETHEUS_PROMETHEUS_METRICS_H

#include "adapters/prometheus/registry.h"
#include "usecase/metrics_port.h"

/* Opens it into *out; registry stays the caller's. */
void prometheus_metrics_open(struct registry *registry,
                             struct metrics_port *out);

#endif
