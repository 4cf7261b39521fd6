#include "usecase/task_filter.h"

bool task_filter_wants_state(const struct task_filter *filter,
                             enum task_state state)
{
    if (filter->has_state && filter->state != state)
        return false;
    if (filter->reason != REASON_NONE && state != TASK_DEAD)
        return false;
    return filter->before_ms <= 0 || state == TASK_DONE || state == TASK_DEAD;
}

bool task_filter_wants(const struct task_filter *filter, struct bytes type,
                       enum reason reason, int64_t finished_at_ms)
{
    if (filter->type.at && !bytes_equal(filter->type, type))
        return false;
    if (filter->reason != REASON_NONE && filter->reason != reason)
        return false;
    return filter->before_ms <= 0 || finished_at_ms < filter->before_ms;
}
