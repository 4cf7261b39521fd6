/*
 * pool.h - threads that run jobs.
 *
 * One lock guards what the engine's thread and the pool's threads share. A
 * thread takes it once a job, to put away the last one and take the next; the
 * engine's once a batch. Lists change hands whole.
 */
#ifndef ADAPTERS_THREADS_POOL_H
#define ADAPTERS_THREADS_POOL_H

#include <pthread.h>

#include "adapters/threads/job.h"
#include "adapters/threads/thread_executor.h"

struct pool;

/* One thread of the pool. */
struct worker {
    struct pool *pool;
    struct job *job;      /* what it runs; guarded */
    int64_t deadline_ms;  /* of job, by the monotonic clock; guarded */
    int64_t ended_at_ms;  /* when its last job did, if it goes on with the next
                             at once; else 0 */
    struct arena scratch; /* the arena of its handlers */
    struct wake cancel;
    pthread_t thread;
    bool has_left; /* guarded */
};

struct pool {
    struct thread_executor_config config;
    struct worker *workers; /* [config.concurrency] */
    size_t started;         /* of them; the engine's own */
    pthread_t watcher;
    bool has_watch; /* the engine's own */

    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t work;  /* something waits, or is_closing */
    pthread_cond_t left;  /* a thread has left */
    pthread_cond_t watch; /* watch_at_ms is earlier, or is_closing */
    struct job_list waiting[PRIORITIES];
    struct job_list ended;
    size_t waiting_count;
    int64_t watch_at_ms; /* when to look for who is overdue */
    size_t idle;         /* threads that wait for work */
    size_t running;
    size_t alive;    /* threads that have not left */
    bool is_closing; /* threads leave as soon as they have no handler */
    bool is_closed;  /* nobody else is there: the last one to leave frees */

    struct job *jobs; /* [config.capacity] */
};

/* Makes a pool without threads; NULL: no memory. */
struct pool *pool_new(const struct thread_executor_config *config);

/* Hands over n jobs, and starts threads as they are needed. False: not one
 * thread could be started, and jobs is unchanged. */
MUST_USE bool pool_put(struct pool *pool, struct job_list *jobs, size_t n);

/* Appends all jobs that have ended to *ended; how many handlers run. */
size_t pool_take_ended(struct pool *pool, struct job_list *ended);

bool pool_has_ended(struct pool *pool);

/* Ends all jobs that wait, or with a token that one, as released. */
void pool_withdraw(struct pool *pool, const struct lease_token *token);

/* Asks the handlers that run, or with a token that one, to end. */
void pool_cancel(struct pool *pool, const struct lease_token *token);

/* See thread_executor_open on closing. */
void pool_close(struct pool *pool);

/* Signals an eventfd. */
void pool_signal(struct wake wake);

/* What threads run, for a worker and for the pool. */
void *pool_work(void *argument);
void *pool_watch(void *argument);

/* Asks the handler of the worker's job to end. Locked. */
void worker_cancel(struct worker *w);

/* Frees it; nobody else is there. */
void pool_free(struct pool *pool);

#endif
