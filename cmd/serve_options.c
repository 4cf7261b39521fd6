#include "adapters/http/http_guard.h"
#include "cmd/options.h"
#include "cmd/output.h"
#include "cmd/serve.h"

enum key {
    KEY_LISTEN = 0x100,
    KEY_HOST,
    KEY_INSECURE,
    KEY_SHUTDOWN,
};

static const struct argp_option options[] = {
    {"listen", KEY_LISTEN, "HOST:PORT", 0,
     "where to listen (" DEFAULT_LISTEN "); port 0: any that is free", 0},
    {"host", KEY_HOST, "NAME", 0,
     "answer to this name too, as in the Host of a proxy; repeatable", 0},
    {"insecure", KEY_INSECURE, NULL, 0,
     "listen beyond this machine although no token is set", 0},
    {"shutdown-timeout", KEY_SHUTDOWN, "DUR", 0,
     "how long requests may go on once it has been told to stop (25s)", 0},
    {0},
};

static const char doc[] =
    "Serves the HTTP API, the dashboard and the metrics.\v"
    "With MILLRACE_TOKEN every request must carry it (Authorization: Bearer). "
    "Without it, it listens on loopback only.\n\n"
    "SIGTERM, SIGINT: accept nothing more, answer what was accepted, stop; a "
    "second one: at once.\n\n"
    "Environment: MILLRACE_LISTEN, MILLRACE_TOKEN, MILLRACE_SHUTDOWN_TIMEOUT, "
    "MILLRACE_LOG (debug, info, warn, error), MILLRACE_LOG_FORMAT (text, "
    "json); a flag beats it.";

/* The options as they come in, and which were there. */
struct request {
    struct serve_options *options;
    const char *listen;
    bool is_insecure;
    bool has_shutdown;
};

/* One that no Host: can be would be of no use, and nobody would know why. */
static error_t add_host(struct serve_options *out, const char *name)
{
    struct bytes const host = bytes_of(name);

    if (out->host_count == SERVE_HOSTS_MAX)
        return option_wrong("--host", "at most 32 of them");
    if (host.len == 0 || http_guard_host_name(host).len != host.len ||
        strcspn(name, " /@") != host.len)
        return option_bad_value("--host", name,
                                "must be a name alone, without a port");
    out->hosts[out->host_count++] = name;
    return 0;
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct request *r = state->input;
    struct serve_options *out = r->options;

    switch (key) {
    case KEY_LISTEN:
        r->listen = arg;
        return 0;
    case KEY_HOST:
        return add_host(out, arg);
    case KEY_INSECURE:
        r->is_insecure = true;
        return 0;
    case KEY_SHUTDOWN:
        r->has_shutdown = true;
        return option_duration("--shutdown-timeout", arg,
                               &out->service.shutdown_ms);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static error_t read_listen(const struct request *r)
{
    const char *listen = r->listen ? r->listen : environment("MILLRACE_LISTEN");
    const char *flag = r->listen || !listen ? "--listen" : "MILLRACE_LISTEN";

    return listen_read(flag, listen ? listen : DEFAULT_LISTEN, r->is_insecure,
                       "without a token only loopback is served: set "
                       "MILLRACE_TOKEN, or give --insecure to let anyone in",
                       &r->options->listen);
}

static error_t read_environment(struct request *r)
{
    error_t const wrong = read_listen(r);

    return wrong != 0
               ? wrong
               : service_settings_read(&r->options->service, r->has_shutdown);
}

bool serve_options_read(struct invocation *inv, struct serve_options *out,
                        enum exit_code *code)
{
    struct option_set const set = {options, parse, doc};
    struct request request = {.options = out};

    *out = (struct serve_options){.service = service_settings_default()};
    if (!options_read(inv, &set, &request, code))
        return false;
    if (read_environment(&request) != 0) {
        *code = CODE_USAGE;
        return false;
    }
    return true;
}
