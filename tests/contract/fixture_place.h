/*
 * fixture_place.h - where the contract suite keeps the stores of a backend.
 *
 * All that the suite knows of single backends: how a test gets a store that
 * nobody else uses, and how its leases grow old without waiting. The program
 * that the suite is linked into brings the list of them.
 */
#ifndef TESTS_CONTRACT_FIXTURE_PLACE_H
#define TESTS_CONTRACT_FIXTURE_PLACE_H

#include <stdint.h>

#include "tests/contract/fixture.h"

struct place {
    const char *name; /* of the backend */

    /* Writes f->url, and f->folder if it makes one. */
    void (*make)(struct fixture *f);

    /* Opens the store of that namespace. */
    enum status (*open)(const struct fixture *f, const char *namespace,
                        struct backend_port *out, struct error *err);

    /* Lets f's leases age; NULL: the store believes f->now_ms. */
    void (*age)(const struct fixture *f, const char *namespace, int64_t ms);
};

/* The places to run the suite at, up to one without a name. */
const struct place *contract_places(void);

/* Makes a new folder and writes its path to f->folder. */
void place_make_folder(struct fixture *f);

/* The namespace of the test that runs in this process. */
void place_namespace(char out[NAMESPACE_MAX + 1]);

/* redis_age.c; url as MILLRACE_TEST_REDIS has it. */
void redis_age(const char *url, const char *namespace, int64_t ms);

#endif
