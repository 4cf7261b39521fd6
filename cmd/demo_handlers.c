#include "cmd/demo_handlers.h"

#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>

#include "adapters/json/json_value.h"

enum { FAILURES = 2 };

static struct outcome failed(enum outcome_kind kind, const char *error)
{
    return (struct outcome){
        .kind = kind, .after_ms = -1, .error = bytes_of(error)};
}

static struct outcome echo(const struct handler_call *call, void *context)
{
    (void)context;
    return (struct outcome){.kind = OUTCOME_DONE,
                            .result = call->lease->task.payload};
}

static struct outcome fail_first(const struct handler_call *call, void *context)
{
    static const char *const errors[FAILURES] = {
        "demo failure 1 of 2",
        "demo failure 2 of 2",
    };
    int32_t const attempt = call->lease->task.attempt;
    (void)context;

    if (attempt >= 1 && attempt <= FAILURES)
        return failed(OUTCOME_RETRY, errors[attempt - 1]);
    return (struct outcome){.kind = OUTCOME_DONE};
}

static struct outcome fail_always(const struct handler_call *call,
                                  void *context)
{
    (void)call;
    (void)context;
    return failed(OUTCOME_RETRY, "demo.dead always fails");
}

/* The member "ms" of payload; false if there is none that is a duration. */
static bool read_ms(struct bytes payload, int64_t *out)
{
    struct json_walk walk;
    struct bytes name;
    struct json_member member = {.field = "ms"};
    struct error err;
    bool is_found = false;

    if (json_walk_begin(payload, "payload", &walk, &err) < 0)
        return false;
    while (json_walk_next(&walk, &name, &member.value))
        if (bytes_is(name, "\"ms\""))
            is_found = json_read_int(member, out, &err) == STATUS_OK &&
                       *out >= 0 && *out <= DURATION_MAX_MS;
    return is_found;
}

static int64_t monotonic_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Sleeps until the time is over or, giving back true, the call is cancelled. */
static bool sleep_cancellably(const struct handler_call *call, int64_t ms)
{
    struct pollfd at = {.fd = call->cancel.fd, .events = POLLIN};
    int64_t const until_ms = monotonic_ms() + ms;
    int64_t left_ms = ms;

    while (left_ms > 0) {
        if (poll(&at, 1, left_ms > INT_MAX ? INT_MAX : (int)left_ms) > 0)
            return true;
        left_ms = until_ms - monotonic_ms();
    }
    return false;
}

static struct outcome sleep_ms(const struct handler_call *call, void *context)
{
    int64_t ms = 0;
    (void)context;

    if (!read_ms(call->lease->task.payload, &ms))
        return failed(OUTCOME_REJECT, "demo.sleep takes {\"ms\":N}");
    if (sleep_cancellably(call, ms))
        return (struct outcome){.kind = OUTCOME_RELEASE};
    return (struct outcome){.kind = OUTCOME_DONE};
}

/* A core file would only be in the way: the crash is meant. */
static struct outcome crash(const struct handler_call *call, void *context)
{
    struct rlimit const none = {0, 0};
    (void)call;
    (void)context;

    setrlimit(RLIMIT_CORE, &none);
    prctl(PR_SET_DUMPABLE, 0); /* cores that go to a program know no limit */
    abort();
}

const struct handler demo_handlers[DEMO_HANDLERS] = {
    {"demo.echo", echo, NULL},        {"demo.fail", fail_first, NULL},
    {"demo.dead", fail_always, NULL}, {"demo.sleep", sleep_ms, NULL},
    {"demo.crash", crash, NULL},
};
