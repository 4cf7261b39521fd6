#include "adapters/doubles/inline_executor.h"

#include <assert.h>
#include <stdlib.h>

#include "usecase/lease.h"

struct job {
    struct job *next;
    struct lease lease;
    struct finished finished;
    struct arena mem; /* the lease's bytes, then the outcome's; kept for the
                         next task */
    bool is_cancelled;
};

/* First in, first out. */
struct job_list {
    struct job *first;
    struct job *last;
};

struct inline_executor {
    struct inline_executor_config config;
    struct job *jobs; /* [capacity] */
    struct job_list idle;
    struct job_list waiting[PRIORITIES];
    struct job_list ended;
    struct job *running;
};

static void append(struct job_list *list, struct job *job)
{
    job->next = NULL;
    if (list->last)
        list->last->next = job;
    else
        list->first = job;
    list->last = job;
}

static struct job *take_first(struct job_list *list)
{
    struct job *job = list->first;

    if (!job)
        return NULL;
    list->first = job->next;
    if (!list->first)
        list->last = NULL;
    return job;
}

static struct job *take_next(struct inline_executor *e)
{
    struct job *job = NULL;

    for (size_t p = 0; p < PRIORITIES && !job; p++)
        job = take_first(&e->waiting[p]);
    return job;
}

static bool has_waiting(const struct inline_executor *e)
{
    for (size_t p = 0; p < PRIORITIES; p++)
        if (e->waiting[p].first)
            return true;
    return false;
}

static bool make_room(struct job *job, size_t size)
{
    if (job->mem.size < size) {
        char *base = realloc(job->mem.base, size);
        if (!base)
            return false;
        job->mem.base = base;
        job->mem.size = size;
    }
    arena_reset(&job->mem);
    return true;
}

static enum status inline_executor_submit(void *self,
                                          const struct lease *leases, size_t n,
                                          const struct lease **kept,
                                          struct error *err)
{
    struct inline_executor *e = self;
    struct job_list taken = {0};
    struct job *job;

    for (size_t i = 0; i < n; i++) {
        job = take_first(&e->idle);
        assert(job); /* the caller keeps count */
        append(&taken, job);
        if (!make_room(job, lease_room(&leases[i]) + HANDLER_ROOM))
            goto no_memory;
        lease_copy(&leases[i], &job->mem, &job->lease);
        kept[i] = &job->lease;
        job->finished = (struct finished){.lease = &job->lease, .job = job};
        job->is_cancelled = false;
    }
    while ((job = take_first(&taken)))
        append(&e->waiting[job->lease.task.priority], job);
    return STATUS_OK;

no_memory:
    while ((job = take_first(&taken)))
        append(&e->idle, job);
    return error_set(err, STATUS_NO_MEMORY, NULL,
                     "inline executor: no room for a task");
}

static bool is_job_cancelled(const struct handler_call *call)
{
    const struct job *job = call->self;

    return job->is_cancelled;
}

/* Timeouts are not watched. */
static bool extend_job(const struct handler_call *call, int64_t ms)
{
    (void)ms;
    return !is_job_cancelled(call);
}

static void run(struct inline_executor *e, struct job *job)
{
    struct handler_call const call = {
        .lease = &job->lease,
        .mem = &job->mem,
        .cancel = WAKE_NEVER,
        .is_cancelled = is_job_cancelled,
        .extend = extend_job,
        .self = job,
    };

    e->running = job;
    job->finished.started_at_ms = clock_now_ms(e->config.clock);
    job->finished.outcome = handlers_run(&e->config.handlers, &call);
    job->finished.ended_at_ms = clock_now_ms(e->config.clock);
    e->running = NULL;
    append(&e->ended, job);
}

static size_t inline_executor_collect(void *self, struct finished *out,
                                      size_t max, size_t *running)
{
    struct inline_executor *e = self;
    struct job *job;
    size_t n = 0;
    assert(!e->running); /* a handler must not collect */

    for (size_t i = 0; i < e->config.concurrency && i < max; i++)
        if ((job = take_next(e)))
            run(e, job);
    while (n < max && (job = take_first(&e->ended)))
        out[n++] = job->finished;
    *running = 0;
    return n;
}

static void inline_executor_forget(void *self, const struct finished *items,
                                   size_t n)
{
    struct inline_executor *e = self;

    for (size_t i = 0; i < n; i++)
        append(&e->idle, items[i].job);
}

static void inline_executor_wait(void *self, int64_t timeout_ms)
{
    struct inline_executor *e = self;

    if (e->ended.first || has_waiting(e) || timeout_ms <= 0)
        return;
    if (e->config.pass)
        e->config.pass(e->config.context, timeout_ms);
}

static bool is_lease(const struct job *job, const struct lease_token *token)
{
    return !token || strcmp(job->lease.token.text, token->text) == 0;
}

/* Takes back those of list of the lease token, or all of them (NULL). */
static void withdraw_from(struct inline_executor *e, struct job_list *list,
                          const struct lease_token *token)
{
    struct job_list kept = {0};
    struct job *job;

    while ((job = take_first(list))) {
        if (!is_lease(job, token)) {
            append(&kept, job);
            continue;
        }
        job->finished.outcome = (struct outcome){.kind = OUTCOME_RELEASE};
        job->finished.ended_at_ms = clock_now_ms(e->config.clock);
        append(&e->ended, job);
    }
    *list = kept;
}

static void inline_executor_withdraw(void *self)
{
    struct inline_executor *e = self;

    for (size_t p = 0; p < PRIORITIES; p++)
        withdraw_from(e, &e->waiting[p], NULL);
}

static void inline_executor_cancel(void *self, const struct lease_token *token)
{
    struct inline_executor *e = self;

    if (e->running && is_lease(e->running, token))
        e->running->is_cancelled = true;
    for (size_t p = 0; token && p < PRIORITIES; p++)
        withdraw_from(e, &e->waiting[p], token);
}

static void inline_executor_close(void *self)
{
    struct inline_executor *e = self;

    if (!e)
        return;
    for (size_t i = 0; e->jobs && i < e->config.capacity; i++)
        free(e->jobs[i].mem.base);
    free(e->jobs);
    free(e);
}

static const struct executor_ops inline_executor_ops = {
    .name = "inline",
    .submit = inline_executor_submit,
    .collect = inline_executor_collect,
    .forget = inline_executor_forget,
    .wait = inline_executor_wait,
    .withdraw = inline_executor_withdraw,
    .cancel = inline_executor_cancel,
    .close = inline_executor_close,
};

enum status inline_executor_open(const struct inline_executor_config *config,
                                 struct executor_port *out, struct error *err)
{
    struct inline_executor *e = calloc(1, sizeof(*e));
    assert(config->concurrency > 0 && config->capacity > 0);

    if (e)
        e->jobs = calloc(config->capacity, sizeof(*e->jobs));
    if (!e || !e->jobs) {
        inline_executor_close(e);
        return error_set(err, STATUS_NO_MEMORY, NULL,
                         "inline executor: no room to open");
    }
    e->config = *config;
    for (size_t i = 0; i < config->capacity; i++)
        append(&e->idle, &e->jobs[i]);
    *out = (struct executor_port){&inline_executor_ops, e};
    return STATUS_OK;
}
