/*
 * system_random.h - random bits from the kernel, a buffer at a time.
 */
#ifndef ADAPTERS_SYSTEM_SYSTEM_RANDOM_H
#define ADAPTERS_SYSTEM_SYSTEM_RANDOM_H

#include "domain/error.h"
#include "usecase/random_port.h"

/* Opens a source of its own into *out. After a fork parent and child go on
 * with different bits. Faults STATUS_NO_MEMORY, STATUS_REFUSED (a kernel
 * before Linux 4.14). */
MUST_USE enum status system_random_open(struct random_port *out,
                                        struct error *err);

#endif
