/*
 * doubles_test.c - stand-ins that tests rely on must be relied upon.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>

#include "adapters/doubles/faulty_queue.h"
#include "adapters/doubles/scripted_random.h"
#include "adapters/doubles/spy_metrics.h"
#include "adapters/doubles/virtual_clock.h"
#include "adapters/memory/memory_backend.h"

static struct error err;

Test(virtual_clock, it_stands_until_it_is_moved)
{
    struct clock_port clock;
    cr_assert(eq(int, virtual_clock_open(1000, &clock, &err), STATUS_OK));
    clock_port_check(clock);

    cr_assert(eq(i64, clock_now_ms(clock), 1000));
    cr_assert(eq(i64, clock_now_ms(clock), 1000));
    virtual_clock_advance(clock, 234);
    cr_assert(eq(i64, clock_now_ms(clock), 1234));
    virtual_clock_advance(clock, -1000);
    cr_assert(eq(i64, clock_now_ms(clock), 234));

    clock.ops->close(clock.self);
}

Test(scripted_random, it_says_its_script_first)
{
    uint64_t const script[] = {7, 0, UINT64_MAX};
    struct random_port random;
    cr_assert(
        eq(int, scripted_random_open(script, 3, 1, &random, &err), STATUS_OK));
    random_port_check(random);

    cr_assert(eq(u64, random_bits(random), 7));
    cr_assert(eq(u64, random_bits(random), 0));
    cr_assert(eq(u64, random_bits(random), UINT64_MAX));

    random.ops->close(random.self);
}

/* The first value of seed. */
static uint64_t first_of(uint64_t seed)
{
    struct random_port random;
    cr_assert(
        eq(int, scripted_random_open(NULL, 0, seed, &random, &err), STATUS_OK));

    uint64_t const value = random_bits(random);

    random.ops->close(random.self);
    return value;
}

Test(scripted_random, then_it_depends_on_the_seed_alone)
{
    cr_assert(eq(u64, first_of(1), first_of(1)));
    cr_assert(ne(u64, first_of(1), first_of(2)));
    /* The first number that splitmix64 is published to give for seed 0. */
    cr_assert(eq(u64, first_of(0), UINT64_C(0xe220a8397b1dcdaf)));
}

static void report(struct metrics_port spy, enum verdict_action action,
                   enum status status, bool is_reaped)
{
    struct lease lease = {.task = task_default()};
    struct verdict const verdict = {.action = action};
    lease.task.type = BYTES("email");
    lease.task.attempt = 3;
    struct attempt_report const told = {
        .lease = &lease,
        .verdict = &verdict,
        .status = status,
        .error = BYTES("no route"),
        .started_at_ms = 5,
        .ended_at_ms = 9,
        .is_reaped = is_reaped,
    };

    metrics_attempt_settled(spy, &told);
}

Test(spy_metrics, it_counts_and_keeps_what_it_was_told)
{
    struct metrics_port spy;
    cr_assert(eq(int, spy_metrics_open(&spy, &err), STATUS_OK));
    metrics_port_check(spy);
    cr_assert(eq(ptr, (void *)spy_metrics_latest(spy), NULL));

    report(spy, VERDICT_DONE, STATUS_OK, false);
    report(spy, VERDICT_DONE, STATUS_LEASE_LOST, false);
    report(spy, VERDICT_RETRY, STATUS_OK, true);

    const struct spy_record *record = spy_metrics_record(spy);
    cr_assert(eq(sz, record->attempts, 3));
    cr_assert(eq(sz, record->lost, 1));
    cr_assert(eq(sz, record->reaped, 1));
    cr_assert(eq(sz, record->by_action[VERDICT_DONE], 1));
    cr_assert(eq(sz, record->by_action[VERDICT_RETRY], 1));
    const struct spied_attempt *latest = spy_metrics_latest(spy);
    cr_assert(eq(str, (char *)latest->queue, "default"));
    cr_assert(eq(str, (char *)latest->type, "email"));
    cr_assert(eq(str, (char *)latest->error, "no route"));
    cr_assert(eq(int, latest->verdict.action, VERDICT_RETRY));
    cr_assert(eq(i32, latest->attempt, 3));
    cr_assert(eq(i64, latest->ended_at_ms, 9));
    spy.ops->close(spy.self);
}

