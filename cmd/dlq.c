#include <stdio.h>

#include "cmd/arguments.h"
#include "cmd/listing.h"
#include "cmd/output.h"
#include "cmd/record_text.h"
#include "cmd/wire.h"
#include "usecase/dead_letters.h"

enum key {
    KEY_QUEUE = 0x100,
    KEY_TYPE,
    KEY_REASON,
    KEY_BEFORE,
    KEY_ALL,
    KEY_LIMIT,
    KEY_CURSOR,
};

#define FILTER_OPTIONS                                                         \
    {"queue", KEY_QUEUE, "QUEUE", 0, "only of this queue", 0},                 \
        {"type", KEY_TYPE, "TYPE", 0, "only of this type", 0},                 \
        {"reason",                                                             \
         KEY_REASON,                                                           \
         "REASON",                                                             \
         0,                                                                    \
         "only for this reason: exhausted, rejected, expired or lost",         \
         0},                                                                   \
    {                                                                          \
        "before", KEY_BEFORE, "TIME", 0,                                       \
            "only what died before this time (RFC 3339)", 0                    \
    }

static const struct argp_option list_options[] = {
    FILTER_OPTIONS,
    {"limit", KEY_LIMIT, "N", 0, "at most so many (100)", 0},
    {"cursor", KEY_CURSOR, "CURSOR", 0, "go on where the last list ended", 0},
    {0},
};

static const struct argp_option change_options[] = {
    FILTER_OPTIONS,
    {"all", KEY_ALL, NULL, 0, "every dead task", 0},
    {0},
};

