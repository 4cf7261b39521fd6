/*
 * http_address.h - where a server listens: HOST:PORT, as an address.
 */
#ifndef ADAPTERS_HTTP_HTTP_ADDRESS_H
#define ADAPTERS_HTTP_HTTP_ADDRESS_H

#include <netinet/in.h>

#include "domain/error.h"

#define HTTP_ADDRESS_TEXT_SIZE 64 /* [IPv6 address]:port */
#define HTTP_NAME_SIZE 256

struct http_address {
    struct sockaddr_storage storage;
    socklen_t len;
    char name[HTTP_NAME_SIZE]; /* HOST as it was asked for; "" if by none */
};

/* Reads "127.0.0.1:7420", "[::1]:7420" or "NAME:7420"; port 0 is any that is
 * free. Faults: STATUS_INVALID naming field (static), STATUS_UNAVAILABLE if a
 * name has no address. */
MUST_USE enum status http_address_parse(const char *text, const char *field,
                                        struct http_address *out,
                                        struct error *err);

/* Whether only this machine reaches it. */
bool http_address_is_loopback(const struct http_address *address);

/* Whether it stands for all addresses of this machine. */
bool http_address_is_any(const struct http_address *address);

/* Whether host (no port; IPv6 in brackets) is the address in numbers, or the
 * name that it was asked for by. */
bool http_address_is_host(const struct http_address *address,
                          struct bytes host);

/* Writes "127.0.0.1:7420" or "[::1]:7420". */
void http_address_format(const struct http_address *address,
                         char out[HTTP_ADDRESS_TEXT_SIZE]);

/* Opens a socket that listens there; *address becomes what it is bound to.
 * Fault STATUS_UNAVAILABLE. */
MUST_USE enum status http_address_listen(struct http_address *address, int *fd,
                                         struct error *err);

#endif
