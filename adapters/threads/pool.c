/*
 * What the engine's thread does. Threads without work wait on one condition.
 * One is woken, and each that is wakes the next as long as jobs wait: where
 * handlers are quick, the first few have done it all before the others would
 * have been there. One more is started where more jobs wait than threads are
 * without one, whether these sleep or are on their way.
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

static bool is_lease(const struct job *job, const struct lease_token *token)
{
    return !token || strcmp(job->lease.token.text, token->text) == 0;
}

static void worker_close(struct worker *w)
{
    close(w->cancel.fd);
    munmap(w->scratch.base, w->scratch.size);
}

void pool_free(struct pool *pool)
{
    void (*const left)(void *) = pool->config.left;
    void *const context = pool->config.context;

    for (size_t i = 0; pool->workers && i < pool->started; i++)
        worker_close(&pool->workers[i]);
    for (size_t i = 0; pool->jobs && i < pool->config.capacity; i++)
        job_release(&pool->jobs[i]);
    pthread_cond_destroy(&pool->watch);
    pthread_cond_destroy(&pool->left);
    pthread_cond_destroy(&pool->work);
    pthread_mutex_destroy(&pool->lock);
    free(pool->workers);
    free(pool->jobs);
    free(pool);
    if (left)
        left(context);
}

/* A condition whose timed waits go by the monotonic clock. */
static void init_monotonic(pthread_cond_t *condition)
{
    pthread_condattr_t attr;

    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(condition, &attr);
    pthread_condattr_destroy(&attr);
}

struct pool *pool_new(const struct thread_executor_config *config)
{
    struct pool *pool = calloc(1, sizeof(*pool));

    if (!pool)
        return NULL;
    pool->config = *config;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->work, NULL);
    pthread_cond_init(&pool->left, NULL);
    init_monotonic(&pool->watch);
    pool->watch_at_ms = INT64_MAX;
    pool->workers = calloc(config->concurrency, sizeof(*pool->workers));
    pool->jobs = calloc(config->capacity, sizeof(*pool->jobs));
    if (!pool->workers || !pool->jobs) {
        pool_free(pool);
        return NULL;
    }
    return pool;
}

/* A new thread inherits its maker's mask of signals: all blocked. */
static bool create_thread(pthread_t *out, void *(*run)(void *), void *argument)
{
    pthread_attr_t attr;
    sigset_t all;
    sigset_t before;

    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, THREAD_STACK_SIZE);
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int const failed = pthread_create(out, &attr, run, argument);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attr);
    return !failed;
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

    if (!worker_open(w, pool))
        return false;
    pthread_mutex_lock(&pool->lock);
    pool->alive++;
    pthread_mutex_unlock(&pool->lock);

    if (create_thread(&w->thread, pool_work, w)) {
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
    if (!pool->has_watch)
        pool->has_watch = create_thread(&pool->watcher, pool_watch, pool);
    if (!pool->has_watch || (pool->started == 0 && !start_thread(pool)))
        return false;

    pthread_mutex_lock(&pool->lock);
    while ((job = job_list_take(jobs)))
        job_list_add(&pool->waiting[job->lease.task.priority], job);
    pool->waiting_count += n;
    bool const has_idle = pool->idle > 0;
    size_t const wanted = pool->waiting_count + pool->running;
    pthread_mutex_unlock(&pool->lock);

    if (has_idle)
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

/* Ends those of list of the lease token, or all of them (NULL). */
static void withdraw_from(struct pool *pool, struct job_list *list,
                          const struct lease_token *token)
{
    struct job_list kept = {0};
    struct job *job;

    while ((job = job_list_take(list))) {
        if (!is_lease(job, token)) {
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

void pool_withdraw(struct pool *pool, const struct lease_token *token)
{
    pthread_mutex_lock(&pool->lock);
    bool const was_empty = !pool->ended.first;
    for (size_t p = 0; p < PRIORITIES; p++)
        withdraw_from(pool, &pool->waiting[p], token);
    if (was_empty && pool->ended.first)
        pool_signal(pool->config.wake);
    pthread_mutex_unlock(&pool->lock);
}

void pool_cancel(struct pool *pool, const struct lease_token *token)
{
    pthread_mutex_lock(&pool->lock);
    for (size_t i = 0; i < pool->started; i++) {
        struct worker *w = &pool->workers[i];
        if (w->job && is_lease(w->job, token))
            worker_cancel(w);
    }
    pthread_mutex_unlock(&pool->lock);
}

static void begin_close(struct pool *pool)
{
    pthread_mutex_lock(&pool->lock);
    pool->is_closing = true;
    pthread_cond_broadcast(&pool->work);
    pthread_cond_signal(&pool->watch);
    pthread_mutex_unlock(&pool->lock);
    if (pool->has_watch)
        pthread_join(pool->watcher, NULL);
}

void pool_close(struct pool *pool)
{
    begin_close(pool);
    pthread_mutex_lock(&pool->lock);
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
        pool_free(pool);
}
