/*
 * sleeper.h - a thread that sleeps in lease, for the tests of what ends that.
 */
#ifndef TESTS_CONTRACT_SLEEPER_H
#define TESTS_CONTRACT_SLEEPER_H

#include <pthread.h>

#include "tests/contract/fixture.h"

struct sleeper {
    pthread_t thread;
    struct queue_port queue;
    struct queue_plan plan;
    struct lease_request req;
    struct arena mem;
    struct lease lease;
    struct error err;
    size_t count;
    enum status status;
    int64_t slept_ms;
    int64_t cpu_ms;
    _Atomic pid_t tid;
};

/* Starts a sleeper for plan over a port of its own, which waits for ms. It is
 * asleep, as the kernel sees it: it may yet be on its way to where it waits,
 * which the promises must stand as well. */
struct sleeper *given_a_sleeper_for(struct fixture *f, const char *plan,
                                    int64_t ms, struct wake wake);

/* The same without a wake, for longer than any test takes. */
struct sleeper *given_a_sleeper(struct fixture *f, const char *plan);

/* Leases once more as s->req says, in the caller's thread. */
void sleep_again(struct sleeper *s);

/* Waits until the sleeper has come back. */
void wait_for(struct sleeper *s);

/* Closes its port and frees it. */
void end(struct sleeper *s);

/* Waits until the sleeper has got the task with id, and ends it. */
void then_it_gets(struct fixture *f, struct sleeper *s, struct task_id id);

/* Waits until the sleeper has come back without a task, and ends it. */
void then_it_gets_nothing(struct fixture *f, struct sleeper *s);

#endif
