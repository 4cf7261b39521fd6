/*
 * client.h - what is behind a client's handle.
 *
 * Producing and looking have a way of their own each, so that a long list
 * holds up no producer. Both are opened when they are first asked for: one
 * that only enqueues has one connection.
 */
#ifndef CMD_LIBRARY_CLIENT_H
#define CMD_LIBRARY_CLIENT_H

#include <sys/types.h>

#include "cmd/library/failure.h"
#include "cmd/library/home.h"
#include "cmd/library/sender.h"
#include "usecase/random_port.h"

struct mr_client {
    struct home *home;
    pid_t owner; /* the process that may use it */
    char url[BACKEND_URL_MAX + 1];
    bool is_hasty; /* asks a backend that fails only once; see sender.h */

    pthread_mutex_t lock;   /* guards what follows */
    pthread_cond_t is_left; /* the last call has returned */
    size_t calls;           /* under way */
    bool is_closed;

    pthread_mutex_t sender_lock; /* held to open it */
    struct random_port random;
    struct queue_port queue;
    struct sender sender; /* its own lock guards what is in it */
    bool has_sender;

    pthread_mutex_t admin_lock; /* held by whoever uses these */
    struct admin_port admin;
    struct fleet_port fleet;
};

/* Makes a client over home, which it then holds; url is for people. */
MUST_USE enum mr_code client_new(struct home *home, const char *url,
                                 struct mr_client **out, struct mr_error *err);

/* Begins a call: MR_MISUSE (NULL), MR_CLOSED, MR_WRONG_THREAD (another
 * process). After MR_OK it ends by client_leave. */
MUST_USE enum mr_code client_enter(struct mr_client *client,
                                   struct mr_error *err);
void client_leave(struct mr_client *client);

/* The same for a call that looks at or changes what is there: the ports are
 * open, and this thread's until the end. */
MUST_USE enum mr_code client_enter_admin(struct mr_client *client,
                                         struct mr_error *err);
void client_leave_admin(struct mr_client *client);

/* The time by the backend's clock. */
int64_t client_now_ms(const struct mr_client *client);

#endif
