/*
 * show.c - 'task show' and 'dlq show': one task, with all there is to know.
 */
#include "cmd/arguments.h"
#include "cmd/output.h"
#include "cmd/record_text.h"
#include "cmd/wire.h"

static enum exit_code show(const struct globals *globals,
                           const struct task_record *record, bool only_dead)
{
    if (only_dead && record->state != TASK_DEAD) {
        complain("millrace: %s: not in the dead-letter queue: it is %s",
                 record->task.id.text, task_state_name(record->state));
        return CODE_UNKNOWN;
    }
    record_print(globals, record);
    return CODE_FINE;
}

static enum exit_code find_and_show(struct invocation *inv, const char *doc,
                                    bool only_dead)
{
    struct option_set const set = {NULL, parse_one_id, doc};
    struct id_list list = {0};
    struct task_record record;
    struct arena mem = {0};
    struct error err;
    struct wire wire;
    enum exit_code code;

    if (!options_read(inv, &set, &list, &code))
        return code;
    code = wire_open(&inv->globals, WIRE_ADMIN, &wire);
    if (code != CODE_FINE)
        return code;

    struct task_ref const ref = {.id = list.ids[0]};
    enum status st = record_room_open(&mem, &err);
    if (st == STATUS_OK)
        st = admin_find(wire.admin, clock_now_ms(wire.clock), &ref, &mem,
                        &record, &err);
    if (st == STATUS_OK)
        code = show(&inv->globals, &record, only_dead);
    else if (st == STATUS_NOT_FOUND)
        code = no_such_task(&ref.id);
    else
        code = wire_fault(&wire, st, &err);
    record_room_close(&mem);
    wire_close(&wire);
    return code;
}

enum exit_code command_task_show(struct invocation *inv)
{
    return find_and_show(inv, "Shows all there is to know of a task.", false);
}

enum exit_code command_dlq_show(struct invocation *inv)
{
    return find_and_show(inv, "Shows a dead task.", true);
}
