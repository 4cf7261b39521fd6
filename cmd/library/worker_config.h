/*
 * worker_config.h - the worker config of millrace.h, as the engine wants it.
 */
#ifndef CMD_LIBRARY_WORKER_CONFIG_H
#define CMD_LIBRARY_WORKER_CONFIG_H

#include "cmd/library/engine.h"
#include "cmd/library/millrace.h"

/* Reads and checks from into *out, with a name made up where it has none, and
 * without handlers. STATUS_INVALID names the member. */
MUST_USE enum status worker_config_read(const struct mr_worker_config *from,
                                        struct engine_config *out,
                                        struct error *err);

#endif
