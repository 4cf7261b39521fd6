#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "adapters/system/system_wake.h"
#include "cmd/options.h"
#include "cmd/output.h"
#include "cmd/queue_rows.h"
#include "cmd/signals.h"

#define KEY_WATCH 0x100
#define REFRESH_MS 1000
#define CLEAR "\033[H\033[J" /* cursor home, and erase what follows */

static const struct argp_option options[] = {
    {"watch", KEY_WATCH, NULL, 0, "again every second until interrupted", 0},
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    bool *is_watching = state->input;

    (void)arg;
    if (key != KEY_WATCH)
        return ARGP_ERR_UNKNOWN;
    *is_watching = true;
    return 0;
}

/* Prints again and again; a fault ends it. */
static enum status watch(const struct globals *globals, const struct wire *wire,
                         struct wake wake, struct error *err)
{
    struct pollfd interrupt = {.fd = wake.fd, .events = POLLIN};
    bool const is_screen = !globals->is_json && isatty(STDOUT_FILENO);
    enum status st = STATUS_OK;

    while (st == STATUS_OK && signals_stops() == 0) {
        if (is_screen)
            printf(CLEAR);
        st = queue_rows_print(globals, wire, err);
        if (!globals->is_json && !is_screen)
            putchar('\n');
        if (!output_flush())
            break;
        poll(&interrupt, 1, REFRESH_MS);
    }
    return st;
}

static enum status begin_watch(const struct globals *globals,
                               const struct wire *wire, struct error *err)
{
    struct wake wake;
    enum status st = system_wake_open(&wake, err);

    if (st < 0)
        return st;
    signals_begin(wake, false);
    st = watch(globals, wire, wake, err);
    /* The wake stays open: a signal may come until the end. */
    return st;
}

enum exit_code command_stats(struct invocation *inv)
{
    struct option_set const set = {
        options, parse,
        "Shows one row a queue.\vREADY to DEAD: how many there are now. DONE: "
        "tasks that succeeded, FAILED: attempts that failed, since the queue "
        "was made. OLDEST: how long the oldest ready task waits."};
    bool is_watching = false;
    struct error err;
    struct wire wire;
    enum exit_code code;

    if (!options_read(inv, &set, &is_watching, &code))
        return code;
    code = wire_open(&inv->globals, WIRE_ADMIN, &wire);
    if (code != CODE_FINE)
        return code;
    enum status const st = is_watching
                               ? begin_watch(&inv->globals, &wire, &err)
                               : queue_rows_print(&inv->globals, &wire, &err);
    if (st < 0)
        code = wire_fault(&wire, st, &err);
    wire_close(&wire);
    return code;
}
