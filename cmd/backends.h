/*
 * backends.h - the backends that users can choose from.
 *
 * The one table of them: the program, the library and the contract suite all
 * use it, so that no backend can stay outside the tests.
 */
#ifndef CMD_BACKENDS_H
#define CMD_BACKENDS_H

#include "usecase/backend_port.h"
#include "usecase/backend_url.h"

struct backend_scheme {
    const char *name;   /* "sqlite": for people and test runs */
    const char *scheme; /* of its URLs, without the colon */
    enum status (*open)(const struct backend_url *url, struct backend_port *out,
                        struct error *err);
};

/* The table; ends with an entry whose name is NULL. */
extern const struct backend_scheme backend_schemes[];

/* Opens the backend that url names and checks that it is whole. Fault
 * STATUS_INVALID for a scheme that this build does not have. */
MUST_USE enum status backend_open(const struct backend_url *url,
                                  struct backend_port *out, struct error *err);

#endif
