/*
 * queue_plan_test.c - each queue gets its share, in a fair order.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "domain/queue_plan.h"
#include "domain/text.h"
#include "tests/random.h"
#include "tests/table.h"

#define MANY 5000

static struct error err;

static struct queue_plan weighted(const char *text)
{
    struct queue_plan plan;
    cr_assert(eq(int, queue_plan_parse_weighted(bytes_of(text), &plan, &err),
                 STATUS_OK),
              "%s", err.text);
    return plan;
}

static struct queue_plan strict(const char *text)
{
    struct queue_plan plan;
    cr_assert(eq(int, queue_plan_parse_strict(bytes_of(text), &plan, &err),
                 STATUS_OK),
              "%s", err.text);
    return plan;
}

/* All queues of the plan, last one first: the order must not matter. */
static size_t names_of(const struct queue_plan *plan, struct bytes *names)
{
    for (size_t i = 0; i < plan->count; i++)
        names[i] = bytes_of(plan->queues[plan->count - 1 - i].name);
    return plan->count;
}

static void assert_fair(size_t max, size_t n, const size_t *quota,
                        const size_t *order)
{
    static bool is_seen[MANY];
    size_t sum = 0;

    memset(is_seen, 0, sizeof(is_seen));
    for (size_t i = 0; i < n; i++) {
        sum += quota[i];
        cr_assert(lt(sz, order[i], n));
        cr_assert(not(is_seen[order[i]]), "%zu is in order twice", order[i]);
        is_seen[order[i]] = true;
    }
    cr_assert(eq(sz, sum, max));
    if (max > 0)
        cr_assert(gt(sz, quota[order[0]], 0), "who is first gets nothing");
}

Test(queue_plan, turns_fall_as_the_table_says)
{
    struct table t = table_read("turns.tsv", 2);

    for (size_t i = 0; i < t.count; i++) {
        struct queue_plan const plan = weighted(t.rows[i].cells[0]);
        const char *turns = t.rows[i].cells[1];
        struct bytes names[PLAN_QUEUES_MAX];
        size_t const n = names_of(&plan, names);
        size_t quota[PLAN_QUEUES_MAX];
        size_t order[PLAN_QUEUES_MAX];

        for (size_t turn = 0; turn < 3 * strlen(turns); turn++) {
            queue_plan_share(&plan, turn, 1, names, n, quota, order);
            assert_fair(1, n, quota, order);
            cr_assert(
                eq(chr, names[order[0]].at[0], turns[turn % strlen(turns)]),
                "line %d, turn %zu", t.rows[i].line, turn);
        }
    }
    table_release(&t);
}

Test(queue_plan, as_many_turns_as_weights_give_each_queue_exactly_its_weight)
{
    struct random_source random = random_seeded(10);

    for (int i = 0; i < 300; i++) {
        struct queue_plan plan = {.kind = PLAN_WEIGHTED};
        size_t sum = 0;
        plan.count = 1 + random_next(&random) % PLAN_QUEUES_MAX;
        for (size_t k = 0; k < plan.count; k++) {
            snprintf(plan.queues[k].name, sizeof(plan.queues[k].name), "q%zu",
                     k);
            plan.queues[k].weight =
                1 + (uint32_t)(random_next(&random) % WEIGHT_MAX >>
                               random_next(&random) % 10);
            sum += plan.queues[k].weight;
        }
        struct bytes names[PLAN_QUEUES_MAX];
        size_t const n = names_of(&plan, names);
        size_t got[PLAN_QUEUES_MAX] = {0};
        size_t quota[PLAN_QUEUES_MAX];
        size_t order[PLAN_QUEUES_MAX];

        uint64_t turn = random_next(&random) >> 1;
        for (size_t left = sum; left > 0;) {
            size_t const max = 1 + random_next(&random) % left;
            queue_plan_share(&plan, turn, max, names, n, quota, order);
            assert_fair(max, n, quota, order);
            for (size_t k = 0; k < n; k++)
                got[k] += quota[k];
            turn += max;
            left -= max;
        }

        for (size_t k = 0; k < n; k++)
            cr_assert(eq(sz, got[k], plan.queues[n - 1 - k].weight), "case %d",
                      i);
    }
}

