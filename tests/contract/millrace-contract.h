/*
 * millrace-contract.h - runs the contract suite on a backend of your own.
 *
 * A program that defines contract_backend and is linked with the suite (see
 * pkg-config millrace-contract) is the suite: run it, and it tells which
 * promises of usecase/queue_port.h and the other ports your backend keeps. It
 * takes the options of Criterion.
 */
#ifndef MILLRACE_CONTRACT_H
#define MILLRACE_CONTRACT_H

#include "usecase/backend_port.h"

struct contract_backend {
    const char *name;

    /* Opens the store of that namespace in folder, which is empty at first; or
     * wherever it likes: each test gets another folder, and its namespaces are
     * its own. The same two mean the same store. */
    enum status (*open)(const char *folder, const char *namespace,
                        struct backend_port *out, struct error *err);

    /* Lets ms pass for the leases of a store that go by another clock than the
     * now_ms of its calls; NULL: there are none. */
    void (*age)(const char *folder, const char *namespace, int64_t ms);
};

extern const struct contract_backend contract_backend;

#endif
