#include "cmd/serve_metrics.h"

#include <stdlib.h>

#include "adapters/log/log_metrics.h"
#include "adapters/prometheus/prometheus_metrics.h"
#include "adapters/prometheus/prometheus_queue.h"
#include "cmd/metrics_kit.h"
#include "cmd/patrol_thread.h"
#include "usecase/metrics_pair.h"

/* A port that tells the log and what counts. */
struct watcher {
    struct metrics_pair pair;
    struct metrics_port port;
};

struct serve_metrics {
    struct metrics_kit kit;
    struct watcher of_service;
    struct watcher of_patrol;
    struct patrol_thread *patrol;
};

static enum status open_watcher(struct serve_metrics *m, const struct log *log,
                                struct watcher *w, struct error *err)
{
    struct metrics_port logging;
    struct metrics_port counting;
    enum status const st = log_metrics_open(log, &logging, err);

    if (st < 0)
        return st;
    prometheus_metrics_open(m->kit.registry, &counting);
    metrics_pair_open(&w->pair, logging, counting, &w->port);
    return STATUS_OK;
}

enum status serve_metrics_open(const struct wire *wire, const struct log *log,
                               struct serve_metrics **out, struct error *err)
{
    struct serve_metrics *m = calloc(1, sizeof(*m));

    if (!m)
        return error_set(err, STATUS_NO_MEMORY, NULL, "no memory for metrics");
    enum status st = metrics_kit_open(&m->kit, wire, err);
    /* Two watchers, since the log's remembers what has failed, and what fails
     * for the patrol may work for others. */
    if (st == STATUS_OK)
        st = open_watcher(m, log, &m->of_service, err);
    if (st == STATUS_OK)
        st = open_watcher(m, log, &m->of_patrol, err);
    if (st == STATUS_OK)
        st = patrol_thread_open(wire, m->of_patrol.port, &m->patrol, err);
    if (st < 0) {
        serve_metrics_close(m);
        return st;
    }
    *out = m;
    return STATUS_OK;
}

struct http_route serve_metrics_route(struct serve_metrics *m)
{
    return metrics_kit_route(&m->kit);
}

enum status serve_metrics_count(struct serve_metrics *m,
                                struct queue_port *queue, struct error *err)
{
    enum status const st =
        prometheus_queue_open(*queue, m->kit.registry, queue, err);

    if (st == STATUS_OK)
        queue_port_check(*queue);
    return st;
}

struct metrics_port serve_metrics_port(struct serve_metrics *m)
{
    return m->of_service.port;
}

void serve_metrics_close(struct serve_metrics *m)
{
    if (!m)
        return;
    patrol_thread_close(m->patrol);
    if (m->of_patrol.port.ops)
        metrics_close(m->of_patrol.port);
    if (m->of_service.port.ops)
        metrics_close(m->of_service.port);
    metrics_kit_close(&m->kit);
    free(m);
}
