/*
 * dir_backend.h - a backend that keeps tasks as files in a folder.
 *
 * A toy, to show how a backend is written outside of Millrace and held to its
 * contract; see dir_store.h for what it costs. What it has stored survives a
 * kill of any process, not a power cut: nothing is synced.
 */
#ifndef DIR_BACKEND_H
#define DIR_BACKEND_H

#include "usecase/backend_port.h"

/* Opens the store of that namespace in folder, which must be there. */
enum status dir_backend_open(const char *folder, const char *namespace,
                             struct backend_port *out, struct error *err);

#endif
