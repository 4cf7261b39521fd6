#include "cmd/worker_metrics.h"

#include <stdlib.h>

#include "adapters/http/http_server.h"
#include "adapters/prometheus/prometheus_metrics.h"
#include "cmd/metrics_kit.h"
#include "usecase/metrics_pair.h"

#define DESKS 2
#define ROUTES 2
#define DRAIN_MS 10000 /* longer than a backend may keep a scrape waiting */

struct worker_metrics {
    const struct log *log;
    struct metrics_kit kit;
    struct metrics_pair pair;
    struct http_route routes[ROUTES];
    struct http_config config;
    struct http_server *server;
};

error_t worker_metrics_read(const char *text, struct listen *out)
{
    return listen_read("--metrics", text, false,
                       "without a token only loopback is served: set "
                       "MILLRACE_TOKEN",
                       out);
}

static void log_report(void *self, const struct http_report *report)
{
    struct worker_metrics *m = self;
    struct log_field const fields[] = {
        log_text("path", bytes_of(report->path)),
        log_number("status", report->status),
        log_number("took_ms", report->took_ms),
        log_text("request_id", bytes_of(report->request_id)),
    };

    log_write(m->log, report->status >= 400 ? LEVEL_INFO : LEVEL_DEBUG,
              "request", fields, 4);
}

static void say_where(const struct worker_metrics *m)
{
    char address[HTTP_ADDRESS_TEXT_SIZE];

    http_address_format(http_server_address(m->server), address);
    struct log_field const field = log_text("listen", bytes_of(address));
    log_write(m->log, LEVEL_INFO, "serving metrics", &field, 1);
}

static enum status open_server(struct worker_metrics *m,
                               const struct listen *listen,
                               const struct wire *wire, struct error *err)
{
    m->routes[0] = metrics_kit_route(&m->kit);
    m->routes[1] = (struct http_route){.method = "GET",
                                       .pattern = "/healthz",
                                       .handle = http_health_handle,
                                       .is_open = true};
    m->config = (struct http_config){.address = listen->address,
                                     .token = listen->token,
                                     .routes = m->routes,
                                     .route_count = ROUTES,
                                     .desks = DESKS,
                                     .receive_ms = HTTP_RECEIVE_MS,
                                     .seed = random_bits(wire->random),
                                     .report = log_report,
                                     .report_self = m};
    return http_server_open(&m->config, &m->server, err);
}

enum status worker_metrics_open(const struct listen *listen,
                                const struct wire *wire, const struct log *log,
                                struct metrics_port *metrics,
                                struct worker_metrics **out, struct error *err)
{
    struct worker_metrics *m = calloc(1, sizeof(*m));
    struct metrics_port counting;

    if (!m)
        return error_set(err, STATUS_NO_MEMORY, NULL, "no memory for metrics");
    m->log = log;
    enum status st = metrics_kit_open(&m->kit, wire, err);
    if (st == STATUS_OK)
        st = open_server(m, listen, wire, err);
    if (st < 0) {
        metrics_kit_close(&m->kit);
        free(m);
        return st;
    }
    prometheus_metrics_open(m->kit.registry, &counting);
    metrics_pair_open(&m->pair, *metrics, counting, metrics);
    say_where(m);
    *out = m;
    return STATUS_OK;
}

void worker_metrics_tend(struct worker_metrics *m)
{
    if (m)
        http_server_tend(m->server);
}

bool worker_metrics_close(struct worker_metrics *m)
{
    if (!m)
        return true;
    http_server_quiesce(m->server);
    if (!http_server_drain(m->server, DRAIN_MS))
        return false;
    http_server_close(m->server);
    metrics_kit_close(&m->kit);
    free(m);
    return true;
}
