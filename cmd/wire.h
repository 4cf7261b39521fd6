/*
 * wire.h - plugs the backend of a URL into the ports that a command needs.
 */
#ifndef CMD_WIRE_H
#define CMD_WIRE_H

#include <stddef.h>

#include "cmd/command.h"
#include "usecase/backend_port.h"
#include "usecase/backend_url.h"
#include "usecase/random_port.h"

/* Which ports to open; may be added up. The clock is always there. */
enum wire_part {
    WIRE_QUEUE = 1,
    WIRE_ADMIN = 2,
    WIRE_FLEET = 4,
    WIRE_HEALTH = 8,
    WIRE_RANDOM = 16,
    WIRE_SCRUB = 32,
};

/* What was opened; commands hand the ports on by value. */
struct wire {
    struct backend_url url;
    struct backend_port backend;
    struct clock_port clock;
    struct random_port random;
    struct queue_port queue;
    struct admin_port admin;
    struct fleet_port fleet;
    struct health_port health;
    struct scrub_port scrub;
};

/* The URL that globals or the environment name, else that of the user's own
 * file, with the folders made. Otherwise complains and gives back the exit
 * status. */
enum exit_code wire_url(const struct globals *globals, struct backend_url *out);

/* Opens the backend of url and the parts asked for. Otherwise complains in one
 * line and gives back the exit status; *out is closed. */
enum exit_code wire_open_url(const struct backend_url *url, unsigned parts,
                             struct wire *out);

/* Opens the backend that globals name and the parts asked for: wire_url() and
 * wire_open_url(). */
enum exit_code wire_open(const struct globals *globals, unsigned parts,
                         struct wire *out);

/* Closes in reverse; accepts what is half open or zeroed. */
void wire_close(struct wire *wire);

/* Complains about a fault, naming the backend, and gives back the exit
 * status: a wrong input is CODE_USAGE, all else CODE_BACKEND. */
enum exit_code wire_fault(const struct wire *wire, enum status status,
                          const struct error *err);

#endif
