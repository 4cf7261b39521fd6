/*
 * enqueue_contract.c - what queue_port.h promises about enqueue.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/contract/fixture.h"

/* Without this, a misspelt name would run nothing and look green. */
Test(enqueue, there_is_a_backend_to_test)
{
    cr_assert(ne(sz, fixture_backends().length, 0));
}

CONTRACT(enqueue, a_task_that_is_due_is_ready)
{
    struct new_task const task = a_task(f, "a");

    struct enqueued const result = enqueue_one(f, &task);

    THEN(IS_ID(result.id, task.task.id));
    THEN(eq(int, result.state, TASK_READY));
    THEN(not(result.is_duplicate));
    THEN(eq(int, find(f, "a", task.task.id).state, TASK_READY));
}

CONTRACT(enqueue, a_task_that_was_due_long_ago_is_ready)
{
    struct new_task task = a_task(f, "a");
    task.task.run_at_ms = 0;

    struct enqueued const result = enqueue_one(f, &task);

    THEN(eq(int, result.state, TASK_READY));
    THEN(eq(sz, lease_up_to(f, "a", 1), 1));
}

CONTRACT(enqueue, a_task_that_is_due_later_is_scheduled)
{
    struct new_task task = a_task(f, "a");
    task.task.run_at_ms = f->now_ms + 1;

    struct enqueued const result = enqueue_one(f, &task);

    THEN(IS_ID(result.id, task.task.id));
    THEN(eq(int, result.state, TASK_SCHEDULED));
    THEN(not(result.is_duplicate));
    THEN(eq(int, find(f, "a", task.task.id).state, TASK_SCHEDULED));
    THEN(eq(sz, lease_up_to(f, "a", 1), 0));
}

CONTRACT(enqueue, the_largest_batch_goes_in_whole_and_in_order)
{
    static struct task_id ids[BATCH_MAX];

    given_tasks(f, "a", BATCH_MAX, ids);

    THEN(eq(sz, lease_up_to(f, "a", BATCH_MAX), BATCH_MAX));
    for (size_t i = 0; i < BATCH_MAX; i++)
        THEN(IS_ID(f->leases[i].task.id, ids[i]));
}

static struct new_task a_task_with_every_field(struct fixture *f)
{
    struct new_task task = a_task(f, "every.field-1_x");

    task.task.type = BYTES("Email:send.now_x-1");
    task.task.payload =
        BYTES(" {\"n\": 12345678901234567890.0, \"t\":\"\\u00e9 "
              "\xc3\xa9\"} ");
    task.task.headers = BYTES("{\"traceparent\":\"00-ab-cd-01\"}");
    task.task.key = BYTES("key with blanks, 'quotes', \"more\", {braces}");
    task.task.priority = PRIORITY_LOW;
    task.task.backoff = (struct backoff){BACKOFF_LINEAR, JITTER_EQUAL, 1500,
                                         1234, INT64_C(9876543210)};
    task.task.max_attempts = ATTEMPTS_MAX;
    task.task.max_crashes = CRASHES_MAX;
    task.task.timeout_ms = DURATION_MAX_MS;
    task.task.key_ttl_ms = 3600001;
    task.task.retain_ms = 3600002;
    task.task.expires_ms = 3600003;
    task.task.run_at_ms = f->now_ms - 77;
    return task;
}

static void then_same_task(struct fixture *f, const struct task *got,
                           const struct task *want)
{
    THEN(IS_ID(got->id, want->id));
    THEN(IS_BYTES(got->queue, want->queue));
    THEN(IS_BYTES(got->type, want->type));
    THEN(IS_BYTES(got->payload, want->payload));
    THEN(IS_BYTES(got->headers, want->headers));
    THEN(IS_BYTES(got->key, want->key));
    THEN(eq(int, got->priority, want->priority));
    THEN(eq(int, got->backoff.kind, want->backoff.kind));
    THEN(eq(int, got->backoff.jitter, want->backoff.jitter));
    THEN(eq(i32, got->backoff.factor_milli, want->backoff.factor_milli));
    THEN(eq(i64, got->backoff.base_ms, want->backoff.base_ms));
    THEN(eq(i64, got->backoff.max_ms, want->backoff.max_ms));
    THEN(eq(i32, got->max_attempts, want->max_attempts));
    THEN(eq(i32, got->max_crashes, want->max_crashes));
    THEN(eq(i64, got->timeout_ms, want->timeout_ms));
    THEN(eq(i64, got->key_ttl_ms, want->key_ttl_ms));
    THEN(eq(i64, got->retain_ms, want->retain_ms));
    THEN(eq(i64, got->expires_ms, want->expires_ms));
    THEN(eq(i64, got->created_at_ms, want->created_at_ms));
    THEN(eq(i64, got->run_at_ms, want->run_at_ms));
    THEN(eq(i32, got->attempt, want->attempt));
    THEN(eq(i32, got->crashes, want->crashes));
    THEN(eq(sz, got->last_error.len, want->last_error.len));
}

