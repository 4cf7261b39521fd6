#include "cmd/patrol_thread.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "usecase/patrol.h"

struct patrol_thread {
    struct scrub_port scrub;
    struct patrol patrol;
    pthread_t thread;
    pthread_mutex_t mutex; /* of what follows */
    pthread_cond_t told;
    bool is_stopping;
};

/* Pauses, unless told to stop: whether to go on. */
static bool rest(struct patrol_thread *t, int64_t pause_ms)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += pause_ms % 1000 * 1000000;
    until.tv_sec += pause_ms / 1000 + until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&t->mutex);
    int timed_out = 0;
    while (!t->is_stopping && !timed_out)
        timed_out = pthread_cond_timedwait(&t->told, &t->mutex, &until);
    bool const goes_on = !t->is_stopping;
    pthread_mutex_unlock(&t->mutex);
    return goes_on;
}

static void *walk(void *self)
{
    struct patrol_thread *t = self;

    while (rest(t, patrol_step(&t->patrol)))
        ;
    return NULL;
}

static bool start(struct patrol_thread *t)
{
    pthread_condattr_t attr;
    sigset_t all;
    sigset_t before;

    pthread_mutex_init(&t->mutex, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&t->told, &attr);
    pthread_condattr_destroy(&attr);
    sigfillset(&all); /* signals are the main thread's */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int const wrong = pthread_create(&t->thread, NULL, walk, t);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return wrong == 0;
}

static void release(struct patrol_thread *t)
{
    pthread_cond_destroy(&t->told);
    pthread_mutex_destroy(&t->mutex);
    scrub_close(t->scrub);
    free(t);
}

enum status patrol_thread_open(const struct wire *wire,
                               struct metrics_port metrics,
                               struct patrol_thread **out, struct error *err)
{
    struct patrol_thread *t = calloc(1, sizeof(*t));

    if (!t)
        return error_set(err, STATUS_NO_MEMORY, NULL, "no memory for a patrol");
    enum status const st =
        wire->backend.ops->open_scrub(wire->backend.self, &t->scrub, err);
    if (st < 0) {
        free(t);
        return st;
    }
    scrub_port_check(t->scrub);
    patrol_init(&t->patrol, t->scrub, wire->clock, metrics);
    if (!start(t)) {
        release(t);
        return error_set(err, STATUS_NO_MEMORY, NULL, "can't start a thread");
    }
    *out = t;
    return STATUS_OK;
}

void patrol_thread_close(struct patrol_thread *t)
{
    if (!t)
        return;
    pthread_mutex_lock(&t->mutex);
    t->is_stopping = true;
    pthread_cond_signal(&t->told);
    pthread_mutex_unlock(&t->mutex);
    pthread_join(t->thread, NULL);
    release(t);
}
