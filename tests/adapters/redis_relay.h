/*
 * redis_relay.h - a line to a server that can be cut at a chosen moment.
 *
 * Listens on a Unix socket and passes on what comes, either way. Armed, it
 * waits for a request that holds a word; then it cuts every line, either
 * before the server gets the request or after the server has answered it, so
 * that the answer is lost.
 */
#ifndef TESTS_ADAPTERS_REDIS_RELAY_H
#define TESTS_ADAPTERS_REDIS_RELAY_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

enum relay_cut {
    RELAY_PASS,
    RELAY_CUT_REQUEST, /* the server never sees it */
    RELAY_CUT_ANSWER,  /* the server has carried it out */
};

struct redis_relay {
    char socket[112]; /* where it listens */
    char server[112];
    int listener;
    int stop_pipe[2];
    pthread_t thread;
    _Atomic int cut; /* enum relay_cut; passes again once it has cut */
    const char *word;
    _Atomic bool is_shut; /* new lines are cut at once */
};

/* Starts relaying from socket to server (paths). */
void redis_relay_start(struct redis_relay *relay, const char *socket,
                       const char *server);

/* Cuts at the next request that holds word. Call while nothing is under way. */
void redis_relay_arm(struct redis_relay *relay, enum relay_cut cut,
                     const char *word);

/* Whether new lines are cut at once. */
void redis_relay_stop_accepting(struct redis_relay *relay, bool is_shut);

void redis_relay_stop(struct redis_relay *relay);

#endif
