/*
 * redis_handshake.h - what is said first on every connection.
 */
#ifndef ADAPTERS_REDIS_HANDSHAKE_H
#define ADAPTERS_REDIS_HANDSHAKE_H

#include "adapters/redis/redis_connection.h"

#define REDIS_VERSION_NEEDED "6.2"

/* Authorises, chooses the database, and checks that server and schema are
 * ones we know; fills in what *c knows of the server. */
MUST_USE enum status redis_handshake(struct redis_connection *c,
                                     struct error *err);

/* Reads the answer to INFO server: whether the version is new enough is for
 * the caller to refuse. Apart, so that a test can show it any text. */
MUST_USE enum status redis_server_check(struct redis_connection *c,
                                        struct bytes info, struct error *err);

/* The value of "name:value" in the text that INFO answers; absent if it is not
 * there. */
struct bytes redis_info_value(struct bytes info, const char *name);

#endif
