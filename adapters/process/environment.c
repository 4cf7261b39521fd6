#include "adapters/process/environment.h"

#include <stdlib.h>
#include <unistd.h>

#include "adapters/json/json_value.h"
#include "domain/text.h"

enum variable {
    TASK_ID_VARIABLE,
    TASK_TYPE_VARIABLE,
    QUEUE_VARIABLE,
    ATTEMPT_VARIABLE,
    MAX_ATTEMPTS_VARIABLE,
    KEY_VARIABLE,
    FENCING_VARIABLE,
    TRACE_VARIABLE, /* the last one: not every task has it */
};
enum { VARIABLES = TRACE_VARIABLE + 1 };

static const char *const names[VARIABLES] = {
    [TASK_ID_VARIABLE] = "MILLRACE_TASK_ID",
    [TASK_TYPE_VARIABLE] = "MILLRACE_TASK_TYPE",
    [QUEUE_VARIABLE] = "MILLRACE_QUEUE",
    [ATTEMPT_VARIABLE] = "MILLRACE_ATTEMPT",
    [MAX_ATTEMPTS_VARIABLE] = "MILLRACE_MAX_ATTEMPTS",
    [KEY_VARIABLE] = "MILLRACE_KEY",
    [FENCING_VARIABLE] = "MILLRACE_FENCING_TOKEN",
    [TRACE_VARIABLE] = "TRACEPARENT",
};

/* Enough for all values but the key and the trace, whose lengths count too. */
enum { VALUES_ROOM = 1024 };

/* W3C Trace Context: 55 characters today, more in later versions. */
enum { TRACE_MAX = 512 };

static bool is_named(const char *variable, const char *name)
{
    size_t const len = strlen(name);

    return strncmp(variable, name, len) == 0 && variable[len] == '=';
}

static bool is_left_out(const char *variable)
{
    for (size_t i = 0; i < VARIABLES; i++)
        if (is_named(variable, names[i]))
            return true;
    return is_named(variable, "MILLRACE_TOKEN");
}

enum status environment_open(struct environment *e, struct error *err)
{
    size_t count = 0;

    while (environ && environ[count])
        count++;
    e->count = 0;
    e->base = calloc(count + 1, sizeof(*e->base));
    if (!e->base)
        return error_set(err, STATUS_NO_MEMORY, NULL,
                         "process: no room for the environment");
    for (size_t i = 0; i < count; i++)
        if (!is_left_out(environ[i]))
            e->base[e->count++] = environ[i];
    return STATUS_OK;
}

void environment_close(struct environment *e)
{
    free(e->base);
    *e = (struct environment){0};
}

/* The header traceparent, "" if there is none that could be one. */
static void read_trace(struct bytes headers, char out[TRACE_MAX + 1])
{
    struct json_walk walk;
    struct bytes name, value, trace;
    char room[TRACE_MAX + 1];
    struct arena mem = {room, 0, sizeof(room)};
    struct error err;

    out[0] = '\0';
    if (!headers.at || json_walk_begin(headers, "headers", &walk, &err) < 0)
        return;
    while (json_walk_next(&walk, &name, &value)) {
        struct json_member const m = {"traceparent", value};
        if (!bytes_is(name, "\"traceparent\"") ||
            json_read_string(m, &mem, &trace, &err) != STATUS_OK)
            continue;
        struct text line = text_in(out, TRACE_MAX + 1);
        text_add_bytes(&line, trace);
        if (line.is_cut)
            out[0] = '\0';
    }
}

static void add_fencing(struct text *t, uint64_t fencing)
{
    /* text_add_int ends at 2^63 */
    if (fencing >= 10)
        text_add_int(t, (int64_t)(fencing / 10));
    text_add_int(t, (int64_t)(fencing % 10));
}

static void add_value(struct text *t, enum variable v,
                      const struct lease *lease, const char *trace)
{
    const struct task *task = &lease->task;

    switch (v) {
    case TASK_ID_VARIABLE:
        text_add(t, task->id.text);
        break;
    case TASK_TYPE_VARIABLE:
        text_add_bytes(t, task->type);
        break;
    case QUEUE_VARIABLE:
        text_add_bytes(t, task->queue);
        break;
    case ATTEMPT_VARIABLE:
        text_add_int(t, task->attempt);
        break;
    case MAX_ATTEMPTS_VARIABLE:
        text_add_int(t, task->max_attempts);
        break;
    case KEY_VARIABLE:
        text_add_bytes(t, task->key);
        break;
    case FENCING_VARIABLE:
        add_fencing(t, lease->fencing);
        break;
    case TRACE_VARIABLE:
        text_add(t, trace);
        break;
    }
}

char **environment_of(const struct environment *e, const struct lease *lease)
{
    char trace[TRACE_MAX + 1] = "";
    read_trace(lease->task.headers, trace);
    size_t const set = trace[0] ? VARIABLES : VARIABLES - 1;
    size_t const pointers = (e->count + set + 1) * sizeof(char *);
    size_t const room = VALUES_ROOM + lease->task.key.len + TRACE_MAX;

    char **all = malloc(pointers + room);
    if (!all)
        return NULL;
    memcpy(all, e->base, e->count * sizeof(char *));

    char *at = (char *)all + pointers;
    char *const end = at + room;
    for (size_t i = 0; i < set; i++) {
        struct text line = text_in(at, (size_t)(end - at));
        text_add(&line, names[i]);
        text_add(&line, "=");
        add_value(&line, (enum variable)i, lease, trace);
        all[e->count + i] = at;
        at += line.len + 1;
    }
    all[e->count + set] = NULL;
    return all;
}
