#include <stdio.h>

#include "adapters/json/json_writer.h"
#include "cmd/arguments.h"
#include "cmd/listing.h"
#include "cmd/output.h"
#include "cmd/record_text.h"
#include "cmd/wire.h"

enum key {
    KEY_QUEUE = 0x100,
    KEY_STATE,
    KEY_TYPE,
    KEY_LIMIT,
    KEY_CURSOR,
};

static const struct argp_option list_options[] = {
    {"queue", KEY_QUEUE, "QUEUE", 0, "only of this queue", 0},
    {"state", KEY_STATE, "STATE", 0,
     "only in this state: scheduled, ready, active, retry, done or dead", 0},
    {"type", KEY_TYPE, "TYPE", 0, "only of this type", 0},
    {"limit", KEY_LIMIT, "N", 0, "at most so many (100)", 0},
    {"cursor", KEY_CURSOR, "CURSOR", 0, "go on where the last list ended", 0},
    {0},
};

static error_t parse_list(int key, char *arg, struct argp_state *state)
{
    struct listing *listing = state->input;
    struct task_filter *filter = &listing->filter;

    switch (key) {
    case KEY_QUEUE:
        return argument_queue(arg, &filter->queue);
    case KEY_STATE:
        filter->has_state = true;
        return argument_state(arg, &filter->state);
    case KEY_TYPE:
        return argument_type(arg, &filter->type);
    case KEY_LIMIT:
        return option_int("--limit", arg, 1, LISTING_LIMIT_MAX,
                          &listing->limit);
    case KEY_CURSOR:
        listing->cursor = arg;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

enum exit_code command_task_list(struct invocation *inv)
{
    struct option_set const set = {
        list_options, parse_list,
        "Lists tasks, state by state, oldest first in each."};
    struct listing listing = {.cursor = "", .limit = LISTING_LIMIT};
    enum exit_code code;

    if (!options_read(inv, &set, &listing, &code))
        return code;
    return listing_print(inv, &listing);
}

/* What a command does with one of its tasks, at now_ms. Answers as
 * admin_run_now does. */
typedef enum status (*task_action)(const struct wire *wire, int64_t now_ms,
                                   const struct task_ref *ref,
                                   struct arena *mem,
                                   enum task_state *state_before,
                                   struct error *err);

static enum status find_state(const struct wire *wire, int64_t now_ms,
                              const struct task_ref *ref, struct arena *mem,
                              enum task_state *out, struct error *err)
{
    struct task_record record;

    arena_reset(mem);
    enum status const st =
        admin_find(wire->admin, now_ms, ref, mem, &record, err);
    if (st == STATUS_OK)
        *out = record.state;
    return st;
}

static enum status cancel(const struct wire *wire, int64_t now_ms,
                          const struct task_ref *ref, struct arena *mem,
                          enum task_state *state_before, struct error *err)
{
    enum status result;
    enum status st =
        admin_remove(wire->admin, now_ms, STATES_WAITING, ref, 1, &result, err);

    if (st == STATUS_OK && result == STATUS_WRONG_STATE)
        st = find_state(wire, now_ms, ref, mem, state_before, err);
    return st == STATUS_OK ? result : st;
}

static enum status run_early(const struct wire *wire, int64_t now_ms,
                             const struct task_ref *ref, struct arena *mem,
                             enum task_state *state_before, struct error *err)
{
    enum status const st =
        find_state(wire, now_ms, ref, mem, state_before, err);

    return st == STATUS_OK ? admin_run_now(wire->admin, now_ms, ref, err) : st;
}

struct task_verb {
    task_action act;
    const char *past;       /* "cancelled" */
    const char *impossible; /* why another state is refused */
};

static void print_acted(const struct globals *globals, const struct task_id *id,
                        const struct task_verb *verb)
{
    struct json_writer json = {0};

    if (!globals->is_json) {
        printf("%s %s\n", verb->past, id->text);
        return;
    }
    json_begin_object(&json, NULL);
    json_add_string(&json, "id", bytes_of(id->text));
    json_add_bool(&json, verb->past, true);
    json_end_object(&json);
    output_json(&json);
    json_writer_release(&json);
}

static enum exit_code act_on(const struct invocation *inv,
                             const struct wire *wire,
                             const struct task_verb *verb,
                             const struct task_id *id, struct arena *mem)
{
    struct task_ref const ref = {.id = *id};
    enum task_state state = TASK_READY;
    struct error err;
    enum status const st =
        verb->act(wire, clock_now_ms(wire->clock), &ref, mem, &state, &err);

    if (st < 0)
        return wire_fault(wire, st, &err);
    if (st == STATUS_NOT_FOUND)
        return no_such_task(id);
    if (st != STATUS_OK) {
        complain("millrace: %s: the task is %s: %s", id->text,
                 task_state_name(state), verb->impossible);
        return CODE_FAILED;
    }
    print_acted(&inv->globals, id, verb);
    return CODE_FINE;
}

/* Goes on with the other ids after an answer, but not after a fault. */
static enum exit_code act(struct invocation *inv, const char *doc,
                          const struct task_verb *verb)
{
    struct option_set const set = {NULL, parse_ids, doc};
    struct id_list list = {0};
    struct arena mem = {0};
    struct error err;
    struct wire wire;
    enum exit_code code;

    if (!options_read(inv, &set, &list, &code))
        return code;
    code = wire_open(&inv->globals, WIRE_ADMIN, &wire);
    if (code != CODE_FINE)
        return code;

    enum status const st = record_room_open(&mem, &err);
    if (st < 0)
        code = wire_fault(&wire, st, &err);
    for (size_t i = 0; i < list.count && code != CODE_BACKEND; i++)
        code = worse_code(code, act_on(inv, &wire, verb, &list.ids[i], &mem));
    record_room_close(&mem);
    wire_close(&wire);
    return code;
}

enum exit_code command_task_cancel(struct invocation *inv)
{
    static const struct task_verb verb = {
        cancel, "cancelled", "only a waiting one can be cancelled"};

    return act(inv, "Removes tasks that are scheduled, ready or retrying.",
               &verb);
}

enum exit_code command_task_run(struct invocation *inv)
{
    static const struct task_verb verb = {
        run_early, "ready",
        "only a scheduled or retrying one can be run early"};

    return act(inv, "Makes scheduled or retrying tasks ready now.", &verb);
}
