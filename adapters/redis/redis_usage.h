/*
 * redis_usage.h - what a server has spent so far, for benchmarks.
 */
#ifndef ADAPTERS_REDIS_REDIS_USAGE_H
#define ADAPTERS_REDIS_REDIS_USAGE_H

#include <stdint.h>

#include "domain/error.h"
#include "usecase/backend_url.h"

/* Of the whole server: for all clients, and since it started. */
struct redis_usage {
    double cpu_us;        /* in user and system mode */
    int64_t commands;     /* also those that scripts call */
    int64_t memory_bytes; /* now */
};

/* Asks the server of url, on a connection of its own. */
MUST_USE enum status redis_usage_read(const struct backend_url *url,
                                      struct redis_usage *out,
                                      struct error *err);

#endif
