/*
 * task.c - a task in the hands of its handler.
 */
#include <stdatomic.h>
#include <time.h>

#include "cmd/library/failure.h"
#include "cmd/library/registry.h"
#include "domain/text.h"

#define NOTHING ((enum mr_outcome)0) /* no outcome */

static int64_t machine_now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static struct outcome fail(const char *why)
{
    return (struct outcome){
        .kind = OUTCOME_RETRY, .after_ms = -1, .error = bytes_of(why)};
}

/* What follows from what the handler gave back: it may have said more, and
 * may have changed its mind since. */
static struct outcome outcome_of(const struct mr_task *task,
                                 enum mr_outcome given)
{
    if (given != NOTHING && given == task->said)
        return task->outcome;
    switch (given) {
    case MR_DONE:
        return (struct outcome){.kind = OUTCOME_DONE};
    case MR_RETRY:
        return fail("failed");
    case MR_REJECT:
        return (struct outcome){.kind = OUTCOME_REJECT,
                                .error = BYTES("rejected")};
    case MR_SNOOZE:
        return fail("the handler snoozed without mr_task_snooze()");
    }
    return fail("the handler gave back what is no enum mr_outcome");
}

struct outcome task_run(const struct handler_call *call, void *context)
{
    const struct registered *handler = context;
    int64_t const timeout_ms = call->lease->task.timeout_ms;
    int64_t const now_ms = machine_now_ms();
    struct mr_task task = {
        .call = call,
        .handler = handler,
        .thread = pthread_self(),
        .started_at_ms = now_ms,
    };

    atomic_init(&task.deadline_at_ms, timeout_ms > 0 ? now_ms + timeout_ms : 0);
    enum mr_outcome const given = handler->run(&task, handler->context);
    return outcome_of(&task, given);
}

const char *mr_task_id(const struct mr_task *task)
{
    return task ? task->call->lease->task.id.text : NULL;
}

/* The executors keep a lease with a NUL behind each of its texts. */
const char *mr_task_queue(const struct mr_task *task)
{
    return task ? task->call->lease->task.queue.at : NULL;
}

const char *mr_task_type(const struct mr_task *task)
{
    return task ? task->call->lease->task.type.at : NULL;
}

const char *mr_task_payload(const struct mr_task *task, size_t *len)
{
    struct bytes const payload =
        task ? task->call->lease->task.payload : (struct bytes){0};

    if (len)
        *len = payload.len;
    return payload.at;
}

const char *mr_task_headers(const struct mr_task *task)
{
    return task ? task->call->lease->task.headers.at : NULL;
}

const char *mr_task_key(const struct mr_task *task)
{
    return task ? task->call->lease->task.key.at : NULL;
}

int32_t mr_task_attempt(const struct mr_task *task)
{
    return task ? task->call->lease->task.attempt : 0;
}

int32_t mr_task_max_attempts(const struct mr_task *task)
{
    return task ? task->call->lease->task.max_attempts : 0;
}

uint64_t mr_task_fencing_token(const struct mr_task *task)
{
    return task ? task->call->lease->fencing : 0;
}

const char *mr_task_lease_token(const struct mr_task *task)
{
    return task ? task->call->lease->token.text : NULL;
}

int64_t mr_task_deadline_at_ms(const struct mr_task *task)
{
    return task ? atomic_load(&task->deadline_at_ms) : 0;
}

bool mr_task_cancelled(const struct mr_task *task)
{
    return task && task->call->is_cancelled(task->call);
}

int mr_task_cancel_fd(const struct mr_task *task)
{
    return task ? task->call->cancel.fd : -1;
}

static enum mr_code check_thread(const struct mr_task *task,
                                 struct mr_error *err)
{
    if (!task)
        return refuse(err, MR_MISUSE, "task", "the task is NULL");
    if (!pthread_equal(task->thread, pthread_self()))
        return refuse(err, MR_WRONG_THREAD, "task",
                      "only the thread that the handler runs in may do this");
    return MR_OK;
}

