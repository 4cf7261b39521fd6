#include "adapters/http/http_thread.h"

#include <signal.h>

enum status http_thread_start(pthread_t *out, void *(*run)(void *self),
                              void *self, struct error *err)
{
    sigset_t all;
    sigset_t before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int const wrong = pthread_create(out, NULL, run, self);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return wrong == 0 ? STATUS_OK
                      : error_set(err, STATUS_UNAVAILABLE, NULL,
                                  "http: can't start a thread");
}

void http_condition_init(pthread_cond_t *out)
{
    pthread_condattr_t monotonic;

    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(out, &monotonic);
    pthread_condattr_destroy(&monotonic);
}
