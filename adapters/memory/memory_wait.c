#include "adapters/memory/memory_wait.h"

#include <assert.h>
#include <limits.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

bool waiter_open(struct waiter *w)
{
    *w = (struct waiter){.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)};
    return w->fd >= 0;
}

void waiter_close(struct waiter *w)
{
    close(w->fd);
}

static void join(struct store *s, struct waiter *w)
{
    w->is_woken = false;
    w->next = s->waiters;
    s->waiters = w;
}

static void part(struct store *s, struct waiter *w)
{
    struct waiter **at = &s->waiters;
    uint64_t ignored;

    while (*at != w)
        at = &(*at)->next;
    *at = w->next;
    if (w->is_woken) {
        ssize_t const n = read(w->fd, &ignored, sizeof(ignored));
        assert(n == (ssize_t)sizeof(ignored));
    }
}

bool waiter_sleep(struct store *s, struct waiter *w,
                  const struct queue_plan *plan, int64_t due_ms,
                  int64_t timeout_ms, struct wake wake)
{
    struct pollfd fds[] = {
        {.fd = w->fd, .events = POLLIN},
        {.fd = wake.fd, .events = POLLIN}, /* -1 is left out by poll */
    };

    w->plan = plan;
    w->due_ms = due_ms;
    join(s, w);
    store_unlock(s);
    /* Interrupted or not, the caller looks again and knows the time. */
    int const ready =
        poll(fds, 2, timeout_ms < INT_MAX ? (int)timeout_ms : INT_MAX);
    store_lock(s);
    part(s, w);
    return ready > 0 && fds[1].revents != 0;
}

static void wake(struct waiter *w)
{
    uint64_t const one = 1;

    if (w->is_woken)
        return;
    ssize_t const n = write(w->fd, &one, sizeof(one));
    assert(n == (ssize_t)sizeof(one));
    w->is_woken = true;
}

void wake_for_ready(struct store *s, const struct queue *q)
{
    if (q->is_paused)
        return;
    for (struct waiter *w = s->waiters; w; w = w->next)
        if (queue_plan_has(w->plan, q->name))
            wake(w);
}

void wake_for_due(struct store *s, int64_t at_ms)
{
    for (struct waiter *w = s->waiters; w; w = w->next)
        if (at_ms < w->due_ms)
            wake(w);
}

int64_t monotonic_ms(void)
{
    struct timespec now;
    int const failed = clock_gettime(CLOCK_MONOTONIC, &now);
    assert(!failed);

    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
