/*
 * scripted_random.h - randomness that a test has chosen.
 *
 * First the values of a script, then a stream that depends on the seed alone
 * (splitmix64: G. Steele, D. Lea, C. Flood, "Fast Splittable Pseudorandom
 * Number Generators", OOPSLA 2014), so that a failing run can be repeated.
 */
#ifndef ADAPTERS_DOUBLES_SCRIPTED_RANDOM_H
#define ADAPTERS_DOUBLES_SCRIPTED_RANDOM_H

#include <stddef.h>

#include "domain/error.h"
#include "usecase/random_port.h"

/* Opens a source into *out that gives a copy of values[n], then the stream of
 * seed. Fault STATUS_NO_MEMORY. */
MUST_USE enum status scripted_random_open(const uint64_t *values, size_t n,
                                          uint64_t seed,
                                          struct random_port *out,
                                          struct error *err);

#endif
