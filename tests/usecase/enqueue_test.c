/*
 * enqueue_test.c - what becomes of a producer's wishes.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "tests/usecase/world.h"

static struct world w;

static void open_world(void)
{
    world_open(&w);
}

static void close_world(void)
{
    world_close(&w);
}

TestSuite(enqueue, .init = open_world, .fini = close_world);

Test(enqueue, a_task_is_ready_at_once_with_an_id_of_its_time)
{
    struct task_spec const spec = work();

    struct task_id const id = world_enqueue(&w, &spec);

    bool found;
    struct task_record const r = world_find(&w, &id, &found);
    cr_assert(eq(int, r.state, TASK_READY));
    cr_assert(eq(i64, task_id_time_ms(&id), clock_now_ms(w.clock)));
    cr_assert(eq(i64, r.task.created_at_ms, clock_now_ms(w.clock)));
}

Test(enqueue, a_delay_counts_from_now)
{
    struct task_spec spec = work();
    spec.delay_ms = 5000;

    struct task_id const id = world_enqueue(&w, &spec);

    bool found;
    struct task_record const r = world_find(&w, &id, &found);
    cr_assert(eq(int, r.state, TASK_SCHEDULED));
    cr_assert(eq(i64, r.task.run_at_ms, clock_now_ms(w.clock) + 5000));
}

Test(enqueue, progress_that_a_producer_claims_is_ignored)
{
    struct task_spec spec = work();
    spec.task.attempt = 7;
    spec.task.crashes = 2;
    spec.task.created_at_ms = 1;

    struct task_id const id = world_enqueue(&w, &spec);

    bool found;
    struct task_record const r = world_find(&w, &id, &found);
    cr_assert(eq(i32, r.task.attempt, 0));
    cr_assert(eq(i32, r.task.crashes, 0));
    cr_assert(eq(i64, r.task.created_at_ms, clock_now_ms(w.clock)));
}

Test(enqueue, a_batch_with_one_wrong_task_stores_none_and_says_which)
{
    struct task_spec specs[3] = {work(), work(), work()};
    struct new_task room[3];
    struct enqueued results[3];
    size_t culprit = 99;
    specs[1].task.max_attempts = 0;

    enum status const st =
        enqueue(&w.producer, specs, 3, room, results, &culprit, &w.err);

    cr_assert(eq(int, st, STATUS_INVALID));
    cr_assert(eq(sz, culprit, 1));
    cr_assert(eq(str, (char *)w.err.field, "max_attempts"));
    struct queue_stats row;
    size_t n = 0;
    cr_assert(
        eq(int, admin_stats(w.admin, 0, (struct bytes){0}, 1, &row, &n, &w.err),
           0));
    cr_assert(eq(sz, n, 0));
}

Test(enqueue, delay_and_run_at_exclude_each_other)
{
    struct task_spec spec = work();
    spec.delay_ms = 1;
    spec.task.run_at_ms = 1;

    cr_assert(eq(int, task_spec_validate(&spec, &w.err), STATUS_INVALID));
    cr_assert(eq(str, (char *)w.err.field, "delay_ms"));
}

Test(enqueue, a_negative_delay_is_refused)
{
    struct task_spec spec = work();
    spec.delay_ms = -1;

    cr_assert(eq(int, task_spec_validate(&spec, &w.err), STATUS_INVALID));
}

Test(enqueue, again_after_a_lost_answer_adds_nothing)
{
    struct task_spec const spec = work();
    struct new_task room;
    struct enqueued first, second;
    struct queue_port inner = w.producer.queue;
    cr_assert(eq(int, faulty_queue_open(inner, &w.producer.queue, &w.err), 0));
    faulty_queue_fail(w.producer.queue, QUEUE_ENQUEUE, FAULT_AFTER, 0, 1,
                      STATUS_UNAVAILABLE);
    cr_assert(eq(int,
                 enqueue(&w.producer, &spec, 1, &room, &first, NULL, &w.err),
                 STATUS_UNAVAILABLE));

    cr_assert(
        eq(int, enqueue_again(&w.producer, 1, &room, &second, &w.err), 0));

    struct queue_stats row;
    size_t n = 0;
    cr_assert(
        eq(int, admin_stats(w.admin, 0, (struct bytes){0}, 1, &row, &n, &w.err),
           0));
    cr_assert(eq(i64, row.waiting[TASK_READY], 1));
    cr_assert(eq(str, second.id.text, room.task.id.text));
}
