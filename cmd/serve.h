/*
 * serve.h - the serve command: what it is asked, and what it is made of.
 */
#ifndef CMD_SERVE_H
#define CMD_SERVE_H

#include "cmd/command.h"
#include "cmd/listen.h"
#include "cmd/service.h"

#define DEFAULT_LISTEN "127.0.0.1:7420"
#define SERVE_HOSTS_MAX 32

/* What the command line and the environment say. */
struct serve_options {
    struct listen listen;
    const char *hosts[SERVE_HOSTS_MAX];
    size_t host_count;
    struct service_settings service;
};

/* Reads them; false: leave with *code. */
MUST_USE bool serve_options_read(struct invocation *inv,
                                 struct serve_options *out,
                                 enum exit_code *code);

#endif
