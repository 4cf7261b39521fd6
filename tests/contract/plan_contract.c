/*
 * plan_contract.c - which queue a lease takes from.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/contract/fixture.h"

/* How many of f->leases[n] are of queue. */
static size_t count_of(const struct fixture *f, size_t n, const char *queue)
{
    size_t count = 0;

    for (size_t i = 0; i < n; i++)
        count += bytes_is(f->leases[i].task.queue, queue);
    return count;
}

/* Leases max at turn; how many there were. */
static size_t lease_at_turn(struct fixture *f, const struct queue_plan *plan,
                            uint64_t turn, size_t max)
{
    struct lease_request req = a_request(f, "*");
    size_t count = 0;
    req.plan = plan;
    req.turn = turn;
    req.max = max;

    enum status const st =
        queue_lease(f->queue, &req, &f->mem, f->leases, &count, &f->err);
    THEN(st == STATUS_OK || st == STATUS_EMPTY);
    return count;
}

static struct queue_plan weighted(struct fixture *f, const char *text)
{
    struct queue_plan plan;

    THEN(eq(int, queue_plan_parse_weighted(bytes_of(text), &plan, &f->err),
            STATUS_OK));
    return plan;
}

static struct queue_plan strict(struct fixture *f, const char *text)
{
    struct queue_plan plan;

    THEN(eq(int, queue_plan_parse_strict(bytes_of(text), &plan, &f->err),
            STATUS_OK));
    return plan;
}

CONTRACT(plan, weights_share_the_leases_of_one_call)
{
    struct queue_plan const plan = weighted(f, "a=6,b=3,c=1");
    given_tasks(f, "a", 20, NULL);
    given_tasks(f, "b", 20, NULL);
    given_tasks(f, "c", 20, NULL);

    THEN(eq(sz, lease_at_turn(f, &plan, 0, 10), 10));

    THEN(eq(sz, count_of(f, 10, "a"), 6));
    THEN(eq(sz, count_of(f, 10, "b"), 3));
    THEN(eq(sz, count_of(f, 10, "c"), 1));
}

CONTRACT(plan, weights_share_many_single_leases)
{
    struct queue_plan const plan = weighted(f, "a=6,b=3,c=1");
    size_t a = 0;
    size_t b = 0;
    size_t c = 0;
    given_tasks(f, "a", 50, NULL);
    given_tasks(f, "b", 50, NULL);
    given_tasks(f, "c", 50, NULL);

    for (uint64_t turn = 0; turn < 50; turn++) {
        THEN(eq(sz, lease_at_turn(f, &plan, turn, 1), 1));
        a += count_of(f, 1, "a");
        b += count_of(f, 1, "b");
        c += count_of(f, 1, "c");
    }

    THEN(eq(sz, a, 30));
    THEN(eq(sz, b, 15));
    THEN(eq(sz, c, 5));
}

CONTRACT(plan, what_a_queue_can_not_fill_the_next_may)
{
    struct queue_plan const plan = weighted(f, "a=6,b=3,c=1");
    given_tasks(f, "a", 2, NULL);
    given_tasks(f, "c", 20, NULL);

    THEN(eq(sz, lease_at_turn(f, &plan, 0, 10), 10));

    THEN(eq(sz, count_of(f, 10, "a"), 2));
    THEN(eq(sz, count_of(f, 10, "c"), 8));
}

CONTRACT(plan, the_turn_of_an_empty_queue_goes_to_another)
{
    struct queue_plan const plan = weighted(f, "a=6,b=3,c=1");
    given_tasks(f, "b", 10, NULL);

    for (uint64_t turn = 0; turn < 10; turn++)
        THEN(eq(sz, lease_at_turn(f, &plan, turn, 1), 1));
}

CONTRACT(plan, strict_takes_from_the_first_while_it_has_any)
{
    struct queue_plan const plan = strict(f, "b,a,c");
    given_tasks(f, "c", 3, NULL);
    given_tasks(f, "a", 3, NULL);
    given_tasks(f, "b", 3, NULL);

    for (uint64_t turn = 0; turn < 9; turn++) {
        static const char *const order[3] = {"b", "a", "c"};
        THEN(eq(sz, lease_at_turn(f, &plan, turn, 1), 1));
        THEN(IS_BYTES(f->leases[0].task.queue, bytes_of(order[turn / 3])));
    }
}

