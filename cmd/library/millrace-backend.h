/*
 * millrace-backend.h - a client over a backend of your own.
 *
 * What a backend is, usecase/backend_port.h and the ports it opens say; they
 * are installed beside this header (pkg-config millrace-backend), with a
 * library of what they offer, and a suite that holds a backend to them
 * (pkg-config millrace-contract). They are C, not C++. Unlike millrace.h, the
 * next version may have other ones: MR_BACKEND_ABI then grows.
 */
#ifndef MILLRACE_BACKEND_H
#define MILLRACE_BACKEND_H

#include <millrace.h>

#include "usecase/backend_port.h"

#define MR_BACKEND_ABI 1

/* Makes a client over the backend, which from then on is the library's to
 * close; after an error it stays yours. abi is MR_BACKEND_ABI, as it was when
 * the backend was built: MR_ABI_MISMATCH. A table with an operation missing is
 * MR_CONTRACT; so is what breaks a promise later, as far as it can be seen: a
 * count beyond what was asked for, a task or a token that is none, an answer
 * that the operation does not have. url names it to people. */
__attribute__((visibility("default"))) MR_MUST_USE enum mr_code
mr_client_open_backend(const struct backend_port *backend, unsigned abi,
                       const char *url, struct mr_client **out,
                       struct mr_error *err);

#endif
