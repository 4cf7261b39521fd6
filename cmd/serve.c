/*
 * serve.c - the serve command: wires the HTTP service and runs it.
 */
#include "cmd/serve.h"

#include <assert.h>
#include <poll.h>
#include <unistd.h>

#include "adapters/http/dashboard/dashboard.h"
#include "adapters/http/http_api.h"
#include "adapters/http/http_page.h"
#include "adapters/system/system_clock.h"
#include "adapters/system/system_random.h"
#include "adapters/system/system_wake.h"
#include "cmd/output.h"
#include "cmd/serve_keeper.h"
#include "cmd/serve_metrics.h"
#include "cmd/signals.h"
#include "cmd/wire.h"

#define DESKS 4
#define ROUTES_MAX (HTTP_API_ROUTES + DASHBOARD_ROUTES + 16)
#define TEND_MS 1000
#define DRAIN_MS 100 /* how soon a second signal is seen */

struct serve {
    const struct serve_options *options;
    struct wire wire;
    struct wake wake;
    struct clock_port log_clock;
    struct log log;
    struct serve_metrics *metrics;
    struct keeper *keeper;
    struct http_route routes[ROUTES_MAX];
    size_t route_count;
    struct http_api_config api_config;
    struct http_api *api;
    struct http_config config;
    struct http_server *server;
};

static void say(const struct serve *s, const char *event)
{
    char address[HTTP_ADDRESS_TEXT_SIZE];

    http_address_format(http_server_address(s->server), address);
    struct log_field const fields[] = {
        log_text("listen", bytes_of(address)),
        log_text("url", bytes_of(s->wire.url.masked)),
        log_number("pid", getpid()),
    };
    log_write(&s->log, LEVEL_INFO, event, fields, 3);
}

/* Who is refused, and what fails, is worth a line; the rest only to those who
 * look closely. */
static enum log_level report_level(const struct http_report *report)
{
    if (report->status >= 500)
        return LEVEL_WARN;
    return report->status >= 400 ? LEVEL_INFO : LEVEL_DEBUG;
}

static void log_report(void *self, const struct http_report *report)
{
    struct serve *s = self;
    struct log_field const fields[] = {
        log_text("method", bytes_of(report->method)),
        log_text("path", bytes_of(report->path)),
        log_number("status", report->status),
        log_number("took_ms", report->took_ms),
        log_text("request_id", bytes_of(report->request_id)),
        log_text("aborted",
                 report->is_aborted ? BYTES("true") : (struct bytes){0}),
    };

    log_write(&s->log, report_level(report), "request", fields, 6);
}

static void add_route(struct serve *s, struct http_route route)
{
    assert(s->route_count < ROUTES_MAX);
    s->routes[s->route_count++] = route;
}

static void add_dashboard(struct serve *s)
{
    const struct http_route *routes = dashboard_routes();

    for (size_t i = 0; i < DASHBOARD_ROUTES; i++)
        add_route(s, routes[i]);
}

static void add_routes(struct serve *s)
{
    add_dashboard(s);
    add_route(s, serve_metrics_route(s->metrics));
    add_route(s, (struct http_route){.method = "GET",
                                     .pattern = "/healthz",
                                     .handle = http_health_handle,
                                     .is_open = true});
    s->route_count += http_api_routes(s->api, s->routes + s->route_count);
}

/* Opens the ports of one thread, those that it uses. */
static enum status open_seat(struct serve *s, unsigned parts,
                             struct http_seat *out, struct error *err)
{
    const struct backend_ops *ops = s->wire.backend.ops;
    void *backend = s->wire.backend.self;
    enum status st = STATUS_OK;

    if (parts & WIRE_QUEUE)
        st = ops->open_queue(backend, &out->queue, err);
    if (st == STATUS_OK && parts & WIRE_ADMIN)
        st = ops->open_admin(backend, &out->admin, err);
    if (st == STATUS_OK && parts & WIRE_FLEET)
        st = ops->open_fleet(backend, &out->fleet, err);
    if (st == STATUS_OK && parts & WIRE_RANDOM)
        st = system_random_open(&out->random, err);
    return st;
}

static void close_seat(struct http_seat *seat)
{
    if (seat->random.ops)
        seat->random.ops->close(seat->random.self);
    if (seat->fleet.ops)
        fleet_close(seat->fleet);
    if (seat->admin.ops)
        admin_close(seat->admin);
    if (seat->queue.ops)
        queue_close(seat->queue);
}

static enum status open_seats(struct serve *s, struct error *err)
{
    struct http_api_config *c = &s->api_config;
    enum status st = STATUS_OK;

    c->desk_count = DESKS;
    for (size_t i = 0; i < DESKS && st == STATUS_OK; i++)
        st = open_seat(s, WIRE_QUEUE | WIRE_ADMIN | WIRE_FLEET | WIRE_RANDOM,
                       &c->desks[i], err);
    if (st == STATUS_OK)
        st = open_seat(s, WIRE_QUEUE | WIRE_RANDOM, &c->writer, err);
    if (st == STATUS_OK)
        st = open_seat(s, WIRE_QUEUE | WIRE_ADMIN | WIRE_RANDOM, &c->dispenser,
                       err);
    if (st == STATUS_OK)
        st = open_seat(s, WIRE_ADMIN, &c->sampler, err);
    return st;
}

