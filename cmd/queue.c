#include <stdio.h>

#include "adapters/json/json_writer.h"
#include "cmd/arguments.h"
#include "cmd/output.h"
#include "cmd/queue_rows.h"
#include "cmd/wire.h"
#include "usecase/inspect.h"

#define KEY_STATE 0x100

struct request {
    struct bytes queue;
    bool has_state;
    enum task_state state;
};

static error_t parse_queue(int key, char *arg, struct argp_state *state)
{
    struct request *r = state->input;

    switch (key) {
    case ARGP_KEY_ARG:
        return r->queue.at ? ARGP_ERR_UNKNOWN : argument_queue(arg, &r->queue);
    case ARGP_KEY_NO_ARGS:
        return option_wrong("QUEUE", "is missing");
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option purge_options[] = {
    {"state", KEY_STATE, "STATE", 0,
     "only tasks in this state: scheduled, ready, retry, done or dead", 0},
    {0},
};

static error_t parse_purge(int key, char *arg, struct argp_state *state)
{
    struct request *r = state->input;

    if (key != KEY_STATE)
        return parse_queue(key, arg, state);
    r->has_state = true;
    error_t const wrong = argument_state(arg, &r->state);
    if (wrong == 0 && r->state == TASK_ACTIVE)
        return option_bad_value("--state", arg,
                                "what is running can't be removed");
    return wrong;
}

static enum exit_code no_such_queue(struct bytes queue)
{
    complain("millrace: no such queue: %s", queue.at);
    return CODE_UNKNOWN;
}

enum exit_code command_queue_list(struct invocation *inv)
{
    struct option_set const set = {
        NULL, NULL, "Lists the queues and how many tasks are in each state."};
    struct error err;
    struct wire wire;
    enum exit_code code;

    if (!options_read(inv, &set, NULL, &code))
        return code;
    code = wire_open(&inv->globals, WIRE_ADMIN, &wire);
    if (code != CODE_FINE)
        return code;
    enum status const st = queue_rows_print(&inv->globals, &wire, &err);
    if (st < 0)
        code = wire_fault(&wire, st, &err);
    wire_close(&wire);
    return code;
}

static void print_paused(const struct globals *globals, struct bytes queue,
                         bool is_paused)
{
    struct json_writer json = {0};

    if (!globals->is_json) {
        printf("%s %s\n", is_paused ? "paused" : "resumed", queue.at);
        return;
    }
    json_begin_object(&json, NULL);
    json_add_string(&json, "queue", queue);
    json_add_bool(&json, "paused", is_paused);
    json_end_object(&json);
    output_json(&json);
    json_writer_release(&json);
}

static enum exit_code set_paused(struct invocation *inv, const char *doc,
                                 bool is_paused)
{
    struct option_set const set = {NULL, parse_queue, doc};
    struct request r = {0};
    struct error err;
    struct wire wire;
    enum exit_code code;

    if (!options_read(inv, &set, &r, &code))
        return code;
    code = wire_open(&inv->globals, WIRE_ADMIN, &wire);
    if (code != CODE_FINE)
        return code;
    enum status const st =
        admin_set_paused(wire.admin, r.queue, is_paused, &err);
    if (st == STATUS_OK)
        print_paused(&inv->globals, r.queue, is_paused);
    else if (st == STATUS_NOT_FOUND)
        code = no_such_queue(r.queue);
    else
        code = wire_fault(&wire, st, &err);
    wire_close(&wire);
    return code;
}

enum exit_code command_queue_pause(struct invocation *inv)
{
    return set_paused(inv,
                      "Pauses a queue: tasks may be added, none is handed "
                      "out. Makes the queue if it does not exist.",
                      true);
}

enum exit_code command_queue_resume(struct invocation *inv)
{
    return set_paused(inv, "Lets a paused queue go on.", false);
}

enum exit_code command_queue_purge(struct invocation *inv)
{
    struct option_set const set = {
        purge_options, parse_purge,
        "Removes the tasks of a queue that are scheduled, ready, retrying or "
        "done, and prints how many; or those in one state."};
    struct request r = {0};
    size_t removed;
    struct error err;
    struct wire wire;
    enum exit_code code;

    if (!options_read(inv, &set, &r, &code))
        return code;
    code = wire_open(&inv->globals, WIRE_ADMIN, &wire);
    if (code != CODE_FINE)
        return code;
    enum status const st =
        inspect_purge(wire.admin, wire.clock, r.queue,
                      r.has_state ? &r.state : NULL, &removed, &err);
    if (st == STATUS_NOT_FOUND) {
        code = no_such_queue(r.queue);
    } else {
        output_count(&inv->globals, "removed", removed);
        if (st < 0)
            code = wire_fault(&wire, st, &err);
    }
    wire_close(&wire);
    return code;
}
