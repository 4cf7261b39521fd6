/*
 * What the pool's own threads do. The wake of the engine is signalled when the
 * first job has ended since the engine took the list, not for each: whoever
 * finds the list empty signals. No wake-up can be lost by that, since the
 * engine empties the list each time it looks.
 *
 * One thread more, the watch, sleeps until the first handler's time is over,
 * and asks that one to end. It can do no more: a thread can't be killed.
 */
#include <time.h>
#include <unistd.h>

#include "adapters/threads/pool.h"

static int64_t monotonic_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void drain(struct wake wake)
{
    uint64_t count;
    ssize_t const ignored = read(wake.fd, &count, sizeof(count));
    (void)ignored;
}

static bool is_cancelled(const struct job *job)
{
    return atomic_load_explicit(&job->is_cancelled, memory_order_relaxed);
}

/* The worker's job is its own thread's to change, and that runs the handler. */
static bool is_call_cancelled(const struct handler_call *call)
{
    const struct worker *w = call->self;

    return is_cancelled(w->job);
}

void worker_cancel(struct worker *w)
{
    atomic_store_explicit(&w->job->is_cancelled, true, memory_order_relaxed);
    pool_signal(w->cancel);
}

/* The watch looks at a job with a timeout at the latest when that is over.
 * Mostly it will look for an older one first, and need not be told. Locked. */
static void set_deadline(struct worker *w, int64_t timeout_ms)
{
    struct pool *pool = w->pool;

    w->deadline_ms = INT64_MAX;
    if (timeout_ms <= 0)
        return;
    w->deadline_ms = monotonic_ms() + timeout_ms;
    if (w->deadline_ms >= pool->watch_at_ms)
        return;
    pool->watch_at_ms = w->deadline_ms;
    pthread_cond_signal(&pool->watch);
}

static bool extend_call(const struct handler_call *call, int64_t ms)
{
    struct worker *w = call->self;

    pthread_mutex_lock(&w->pool->lock);
    bool const is_late = is_cancelled(w->job);
    if (!is_late && call->lease->task.timeout_ms > 0)
        set_deadline(w, ms);
    pthread_mutex_unlock(&w->pool->lock);
    return !is_late;
}

/* Sleeps until there is a job or the pool is closing; who is woken wakes the
 * next one if there are more. Locked. */
static void sleep_for_work(struct worker *w)
{
    struct pool *pool = w->pool;

    while (!pool->is_closing && pool->waiting_count == 0) {
        pool->idle++;
        pthread_cond_wait(&pool->work, &pool->lock);
        pool->idle--;
        w->ended_at_ms = 0;
        if (pool->waiting_count > 1 && pool->idle > 0)
            pthread_cond_signal(&pool->work);
    }
}

/* Waits for a job and makes it the worker's; NULL: time to leave. Locked. */
static struct job *next_job(struct worker *w)
{
    struct pool *pool = w->pool;
    struct job *job = NULL;

    sleep_for_work(w);
    if (pool->is_closing)
        return NULL;
    for (size_t p = 0; p < PRIORITIES && !job; p++)
        job = job_list_take(&pool->waiting[p]);
    pool->waiting_count--;
    pool->running++;
    w->job = job;
    job->finished.started_at_ms =
        w->ended_at_ms > 0 ? w->ended_at_ms : clock_now_ms(pool->config.clock);
    set_deadline(w, job->lease.task.timeout_ms);
    return job;
}

static void run_job(struct worker *w, struct job *job)
{
    struct handler_call const call = {
        .lease = &job->lease,
        .mem = &w->scratch,
        .cancel = w->cancel,
        .is_cancelled = is_call_cancelled,
        .extend = extend_call,
        .self = w,
    };

    arena_reset(&w->scratch);
    struct outcome outcome = handlers_run(&w->pool->config.handlers, &call);
    if (atomic_load_explicit(&job->is_timed_out, memory_order_relaxed))
        outcome = handler_timed_out(outcome, &job->lease.task, &w->scratch);
    job_end(job, outcome, &w->scratch);
}

/* Puts the worker's job among the ended. Locked, also while it signals: once
 * the pool is closing, clock and wake may be gone. */
static void put_ended(struct worker *w)
{
    struct pool *pool = w->pool;
    struct job *job = w->job;
    bool const was_empty = !pool->ended.first;

    if (is_cancelled(job))
        drain(w->cancel);
    w->job = NULL;
    pool->running--;
    if (pool->is_closing)
        return;
    w->ended_at_ms = clock_now_ms(pool->config.clock);
    job->finished.ended_at_ms = w->ended_at_ms;
    job_list_add(&pool->ended, job);
    if (was_empty)
        pool_signal(pool->config.wake);
}

/* Unlocks, and frees the pool if nobody else would. */
static void leave(struct worker *w)
{
    struct pool *pool = w->pool;

    w->has_left = true;
    pool->alive--;
    bool const is_last = pool->is_closed && pool->alive == 0;
    pthread_cond_signal(&pool->left);
    pthread_mutex_unlock(&pool->lock);
    if (is_last)
        pool_free(pool);
}

void *pool_work(void *argument)
{
    struct worker *w = argument;
    struct pool *pool = w->pool;
    struct job *job;

    pthread_mutex_lock(&pool->lock);
    while ((job = next_job(w))) {
        pthread_mutex_unlock(&pool->lock);
        run_job(w, job);
        pthread_mutex_lock(&pool->lock);
        put_ended(w);
    }
    leave(w);
    return NULL;
}

/* Asks those to end whose time is over, except who was asked before; when the
 * next one's will be. Locked. */
static int64_t end_overdue(struct pool *pool, int64_t now_ms)
{
    int64_t next_ms = INT64_MAX;

    for (size_t i = 0; i < pool->config.concurrency; i++) {
        struct worker *w = &pool->workers[i];
        if (!w->job || is_cancelled(w->job))
            continue;
        if (w->deadline_ms <= now_ms) {
            atomic_store_explicit(&w->job->is_timed_out, true,
                                  memory_order_relaxed);
            worker_cancel(w);
        } else if (w->deadline_ms < next_ms) {
            next_ms = w->deadline_ms;
        }
    }
    return next_ms;
}

/* Sleeps until it is time to look, which may have become earlier. Locked. */
static void sleep_until_watch(struct pool *pool)
{
    struct timespec const at = {.tv_sec = pool->watch_at_ms / 1000,
                                .tv_nsec = pool->watch_at_ms % 1000 * 1000000};

    if (pool->watch_at_ms == INT64_MAX)
        pthread_cond_wait(&pool->watch, &pool->lock);
    else
        pthread_cond_timedwait(&pool->watch, &pool->lock, &at);
}

void *pool_watch(void *argument)
{
    struct pool *pool = argument;

    pthread_mutex_lock(&pool->lock);
    while (!pool->is_closing) {
        int64_t const now_ms = monotonic_ms();
        if (now_ms >= pool->watch_at_ms)
            pool->watch_at_ms = end_overdue(pool, now_ms);
        else
            sleep_until_watch(pool);
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}
