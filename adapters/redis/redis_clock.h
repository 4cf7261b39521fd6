/*
 * redis_clock.h - the server's time, which all who share it agree on.
 */
#ifndef ADAPTERS_REDIS_CLOCK_H
#define ADAPTERS_REDIS_CLOCK_H

#include "domain/error.h"
#include "usecase/backend_url.h"
#include "usecase/clock_port.h"

/* Connects and measures; url must outlive the clock. Faults:
 * STATUS_UNAVAILABLE, STATUS_REFUSED, STATUS_NO_MEMORY. */
MUST_USE enum status redis_clock_open(const struct backend_url *url,
                                      struct clock_port *out,
                                      struct error *err);

#endif
