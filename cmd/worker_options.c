#include <string.h>

#include "cmd/library/engine.h"
#include "cmd/options.h"
#include "cmd/output.h"
#include "cmd/worker.h"
#include "cmd/worker_metrics.h"
#include "domain/text.h"

enum key {
    KEY_QUEUES = 0x100,
    KEY_STRICT,
    KEY_CONCURRENCY,
    KEY_EXEC,
    KEY_PLUGIN,
    KEY_DEMO,
    KEY_LEASE,
    KEY_NAME,
    KEY_DRAIN,
    KEY_SHUTDOWN,
    KEY_METRICS,
};

static const struct argp_option options[] = {
    {"queues", KEY_QUEUES, "a=6,b=3,c", 0,
     "only these queues, sharing the turns by weight; default every queue", 0},
    {"strict", KEY_STRICT, "a,b,c", 0,
     "only these queues, b only when a is empty", 0},
    {"concurrency", KEY_CONCURRENCY, "N", 0, "tasks at once (10)", 0},
    {"exec", KEY_EXEC, "TYPE=COMMAND", 0,
     "run tasks of TYPE by /bin/sh -c COMMAND; TYPE * catches the rest; "
     "repeatable",
     0},
    {"plugin", KEY_PLUGIN, "FILE", 0,
     "run tasks by the handlers of this shared object; repeatable", 0},
    {"demo", KEY_DEMO, NULL, 0,
     "run demo.echo, demo.fail, demo.dead, demo.sleep and demo.crash", 0},
    {"lease", KEY_LEASE, "DUR", 0,
     "after how long without a sign of life a task is taken back (30s)", 0},
    {"name", KEY_NAME, "NAME", 0, "of this worker (HOST-PID-RANDOM)", 0},
    {"drain", KEY_DRAIN, NULL, 0,
     "exit as soon as nothing is left to do in its queues", 0},
    {"shutdown-timeout", KEY_SHUTDOWN, "DUR", 0,
     "how long handlers may go on once it has been told to stop (25s)", 0},
    {"metrics", KEY_METRICS, "HOST:PORT", 0,
     "serve /metrics for Prometheus, and /healthz, there; port 0: any that is "
     "free",
     0},
    {0},
};

static const char doc[] =
    "Runs tasks until told to stop.\v"
    "Handlers of --exec get the payload on stdin and MILLRACE_TASK_ID, "
    "MILLRACE_TASK_TYPE, MILLRACE_QUEUE, MILLRACE_ATTEMPT, "
    "MILLRACE_MAX_ATTEMPTS, MILLRACE_KEY, MILLRACE_FENCING_TOKEN and "
    "TRACEPARENT in the environment. Exit 0: done, stdout is the result; 65: "
    "dead at once; any other: retry.\n\n"
    "SIGTERM, SIGINT: lease nothing more, wait, then stop the handlers and "
    "release their tasks; again: at once. SIGTSTP: lease nothing more; "
    "SIGCONT: on again.\n\n"
    "With MILLRACE_TOKEN /metrics wants it (Authorization: Bearer); without "
    "it, --metrics listens on loopback only.\n\n"
    "Environment: MILLRACE_QUEUES, MILLRACE_CONCURRENCY, MILLRACE_LEASE, "
    "MILLRACE_SHUTDOWN_TIMEOUT, MILLRACE_LOG (debug, info, warn, error), "
    "MILLRACE_LOG_FORMAT (text, json); a flag beats it.";

/* The options as they come in, and which were there. */
struct request {
    struct worker_options *options;
    bool has_queues;
    bool has_strict;
    bool has_concurrency;
    bool has_lease;
    bool has_shutdown;
};

static error_t parse_lease(const char *flag, const char *text, int64_t *out)
{
    error_t const wrong = option_duration(flag, text, out);

    if (wrong == 0 && *out < LEASE_MIN_MS)
        return option_bad_value(flag, text, "the lease must be 100ms or more");
    return wrong;
}

static error_t parse_plan(const char *flag, const char *text, bool is_strict,
                          struct queue_plan *out)
{
    struct error err;
    enum status const st =
        is_strict ? queue_plan_parse_strict(bytes_of(text), out, &err)
                  : queue_plan_parse_weighted(bytes_of(text), out, &err);

    return st < 0 ? option_bad_value(flag, text, err.text) : 0;
}

