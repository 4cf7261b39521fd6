/*
 * lease.h - keeps a lease beyond the life of the arena it came in.
 */
#ifndef USECASE_LEASE_H
#define USECASE_LEASE_H

#include "usecase/queue_port.h"

/* The room that lease_copy needs. */
size_t lease_room(const struct lease *lease);

/* Copies *lease with all its bytes into mem, which must have lease_room()
 * bytes free. */
void lease_copy(const struct lease *lease, struct arena *mem,
                struct lease *out);

#endif