CONTRACT(plan, strict_fills_one_call_in_its_order)
{
    struct queue_plan const plan = strict(f, "b,a,c");
    given_tasks(f, "c", 3, NULL);
    given_tasks(f, "a", 3, NULL);
    given_tasks(f, "b", 3, NULL);

    THEN(eq(sz, lease_at_turn(f, &plan, 5, 5), 5));

    THEN(eq(sz, count_of(f, 5, "b"), 3));
    THEN(eq(sz, count_of(f, 5, "a"), 2));
}

CONTRACT(plan, strict_comes_before_priority)
{
    struct queue_plan const plan = strict(f, "b,a");
    struct new_task high = a_task(f, "a");
    high.task.priority = PRIORITY_HIGH;
    given(f, &high);
    struct new_task low = a_task(f, "b");
    low.task.priority = PRIORITY_LOW;
    given(f, &low);

    THEN(eq(sz, lease_at_turn(f, &plan, 0, 1), 1));

    THEN(IS_BYTES(f->leases[0].task.queue, BYTES("b")));
}

CONTRACT(plan, every_takes_from_all_queues_alike)
{
    struct queue_plan const plan = {.kind = PLAN_EVERY};
    given_tasks(f, "a", 20, NULL);
    given_tasks(f, "b", 20, NULL);
    given_tasks(f, "c", 20, NULL);

    THEN(eq(sz, lease_at_turn(f, &plan, 0, 9), 9));

    THEN(eq(sz, count_of(f, 9, "a"), 3));
    THEN(eq(sz, count_of(f, 9, "b"), 3));
    THEN(eq(sz, count_of(f, 9, "c"), 3));
}

CONTRACT(plan, every_finds_queues_made_after_it_looked)
{
    struct queue_plan const plan = {.kind = PLAN_EVERY};
    struct queue_port other = another_queue(f);
    THEN(eq(sz, lease_at_turn(f, &plan, 0, 1), 0));
    struct new_task const task = a_task(f, "new");
    struct enqueued result;
    THEN(eq(int, queue_enqueue(other, f->now_ms, &task, 1, &result, &f->err),
            STATUS_OK));

    /* It may take a moment, so this one waits. */
    struct lease_request req = a_request(f, "*");
    size_t count;
    req.until_ms = f->now_ms + PATIENCE_MS;
    THEN(eq(int,
            queue_lease(f->queue, &req, &f->mem, f->leases, &count, &f->err),
            STATUS_OK));

    THEN(IS_BYTES(f->leases[0].task.queue, BYTES("new")));
    queue_close(other);
}

CONTRACT(plan, a_named_queue_may_come_later)
{
    struct queue_plan const plan = weighted(f, "a=2,later=1");
    THEN(eq(sz, lease_at_turn(f, &plan, 0, 1), 0));

    given_a_task(f, "later");

    THEN(eq(sz, lease_at_turn(f, &plan, 1, 1), 1));
}

CONTRACT(plan, many_queues_are_all_served)
{
    enum { QUEUES = 100 };
    struct queue_plan const plan = {.kind = PLAN_EVERY};
    char name[16];
    bool has_come[QUEUES] = {false};
    for (int i = 0; i < QUEUES; i++) {
        snprintf(name, sizeof(name), "queue-%d", i);
        given_tasks(f, name, 2, NULL);
    }

    size_t total = 0;
    size_t count;
    while ((count = lease_at_turn(f, &plan, total, 64)) > 0) {
        for (size_t i = 0; i < count; i++)
            has_come[atoi(f->leases[i].task.queue.at + 6)] = true;
        total += count;
    }

    THEN(eq(sz, total, 2 * QUEUES));
    for (int i = 0; i < QUEUES; i++)
        THEN(has_come[i] == true);
}
