/*
 * shifted_clock.h - a clock that is wrong by a fixed time.
 */
#ifndef ADAPTERS_DOUBLES_SHIFTED_CLOCK_H
#define ADAPTERS_DOUBLES_SHIFTED_CLOCK_H

#include "domain/error.h"
#include "usecase/clock_port.h"

/* Opens a clock that shows what inner does, and shift_ms more (< 0: less),
 * into *out; inner stays the caller's. Fault STATUS_NO_MEMORY. */
MUST_USE enum status shifted_clock_open(struct clock_port inner,
                                        int64_t shift_ms,
                                        struct clock_port *out,
                                        struct error *err);

#endif
