#include "usecase/enqueue.h"

#include <assert.h>

static enum status check_delay(const struct task_spec *spec, struct error *err)
{
    if (spec->delay_ms < 0 || spec->delay_ms > DURATION_MAX_MS)
        return error_set(err, STATUS_INVALID, "delay_ms",
                         "delay_ms: out of range 0 to 315360000000 (10 years)");
    if (spec->delay_ms > 0 && spec->task.run_at_ms > 0)
        return error_set(err, STATUS_INVALID, "delay_ms",
                         "delay_ms: not together with run_at");
    return STATUS_OK;
}

enum status task_spec_validate(const struct task_spec *spec, struct error *err)
{
    enum status const st = check_delay(spec, err);

    return st < 0 ? st : task_validate(&spec->task, err);
}

/* Fills in what the producer left open. */
static void complete(struct enqueuer *e, const struct task_spec *spec,
                     int64_t now_ms, struct new_task *out)
{
    *out = (struct new_task){.task = spec->task};
    struct task *task = &out->task;

    task->created_at_ms = now_ms;
    task->attempt = 0;
    task->crashes = 0;
    task->last_error = (struct bytes){0};
    if (task->run_at_ms == 0)
        task->run_at_ms = now_ms + spec->delay_ms;
    if (task->id.text[0] == '\0') {
        task->id =
            task_id_next(&e->ids, now_ms, random_bits(e->random), task->queue);
        out->is_id_new = true;
    }
}

enum status enqueue(struct enqueuer *e, const struct task_spec *specs, size_t n,
                    struct new_task *room, struct enqueued *results,
                    size_t *culprit, struct error *err)
{
    assert(n >= 1 && n <= BATCH_MAX);
    for (size_t i = 0; i < n; i++) {
        enum status const st = task_spec_validate(&specs[i], err);
        if (st < 0) {
            if (culprit)
                *culprit = i;
            return st;
        }
    }

    int64_t const now_ms = clock_now_ms(e->clock);
    for (size_t i = 0; i < n; i++)
        complete(e, &specs[i], now_ms, &room[i]);
    return queue_enqueue(e->queue, now_ms, room, n, results, err);
}

enum status enqueue_again(struct enqueuer *e, size_t n,
                          const struct new_task *room, struct enqueued *results,
                          struct error *err)
{
    return queue_enqueue(e->queue, clock_now_ms(e->clock), room, n, results,
                         err);
}
