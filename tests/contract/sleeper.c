#include "tests/contract/sleeper.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

static int64_t read_ms(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void *sleep_in_lease(void *self)
{
    struct sleeper *s = self;
    int64_t const began_ms = read_ms(CLOCK_MONOTONIC);
    int64_t const cpu_ms = read_ms(CLOCK_THREAD_CPUTIME_ID);

    s->tid = (pid_t)syscall(SYS_gettid);
    s->status =
        queue_lease(s->queue, &s->req, &s->mem, &s->lease, &s->count, &s->err);
    s->slept_ms = read_ms(CLOCK_MONOTONIC) - began_ms;
    s->cpu_ms = read_ms(CLOCK_THREAD_CPUTIME_ID) - cpu_ms;
    return NULL;
}

/* Returns once the thread sleeps, as the kernel sees it. */
static void until_asleep(const struct sleeper *s)
{
    char path[64];
    char state = 'R';

    while (s->tid == 0)
        sched_yield();
    snprintf(path, sizeof(path), "/proc/self/task/%d/stat", (int)s->tid);
    while (state == 'R') {
        FILE *stat = fopen(path, "r");
        if (!stat || fscanf(stat, "%*d (%*[^)]) %c", &state) != 1)
            state = 'X';
        if (stat)
            fclose(stat);
        sched_yield();
    }
}

void sleep_again(struct sleeper *s)
{
    sleep_in_lease(s);
}

struct sleeper *given_a_sleeper_for(struct fixture *f, const char *plan,
                                    int64_t ms, struct wake wake)
{
    struct sleeper *s = calloc(1, sizeof(*s));
    enum { ROOM = 65536 };

    s->queue = another_queue(f);
    s->req = a_request(f, plan);
    s->plan = *s->req.plan;
    s->req.plan = &s->plan;
    s->req.until_ms = f->now_ms + ms;
    s->req.wake = wake;
    s->mem = (struct arena){.base = malloc(ROOM), .size = ROOM};
    pthread_create(&s->thread, NULL, sleep_in_lease, s);
    until_asleep(s);
    return s;
}

struct sleeper *given_a_sleeper(struct fixture *f, const char *plan)
{
    return given_a_sleeper_for(f, plan, 10 * PATIENCE_MS, WAKE_NEVER);
}

void wait_for(struct sleeper *s)
{
    pthread_join(s->thread, NULL);
}

void end(struct sleeper *s)
{
    queue_close(s->queue);
    free(s->mem.base);
    free(s);
}

void then_it_gets(struct fixture *f, struct sleeper *s, struct task_id id)
{
    wait_for(s);
    THEN(eq(int, s->status, STATUS_OK));
    THEN(eq(sz, s->count, 1));
    THEN(IS_ID(s->lease.task.id, id));
    end(s);
}

void then_it_gets_nothing(struct fixture *f, struct sleeper *s)
{
    wait_for(s);
    THEN(eq(int, s->status, STATUS_EMPTY));
    end(s);
}
