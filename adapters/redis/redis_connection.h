/*
 * redis_connection.h - one connection to the server, and how to talk on it.
 *
 * A command is built straight into the buffer that will be sent, so that a
 * batch costs no memory a task; the library only reads the answers:
 *
 *     redis_begin(c, 2);
 *     redis_add_text(c, "GET");
 *     redis_add_text(c, key);
 *     st = redis_next(c, &reply, err);
 *
 * Any number of commands may be begun before the first redis_next(): they go
 * out together, and the answers come in the same order. Answers nobody asked
 * for (after an early return) are dropped by the next redis_ready().
 *
 * A connection that is lost closes by itself; the next redis_ready() makes a
 * new one, at once the first time, then after growing, jittered waits.
 */
#ifndef ADAPTERS_REDIS_CONNECTION_H
#define ADAPTERS_REDIS_CONNECTION_H

#include <hiredis/hiredis.h>

#include "domain/error.h"
#include "usecase/backend_url.h"

#define REDIS_RUN_ID_SIZE 41
#define REDIS_SCRIPTS_MAX 24
#define REDIS_SHA_SIZE 41

struct redis_connection {
    const struct backend_url *url; /* borrowed: lives as long as the backend */
    redisContext *context;         /* NULL: not connected */
    char *out;                     /* commands not yet sent */
    size_t out_len;
    size_t out_size;
    size_t awaited;      /* commands begun whose answer was not taken */
    size_t missing;      /* arguments the last command still wants */
    redisReply *aside;   /* owned; see redis_set_aside() */
    bool is_aside_due;   /* its answer was not read yet, */
    size_t before_aside; /* and so many come before it */
    bool is_out_of_room; /* out could not grow */

    char run_id[REDIS_RUN_ID_SIZE]; /* of the server's process */
    int64_t client_id;              /* ours, to the server */
    int64_t server_start_mono_ms;   /* when it started, by our clock */
    uint64_t generation;            /* counts connects; tells old from new */
    char sha[REDIS_SCRIPTS_MAX][REDIS_SHA_SIZE]; /* "": not loaded there */

    int64_t retry_at_mono_ms; /* after failing to connect: not before */
    int failures;             /* in a row */
    struct error last_error;  /* of the latest of them */
};

/* Sets up *c without connecting; url must outlive it. */
void redis_connection_init(struct redis_connection *c,
                           const struct backend_url *url);
void redis_connection_release(struct redis_connection *c);

/* Makes sure that *c is connected, authorised, on the right database, and the
 * server and its schema are ones we know. Cheap when it is. Faults:
 * STATUS_UNAVAILABLE, STATUS_REFUSED. */
MUST_USE enum status redis_ready(struct redis_connection *c, struct error *err);

/* Closes the connection, keeping what is needed to make a new one. */
void redis_disconnect(struct redis_connection *c);

/* Begins a command of argc words, each then added by one of redis_add_*(). */
void redis_begin(struct redis_connection *c, size_t argc);
void redis_add(struct redis_connection *c, struct bytes b);
void redis_add_text(struct redis_connection *c, const char *text);
void redis_add_int(struct redis_connection *c, int64_t n);

/* A whole command of n words. */
void redis_command(struct redis_connection *c, size_t n,
                   const char *const *words);

/* Sends what was begun, without waiting for answers. */
MUST_USE enum status redis_flush(struct redis_connection *c, struct error *err);

/* The next answer, to be freed by freeReplyObject(). An error that the server
 * answered is an answer like any other here (type REDIS_REPLY_ERROR). Fault:
 * the connection is lost. */
MUST_USE enum status redis_next(struct redis_connection *c, redisReply **out,
                                struct error *err);

/* The same, but an error the server answered is a fault (see redis_fault). */
MUST_USE enum status redis_next_good(struct redis_connection *c,
                                     redisReply **out, struct error *err);

/* Takes n answers that only need to be no errors. */
MUST_USE enum status redis_skip(struct redis_connection *c, size_t n,
                                struct error *err);

/* Lets nobody wait for the answer of the command begun last: it is none of
 * those that redis_next() gives and redis_ready() drops, but is kept until it
 * is taken. One at a time. */
void redis_set_aside(struct redis_connection *c);
bool redis_has_aside(const struct redis_connection *c);

/* Takes that answer, to be freed by freeReplyObject(); NULL: there is none, or
 * nothing that was asked for later has been answered yet. */
redisReply *redis_take_aside(struct redis_connection *c);

/* The one place that says what an error of server or line means to callers.
 * text: as the server wrote it, "CODE rest". */
MUST_USE enum status redis_fault(const struct redis_connection *c,
                                 const char *text, struct error *err);

/* Takes up to max answers that say no more than "queued" and have been read
 * already, at the cost of looking at them; how many. */
size_t redis_skip_queued(struct redis_connection *c, size_t max);

/* Whether reply is an error of that code, such as "NOSCRIPT". */
bool redis_is_error(const redisReply *reply, const char *code);

/* Frees *reply and forgets it: for __attribute__((cleanup)). */
void redis_reply_freep(redisReply **reply);
#define REDIS_REPLY __attribute__((cleanup(redis_reply_freep))) redisReply *

/* Monotonic milliseconds. */
int64_t redis_mono_ms(void);

/* 64 bits nobody can foresee, for names and jitter. */
uint64_t redis_random_bits(void);

#endif
