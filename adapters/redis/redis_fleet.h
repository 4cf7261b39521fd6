/*
 * redis_fleet.h - the fleet port.
 */
#ifndef ADAPTERS_REDIS_FLEET_H
#define ADAPTERS_REDIS_FLEET_H

#include "usecase/backend_url.h"
#include "usecase/fleet_port.h"

/* Opens a port with a connection of its own; url must outlive it. Faults:
 * STATUS_UNAVAILABLE, STATUS_REFUSED. */
MUST_USE enum status redis_fleet_open(const struct backend_url *url,
                                      struct fleet_port *out,
                                      struct error *err);

#endif