Test(spy_metrics, it_keeps_the_latest_of_many)
{
    struct metrics_port spy;
    cr_assert(eq(int, spy_metrics_open(&spy, &err), STATUS_OK));

    for (int i = 0; i < 2 * SPY_REPORTS; i++)
        report(spy, VERDICT_DONE, STATUS_OK, false);
    report(spy, VERDICT_DEAD, STATUS_OK, false);

    cr_assert(eq(int, spy_metrics_latest(spy)->verdict.action, VERDICT_DEAD));
    cr_assert(eq(sz, spy_metrics_record(spy)->attempts, 2 * SPY_REPORTS + 1));
    spy.ops->close(spy.self);
}

Test(spy_metrics, it_counts_faults_of_the_backend)
{
    struct metrics_port spy;
    struct error const fault = {.text = "gone"};
    cr_assert(eq(int, spy_metrics_open(&spy, &err), STATUS_OK));

    metrics_backend_failed(spy, "lease", STATUS_UNAVAILABLE, &fault);
    metrics_backend_recovered(spy);

    const struct spy_record *record = spy_metrics_record(spy);
    cr_assert(eq(sz, record->failures, 1));
    cr_assert(eq(sz, record->recoveries, 1));
    cr_assert(eq(str, (char *)record->failed_op, "lease"));
    cr_assert(eq(int, record->failed_status, STATUS_UNAVAILABLE));
    cr_assert(eq(str, (char *)record->failed_text, "gone"));
    spy.ops->close(spy.self);
}

/* A faulty queue around one in memory. */
static struct backend_port backend;
static struct queue_port faulty;

static void given_a_faulty_queue(void)
{
    struct backend_url url;
    struct queue_port inner;

    cr_assert(
        eq(int, backend_url_parse(BYTES("memory:"), &url, &err), STATUS_OK));
    cr_assert(eq(int, memory_backend_open(&url, &backend, &err), STATUS_OK));
    cr_assert(eq(int, backend.ops->open_queue(backend.self, &inner, &err),
                 STATUS_OK));
    cr_assert(eq(int, faulty_queue_open(inner, &faulty, &err), STATUS_OK));
    queue_port_check(faulty);
}

static void end(void)
{
    queue_close(faulty);
    backend.ops->close(backend.self);
}

static enum status enqueue_one(struct enqueued *result)
{
    struct new_task task = {.task = task_default()};

    task_id_parse(BYTES("01ARZ3NDEKTSV4RRFFQ69G5FAV"), &task.task.id);
    task.task.type = BYTES("test");
    task.task.payload = BYTES("1");
    return queue_enqueue(faulty, 1000, &task, 1, result, &err);
}

static size_t promote_fails(size_t calls)
{
    size_t failures = 0;
    size_t moved;
    int64_t next_due_ms;

    for (size_t i = 0; i < calls; i++)
        failures += queue_promote(faulty, 1000, 10, &moved, &next_due_ms,
                                  &err) == STATUS_UNAVAILABLE;
    return failures;
}

Test(faulty_queue, it_does_all_that_the_inner_one_does)
{
    given_a_faulty_queue();
    struct enqueued result;

    cr_assert(eq(int, enqueue_one(&result), STATUS_OK));

    cr_assert(eq(int, result.state, TASK_READY));
    cr_assert(eq(sz, promote_fails(5), 0));
    cr_assert(eq(sz, faulty_queue_calls(faulty, QUEUE_ENQUEUE), 1));
    cr_assert(eq(sz, faulty_queue_calls(faulty, QUEUE_PROMOTE), 5));
    end();
}

