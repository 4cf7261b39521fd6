/*
 * gauges.h - what the backend holds now, asked when somebody scrapes.
 *
 * However many scrape, the backend is asked once in GAUGES_FRESH_MS at the
 * most, also while it is down. When it does not answer, millrace_backend_up is
 * 0 and the gauges are left out: a depth of an hour ago would look like one of
 * now. The page itself never fails.
 *
 * The first GAUGE_QUEUES queues by name get samples of their own; the others,
 * up to GAUGE_QUEUES_ASKED in all, are added up as queue "_other", whose
 * oldest task is the oldest of all of them.
 *
 * The values are those of the whole backend: every process that is scraped
 * tells the same, so queries take max(), not sum(), over instances.
 */
#ifndef ADAPTERS_PROMETHEUS_GAUGES_H
#define ADAPTERS_PROMETHEUS_GAUGES_H

#include "adapters/prometheus/registry.h"
#include "usecase/admin_port.h"
#include "usecase/clock_port.h"
#include "usecase/fleet_port.h"

#define GAUGES_FRESH_MS 1000
#define GAUGE_QUEUES 128
#define GAUGE_QUEUES_ASKED 1024
#define GAUGE_WORKERS_ASKED 4096

struct gauges_config {
    struct admin_port admin; /* used by nobody else */
    struct fleet_port fleet; /* the same */
    struct clock_port clock;
    struct registry *registry; /* told of faults */
};

struct gauges;

/* Opens them into *out; the ports stay the caller's. Fault
 * STATUS_NO_MEMORY. */
MUST_USE enum status gauges_open(const struct gauges_config *config,
                                 struct gauges **out, struct error *err);

/* Accepts NULL. */
void gauges_close(struct gauges *g);

/* Adds all families to the page, asking the backend where what is known is
 * too old. One thread at a time; takes no longer than the calls of a port. */
void gauges_write(struct gauges *g, struct exposition *x);

#endif
