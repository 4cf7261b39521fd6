/*
 * The wake of the engine is signalled when the first job has ended since the
 * engine took the list, not for each: whoever finds the list empty signals.
 * No wake-up can be lost by that, since the engine empties the list each time
 * it looks.
 *
 * Threads without work wait on one condition; as many are woken as there are
 * jobs for. One more is started where more jobs wait than threads are without
 * one, whether these sleep or are on their way.
 */
#include "adapters/threads/pool.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

void pool_signal(struct wake wake)
{
    int const saved = errno;
    uint64_t const one = 1;

    /* It fails only where the counter is at its top: readable as it is. */
    ssize_t const ignored = write(wake.fd, &one, sizeof(one));
    (void)ignored;
    errno = saved;
}

static void drain(struct wake wake)
{
    uint64_t count;
    ssize_t const ignored = read(wake.fd, &count, sizeof(count));
    (void)ignored;
}

static bool is_task(const struct job *job, const struct task_id *id)
{
    return !id || strcmp(job->lease.task.id.text, id->text) == 0;
}

static void worker_close(struct worker *w)
{
    close(w->cancel.fd);
    munmap(w->scratch.base, w->scratch.size);
}

static void free_pool(struct pool *pool)
{
    for (size_t i = 0; pool->workers && i < pool->started; i++)
        worker_close(&pool->workers[i]);
    for (size_t i = 0; pool->jobs && i < pool->config.capacity; i++)
        job_release(&pool->jobs[i]);
    pthread_cond_destroy(&pool->left);
    pthread_cond_destroy(&pool->work);
    pthread_mutex_destroy(&pool->lock);
    free(pool->workers);
    free(pool->jobs);
    free(pool);
}

/* --- on the pool's threads ---------------------------------------------- */

static bool is_job_cancelled(const struct handler_call *call)
{
    const struct job *job = call->self;

    return atomic_load_explicit(&job->is_cancelled, memory_order_relaxed);
}

/* Waits for a job and makes it the worker's; NULL: time to leave. Locked. */
static struct job *next_job(struct worker *w)
{
    struct pool *pool = w->pool;
    struct job *job = NULL;

    while (!pool->is_closing && pool->waiting_count == 0) {
        pool->idle++;
        pthread_cond_wait(&pool->work, &pool->lock);
        pool->idle--;
    }
    if (pool->is_closing)
        return NULL;
    for (size_t p = 0; p < PRIORITIES && !job; p++)
        job = job_list_take(&pool->waiting[p]);
    pool->waiting_count--;
    pool->running++;
    w->job = job;
    job->finished.started_at_ms = clock_now_ms(pool->config.clock);
    return job;
}

static void run_job(struct worker *w, struct job *job)
{
    struct handler_call const call = {
        .lease = &job->lease,
        .mem = &w->scratch,
        .cancel = w->cancel,
        .is_cancelled = is_job_cancelled,
        .self = job,
    };

    arena_reset(&w->scratch);
    job_end(job, handlers_run(&w->pool->config.handlers, &call), &w->scratch);
}

/* Puts the worker's job among the ended. Locked, also while it signals: once
 * the pool is closing, clock and wake may be gone. */
static void put_ended(struct worker *w)
{
    struct pool *pool = w->pool;
    struct job *job = w->job;
    bool const was_empty = !pool->ended.first;

    if (atomic_load_explicit(&job->is_cancelled, memory_order_relaxed))
        drain(w->cancel);
    w->job = NULL;
    pool->running--;
    if (pool->is_closing)
        return;
    job->finished.ended_at_ms = clock_now_ms(pool->config.clock);
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
        free_pool(pool);
}

static void *worker_main(void *argument)
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

/* --- on the engine's thread --------------------------------------------- */

struct pool *pool_new(const struct thread_executor_config *config)
{
    struct pool *pool = calloc(1, sizeof(*pool));

    if (!pool)
        return NULL;
    pool->config = *config;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->work, NULL);
    pthread_cond_init(&pool->left, NULL);
    pool->workers = calloc(config->concurrency, sizeof(*pool->workers));
    pool->jobs = calloc(config->capacity, sizeof(*pool->jobs));
    if (!pool->workers || !pool->jobs) {
        free_pool(pool);
        return NULL;
    }
    return pool;
}

/* A new thread inherits its maker's mask of signals: all blocked. */
static int create_blocked(struct worker *w, const pthread_attr_t *attr)
{
    sigset_t all;
    sigset_t before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int const failed = pthread_create(&w->thread, attr, worker_main, w);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return failed;
}

