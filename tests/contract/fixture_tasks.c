/*
 * The steps that contract tests are told in: given, when.
 */
#include <string.h>

#include "tests/contract/fixture.h"

/* Ids need to differ, no more. */
static uint64_t next_random(struct fixture *f)
{
    f->random += UINT64_C(0x9e3779b97f4a7c15);
    return f->random;
}

struct new_task a_task(struct fixture *f, const char *queue)
{
    struct new_task task = {.task = task_default(), .is_id_new = true};

    task.task.queue = bytes_of(queue);
    task.task.type = BYTES("test");
    task.task.payload = BYTES("{\"n\":1}");
    task.task.created_at_ms = f->now_ms;
    task.task.run_at_ms = f->now_ms;
    task.task.id =
        task_id_next(&f->ids, f->now_ms, next_random(f), task.task.queue);
    return task;
}

struct enqueued enqueue_one(struct fixture *f, const struct new_task *task)
{
    struct enqueued result;

    THEN(eq(int, queue_enqueue(f->queue, f->now_ms, task, 1, &result, &f->err),
            STATUS_OK));
    return result;
}

struct task_id given(struct fixture *f, const struct new_task *task)
{
    struct enqueued const result = enqueue_one(f, task);

    THEN(not(result.is_duplicate));
    THEN(eq(str, (char *)result.id.text, (char *)task->task.id.text));
    return result.id;
}

void given_tasks(struct fixture *f, const char *queue, size_t n,
                 struct task_id *out)
{
    static struct new_task tasks[BATCH_MAX];
    static struct enqueued results[BATCH_MAX];

    while (n > 0) {
        size_t const part = n < BATCH_MAX ? n : BATCH_MAX;
        for (size_t i = 0; i < part; i++)
            tasks[i] = a_task(f, queue);
        THEN(eq(
            int,
            queue_enqueue(f->queue, f->now_ms, tasks, part, results, &f->err),
            STATUS_OK));
        for (size_t i = 0; out && i < part; i++)
            *out++ = tasks[i].task.id;
        n -= part;
    }
}

struct task_id given_a_task(struct fixture *f, const char *queue)
{
    struct new_task const task = a_task(f, queue);

    return given(f, &task);
}

struct lease_request a_request(struct fixture *f, const char *plan)
{
    static struct queue_plan read;

    if (strcmp(plan, "*") == 0)
        read = (struct queue_plan){.kind = PLAN_EVERY};
    else
        THEN(eq(int, queue_plan_parse_weighted(bytes_of(plan), &read, &f->err),
                STATUS_OK));
    return (struct lease_request){
        .plan = &read,
        .max = 1,
        .lease_ms = LONG_LEASE_MS,
        .worker = "worker",
        .now_ms = f->now_ms,
        .until_ms = f->now_ms,
        .wake = WAKE_NEVER,
    };
}

size_t lease_for(struct fixture *f, const char *plan, size_t max,
                 int64_t lease_ms)
{
    struct lease_request req = a_request(f, plan);
    size_t count = 0;
    req.max = max;
    req.lease_ms = lease_ms;

    enum status const st =
        queue_lease(f->queue, &req, &f->mem, f->leases, &count, &f->err);
    THEN(st == STATUS_OK || st == STATUS_EMPTY);
    THEN(eq(int, st == STATUS_EMPTY, count == 0));
    THEN(count <= max);
    return count;
}

size_t lease_up_to(struct fixture *f, const char *plan, size_t max)
{
    return lease_for(f, plan, max, LONG_LEASE_MS);
}

struct lease given_a_lease(struct fixture *f, const char *queue)
{
    THEN(eq(sz, lease_up_to(f, queue, 1), 1));
    return f->leases[0];
}

struct lease given_an_ended_lease(struct fixture *f, const char *queue)
{
    THEN(eq(sz, lease_for(f, queue, 1, SHORT_LEASE_MS), 1));
    struct lease const lease = f->leases[0];

    advance(f, SHORT_LEASE_MS);
    return lease;
}

size_t take_up_to(struct fixture *f, size_t max, int64_t lease_ms)
{
    struct reap_request const req = {
        .max = max,
        .lease_ms = lease_ms,
        .worker = "reaper",
        .now_ms = f->now_ms,
    };
    size_t count = 0;

    enum status const st =
        queue_take_expired(f->queue, &req, &f->mem, f->leases, &count, &f->err);
    THEN(st == STATUS_OK || st == STATUS_EMPTY);
    THEN(eq(int, st == STATUS_EMPTY, count == 0));
    THEN(count <= max);
    return count;
}

static struct settlement settlement(struct fixture *f,
                                    const struct lease *lease,
                                    enum verdict_action action)
{
    return (struct settlement){
        .lease = lease,
        .verdict = {.action = action,
                    .run_at_ms = f->now_ms,
                    .attempt = lease->task.attempt,
                    .crashes = lease->task.crashes},
        .started_at_ms = f->now_ms,
    };
}

