/*
 * listen.h - where to listen, and who may come: what all that serves HTTP
 * asks of the command line and the environment.
 *
 * Without a token only this machine may come: names of queues and types tell
 * what a company does, and all else tells more.
 */
#ifndef CMD_LISTEN_H
#define CMD_LISTEN_H

#include <argp.h>
#include <stdbool.h>

#include "adapters/http/http_address.h"
#include "domain/bytes.h"

struct listen {
    struct http_address address;
    struct bytes token; /* absent: none */
};

/* Reads MILLRACE_TOKEN and text, a HOST:PORT that flag (static) has given.
 * An address beyond this machine without a token is refused with the words of
 * remedy, unless is_insecure. For parsers: 0, or reported. */
error_t listen_read(const char *flag, const char *text, bool is_insecure,
                    const char *remedy, struct listen *out);

#endif
