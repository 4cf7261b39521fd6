/*
 * random_port.h - bits that nobody can foresee, or that a test has chosen.
 */
#ifndef USECASE_RANDOM_PORT_H
#define USECASE_RANDOM_PORT_H

#include <stdint.h>

struct random_ops {
    const char *name;

    /* 64 random bits. Never fails. One thread at a time. */
    uint64_t (*bits)(void *self);

    void (*close)(void *self);
};

struct random_port {
    const struct random_ops *ops;
    void *self;
};

void random_port_check(struct random_port random);

static inline uint64_t random_bits(struct random_port random)
{
    return random.ops->bits(random.self);
}

#endif