static enum status open_keeper(struct serve *s, struct error *err)
{
    struct keeper_ports const ports = {
        .queue = s->wire.queue,
        .random = s->wire.random,
        .clock = s->wire.clock,
        .metrics = serve_metrics_port(s->metrics),
    };

    return keeper_open(&ports, &s->keeper, err);
}

static void note_changed(void *self)
{
    struct serve *s = self;

    keeper_kick(s->keeper);
}

static enum status open_api(struct serve *s, struct error *err)
{
    enum status st = open_seats(s, err);

    if (st == STATUS_OK)
        st = serve_metrics_count(s->metrics, &s->api_config.writer.queue, err);
    if (st < 0)
        return st;
    s->api_config.changed = note_changed;
    s->api_config.changed_self = s;
    s->api_config.clock = s->wire.clock;
    s->api_config.metrics = serve_metrics_port(s->metrics);
    return http_api_open(&s->api_config, &s->api, err);
}

static enum status open_parts(struct serve *s, struct error *err)
{
    const struct serve_options *options = s->options;
    enum status st = serve_metrics_open(&s->wire, &s->log, &s->metrics, err);

    uint64_t const seed = random_bits(s->wire.random);
    if (st == STATUS_OK)
        st = open_keeper(s, err);
    if (st == STATUS_OK)
        st = open_api(s, err);
    if (st < 0)
        return st;
    add_routes(s);
    s->config = (struct http_config){
        .address = options->listen.address,
        .token = options->listen.token,
        .names = {options->hosts, options->host_count},
        .routes = s->routes,
        .route_count = s->route_count,
        .desks = DESKS,
        .receive_ms = HTTP_RECEIVE_MS,
        .seed = seed,
        .report = log_report,
        .report_self = s,
    };
    return http_server_open(&s->config, &s->server, err);
}

static enum exit_code serve_open(struct serve *s, const struct globals *globals)
{
    struct error err;
    enum status st = system_wake_open(&s->wake, &err);

    if (st < 0) {
        complain("millrace: %s", err.text);
        return CODE_FAILED;
    }
    service_raise_descriptor_limit(); /* connections are descriptors */
    enum exit_code const code =
        wire_open(globals, WIRE_QUEUE | WIRE_RANDOM, &s->wire);
    if (code != CODE_FINE)
        return code;
    system_clock_open(&s->log_clock);
    s->log = service_log(&s->options->service, s->log_clock);
    st = open_parts(s, &err);
    if (st < 0) {
        complain("millrace: %s", err.text);
        return CODE_FAILED;
    }
    return CODE_FINE;
}

static void serve_close(struct serve *s)
{
    http_server_close(s->server);
    http_api_close(s->api);
    keeper_close(s->keeper);
    for (size_t i = 0; i < DESKS; i++)
        close_seat(&s->api_config.desks[i]);
    close_seat(&s->api_config.writer);
    close_seat(&s->api_config.dispenser);
    close_seat(&s->api_config.sampler);
    serve_metrics_close(s->metrics);
    if (s->log_clock.ops)
        s->log_clock.ops->close(s->log_clock.self);
    wire_close(&s->wire);
    /* The wake stays open: a signal may come until the end. */
}

/* Waits until everything is answered, unless that takes too long, or a second
 * signal says that it does. */
static bool drain(struct serve *s)
{
    int64_t left_ms = s->options->service.shutdown_ms;
    bool is_drained;

    do {
        http_server_tend(s->server);
        is_drained = http_server_drain(s->server,
                                       left_ms < DRAIN_MS ? left_ms : DRAIN_MS);
        left_ms -= DRAIN_MS;
    } while (!is_drained && left_ms > 0 && signals_stops() < 2);
    return is_drained;
}

/* Serves until told to stop, and until what was accepted is answered. */
static enum exit_code run(struct serve *s)
{
    struct pollfd signal = {.fd = s->wake.fd, .events = POLLIN};

    signals_begin(s->wake, false);
    say(s, "listening");
    while (signals_stops() == 0) {
        poll(&signal, 1, TEND_MS);
        http_server_tend(s->server);
    }
    say(s, "stopping");
    http_server_quiesce(s->server);
    http_api_quiesce(s->api);
    bool const is_drained = drain(s);
    say(s, is_drained ? "stopped" : "stopped with requests unanswered");
    return is_drained ? CODE_FINE : CODE_FAILED;
}

enum exit_code command_serve(struct invocation *inv)
{
    struct serve_options options;
    struct serve serve = {.options = &options, .wake = WAKE_NEVER};
    enum exit_code code;

    if (!serve_options_read(inv, &options, &code))
        return code;
    code = serve_open(&serve, &inv->globals);
    if (code == CODE_FINE) {
        code = run(&serve);
        /* What is still being answered uses what would be closed. */
        if (code != CODE_FINE)
            _exit((int)output_end(code));
    }
    serve_close(&serve);
    return code;
}
