#include "domain/queue_plan.h"

#include <assert.h>

#include "domain/task.h"
#include "domain/text.h"

static const char field[] = "queues";

static enum status too_many(struct error *err)
{
    _Static_assert(PLAN_QUEUES_MAX == 64, "the message says 64");
    return error_set(err, STATUS_INVALID, field, "queues: more than 64");
}

/* The plan's index of queue; count: not there. */
static size_t index_in(const struct queue_plan *plan, struct bytes queue)
{
    size_t i = 0;

    while (i < plan->count && !bytes_is(queue, plan->queues[i].name))
        i++;
    return i;
}

static enum status add_queue(struct queue_plan *plan, struct bytes name,
                             int64_t weight, struct error *err)
{
    if (!queue_name_is_valid(name))
        return error_bad_text(err, field, "name", name,
                              "must match [a-z0-9][a-z0-9._-]{0,63}");
    if (index_in(plan, name) < plan->count)
        return error_bad_text(err, field, "name", name, "given twice");
    if (plan->count == PLAN_QUEUES_MAX)
        return too_many(err);

    memcpy(plan->queues[plan->count].name, name.at, name.len);
    plan->queues[plan->count].weight = (uint32_t)weight;
    plan->count++;
    return STATUS_OK;
}

/* One NAME or, if it may have one, NAME=WEIGHT. */
static enum status add_item(struct queue_plan *plan, struct bytes item,
                            struct error *err)
{
    struct bytes name = item;
    int64_t weight = 1;
    const char *sign = NULL;

    if (plan->kind == PLAN_WEIGHTED && item.len > 0)
        sign = memchr(item.at, '=', item.len);
    if (sign) {
        name.len = (size_t)(sign - item.at);
        struct bytes const digits = {sign + 1, item.len - name.len - 1};
        _Static_assert(WEIGHT_MAX == 1000, "the message says 1000");
        if (!text_read_int(digits, WEIGHT_MAX, &weight) || weight < 1)
            return error_bad_text(err, field, "weight", digits,
                                  "must be 1 to 1000");
    }
    return add_queue(plan, name, weight, err);
}

static enum status parse(struct bytes text, enum plan_kind kind,
                         struct queue_plan *out, struct error *err)
{
    struct queue_plan plan = {.kind = kind};
    struct bytes rest = text;

    if (text.len == 0)
        return error_set(err, STATUS_INVALID, field, "queues: none named");
    for (;;) {
        const char *comma =
            rest.len > 0 ? memchr(rest.at, ',', rest.len) : NULL;
        size_t const len = comma ? (size_t)(comma - rest.at) : rest.len;

        enum status const st =
            add_item(&plan, (struct bytes){rest.at, len}, err);
        if (st != STATUS_OK)
            return st;
        if (!comma)
            break;
        rest = (struct bytes){comma + 1, rest.len - len - 1};
    }
    *out = plan;
    return STATUS_OK;
}

enum status queue_plan_parse_weighted(struct bytes text, struct queue_plan *out,
                                      struct error *err)
{
    return parse(text, PLAN_WEIGHTED, out, err);
}

enum status queue_plan_parse_strict(struct bytes text, struct queue_plan *out,
                                    struct error *err)
{
    return parse(text, PLAN_STRICT, out, err);
}

bool queue_plan_has(const struct queue_plan *plan, struct bytes queue)
{
    return plan->kind == PLAN_EVERY || index_in(plan, queue) < plan->count;
}

void queue_plan_add(struct text *t, const struct queue_plan *plan)
{
    if (plan->kind == PLAN_EVERY)
        text_add(t, "*");
    for (size_t i = 0; i < plan->count; i++) {
        if (i > 0)
            text_add(t, ",");
        text_add(t, plan->queues[i].name);
        if (plan->kind == PLAN_WEIGHTED) {
            text_add(t, "=");
            text_add_int(t, plan->queues[i].weight);
        }
    }
}
