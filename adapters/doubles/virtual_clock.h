/*
 * virtual_clock.h - a clock that stands until a test moves it.
 */
#ifndef ADAPTERS_DOUBLES_VIRTUAL_CLOCK_H
#define ADAPTERS_DOUBLES_VIRTUAL_CLOCK_H

#include "domain/error.h"
#include "usecase/clock_port.h"

/* Opens a clock that stands at start_ms into *out. Fault STATUS_NO_MEMORY. */
MUST_USE enum status
virtual_clock_open(int64_t start_ms, struct clock_port *out, struct error *err);

/* Moves a clock opened here by ms (< 0: back). Any thread. */
void virtual_clock_advance(struct clock_port clock, int64_t ms);

#endif
