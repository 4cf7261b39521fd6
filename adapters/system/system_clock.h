/*
 * system_clock.h - this machine's clock.
 */
#ifndef ADAPTERS_SYSTEM_SYSTEM_CLOCK_H
#define ADAPTERS_SYSTEM_SYSTEM_CLOCK_H

#include "usecase/clock_port.h"

/* Opens the real-time clock into *out; for any number of threads. */
void system_clock_open(struct clock_port *out);

#endif