Test(faulty_queue, a_fault_before_changes_nothing)
{
    given_a_faulty_queue();
    struct enqueued result;
    faulty_queue_fail(faulty, QUEUE_ENQUEUE, FAULT_BEFORE, 0, 1,
                      STATUS_UNAVAILABLE);

    cr_assert(eq(int, enqueue_one(&result), STATUS_UNAVAILABLE));

    cr_assert(ne(int, err.text[0], '\0'));
    cr_assert(eq(int, enqueue_one(&result), STATUS_OK));
    cr_assert(eq(int, result.is_duplicate, false));
    end();
}

Test(faulty_queue, a_fault_after_loses_only_the_answer)
{
    given_a_faulty_queue();
    struct enqueued result;
    faulty_queue_fail(faulty, QUEUE_ENQUEUE, FAULT_AFTER, 0, 1,
                      STATUS_UNAVAILABLE);

    cr_assert(eq(int, enqueue_one(&result), STATUS_UNAVAILABLE));

    cr_assert(eq(int, enqueue_one(&result), STATUS_OK));
    cr_assert(eq(int, result.is_duplicate, true));
    end();
}

Test(faulty_queue, faults_come_when_and_as_often_as_told)
{
    given_a_faulty_queue();
    faulty_queue_fail(faulty, QUEUE_PROMOTE, FAULT_AFTER, 2, 3,
                      STATUS_UNAVAILABLE);

    cr_assert(eq(sz, promote_fails(2), 0));
    cr_assert(eq(sz, promote_fails(3), 3));
    cr_assert(eq(sz, promote_fails(2), 0));
    end();
}

/* The lease of the task that enqueue_one made. */
static enum status lease_one(struct lease *lease)
{
    static char room[4096];
    static struct queue_plan const every = {.kind = PLAN_EVERY};
    struct arena mem = {.base = room, .size = sizeof(room)};
    struct lease_request const req = {
        .plan = &every,
        .max = 1,
        .lease_ms = 10,
        .worker = "w",
        .now_ms = 1000,
        .until_ms = 0,
        .wake = WAKE_NEVER,
    };
    size_t count;

    return queue_lease(faulty, &req, &mem, lease, &count, &err);
}

Test(faulty_queue, a_lost_lease_is_a_lease_that_nobody_has)
{
    given_a_faulty_queue();
    struct enqueued result;
    struct lease lease;
    cr_assert(eq(int, enqueue_one(&result), STATUS_OK));
    faulty_queue_fail(faulty, QUEUE_LEASE, FAULT_AFTER, 0, 1,
                      STATUS_UNAVAILABLE);

    cr_assert(eq(int, lease_one(&lease), STATUS_UNAVAILABLE));

    cr_assert(eq(int, lease_one(&lease), STATUS_EMPTY));
    end();
}

Test(faulty_queue, a_lost_settlement_is_carried_out)
{
    given_a_faulty_queue();
    struct enqueued result;
    struct lease lease;
    enum status settled = STATUS_OK;
    cr_assert(eq(int, enqueue_one(&result), STATUS_OK));
    cr_assert(eq(int, lease_one(&lease), STATUS_OK));
    struct settlement const item = {.lease = &lease,
                                    .verdict = {.action = VERDICT_DONE}};
    faulty_queue_fail(faulty, QUEUE_SETTLE, FAULT_AFTER, 0, 1,
                      STATUS_UNAVAILABLE);

    cr_assert(eq(int, queue_settle(faulty, 1000, &item, 1, &settled, &err),
                 STATUS_UNAVAILABLE));

    cr_assert(eq(int, queue_settle(faulty, 1000, &item, 1, &settled, &err),
                 STATUS_OK));
    cr_assert(eq(int, settled, STATUS_LEASE_LOST));
    end();
}