static void assert_turns_add_up(const struct queue_plan *plan,
                                const struct bytes *names, size_t n)
{
    size_t quota[PLAN_QUEUES_MAX];
    size_t order[PLAN_QUEUES_MAX];

    for (uint64_t turn = 0; turn < 40; turn++) {
        size_t sum[PLAN_QUEUES_MAX] = {0};
        for (size_t max = 1; max < 60; max++) {
            queue_plan_share(plan, turn + max - 1, 1, names, n, quota, order);
            for (size_t k = 0; k < n; k++)
                sum[k] += quota[k];
            queue_plan_share(plan, turn, max, names, n, quota, order);
            for (size_t k = 0; k < n; k++)
                cr_assert(eq(sz, quota[k], sum[k]));
        }
    }
}

Test(queue_plan, many_turns_at_once_are_the_single_turns_added_up)
{
    struct queue_plan const by_weight = weighted("a=6,b=3,c=1,d=7,e=2");
    struct queue_plan const every = {.kind = PLAN_EVERY};
    struct bytes names[PLAN_QUEUES_MAX];
    size_t const n = names_of(&by_weight, names);

    assert_turns_add_up(&by_weight, names, n);
    assert_turns_add_up(&every, names, n);
}

/* "b" and "c" share what "a" leaves by their own weights, near enough. */
Test(queue_plan, turns_of_an_empty_queue_go_to_the_others_by_weight)
{
    struct queue_plan const plan = weighted("a=60,b=30,c=10");
    struct bytes const names[] = {BYTES("a"), BYTES("b"), BYTES("c")};
    size_t quota[3];
    size_t order[3];
    int second[3] = {0};

    for (uint64_t turn = 0; turn < 100; turn++) {
        queue_plan_share(&plan, turn, 1, names, 3, quota, order);
        if (order[0] == 0)
            second[order[1]]++;
    }

    cr_assert(second[1] >= 40 && second[2] >= 10, "b %d, c %d", second[1],
              second[2]);
}

Test(queue_plan, weights_count_among_the_queues_there_are)
{
    struct queue_plan const plan = weighted("a=6,b=3,c=1");
    struct bytes const names[] = {BYTES("c"), BYTES("b")};
    size_t quota[2];
    size_t order[2];

    queue_plan_share(&plan, 17, 8, names, 2, quota, order);

    cr_assert(eq(sz, quota[0], 2));
    cr_assert(eq(sz, quota[1], 6));
}

Test(queue_plan, every_gives_all_queues_the_same)
{
    static struct bytes names[MANY];
    static size_t quota[MANY];
    static size_t order[MANY];
    struct queue_plan const plan = {.kind = PLAN_EVERY};
    static const size_t ns[] = {1, 2, 3, 4, 5, 10, 64, 65, 1000, MANY};

    for (size_t i = 0; i < sizeof(ns) / sizeof(ns[0]); i++) {
        size_t const n = ns[i];
        static size_t got[MANY];
        memset(got, 0, sizeof(got));
        for (uint64_t turn = 7; turn < 7 + n; turn++) {
            if (n > 100 && turn > 17)
                break;
            queue_plan_share(&plan, turn, 1, names, n, quota, order);
            assert_fair(1, n, quota, order);
            cr_assert(eq(sz, got[order[0]]++, 0), "turn %zu of %zu",
                      (size_t)turn, n);
        }
        queue_plan_share(&plan, 3, 2 * n + n / 2, names, n, quota, order);
        assert_fair(2 * n + n / 2, n, quota, order);
        for (size_t k = 0; k < n; k++)
            cr_assert(eq(sz, quota[order[k]], 2 + (k < n / 2)));
    }
}

