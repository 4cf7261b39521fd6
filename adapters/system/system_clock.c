#include "adapters/system/system_clock.h"

#include <assert.h>
#include <time.h>

static int64_t system_clock_now_ms(void *self)
{
    struct timespec now;
    (void)self;

    int const failed = clock_gettime(CLOCK_REALTIME, &now);
    assert(!failed);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void system_clock_close(void *self)
{
    (void)self;
}

static const struct clock_ops system_clock_ops = {
    .name = "system",
    .now_ms = system_clock_now_ms,
    .close = system_clock_close,
};

void system_clock_open(struct clock_port *out)
{
    /* It has no state of its own, but a port's self is never NULL. */
    *out = (struct clock_port){&system_clock_ops, (void *)&system_clock_ops};
}
