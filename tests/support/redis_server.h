/*
 * redis_server.h - a private redis-server for tests.
 *
 * It listens on a Unix socket in a temporary folder of its own and on no
 * network, keeps nothing, and dies with the process that started it.
 */
#ifndef TESTS_SUPPORT_REDIS_SERVER_H
#define TESTS_SUPPORT_REDIS_SERVER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct redis_server {
    pid_t pid;       /* 0: not running */
    char folder[64]; /* "" before the first start */
    char socket[96]; /* in folder */
};

/* Whether there is a redis-server to start. */
bool redis_server_exists(void);

/* Starts *server (zeroed before the first time) with further options, up to a
 * NULL, and waits until it answers. False: it did not, and stderr says why. */
bool redis_server_start(struct redis_server *server,
                        const char *const *options);

/* Waits until it has been up for that many seconds by its own count. */
bool redis_server_grow(const struct redis_server *server, int64_t seconds);

/* Ends it by signal and waits for that; it can be started again in the same
 * folder. */
void redis_server_stop(struct redis_server *server, int signal);

/* Ends it if it runs, and removes its folder. */
void redis_server_remove(struct redis_server *server);

#endif
