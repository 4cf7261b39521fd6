#include "adapters/prometheus/registry.h"

#include <stdatomic.h>
#include <stdlib.h>

static const char *const op_names[BACKEND_OPS] = {
    [OP_ENQUEUE] = "enqueue", [OP_LEASE] = "lease",
    [OP_SETTLE] = "settle",   [OP_EXTEND] = "extend",
    [OP_PROMOTE] = "promote", [OP_TAKE_EXPIRED] = "take expired",
    [OP_STATS] = "stats",     [OP_WORKERS] = "workers",
    [OP_SCRUB] = "scrub",     [OP_OTHER] = "other",
};

enum status registry_open(struct registry **out, struct error *err)
{
    struct registry *r = calloc(1, sizeof(*r));

    if (!r)
        return error_set(err, STATUS_NO_MEMORY, NULL,
                         "prometheus: no room for metrics");
    series_table_init(&r->series);
    *out = r;
    return STATUS_OK;
}

void registry_close(struct registry *r)
{
    if (!r)
        return;
    series_table_release(&r->series);
    free(r);
}

void registry_count_error(struct registry *r, enum backend_op op)
{
    atomic_fetch_add_explicit(&r->errors[op], 1, memory_order_relaxed);
}

enum backend_op backend_op_from(const char *name)
{
    enum backend_op op = OP_ENQUEUE;

    while (op < OP_OTHER && strcmp(op_names[op], name) != 0)
        op++;
    return op;
}

const char *backend_op_name(enum backend_op op)
{
    return op_names[op];
}
