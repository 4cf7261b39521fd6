/*
 * backend_port.h - a place where tasks live, from which the other ports open.
 *
 * A backend is reached once by its URL; each thread that needs it opens the
 * ports it uses. Ports are closed before their backend. open_* may be called
 * by one thread at a time. Opening a port may reach out to the backend: fault
 * STATUS_UNAVAILABLE or STATUS_REFUSED with the cause.
 */
#ifndef USECASE_BACKEND_PORT_H
#define USECASE_BACKEND_PORT_H

#include "usecase/admin_port.h"
#include "usecase/clock_port.h"
#include "usecase/fleet_port.h"
#include "usecase/health_port.h"
#include "usecase/queue_port.h"
#include "usecase/scrub_port.h"

struct backend_ops {
    const char *name;

    MUST_USE enum status (*open_queue)(void *self, struct queue_port *out,
                                       struct error *err);
    MUST_USE enum status (*open_admin)(void *self, struct admin_port *out,
                                       struct error *err);
    MUST_USE enum status (*open_fleet)(void *self, struct fleet_port *out,
                                       struct error *err);
    MUST_USE enum status (*open_health)(void *self, struct health_port *out,
                                        struct error *err);
    MUST_USE enum status (*open_scrub)(void *self, struct scrub_port *out,
                                       struct error *err);

    /* The clock that all who share this backend agree on: the server's where
     * there is one, else this machine's. */
    MUST_USE enum status (*open_clock)(void *self, struct clock_port *out,
                                       struct error *err);

    void (*close)(void *self);
};

struct backend_port {
    const struct backend_ops *ops;
    void *self;
};

void backend_port_check(struct backend_port backend);

#endif
