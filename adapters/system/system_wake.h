/*
 * system_wake.h - a wake that is signalled by hand: an eventfd.
 *
 * Any number of signals before a drain count as one. Signalling is safe in
 * any thread and in signal handlers, and leaves errno as it was.
 */
#ifndef ADAPTERS_SYSTEM_SYSTEM_WAKE_H
#define ADAPTERS_SYSTEM_SYSTEM_WAKE_H

#include "domain/error.h"
#include "usecase/wake.h"

/* Opens an unsignalled wake, closed on exec. Fault STATUS_UNAVAILABLE: no
 * descriptor is free. */
MUST_USE enum status system_wake_open(struct wake *out, struct error *err);

/* Makes it readable. */
void system_wake_signal(struct wake wake);

/* Makes it unreadable again; true if it was readable. */
bool system_wake_drain(struct wake wake);

/* Closes it and sets it to WAKE_NEVER; does nothing to WAKE_NEVER. */
void system_wake_close(struct wake *wake);

#endif
