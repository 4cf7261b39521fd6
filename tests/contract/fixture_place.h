/*
 * fixture_place.h - where the contract suite keeps the stores of a backend.
 *
 * All that the suite knows of single backends: how a test gets a store that
 * nobody else uses, and how its leases grow old without waiting.
 */
#ifndef TESTS_CONTRACT_FIXTURE_PLACE_H
#define TESTS_CONTRACT_FIXTURE_PLACE_H

#include <stdint.h>

#include "tests/contract/fixture.h"

struct place {
    const char *scheme; /* of cmd/backends.c */

    /* Writes f->url, and f->folder if it makes one. */
    void (*make)(struct fixture *f);

    /* Lets f's leases age; NULL: the store believes f->now_ms. */
    void (*age)(const struct fixture *f, const char *namespace, int64_t ms);
};

/* The place for a scheme, or NULL; *is_alias: another scheme of the table
 * reaches the same backend, and is tested for it. */
const struct place *place_for(const char *scheme, bool *is_alias);

/* The namespace of the test that runs in this process. */
void place_namespace(char out[NAMESPACE_MAX + 1]);

/* redis_age.c; url as MILLRACE_TEST_REDIS has it. */
void redis_age(const char *url, const char *namespace, int64_t ms);

#endif