CONTRACT(enqueue, every_field_of_a_ready_task_survives)
{
    struct new_task task = a_task_with_every_field(f);
    given(f, &task);

    struct task_record const found = find(f, "every.field-1_x", task.task.id);
    struct lease const lease = given_a_lease(f, "every.field-1_x");

    then_same_task(f, &found.task, &task.task);
    task.task.attempt = 1;
    then_same_task(f, &lease.task, &task.task);
}

CONTRACT(enqueue, every_field_of_a_scheduled_task_survives)
{
    struct new_task task = a_task_with_every_field(f);
    task.task.run_at_ms = f->now_ms + 5000;
    given(f, &task);

    struct task_record const found = find(f, "every.field-1_x", task.task.id);
    advance(f, 5000);
    THEN(eq(sz, promote(f), 1));
    struct lease const lease = given_a_lease(f, "every.field-1_x");

    then_same_task(f, &found.task, &task.task);
    task.task.attempt = 1;
    then_same_task(f, &lease.task, &task.task);
}

CONTRACT(enqueue, a_plain_task_survives)
{
    struct new_task task = a_task(f, "a");
    given(f, &task);

    struct lease const lease = given_a_lease(f, "a");

    task.task.attempt = 1;
    then_same_task(f, &lease.task, &task.task);
}

CONTRACT(enqueue, what_is_absent_stays_absent)
{
    given_a_task(f, "a");

    struct lease const lease = given_a_lease(f, "a");

    THEN(eq(ptr, (void *)lease.task.headers.at, NULL));
    THEN(eq(ptr, (void *)lease.task.key.at, NULL));
    THEN(eq(ptr, (void *)lease.task.last_error.at, NULL));
}

/* Every byte but NUL, over and over. */
static char *many_bytes(size_t n)
{
    char *bytes = malloc(n);

    for (size_t i = 0; i < n; i++)
        bytes[i] = (char)(1 + i % 255);
    return bytes;
}

CONTRACT(enqueue, the_largest_payload_survives_byte_for_byte)
{
    struct new_task task = a_task(f, "a");
    char *payload = many_bytes(PAYLOAD_MAX);
    task.task.payload = (struct bytes){payload, PAYLOAD_MAX};
    given(f, &task);

    struct lease const lease = given_a_lease(f, "a");

    THEN(eq(int, bytes_equal(lease.task.payload, task.task.payload), true));
    free(payload);
}

CONTRACT(enqueue, the_longest_names_survive)
{
    char names[3][KEY_MAX + 1] = {{0}, {0}, {0}};
    memset(names[0], 'q', QUEUE_NAME_MAX);
    memset(names[1], 't', TYPE_NAME_MAX);
    memset(names[2], 'k', KEY_MAX);
    char *headers = many_bytes(HEADERS_MAX);
    struct new_task task = a_task(f, names[0]);
    task.task.type = bytes_of(names[1]);
    task.task.key = bytes_of(names[2]);
    task.task.headers = (struct bytes){headers, HEADERS_MAX};
    given(f, &task);

    struct lease const lease = given_a_lease(f, names[0]);

    task.task.attempt = 1;
    then_same_task(f, &lease.task, &task.task);
    free(headers);
}

CONTRACT(enqueue, its_arguments_may_be_reused)
{
    char payload[] = "[1]";
    char queue[] = "a";
    struct new_task task = a_task(f, queue);
    task.task.payload = bytes_of(payload);
    given(f, &task);

    memset(payload, 'x', sizeof(payload));
    memset(queue, 'x', sizeof(queue));

    struct lease const lease = given_a_lease(f, "a");
    THEN(IS_BYTES(lease.task.payload, BYTES("[1]")));
    THEN(IS_BYTES(lease.task.queue, BYTES("a")));
}

CONTRACT(enqueue, an_id_that_exists_answers_its_state)
{
    static const char *const queues[TASK_STATES] = {"a", "b", "c",
                                                    "d", "e", "f"};
    for (int state = 0; state < TASK_STATES; state++) {
        struct new_task again = a_task(f, queues[state]);
        again.task.id =
            given_a_task_in(f, queues[state], (enum task_state)state);
        again.is_id_new = false;

        struct enqueued const result = enqueue_one(f, &again);

        THEN(IS_ID(result.id, again.task.id));
        THEN(eq(int, result.is_duplicate, true));
        THEN(eq(int, result.state, state));
    }
}

