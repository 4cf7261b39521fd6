/*
 * failure.h - how faults of the inner rings become the errors of millrace.h.
 */
#ifndef CMD_LIBRARY_FAILURE_H
#define CMD_LIBRARY_FAILURE_H

#include "cmd/library/millrace.h"
#include "domain/error.h"

/* The field that a fault names when a backend has broken its contract. */
#define CONTRACT_FIELD "backend"

/* Fills *out (may be NULL) and gives the code back. */
enum mr_code refuse(struct mr_error *out, enum mr_code code, const char *field,
                    const char *message);

/* The code of a fault or an answer; MR_OK for STATUS_OK. err goes with a
 * fault; an answer gets words of its own. */
enum mr_code failure(struct mr_error *out, enum status status,
                     const struct error *err);

/* The same for a call that names a task or a queue: an answer names it too. */
enum mr_code failure_about(struct mr_error *out, enum status status,
                           const struct error *err, const char *whom);

/* The fault for each code: what a testing kit is told to fail with. False for
 * a code that is no fault of a backend. */
bool fault_of_code(enum mr_code code, enum status *out);

#endif