struct settlement done(struct fixture *f, const struct lease *lease)
{
    return settlement(f, lease, VERDICT_DONE);
}

struct settlement retry_at(struct fixture *f, const struct lease *lease,
                           int64_t run_at_ms)
{
    struct settlement s = settlement(f, lease, VERDICT_RETRY);

    s.verdict.run_at_ms = run_at_ms;
    s.verdict.is_failure = true;
    s.error = BYTES("it failed");
    return s;
}

struct settlement dead(struct fixture *f, const struct lease *lease,
                       enum reason reason)
{
    struct settlement s = settlement(f, lease, VERDICT_DEAD);

    s.verdict.reason = reason;
    s.verdict.is_failure = reason != REASON_EXPIRED;
    s.error = BYTES("it died");
    return s;
}

struct settlement released(struct fixture *f, const struct lease *lease)
{
    struct settlement s = settlement(f, lease, VERDICT_RELEASE);

    s.verdict.attempt--;
    s.started_at_ms = 0;
    return s;
}

struct settlement snoozed_until(struct fixture *f, const struct lease *lease,
                                int64_t run_at_ms)
{
    struct settlement s = settlement(f, lease, VERDICT_SNOOZE);

    s.verdict.attempt--;
    s.verdict.run_at_ms = run_at_ms;
    return s;
}

enum status settle(struct fixture *f, struct settlement item)
{
    enum status result;

    THEN(eq(int, queue_settle(f->queue, f->now_ms, &item, 1, &result, &f->err),
            STATUS_OK));
    return result;
}

enum status extend(struct fixture *f, const struct lease *lease,
                   int64_t lease_ms)
{
    struct renewal const item = {.id = lease->task.id, .token = lease->token};
    enum status result;

    THEN(eq(int,
            queue_extend(f->queue, f->now_ms, lease_ms, "worker", &item, 1,
                         &result, &f->err),
            STATUS_OK));
    return result;
}

struct task_id given_a_dead_task(struct fixture *f, const char *queue,
                                 enum reason reason)
{
    struct task_id const id = given_a_task(f, queue);
    struct lease const lease = given_a_lease(f, queue);

    THEN(eq(str, (char *)lease.task.id.text, (char *)id.text));
    THEN(eq(int, settle(f, dead(f, &lease, reason)), STATUS_OK));
    return id;
}

struct task_id given_a_task_in(struct fixture *f, const char *queue,
                               enum task_state state)
{
    struct new_task task = a_task(f, queue);
    struct lease lease;

    if (state == TASK_SCHEDULED)
        task.task.run_at_ms = f->now_ms + 5000;
    if (state == TASK_DONE)
        task.task.retain_ms = 3600000;
    given(f, &task);
    if (state == TASK_SCHEDULED || state == TASK_READY)
        return task.task.id;

    lease = given_a_lease(f, queue);
    THEN(eq(str, (char *)lease.task.id.text, (char *)task.task.id.text));
    if (state == TASK_RETRY)
        THEN(eq(int, settle(f, retry_at(f, &lease, f->now_ms + 5000)),
                STATUS_OK));
    if (state == TASK_DONE)
        THEN(eq(int, settle(f, done(f, &lease)), STATUS_OK));
    if (state == TASK_DEAD)
        THEN(eq(int, settle(f, dead(f, &lease, REASON_EXHAUSTED)), STATUS_OK));
    return task.task.id;
}

size_t promote(struct fixture *f)
{
    int64_t next_due_ms = f->now_ms;
    size_t total = 0;
    size_t moved;

    while (next_due_ms <= f->now_ms) {
        THEN(eq(int,
                queue_promote(f->queue, f->now_ms, 1000, &moved, &next_due_ms,
                              &f->err),
                STATUS_OK));
        total += moved;
    }
    return total;
}

struct task_record find(struct fixture *f, const char *queue, struct task_id id)
{
    struct task_ref const ref = {.queue = bytes_of(queue), .id = id};
    struct task_record record;

    THEN(eq(int,
            admin_find(f->admin, f->now_ms, &ref, &f->mem, &record, &f->err),
            STATUS_OK));
    return record;
}

bool is_there(struct fixture *f, const char *queue, struct task_id id)
{
    struct task_ref const ref = {.queue = bytes_of(queue), .id = id};
    struct task_record record;

    enum status const st =
        admin_find(f->admin, f->now_ms, &ref, &f->mem, &record, &f->err);
    THEN(st == STATUS_OK || st == STATUS_NOT_FOUND);
    return st == STATUS_OK;
}

struct queue_stats stats_of(struct fixture *f, const char *queue)
{
    static struct queue_stats rows[100];
    size_t count;

    THEN(eq(int,
            admin_stats(f->admin, f->now_ms, (struct bytes){0}, 100, rows,
                        &count, &f->err),
            STATUS_OK));
    for (size_t i = 0; i < count; i++)
        if (strcmp(rows[i].queue, queue) == 0)
            return rows[i];
    cr_fatal("no statistics of %s on %s", queue, f->name);
}