/* The scratch is not from the heap: its room must cost nothing until used. */
static bool worker_open(struct worker *w, struct pool *pool)
{
    *w = (struct worker){.pool = pool};
    w->cancel.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (w->cancel.fd < 0)
        return false;
    w->scratch.base = mmap(NULL, HANDLER_ROOM, PROT_READ | PROT_WRITE,
                           MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    w->scratch.size = HANDLER_ROOM;
    if (w->scratch.base != MAP_FAILED)
        return true;
    close(w->cancel.fd);
    return false;
}

static bool start_thread(struct pool *pool)
{
    struct worker *w = &pool->workers[pool->started];
    pthread_attr_t attr;

    if (!worker_open(w, pool))
        return false;
    pthread_mutex_lock(&pool->lock);
    pool->alive++;
    pthread_mutex_unlock(&pool->lock);

    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, THREAD_STACK_SIZE);
    int const failed = create_blocked(w, &attr);
    pthread_attr_destroy(&attr);
    if (!failed) {
        pool->started++;
        return true;
    }
    pthread_mutex_lock(&pool->lock);
    pool->alive--;
    pthread_mutex_unlock(&pool->lock);
    worker_close(w);
    return false;
}

bool pool_put(struct pool *pool, struct job_list *jobs, size_t n)
{
    struct job *job;

    /* Before the jobs are out of hand: without a thread nothing was taken. */
    if (pool->started == 0 && !start_thread(pool))
        return false;

    pthread_mutex_lock(&pool->lock);
    while ((job = job_list_take(jobs)))
        job_list_add(&pool->waiting[job->lease.task.priority], job);
    pool->waiting_count += n;
    size_t const idle = pool->idle;
    size_t const wanted = pool->waiting_count + pool->running;
    pthread_mutex_unlock(&pool->lock);

    for (size_t i = 0; i < n && i < idle; i++)
        pthread_cond_signal(&pool->work);
    while (pool->started < wanted && pool->started < pool->config.concurrency)
        if (!start_thread(pool))
            break; /* those that are there do the work, if later */
    return true;
}

size_t pool_take_ended(struct pool *pool, struct job_list *ended)
{
    pthread_mutex_lock(&pool->lock);
    job_list_move(&pool->ended, ended);
    size_t const running = pool->running;
    pthread_mutex_unlock(&pool->lock);
    return running;
}

bool pool_has_ended(struct pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    bool const has_ended = pool->ended.first != NULL;
    pthread_mutex_unlock(&pool->lock);
    return has_ended;
}

/* Ends those of list that are the task id, or all of them (NULL). */
static void withdraw_from(struct pool *pool, struct job_list *list,
                          const struct task_id *id)
{
    struct job_list kept = {0};
    struct job *job;

    while ((job = job_list_take(list))) {
        if (!is_task(job, id)) {
            job_list_add(&kept, job);
            continue;
        }
        job->finished.outcome = (struct outcome){.kind = OUTCOME_RELEASE};
        job->finished.ended_at_ms = clock_now_ms(pool->config.clock);
        job_list_add(&pool->ended, job);
        pool->waiting_count--;
    }
    *list = kept;
}

void pool_withdraw(struct pool *pool, const struct task_id *id)
{
    pthread_mutex_lock(&pool->lock);
    bool const was_empty = !pool->ended.first;
    for (size_t p = 0; p < PRIORITIES; p++)
        withdraw_from(pool, &pool->waiting[p], id);
    if (was_empty && pool->ended.first)
        pool_signal(pool->config.wake);
    pthread_mutex_unlock(&pool->lock);
}

void pool_cancel(struct pool *pool, const struct task_id *id)
{
    pthread_mutex_lock(&pool->lock);
    for (size_t i = 0; i < pool->started; i++) {
        struct worker *w = &pool->workers[i];
        if (!w->job || !is_task(w->job, id))
            continue;
        atomic_store_explicit(&w->job->is_cancelled, true,
                              memory_order_relaxed);
        pool_signal(w->cancel);
    }
    pthread_mutex_unlock(&pool->lock);
}

void pool_close(struct pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    pool->is_closing = true;
    pthread_cond_broadcast(&pool->work);
    while (pool->alive > pool->running)
        pthread_cond_wait(&pool->left, &pool->lock);
    for (size_t i = 0; i < pool->started; i++)
        if (pool->workers[i].has_left)
            pthread_join(pool->workers[i].thread, NULL);
        else
            pthread_detach(pool->workers[i].thread);
    pool->is_closed = true;
    bool const is_last = pool->alive == 0;
    pthread_mutex_unlock(&pool->lock);
    if (is_last)
        free_pool(pool);
}
