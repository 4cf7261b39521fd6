#include "adapters/threads/thread_executor.h"

#include <assert.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>

#include "adapters/threads/pool.h"

/* All of it belongs to the engine's thread; the pool has its own lock. */
struct thread_executor {
    struct pool *pool;
    struct wake wake;
    struct job *empty; /* a stack: the job forgotten last is still in cache */
    struct job_list ended; /* taken from the pool, not yet handed out */
};

static void put_empty(struct thread_executor *e, struct job *job)
{
    job->next = e->empty;
    e->empty = job;
}

static struct job *take_empty(struct thread_executor *e)
{
    struct job *job = e->empty;
    assert(job); /* the caller keeps count */

    e->empty = job->next;
    return job;
}

static enum status thread_executor_submit(void *self,
                                          const struct lease *leases, size_t n,
                                          const struct lease **kept,
                                          struct error *err)
{
    struct thread_executor *e = self;
    const char *lack = "threads: no room for a task";
    struct job_list jobs = {0};
    struct job *job;

    for (size_t i = 0; i < n; i++) {
        job = take_empty(e);
        job_list_add(&jobs, job);
        if (!job_take(job, &leases[i]))
            goto no_memory;
        kept[i] = &job->lease;
    }
    if (pool_put(e->pool, &jobs, n))
        return STATUS_OK;
    lack = "threads: no thread can be started";

no_memory:
    while ((job = job_list_take(&jobs))) {
        job_forget(job);
        put_empty(e, job);
    }
    return error_set(err, STATUS_NO_MEMORY, NULL, lack);
}

static size_t thread_executor_collect(void *self, struct finished *out,
                                      size_t max, size_t *running)
{
    struct thread_executor *e = self;
    struct job *job;
    size_t n = 0;

    *running = pool_take_ended(e->pool, &e->ended);
    while (n < max && (job = job_list_take(&e->ended)))
        out[n++] = job->finished;
    if (e->ended.first)
        pool_signal(e->wake); /* whoever sleeps now would miss the rest */
    return n;
}

static void thread_executor_forget(void *self, const struct finished *items,
                                   size_t n)
{
    struct thread_executor *e = self;

    for (size_t i = 0; i < n; i++) {
        job_forget(items[i].job);
        put_empty(e, items[i].job);
    }
}

static void thread_executor_wait(void *self, int64_t timeout_ms)
{
    struct thread_executor *e = self;
    struct pollfd at = {.fd = e->wake.fd, .events = POLLIN};

    if (timeout_ms <= 0 || e->ended.first || pool_has_ended(e->pool))
        return;
    poll(&at, 1, timeout_ms > INT_MAX ? INT_MAX : (int)timeout_ms);
}

static void thread_executor_withdraw(void *self)
{
    struct thread_executor *e = self;

    pool_withdraw(e->pool, NULL);
}

static void thread_executor_cancel(void *self, const struct lease_token *token)
{
    struct thread_executor *e = self;

    if (token)
        pool_withdraw(e->pool, token);
    pool_cancel(e->pool, token);
}

static void thread_executor_close(void *self)
{
    struct thread_executor *e = self;

    pool_close(e->pool);
    free(e);
}

static const struct executor_ops thread_executor_ops = {
    .name = "threads",
    .submit = thread_executor_submit,
    .collect = thread_executor_collect,
    .forget = thread_executor_forget,
    .wait = thread_executor_wait,
    .withdraw = thread_executor_withdraw,
    .cancel = thread_executor_cancel,
    .close = thread_executor_close,
};

enum status thread_executor_open(const struct thread_executor_config *config,
                                 struct executor_port *out, struct error *err)
{
    struct thread_executor *e = calloc(1, sizeof(*e));
    struct pool *pool = pool_new(config);
    assert(config->concurrency > 0 && config->capacity > 0);
    assert(config->wake.fd >= 0);

    if (!e || !pool) {
        if (pool) {
            pool->config.left = NULL;
            pool_close(pool);
        }
        free(e);
        return error_set(err, STATUS_NO_MEMORY, NULL,
                         "threads: no room for an executor");
    }
    e->pool = pool;
    e->wake = config->wake;
    for (size_t i = config->capacity; i > 0; i--)
        put_empty(e, &pool->jobs[i - 1]);
    *out = (struct executor_port){&thread_executor_ops, e};
    return STATUS_OK;
}