static error_t parse_exec(const char *text, struct worker_options *out)
{
    const char *equals = strchr(text, '=');
    struct bytes const type = {text, equals ? (size_t)(equals - text) : 0};

    if (!equals || equals[1] == '\0')
        return option_bad_value("--exec", text, "must be TYPE=COMMAND");
    if (!bytes_is(type, "*") && !type_name_is_valid(type))
        return option_bad_value("--exec", text,
                                "TYPE must be a task type or *");
    if (out->exec_count == EXEC_MAX)
        return option_wrong("--exec", "at most 256 of them");
    for (size_t i = 0; i < out->exec_count; i++)
        if (bytes_is(type, out->execs[i].type))
            return option_bad_value("--exec", text, "the type has one already");

    memcpy(out->execs[out->exec_count].type, type.at, type.len);
    out->execs[out->exec_count].command = equals + 1;
    out->exec_count++;
    return 0;
}

static error_t parse_plugin(const char *path, struct worker_options *out)
{
    if (*path == '\0')
        return option_bad_value("--plugin", path, "must name a file");
    if (out->plugin_count == PLUGINS_MAX)
        return option_wrong("--plugin", "at most 16 of them");
    out->plugins[out->plugin_count++] = path;
    return 0;
}

static error_t parse_name(const char *text, struct worker_options *out)
{
    if (!plain_name_is_valid(bytes_of(text)))
        return option_bad_value("--name", text,
                                "must match [A-Za-z0-9][A-Za-z0-9._-]{0,63}");
    memcpy(out->name, text, strlen(text) + 1);
    return 0;
}

static error_t parse_queues(struct request *r, int key, const char *arg)
{
    bool const is_strict = key == KEY_STRICT;

    r->has_strict = r->has_strict || is_strict;
    r->has_queues = r->has_queues || !is_strict;
    if (r->has_strict && r->has_queues)
        return option_wrong("--strict", "not together with --queues");
    return parse_plan(is_strict ? "--strict" : "--queues", arg, is_strict,
                      &r->options->plan);
}

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct request *r = state->input;
    struct worker_options *out = r->options;

    switch (key) {
    case KEY_QUEUES:
    case KEY_STRICT:
        return parse_queues(r, key, arg);
    case KEY_CONCURRENCY:
        r->has_concurrency = true;
        return option_int("--concurrency", arg, 1, CONCURRENCY_MAX,
                          &out->concurrency);
    case KEY_EXEC:
        return parse_exec(arg, out);
    case KEY_PLUGIN:
        return parse_plugin(arg, out);
    case KEY_DEMO:
        out->is_demo = true;
        return 0;
    case KEY_LEASE:
        r->has_lease = true;
        return parse_lease("--lease", arg, &out->lease_ms);
    case KEY_NAME:
        return parse_name(arg, out);
    case KEY_DRAIN:
        out->is_draining = true;
        return 0;
    case KEY_SHUTDOWN:
        r->has_shutdown = true;
        return option_duration("--shutdown-timeout", arg,
                               &out->service.shutdown_ms);
    case KEY_METRICS:
        out->has_metrics = true;
        return worker_metrics_read(arg, &out->metrics);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* What no flag has said, the environment may. */
static error_t read_environment(struct request *r)
{
    struct worker_options *out = r->options;
    const char *queues = environment("MILLRACE_QUEUES");
    const char *concurrency = environment("MILLRACE_CONCURRENCY");
    const char *lease = environment("MILLRACE_LEASE");
    error_t wrong = 0;

    if (queues && !r->has_queues && !r->has_strict)
        wrong = parse_plan("MILLRACE_QUEUES", queues, false, &out->plan);
    if (wrong == 0 && concurrency && !r->has_concurrency)
        wrong = option_int("MILLRACE_CONCURRENCY", concurrency, 1,
                           CONCURRENCY_MAX, &out->concurrency);
    if (wrong == 0 && lease && !r->has_lease)
        wrong = parse_lease("MILLRACE_LEASE", lease, &out->lease_ms);
    return wrong != 0 ? wrong
                      : service_settings_read(&out->service, r->has_shutdown);
}

static bool make_name(char out[WORKER_NAME_MAX + 1])
{
    struct error err;

    if (engine_make_name(out, &err) == STATUS_OK)
        return true;
    complain("millrace: %s", err.text);
    return false;
}

bool worker_options_read(struct invocation *inv, struct worker_options *out,
                         enum exit_code *code)
{
    struct option_set const set = {options, parse, doc};
    struct request request = {.options = out};

    *out = (struct worker_options){
        .concurrency = ENGINE_CONCURRENCY,
        .lease_ms = DEFAULT_LEASE_MS,
        .plan = {.kind = PLAN_EVERY},
        .service = service_settings_default(),
    };
    if (!options_read(inv, &set, &request, code))
        return false;
    if (read_environment(&request) != 0) {
        *code = CODE_USAGE;
        return false;
    }
    *code = CODE_FAILED;
    return out->name[0] != '\0' || make_name(out->name);
}
