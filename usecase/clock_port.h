/*
 * clock_port.h - what time it is.
 */
#ifndef USECASE_CLOCK_PORT_H
#define USECASE_CLOCK_PORT_H

#include <stdint.h>

struct clock_ops {
    const char *name;

    /* Unix time in milliseconds. Never fails; may step, also back. Any
     * thread. */
    int64_t (*now_ms)(void *self);

    void (*close)(void *self);
};

struct clock_port {
    const struct clock_ops *ops;
    void *self;
};

void clock_port_check(struct clock_port clock);

static inline int64_t clock_now_ms(struct clock_port clock)
{
    return clock.ops->now_ms(clock.self);
}

#endif
