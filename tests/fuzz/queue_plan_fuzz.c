/*
 * A plan that can be read writes as a text that reads as the same plan. From
 * any turn on, any of its queues share any number of tasks out: all of them,
 * looking at each queue once; and as many turns as the weights add up to give
 * each queue its weight.
 *
 * The first byte tells the kind, the next nine what is shared out.
 */
#include "domain/queue_plan.h"

#include "domain/text.h"
#include "tests/fuzz/fuzz.h"

static enum status parse(bool is_strict, struct bytes text,
                         struct queue_plan *out, struct error *err)
{
    return is_strict ? queue_plan_parse_strict(text, out, err)
                     : queue_plan_parse_weighted(text, out, err);
}

static void hold_for_text(const struct queue_plan *plan)
{
    char room[PLAN_QUEUES_MAX * (QUEUE_NAME_MAX + 8)];
    struct text text = text_in(room, sizeof(room));
    struct queue_plan again;
    struct error err;

    queue_plan_add(&text, plan);
    assert(!text.is_cut);
    assert(parse(plan->kind == PLAN_STRICT, bytes_of(text.at), &again, &err) ==
           STATUS_OK);
    assert(again.kind == plan->kind && again.count == plan->count);
    for (size_t i = 0; i < plan->count; i++) {
        assert(strcmp(again.queues[i].name, plan->queues[i].name) == 0);
        assert(again.queues[i].weight == plan->queues[i].weight);
        assert(queue_plan_has(plan, bytes_of(plan->queues[i].name)));
    }
}

static void hold_for_share(const struct queue_plan *plan, uint64_t turn,
                           size_t max, const struct bytes *names, size_t n)
{
    size_t quota[PLAN_QUEUES_MAX], order[PLAN_QUEUES_MAX];
    bool is_seen[PLAN_QUEUES_MAX] = {false};
    size_t sum = 0;

    queue_plan_share(plan, turn, max, names, n, quota, order);
    for (size_t i = 0; i < n; i++) {
        sum += quota[i];
        assert(order[i] < n && !is_seen[order[i]]);
        is_seen[order[i]] = true;
    }
    assert(n == 0 || sum == max);
}

static void hold_for_weights(const struct queue_plan *plan, uint64_t turn)
{
    struct bytes names[PLAN_QUEUES_MAX];
    size_t quota[PLAN_QUEUES_MAX], order[PLAN_QUEUES_MAX];
    size_t sum = 0;

    for (size_t i = 0; i < plan->count; i++) {
        names[i] = bytes_of(plan->queues[i].name);
        sum += plan->queues[i].weight;
    }
    queue_plan_share(plan, turn, sum, names, plan->count, quota, order);
    for (size_t i = 0; i < plan->count; i++)
        assert(plan->kind == PLAN_STRICT || quota[i] == plan->queues[i].weight);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes rest = input_of(data, size);
    bool const is_strict = input_byte(&rest) % 2;
    size_t const max = input_byte(&rest);
    uint64_t const turn = input_bits(&rest);
    struct bytes names[PLAN_QUEUES_MAX];
    struct queue_plan plan;
    struct error err;
    size_t n = 0;

    enum status const st = parse(is_strict, rest, &plan, &err);
    if (st != STATUS_OK) {
        assert(st == STATUS_INVALID && strcmp(err.field, "queues") == 0);
        return 0;
    }
    assert(plan.count >= 1 && plan.count <= PLAN_QUEUES_MAX);
    hold_for_text(&plan);
    for (size_t i = 0; i < plan.count; i++)
        if (turn >> i & 1)
            names[n++] = bytes_of(plan.queues[i].name);
    hold_for_share(&plan, turn, max, names, n);
    hold_for_weights(&plan, turn);
    return 0;
}