Test(queue_plan, strict_gives_all_to_the_first_and_keeps_the_order)
{
    struct queue_plan const plan = strict("a,b,c,d");
    struct bytes const names[] = {BYTES("d"), BYTES("b"), BYTES("c")};
    size_t quota[3];
    size_t order[3];

    for (uint64_t turn = 0; turn < 5; turn++) {
        queue_plan_share(&plan, turn, 9, names, 3, quota, order);
        cr_assert(eq(sz, quota[0], 0));
        cr_assert(eq(sz, quota[1], 9));
        cr_assert(eq(sz, quota[2], 0));
        cr_assert(eq(sz, order[0], 1));
        cr_assert(eq(sz, order[1], 2));
        cr_assert(eq(sz, order[2], 0));
    }
}

Test(queue_plan, a_turn_that_wraps_and_no_queue_at_all_are_fine)
{
    struct queue_plan const plan = weighted("a=6,b=3,c=1");
    struct bytes const names[] = {BYTES("a"), BYTES("b"), BYTES("c")};
    size_t quota[3];
    size_t order[3];

    queue_plan_share(&plan, UINT64_MAX, 1000, names, 3, quota, order);
    assert_fair(1000, 3, quota, order);
    queue_plan_share(&plan, 0, 1000, NULL, 0, NULL, NULL);
}

Test(queue_plan, bad_texts_are_refused_with_the_reason)
{
    struct table t = table_read("plans_bad.tsv", 3);

    for (size_t i = 0; i < t.count; i++) {
        const char *const *cell = t.rows[i].cells;
        struct queue_plan plan = {.kind = PLAN_EVERY};
        struct bytes const text = bytes_of(cell[0]);

        enum status const st =
            strcmp(cell[1], "strict") == 0
                ? queue_plan_parse_strict(text, &plan, &err)
                : queue_plan_parse_weighted(text, &plan, &err);

        cr_assert(eq(int, st, STATUS_INVALID), "%s", cell[0]);
        cr_assert(eq(str, err.text, (char *)cell[2]));
        cr_assert(eq(str, (char *)err.field, "queues"));
        cr_assert(eq(sz, plan.count, 0));
    }
    table_release(&t);
}

Test(queue_plan, sixty_four_queues_are_the_most)
{
    char text[64 * 8 + 8];
    struct text t = text_in(text, sizeof(text));
    for (int i = 0; i < 64; i++) {
        text_add(&t, i > 0 ? ",q" : "q");
        text_add_int(&t, i);
    }
    cr_assert(eq(sz, strict(text).count, 64));

    struct queue_plan plan;
    text_add(&t, ",z");
    cr_assert(eq(int, queue_plan_parse_strict(bytes_of(text), &plan, &err),
                 STATUS_INVALID));
    cr_assert(eq(str, err.text, "queues: more than 64"));
}

Test(queue_plan, plans_are_written_as_they_are_read)
{
    char text[64];
    struct queue_plan const by_weight = weighted("a=6,b,c=1");
    struct queue_plan const in_order = strict("a,b");
    struct queue_plan const every = {.kind = PLAN_EVERY};

    struct text t = text_in(text, sizeof(text));
    queue_plan_add(&t, &by_weight);
    cr_assert(eq(str, text, "a=6,b=1,c=1"));
    t = text_in(text, sizeof(text));
    queue_plan_add(&t, &in_order);
    cr_assert(eq(str, text, "a,b"));
    t = text_in(text, sizeof(text));
    queue_plan_add(&t, &every);
    cr_assert(eq(str, text, "*"));
}

Test(queue_plan, a_plan_has_its_queues_and_every_has_all)
{
    struct queue_plan const plan = weighted("a=6,b=3");
    struct queue_plan const every = {.kind = PLAN_EVERY};

    cr_assert(queue_plan_has(&plan, BYTES("b")));
    cr_assert(not(queue_plan_has(&plan, BYTES("c"))));
    cr_assert(not(queue_plan_has(&plan, BYTES(""))));
    cr_assert(queue_plan_has(&every, BYTES("c")));
}