CONTRACT(enqueue, a_duplicate_changes_nothing)
{
    struct new_task task = a_task(f, "a");
    given(f, &task);
    task.is_id_new = false;
    task.task.payload = BYTES("\"another\"");
    task.task.priority = PRIORITY_LOW;

    struct enqueued const result = enqueue_one(f, &task);

    THEN(eq(int, result.is_duplicate, true));
    THEN(eq(sz, lease_up_to(f, "a", 10), 1));
    THEN(IS_BYTES(f->leases[0].task.payload, BYTES("{\"n\":1}")));
    THEN(eq(int, f->leases[0].task.priority, PRIORITY_NORMAL));
}

CONTRACT(enqueue, an_id_belongs_to_its_queue)
{
    struct new_task first = a_task(f, "a");
    given(f, &first);
    struct new_task second = a_task(f, "b");
    second.task.id = first.task.id;
    second.is_id_new = false;

    struct enqueued const result = enqueue_one(f, &second);

    THEN(eq(int, result.is_duplicate, false));
    THEN(eq(sz, lease_up_to(f, "a", 10), 1));
    THEN(eq(sz, lease_up_to(f, "b", 10), 1));
}

CONTRACT(enqueue, of_two_with_one_id_in_one_call_the_first_wins)
{
    struct new_task tasks[2] = {a_task(f, "a"), a_task(f, "a")};
    struct enqueued results[2];
    tasks[0].is_id_new = tasks[1].is_id_new = false;
    tasks[1].task.id = tasks[0].task.id;
    tasks[1].task.payload = BYTES("2");

    THEN(eq(int, queue_enqueue(f->queue, f->now_ms, tasks, 2, results, &f->err),
            STATUS_OK));

    THEN(eq(int, results[0].is_duplicate, false));
    THEN(eq(int, results[1].is_duplicate, true));
    THEN(IS_ID(results[1].id, tasks[0].task.id));
    THEN(eq(int, results[1].state, TASK_READY));
    THEN(eq(sz, lease_up_to(f, "a", 10), 1));
    THEN(IS_BYTES(f->leases[0].task.payload, BYTES("{\"n\":1}")));
}

CONTRACT(enqueue, the_same_call_again_adds_nothing)
{
    struct new_task tasks[3] = {a_task(f, "a"), a_task(f, "b"), a_task(f, "a")};
    struct enqueued results[3];
    tasks[1].task.run_at_ms += 5000;
    tasks[2].task.key = BYTES("k");
    for (size_t i = 0; i < 3; i++)
        tasks[i].is_id_new = false;
    THEN(eq(int, queue_enqueue(f->queue, f->now_ms, tasks, 3, results, &f->err),
            STATUS_OK));

    THEN(eq(int, queue_enqueue(f->queue, f->now_ms, tasks, 3, results, &f->err),
            STATUS_OK));

    for (size_t i = 0; i < 3; i++) {
        THEN(eq(int, results[i].is_duplicate, true));
        THEN(IS_ID(results[i].id, tasks[i].task.id));
    }
    THEN(eq(i64, stats_of(f, "a").waiting[TASK_READY], 2));
    THEN(eq(i64, stats_of(f, "b").waiting[TASK_SCHEDULED], 1));
}

CONTRACT(enqueue, the_id_of_a_done_task_that_is_not_kept_is_free)
{
    struct new_task task = a_task(f, "a");
    given(f, &task);
    struct lease const lease = given_a_lease(f, "a");
    THEN(eq(int, settle(f, done(f, &lease)), STATUS_OK));
    task.is_id_new = false;

    struct enqueued const result = enqueue_one(f, &task);

    THEN(eq(int, result.is_duplicate, false));
    THEN(eq(sz, lease_up_to(f, "a", 10), 1));
}

CONTRACT(enqueue, a_mixed_batch_reports_per_item)
{
    struct new_task tasks[5];
    struct enqueued results[5];
    for (size_t i = 0; i < 5; i++) {
        tasks[i] = a_task(f, i % 2 ? "a" : "b");
        tasks[i].is_id_new = false;
    }
    tasks[1].task.id = given_a_task_in(f, "a", TASK_DEAD);
    tasks[2].task.run_at_ms += 5000;
    tasks[3].task.priority = PRIORITY_HIGH;

    THEN(eq(int, queue_enqueue(f->queue, f->now_ms, tasks, 5, results, &f->err),
            STATUS_OK));

    static const enum task_state states[5] = {
        TASK_READY, TASK_DEAD, TASK_SCHEDULED, TASK_READY, TASK_READY};
    for (size_t i = 0; i < 5; i++) {
        THEN(IS_ID(results[i].id, tasks[i].task.id));
        THEN(eq(int, results[i].state, states[i]));
        THEN(eq(int, results[i].is_duplicate, i == 1));
    }
    THEN(eq(i64, stats_of(f, "a").waiting[TASK_READY], 1));
    THEN(eq(i64, stats_of(f, "b").waiting[TASK_READY], 2));
    THEN(eq(i64, stats_of(f, "b").waiting[TASK_SCHEDULED], 1));
}
