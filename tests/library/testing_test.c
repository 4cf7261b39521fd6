/*
 * testing_test.c - the kit for the tests of others.
 */
#include <millrace-testing.h>

#include "tests/library/workplace.h"

enum { DAY_MS = 24 * 3600 * 1000 };

static struct mr_testing *kit;

static void open_kit(void)
{
    FINE(mr_testing_open(&kit, &err));
    client = mr_testing_client(kit);
}

static void free_kit(void)
{
    mr_testing_free(kit);
}

TestSuite(testing, .init = open_kit, .fini = free_kit, .timeout = 60);

/* When each attempt was made, by the kit's clock. */
struct attempts {
    size_t count;
    int64_t at_ms[16];
};

static enum mr_outcome note_and_fail(struct mr_task *task, void *context)
{
    struct attempts *attempts = context;

    attempts->at_ms[attempts->count++] = mr_testing_now_ms(kit);
    return mr_task_retry(task, "not today");
}

Test(testing, a_backoff_of_three_days_takes_no_time)
{
    struct mr_task_spec const spec = {
        .type = "a",
        .max_attempts = 4,
        .backoff = MR_BACKOFF_CONSTANT,
        .jitter = MR_JITTER_NONE,
        .backoff_base_ms = DAY_MS,
        .backoff_max_ms = DAY_MS,
    };
    struct attempts attempts = {0};
    struct mr_enqueued added;
    size_t ran;
    FINE(mr_testing_handle(kit, "a", note_and_fail, &attempts, &err));
    FINE(mr_enqueue(client, &spec, &added, &err));
    int64_t const start_ms = mr_testing_now_ms(kit);

    FINE(mr_testing_advance(kit, 3 * (int64_t)DAY_MS, &ran, &err));

    cr_assert(eq(sz, ran, 4));
    for (int64_t i = 0; i < 4; i++)
        cr_assert(eq(i64, attempts.at_ms[i], start_ms + i * DAY_MS));
    cr_assert(state_of(added.id) == MR_STATE_DEAD);
    cr_assert(eq(i64, mr_testing_now_ms(kit), start_ms + 3 * (int64_t)DAY_MS));
}

static enum mr_outcome nothing(struct mr_task *task, void *context)
{
    (void)task;
    (void)context;
    return MR_DONE;
}

Test(testing, draining_runs_what_is_ready_and_no_more)
{
    struct mr_task_spec const later = {.type = "a", .delay_ms = 1};
    struct mr_enqueued waiting;
    size_t ran;
    FINE(mr_testing_handle(kit, "a", nothing, NULL, &err));
    for (int i = 0; i < 5; i++)
        given("a");
    FINE(mr_enqueue(client, &later, &waiting, &err));

    FINE(mr_testing_drain(kit, &ran, &err));
    cr_assert(eq(sz, ran, 5));
    cr_assert(state_of(waiting.id) == MR_STATE_SCHEDULED);
    FINE(mr_testing_drain(kit, &ran, &err));
    cr_assert(eq(sz, ran, 0));

    FINE(mr_testing_advance(kit, 1, &ran, &err));
    cr_assert(eq(sz, ran, 1));
}

static enum mr_outcome beget(struct mr_task *task, void *context)
{
    int *left = context;
    struct mr_task_spec const spec = {.type = "beget", .delay_ms = DAY_MS};
    (void)task;

    return --*left > 0 && mr_enqueue(client, &spec, NULL, NULL) != MR_OK
               ? MR_REJECT
               : MR_DONE;
}

Test(testing, what_a_handler_adds_runs_when_it_is_due)
{
    int left = 10;
    size_t ran;
    FINE(mr_testing_handle(kit, "beget", beget, &left, &err));
    given("beget");

    FINE(mr_testing_advance(kit, 20 * (int64_t)DAY_MS, &ran, &err));

    cr_assert(eq(sz, ran, 10));
}

static enum mr_outcome take_an_hour(struct mr_task *task, void *context)
{
    (void)task;
    (void)context;
    mr_testing_pass(kit, 3600000);
    return MR_DONE;
}

Test(testing, a_handler_may_take_time)
{
    int64_t const start_ms = mr_testing_now_ms(kit);
    FINE(mr_testing_handle(kit, "a", take_an_hour, NULL, &err));
    const char *id = given("a");

    FINE(mr_testing_drain(kit, NULL, &err));

    cr_assert(state_of(id) == MR_STATE_DONE);
    cr_assert(eq(i64, mr_testing_now_ms(kit), start_ms + 3600000));
}