static error_t parse_filter(int key, char *arg, struct task_filter *filter)
{
    switch (key) {
    case KEY_QUEUE:
        return argument_queue(arg, &filter->queue);
    case KEY_TYPE:
        return argument_type(arg, &filter->type);
    case KEY_REASON:
        return argument_reason(arg, &filter->reason);
    case KEY_BEFORE:
        return option_instant("--before", arg, &filter->before_ms);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static error_t parse_list(int key, char *arg, struct argp_state *state)
{
    struct listing *listing = state->input;

    switch (key) {
    case KEY_LIMIT:
        return option_int("--limit", arg, 1, LISTING_LIMIT_MAX,
                          &listing->limit);
    case KEY_CURSOR:
        listing->cursor = arg;
        return 0;
    default:
        return parse_filter(key, arg, &listing->filter);
    }
}

enum exit_code command_dlq_list(struct invocation *inv)
{
    struct option_set const set = {list_options, parse_list,
                                   "Lists dead tasks, oldest first."};
    struct listing listing = {
        .filter = {.has_state = true, .state = TASK_DEAD},
        .cursor = "",
        .limit = LISTING_LIMIT,
    };
    enum exit_code code;

    if (!options_read(inv, &set, &listing, &code))
        return code;
    return listing_print(inv, &listing);
}

/* What requeue, delete and purge are asked to change. */
struct change {
    enum dead_letter_action action;
    const char *past;  /* "requeued" */
    bool wants_target; /* without ids, filters and --all nothing is meant */
    bool has_filter;
    bool is_all;
    struct task_filter filter;
    struct id_list list;
};

static error_t check_change(const struct change *change)
{
    bool const is_wide = change->has_filter || change->is_all;

    if (change->list.count > 0 && is_wide)
        return option_wrong(change->list.ids[0].text,
                            "ids don't go with filters or --all");
    if (change->list.count == 0 && !is_wide && change->wants_target)
        return option_wrong("ID", "give ids, a filter or --all");
    return 0;
}

static error_t parse_change(int key, char *arg, struct argp_state *state)
{
    struct change *change = state->input;

    switch (key) {
    case KEY_ALL:
        change->is_all = true;
        return 0;
    case KEY_QUEUE:
    case KEY_TYPE:
    case KEY_REASON:
    case KEY_BEFORE:
        change->has_filter = true;
        return parse_filter(key, arg, &change->filter);
    case ARGP_KEY_ARG:
        return change->wants_target ? argument_add_id(arg, &change->list)
                                    : ARGP_ERR_UNKNOWN;
    case ARGP_KEY_END:
        return check_change(change);
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void complain_held(const struct task_id *id,
                          const struct task_id *holder)
{
    complain("millrace: %s: stays dead: its key is held by %s", id->text,
             holder->text);
}

static void count_refused(void *context, const struct task_record *record,
                          enum status why, const struct task_id *holder)
{
    size_t *refused = context;

    (void)why;
    complain_held(&record->task.id, holder);
    ++*refused;
}

static enum exit_code change_matching(const struct wire *wire,
                                      const struct change *change,
                                      struct arena *mem, size_t *changed)
{
    size_t refused = 0;
    struct dead_letter_run const run = {.action = change->action,
                                        .filter = change->filter,
                                        .refused = count_refused,
                                        .context = &refused};
    struct error err;
    enum status const st =
        dead_letters_run(wire->admin, wire->clock, &run, mem, changed, &err);

    if (st < 0)
        return wire_fault(wire, st, &err);
    return refused > 0 ? CODE_FAILED : CODE_FINE;
}

/* Requeues or removes one task, if it is dead. */
static enum status change_one(const struct wire *wire,
                              enum dead_letter_action action,
                              const struct task_ref *ref,
                              struct task_id *holder, struct error *err)
{
    int64_t const now_ms = clock_now_ms(wire->clock);
    enum status result;

    if (action == DEAD_LETTER_REQUEUE) {
        enum status const st =
            admin_requeue(wire->admin, now_ms, ref, 1, &result, holder, err);
        return st < 0 ? st : result;
    }
    enum status const st = admin_remove(
        wire->admin, now_ms, STATE_SET(TASK_DEAD), ref, 1, &result, err);
    return st < 0 ? st : result;
}

static enum exit_code change_id(const struct wire *wire,
                                enum dead_letter_action action,
                                const struct task_id *id, size_t *changed)
{
    struct task_ref const ref = {.id = *id};
    struct task_id holder;
    struct error err;
    enum status const st = change_one(wire, action, &ref, &holder, &err);

    if (st < 0)
        return wire_fault(wire, st, &err);
    if (st == STATUS_NOT_FOUND)
        return no_such_task(id);
    if (st == STATUS_KEY_HELD)
        complain_held(id, &holder);
    if (st == STATUS_WRONG_STATE)
        complain("millrace: %s: is not dead", id->text);
    if (st != STATUS_OK)
        return CODE_FAILED;
    ++*changed;
    return CODE_FINE;
}

static enum exit_code change_dead(struct invocation *inv, const char *doc,
                                  struct change *change)
{
    struct option_set const set = {change_options, parse_change, doc};
    struct arena mem = {0};
    size_t changed = 0;
    struct error err;
    struct wire wire;
    enum exit_code code;

    if (!options_read(inv, &set, change, &code))
        return code;
    code = wire_open(&inv->globals, WIRE_ADMIN, &wire);
    if (code != CODE_FINE)
        return code;

    enum status const st = record_room_open(&mem, &err);
    if (st < 0)
        code = wire_fault(&wire, st, &err);
    else if (change->list.count == 0)
        code = change_matching(&wire, change, &mem, &changed);
    for (size_t i = 0; i < change->list.count && code != CODE_BACKEND; i++)
        code = worse_code(code, change_id(&wire, change->action,
                                          &change->list.ids[i], &changed));
    output_count(&inv->globals, change->past, changed);
    record_room_close(&mem);
    wire_close(&wire);
    return code;
}

enum exit_code command_dlq_requeue(struct invocation *inv)
{
    struct change change = {.action = DEAD_LETTER_REQUEUE,
                            .past = "requeued",
                            .wants_target = true};

    return change_dead(inv,
                       "Makes dead tasks ready, as if they were new, and "
                       "prints how many.",
                       &change);
}

enum exit_code command_dlq_delete(struct invocation *inv)
{
    struct change change = {
        .action = DEAD_LETTER_DELETE, .past = "deleted", .wants_target = true};

    return change_dead(inv, "Removes dead tasks and prints how many.", &change);
}

enum exit_code command_dlq_purge(struct invocation *inv)
{
    struct change change = {.action = DEAD_LETTER_DELETE, .past = "deleted"};

    return change_dead(inv,
                       "Removes every dead task, or those that match, and "
                       "prints how many.",
                       &change);
}
