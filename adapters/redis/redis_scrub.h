/*
 * redis_scrub.h - the scrub_port over a Redis server.
 */
#ifndef ADAPTERS_REDIS_SCRUB_H
#define ADAPTERS_REDIS_SCRUB_H

#include "usecase/backend_url.h"
#include "usecase/scrub_port.h"

/* Opens a port; what it gets must outlive it. */
MUST_USE enum status redis_scrub_open(const struct backend_url *url,
                                      struct scrub_port *out,
                                      struct error *err);

#endif
