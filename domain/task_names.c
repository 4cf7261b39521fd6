/*
 * task_names.c - the words for priorities, states and reasons, both ways.
 */
#include "domain/task.h"

static const char *const priority_names[PRIORITIES] = {
    [PRIORITY_HIGH] = "high",
    [PRIORITY_NORMAL] = "normal",
    [PRIORITY_LOW] = "low",
};

static const char *const state_names[TASK_STATES] = {
    [TASK_SCHEDULED] = "scheduled", [TASK_READY] = "ready",
    [TASK_ACTIVE] = "active",       [TASK_RETRY] = "retry",
    [TASK_DONE] = "done",           [TASK_DEAD] = "dead",
};

static const char *const reason_names[REASONS] = {
    [REASON_NONE] = "",
    [REASON_EXHAUSTED] = "exhausted",
    [REASON_REJECTED] = "rejected",
    [REASON_EXPIRED] = "expired",
    [REASON_LOST] = "lost",
};

/* The index of name in names[n]; n: not there. */
static size_t index_of(struct bytes name, const char *const *names, size_t n)
{
    size_t i = 0;

    while (i < n && !bytes_is(name, names[i]))
        i++;
    return i;
}

const char *priority_name(enum priority priority)
{
    return priority_names[priority];
}

const char *task_state_name(enum task_state state)
{
    return state_names[state];
}

const char *reason_name(enum reason reason)
{
    return reason_names[reason];
}

bool priority_from(struct bytes name, enum priority *out)
{
    size_t const i = index_of(name, priority_names, PRIORITIES);

    if (i == PRIORITIES)
        return false;
    *out = (enum priority)i;
    return true;
}

bool task_state_from(struct bytes name, enum task_state *out)
{
    size_t const i = index_of(name, state_names, TASK_STATES);

    if (i == TASK_STATES)
        return false;
    *out = (enum task_state)i;
    return true;
}

bool reason_from(struct bytes name, enum reason *out)
{
    size_t const i = index_of(name, reason_names, REASONS);

    if (i == REASONS)
        return false;
    *out = (enum reason)i;
    return true;
}
