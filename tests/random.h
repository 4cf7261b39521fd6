/*
 * random.h - numbers for property tests: the same for the same seed.
 *
 * splitmix64 (G. Steele, D. Lea, C. Flood, "Fast Splittable Pseudorandom
 * Number Generators", 2014).
 */
#ifndef TESTS_RANDOM_H
#define TESTS_RANDOM_H

#include <stdint.h>

struct random_source {
    uint64_t state;
};

static inline struct random_source random_seeded(uint64_t seed)
{
    return (struct random_source){seed};
}

static inline uint64_t random_next(struct random_source *random)
{
    uint64_t z = random->state += UINT64_C(0x9E3779B97F4A7C15);

    z = (z ^ z >> 30) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ z >> 27) * UINT64_C(0x94D049BB133111EB);
    return z ^ z >> 31;
}

#endif
