/*
 * worker_metrics.h - worker --metrics HOST:PORT: a small HTTP server with the
 * metrics of this worker at /metrics, and /healthz.
 *
 * The names of queues and types are all it tells, but it follows the rules of
 * serve: without MILLRACE_TOKEN it listens on this machine only, with it
 * /metrics wants it as a bearer token. It answers until the worker ends, also
 * while the backend is down. In a build without HTTP the option is refused.
 */
#ifndef CMD_WORKER_METRICS_H
#define CMD_WORKER_METRICS_H

#include "adapters/log/log.h"
#include "cmd/listen.h"
#include "cmd/wire.h"
#include "usecase/metrics_port.h"

struct worker_metrics;

/* Reads the value of --metrics. For parsers: 0, or reported. */
error_t worker_metrics_read(const char *text, struct listen *out);

/* Starts to serve, and puts a port that counts beside *metrics: a fault leaves
 * it as it was. *listen, *wire and *log must live as long. */
MUST_USE enum status
worker_metrics_open(const struct listen *listen, const struct wire *wire,
                    const struct log *log, struct metrics_port *metrics,
                    struct worker_metrics **out, struct error *err);

/* Ends connections that dawdle. To be called every second or two. Accepts
 * NULL. */
void worker_metrics_tend(struct worker_metrics *m);

/* Stops serving; false: a scrape still waits for the backend, and nothing may
 * be closed. *metrics is to be closed before. Accepts NULL. */
bool worker_metrics_close(struct worker_metrics *m);

#endif
