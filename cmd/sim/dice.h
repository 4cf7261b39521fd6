/*
 * dice.h - choices that depend on a seed alone.
 *
 * splitmix64 (G. Steele, D. Lea, C. Flood, "Fast Splittable Pseudorandom
 * Number Generators", OOPSLA 2014).
 */
#ifndef CMD_SIM_DICE_H
#define CMD_SIM_DICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dice {
    uint64_t state;
};

static inline uint64_t dice_bits(struct dice *d)
{
    uint64_t z = d->state += UINT64_C(0x9E3779B97F4A7C15);

    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

/* One of 0 to n - 1. */
static inline size_t dice_roll(struct dice *d, size_t n)
{
    return (size_t)(dice_bits(d) % n);
}

/* True once in n times. */
static inline bool dice_hits(struct dice *d, size_t n)
{
    return dice_roll(d, n) == 0;
}

#endif
