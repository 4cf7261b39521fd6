/*
 * backend_url.h - where tasks live, as text.
 *
 *   memory:
 *   sqlite:PATH[?sync=full|normal]
 *   redis://[user:password@]host[:6379][/db]
 *   redis+unix:///path.sock[?db=N][&user=…&password=…]
 * and ?namespace=NAME for all. User, password, host, paths and values may be
 * percent-encoded. An IPv6 host stands in brackets.
 */
#ifndef USECASE_BACKEND_URL_H
#define USECASE_BACKEND_URL_H

#include "domain/error.h"
#include "domain/limits.h"

#define BACKEND_URL_MAX 1024
#define BACKEND_PATH_SIZE 1024
#define BACKEND_HOST_SIZE 256
#define BACKEND_SECRET_SIZE 256

enum sync_mode {
    SYNC_FULL,
    SYNC_NORMAL,
};

struct backend_url {
    char scheme[16]; /* "memory", "sqlite", "redis", "redis+unix" */
    char path[BACKEND_PATH_SIZE];   /* sqlite, redis+unix */
    char host[BACKEND_HOST_SIZE];   /* redis */
    char user[BACKEND_SECRET_SIZE]; /* "" for none */
    char password[BACKEND_SECRET_SIZE];
    char namespace[NAMESPACE_MAX + 1]; /* default "millrace" */
    char masked[BACKEND_URL_MAX + 1];  /* the text, for messages: its password
                                          shown as *** */
    int port;                          /* redis; default 6379 */
    int db;                            /* redis; default 0 */
    enum sync_mode sync;               /* sqlite; default full */
};

/* Reads text into *out. Fault STATUS_INVALID (field "url"): names the masked
 * text and what is wrong with it: unknown scheme or option, an option the
 * scheme does not have, a bad port, number, namespace or escape. */
MUST_USE enum status backend_url_parse(struct bytes text,
                                       struct backend_url *out,
                                       struct error *err);

#endif