Test(testing, an_enqueue_fails_as_told)
{
    struct mr_task_spec const spec = {.type = "a"};
    struct mr_enqueued added;
    FINE(mr_testing_fail(kit, MR_TESTING_ENQUEUE, MR_TESTING_BEFORE, 1, 1,
                         MR_UNAVAILABLE, &err));

    FINE(mr_enqueue(client, &spec, NULL, &err));
    REFUSED(mr_enqueue(client, &spec, &added, &err), MR_UNAVAILABLE);
    cr_assert(not(is_there(added.id)));
    FINE(mr_enqueue(client, &spec, NULL, &err));
}

Test(testing, an_enqueue_whose_answer_is_lost_can_be_sent_again)
{
    struct mr_task_spec spec = {.type = "a"};
    struct mr_enqueued added, again;
    FINE(mr_testing_fail(kit, MR_TESTING_ENQUEUE, MR_TESTING_AFTER, 0, 1,
                         MR_FULL, &err));

    REFUSED(mr_enqueue(client, &spec, &added, &err), MR_FULL);
    cr_assert(is_there(added.id));
    spec.id = added.id;
    FINE(mr_enqueue(client, &spec, &again, &err));

    cr_assert(again.is_duplicate);
    cr_assert(eq(str, again.id, added.id));
}

Test(testing, a_worker_sits_out_faults)
{
    int64_t const start_ms = mr_testing_now_ms(kit);
    size_t ran;
    FINE(mr_testing_handle(kit, "a", nothing, NULL, &err));
    const char *id = given("a");
    FINE(mr_testing_fail(kit, MR_TESTING_SETTLE, MR_TESTING_BEFORE, 0, 3,
                         MR_UNAVAILABLE, &err));

    FINE(mr_testing_drain(kit, &ran, &err));

    cr_assert(eq(sz, ran, 1));
    cr_assert(state_of(id) == MR_STATE_DONE);
    cr_assert(mr_testing_now_ms(kit) > start_ms);
}

Test(testing, a_fault_that_does_not_end_is_given_back)
{
    FINE(mr_testing_handle(kit, "a", nothing, NULL, &err));
    given("a");
    FINE(mr_testing_fail(kit, MR_TESTING_LEASE, MR_TESTING_BEFORE, 0, 1000000,
                         MR_REFUSED, &err));

    REFUSED(mr_testing_drain(kit, NULL, &err), MR_REFUSED);
}

static enum mr_code inner;

static enum mr_outcome drain_inside(struct mr_task *task, void *context)
{
    (void)task;
    (void)context;
    inner = mr_testing_drain(kit, NULL, NULL);
    return MR_DONE;
}

Test(testing, it_is_used_wrongly)
{
    FINE(mr_testing_handle(kit, "a", drain_inside, NULL, &err));
    REFUSED(mr_testing_handle(kit, "a", nothing, NULL, &err), MR_INVALID);
    given("a");
    FINE(mr_testing_drain(kit, NULL, &err));

    cr_assert(eq(int, inner, MR_MISUSE));
    REFUSED(mr_testing_handle(kit, "b", nothing, NULL, &err), MR_MISUSE);
    REFUSED(mr_testing_open(NULL, &err), MR_MISUSE);
    REFUSED(mr_testing_handle(NULL, "a", nothing, NULL, &err), MR_MISUSE);
    REFUSED(mr_testing_drain(NULL, NULL, &err), MR_MISUSE);
    REFUSED(mr_testing_advance(kit, -1, NULL, &err), MR_INVALID);
    REFUSED(mr_testing_advance(kit, INT64_MAX, NULL, &err), MR_INVALID);
    REFUSED(mr_testing_fail(NULL, MR_TESTING_LEASE, MR_TESTING_AFTER, 0, 1,
                            MR_FULL, &err),
            MR_MISUSE);
    REFUSED(mr_testing_fail(kit, (enum mr_testing_op)0, MR_TESTING_AFTER, 0, 1,
                            MR_FULL, &err),
            MR_INVALID);
    REFUSED(mr_testing_fail(kit, MR_TESTING_LEASE, (enum mr_testing_time)0, 0,
                            1, MR_FULL, &err),
            MR_INVALID);
    REFUSED(mr_testing_fail(kit, MR_TESTING_LEASE, MR_TESTING_AFTER, 0, 1,
                            MR_OK, &err),
            MR_INVALID);
    cr_assert(mr_testing_client(NULL) == NULL);
    cr_assert(eq(i64, mr_testing_now_ms(NULL), 0));
    mr_testing_pass(NULL, 1);
    mr_testing_free(NULL);
}
