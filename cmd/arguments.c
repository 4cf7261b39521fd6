#include "cmd/arguments.h"

#include <stdlib.h>

#include "cmd/output.h"

#define RECORD_ROOM ((size_t)8 * 1024 * 1024)

error_t argument_add_id(const char *word, struct id_list *list)
{
    if (list->count == IDS_MAX)
        return option_wrong(word, "one id too many: at most 1000");
    if (!task_id_parse(bytes_of(word), &list->ids[list->count]))
        return option_bad_value("ID", word, "must be a ULID, 26 characters");
    list->count++;
    return 0;
}

error_t parse_ids(int key, char *arg, struct argp_state *state)
{
    switch (key) {
    case ARGP_KEY_ARG:
        return argument_add_id(arg, state->input);
    case ARGP_KEY_NO_ARGS:
        return option_wrong("ID", "is missing");
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

error_t parse_one_id(int key, char *arg, struct argp_state *state)
{
    const struct id_list *list = state->input;

    if (key == ARGP_KEY_ARG && list->count == 1)
        return ARGP_ERR_UNKNOWN;
    return parse_ids(key, arg, state);
}

enum exit_code worse_code(enum exit_code a, enum exit_code b)
{
    static const enum exit_code order[] = {CODE_BACKEND, CODE_USAGE,
                                           CODE_UNKNOWN, CODE_FAILED};

    for (size_t i = 0; i < sizeof(order) / sizeof(order[0]); i++)
        if (a == order[i] || b == order[i])
            return order[i];
    return CODE_FINE;
}

error_t argument_queue(const char *word, struct bytes *out)
{
    *out = bytes_of(word);
    return queue_name_is_valid(*out)
               ? 0
               : option_bad_value("queue", word,
                                  "must match [a-z0-9][a-z0-9._-]{0,63}");
}

error_t argument_type(const char *word, struct bytes *out)
{
    *out = bytes_of(word);
    return type_name_is_valid(*out)
               ? 0
               : option_bad_value(
                     "type", word,
                     "must match [A-Za-z0-9][A-Za-z0-9._:-]{0,127}");
}

error_t argument_state(const char *word, enum task_state *out)
{
    return task_state_from(bytes_of(word), out)
               ? 0
               : option_bad_value(
                     "state", word,
                     "must be scheduled, ready, active, retry, done "
                     "or dead");
}

error_t argument_reason(const char *word, enum reason *out)
{
    return reason_from(bytes_of(word), out) && *out != REASON_NONE
               ? 0
               : option_bad_value(
                     "reason", word,
                     "must be exhausted, rejected, expired or lost");
}

enum status record_room_open(struct arena *out, struct error *err)
{
    char *room = malloc(RECORD_ROOM);

    if (!room)
        return error_set(err, STATUS_NO_MEMORY, NULL, "no memory for tasks");
    *out = (struct arena){.base = room, .size = RECORD_ROOM};
    return STATUS_OK;
}

void record_room_close(struct arena *mem)
{
    free(mem->base);
    *mem = (struct arena){0};
}
