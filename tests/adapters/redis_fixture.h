/*
 * redis_fixture.h - a private server, a queue port on it, and a line by hand.
 *
 * Tests of what the port does not promise look at the server themselves:
 * the layout is that of adapters/redis/redis_keys.h, the namespace "ns".
 */
#ifndef TESTS_ADAPTERS_REDIS_FIXTURE_H
#define TESTS_ADAPTERS_REDIS_FIXTURE_H

#include <hiredis/hiredis.h>

#include "tests/adapters/redis_relay.h"
#include "tests/support/redis_server.h"
#include "usecase/backend_url.h"
#include "usecase/queue_port.h"

#define NOW_MS INT64_C(1700000000000)
#define LONG_MS 600000

struct redis_fixture {
    struct redis_server server;
    struct redis_relay relay; /* between the port and the server */
    struct backend_url url;   /* through the relay */
    struct backend_url direct_url;
    struct queue_port queue;  /* through the relay: what enqueues */
    struct queue_port direct; /* past it: what leases and settles */
    redisContext *line;       /* past it, by hand */
    struct arena mem;
    struct error err;
    struct task_id_source ids;
    struct lease leases[BATCH_MAX];
    char room[8 << 20];
};

/* Starts a server with further options (up to a NULL) and opens all. */
void fixture_start(struct redis_fixture *f, const char *const *options);
void fixture_end(struct redis_fixture *f);

/* The same without options, and the queue q is there, with its groups made. */
void fixture_start_with_queue(struct redis_fixture *f);

/* The URL of the server itself, with further options such as "&db=1". */
void fixture_url(struct redis_fixture *f, const char *options,
                 struct backend_url *out);

/* Connects by hand anew, after the server has been started again. */
void fixture_reconnect(struct redis_fixture *f);

/* Runs a command as hiredis formats it, which must succeed; its number, or
 * how many elements it has, or for text its length. */
long long by_hand(struct redis_fixture *f, const char *format, ...);

/* The answer as text, until the next call; "" for none. */
const char *text_by_hand(struct redis_fixture *f, const char *format, ...);

/* How often the server has been asked for command (as in INFO). */
long long calls_of(struct redis_fixture *f, const char *command);

/* A plain task of queue q made now, by the server's time. */
struct new_task a_new_task(struct redis_fixture *f);

/* The server's time. */
int64_t server_now(struct redis_fixture *f);

/* Enqueues n such tasks. */
enum status enqueue_some(struct redis_fixture *f, size_t n);

/* Leases up to max of q into f->leases; how many. */
size_t lease_some(struct redis_fixture *f, size_t max);

/* Settles f->leases[n] by action; the status of the call. results may be NULL
 * where all must be settled. */
enum status settle_some(struct redis_fixture *f, size_t n,
                        enum verdict_action action, enum status *results);

#endif