enum mr_code mr_task_extend(struct mr_task *task, int64_t ms,
                            struct mr_error *err)
{
    struct error why;
    enum mr_code const code = check_thread(task, err);

    if (code != MR_OK)
        return code;
    if (ms < 1 || ms > DURATION_MAX_MS)
        return failure(
            err, error_out_of_range(&why, "ms", ms, 1, DURATION_MAX_MS), &why);
    if (!task->call->extend(task->call, ms))
        return refuse(err, MR_CANCELLED, NULL,
                      "the attempt is cancelled already");
    if (atomic_load(&task->deadline_at_ms) > 0)
        atomic_store(&task->deadline_at_ms, machine_now_ms() + ms);
    return MR_OK;
}

enum mr_code mr_task_progress(struct mr_task *task, const char *text,
                              struct mr_error *err)
{
    enum mr_code const code = check_thread(task, err);

    if (code != MR_OK)
        return code;
    if (!text)
        return refuse(err, MR_MISUSE, "text", "text is NULL");
    observer_progress(task->handler->observer, task->call->lease,
                      task->started_at_ms, text);
    return MR_OK;
}

/* The outcome for what is said wrongly: whatever the handler meant, it fails.
 */
static enum mr_outcome say_wrongly(struct mr_task *task)
{
    if (check_thread(task, NULL) == MR_OK)
        task->said = NOTHING;
    return NOTHING;
}

/* Keeps outcome with copies of its texts; the last word counts. */
static enum mr_outcome say(struct mr_task *task, enum mr_outcome said,
                           struct outcome outcome)
{
    if (check_thread(task, NULL) != MR_OK)
        return say_wrongly(task);

    arena_reset(task->call->mem);
    if (!arena_copy(task->call->mem, outcome.result, &outcome.result) ||
        !arena_copy(task->call->mem, outcome.error, &outcome.error))
        outcome = fail("no memory for the outcome");
    task->said = said;
    task->outcome = outcome;
    return said;
}

/* What handlers_run would refuse or cut anyway need not fit into the arena. */
static struct bytes tail(const char *error)
{
    struct bytes text = bytes_of(error ? error : "failed");

    if (text.len > ERROR_TAIL_MAX + 3) { /* 3: a character may be cut */
        text.at += text.len - ERROR_TAIL_MAX - 3;
        text.len = ERROR_TAIL_MAX + 3;
    }
    return text;
}

enum mr_outcome mr_task_done(struct mr_task *task, const char *result)
{
    struct bytes json = bytes_of(result);

    if (json.len > RESULT_MAX + 1)
        json.len = RESULT_MAX + 1;
    return say(task, MR_DONE,
               (struct outcome){.kind = OUTCOME_DONE, .result = json});
}

enum mr_outcome mr_task_retry(struct mr_task *task, const char *error)
{
    return say(task, MR_RETRY,
               (struct outcome){.kind = OUTCOME_RETRY,
                                .after_ms = -1,
                                .error = tail(error)});
}

enum mr_outcome mr_task_retry_after(struct mr_task *task, int64_t ms,
                                    const char *error)
{
    if (ms < 0 || ms > DURATION_MAX_MS)
        return say_wrongly(task);
    return say(task, MR_RETRY,
               (struct outcome){.kind = OUTCOME_RETRY,
                                .after_ms = ms,
                                .error = tail(error)});
}

enum mr_outcome mr_task_reject(struct mr_task *task, const char *error)
{
    return say(task, MR_REJECT,
               (struct outcome){.kind = OUTCOME_REJECT, .error = tail(error)});
}

enum mr_outcome mr_task_snooze(struct mr_task *task, int64_t ms)
{
    if (ms < 0 || ms > DURATION_MAX_MS)
        return say_wrongly(task);
    return say(task, MR_SNOOZE,
               (struct outcome){.kind = OUTCOME_SNOOZE, .after_ms = ms});
}
