#include "usecase/inspect.h"

#define ROWS 32

static bool has_open_tasks(const struct queue_stats *row)
{
    return row->waiting[TASK_SCHEDULED] > 0 || row->waiting[TASK_READY] > 0 ||
           row->waiting[TASK_ACTIVE] > 0 || row->waiting[TASK_RETRY] > 0;
}

static bool any_has_open_tasks(const struct queue_plan *plan,
                               const struct queue_stats *rows, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (queue_plan_has(plan, bytes_of(rows[i].queue)) &&
            has_open_tasks(&rows[i]))
            return true;
    return false;
}

enum status inspect_is_drained(struct admin_port admin, struct clock_port clock,
                               const struct queue_plan *plan, bool *is_drained,
                               struct error *err)
{
    struct queue_stats rows[ROWS];
    char last[QUEUE_NAME_MAX + 1] = "";
    size_t n = ROWS;

    while (n == ROWS) {
        struct bytes const after = {last[0] ? last : NULL, strlen(last)};
        enum status const st =
            admin_stats(admin, clock_now_ms(clock), after, ROWS, rows, &n, err);
        if (st < 0)
            return st;
        if (any_has_open_tasks(plan, rows, n)) {
            *is_drained = false;
            return STATUS_OK;
        }
        if (n > 0)
            memcpy(last, rows[n - 1].queue, sizeof(last));
    }
    *is_drained = true;
    return STATUS_OK;
}

static enum status purge_state(struct admin_port admin, struct clock_port clock,
                               struct bytes queue, enum task_state state,
                               size_t *removed, struct error *err)
{
    size_t n = ADMIN_EXAMINE_MAX;

    while (n == ADMIN_EXAMINE_MAX) {
        enum status const st = admin_purge(admin, clock_now_ms(clock), queue,
                                           state, ADMIN_EXAMINE_MAX, &n, err);
        if (st != STATUS_OK)
            return st;
        *removed += n;
    }
    return STATUS_OK;
}

enum status inspect_purge(struct admin_port admin, struct clock_port clock,
                          struct bytes queue, const enum task_state *state,
                          size_t *removed, struct error *err)
{
    static const enum task_state waiting[] = {TASK_SCHEDULED, TASK_READY,
                                              TASK_RETRY, TASK_DONE};
    size_t const n = sizeof(waiting) / sizeof(waiting[0]);

    *removed = 0;
    if (state)
        return purge_state(admin, clock, queue, *state, removed, err);
    for (size_t i = 0; i < n; i++) {
        enum status const st =
            purge_state(admin, clock, queue, waiting[i], removed, err);
        if (st != STATUS_OK)
            return st;
    }
    return STATUS_OK;
}
