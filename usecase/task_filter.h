/*
 * task_filter.h - which tasks a list keeps.
 *
 * Here once for all backends: what a filter means is no adapter's to say.
 */
#ifndef USECASE_TASK_FILTER_H
#define USECASE_TASK_FILTER_H

#include "domain/task.h"

/* All that are set must hold. */
struct task_filter {
    struct bytes queue; /* absent: any */
    struct bytes type;  /* absent: any */
    bool has_state;
    enum task_state state;
    enum reason reason; /* REASON_NONE: any; else only dead ones match */
    int64_t before_ms;  /* > 0: only dead or done ones that finished earlier */
};

/* Whether any task in state can match. */
bool task_filter_wants_state(const struct task_filter *filter,
                             enum task_state state);

/* Whether a task of the filter's queue, in a state that it wants, matches. */
bool task_filter_wants(const struct task_filter *filter, struct bytes type,
                       enum reason reason, int64_t finished_at_ms);

#endif
