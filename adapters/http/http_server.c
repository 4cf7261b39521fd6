#include "adapters/http/http_server.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "adapters/http/http_internal.h"

/* Of a request line and its headers; the answer's share it, and what of a body
 * comes in at once. */
#define CONNECTION_MEMORY ((size_t)16 * 1024)
#define OTHER_DESCRIPTORS 256 /* what is not a connection */

int64_t http_monotonic_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static struct http_connection *
connection_begin(struct http_server *s, struct MHD_Connection *connection)
{
    struct http_connection *c = calloc(1, sizeof(*c));

    if (!c)
        return NULL;
    c->fd =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)
            ->connect_fd;
    c->deadline_ms = http_monotonic_ms() + s->config->receive_ms;
    pthread_mutex_lock(&s->mutex);
    c->next = s->connections;
    if (c->next)
        c->next->previous = c;
    s->connections = c;
    pthread_mutex_unlock(&s->mutex);
    return c;
}

static void connection_end(struct http_server *s, struct http_connection *c)
{
    if (!c)
        return;
    pthread_mutex_lock(&s->mutex);
    if (c->previous)
        c->previous->next = c->next;
    else
        s->connections = c->next;
    if (c->next)
        c->next->previous = c->previous;
    pthread_mutex_unlock(&s->mutex);
    free(c);
}

/* Called before the descriptor is closed: as long as a connection is in the
 * list, its descriptor is its own. */
static void on_connection(void *self, struct MHD_Connection *connection,
                          void **own, enum MHD_ConnectionNotificationCode code)
{
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        *own = connection_begin(self, connection);
    } else {
        connection_end(self, *own);
        *own = NULL;
    }
}

/* Paths and queries are decoded where they are used: "%2F" is no slash. */
static size_t leave_escaped(void *self, struct MHD_Connection *connection,
                            char *text)
{
    (void)self;
    (void)connection;
    return strlen(text);
}

static unsigned connection_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 ||
        limit.rlim_cur >= HTTP_CONNECTIONS_MAX + OTHER_DESCRIPTORS)
        return HTTP_CONNECTIONS_MAX;
    return limit.rlim_cur > 2 * OTHER_DESCRIPTORS
               ? (unsigned)limit.rlim_cur - OTHER_DESCRIPTORS
               : OTHER_DESCRIPTORS;
}

static struct MHD_Daemon *start_daemon(struct http_server *s, int fd)
{
    sigset_t all;
    sigset_t before;

    sigfillset(&all); /* signals are the main thread's */
    pthread_sigmask(SIG_SETMASK, &all, &before);
    struct MHD_Daemon *daemon = MHD_start_daemon(
        MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL,
        http_on_access, s, MHD_OPTION_LISTEN_SOCKET, fd,
        MHD_OPTION_CONNECTION_LIMIT, connection_limit(),
        MHD_OPTION_CONNECTION_TIMEOUT, (unsigned)HTTP_IDLE_S,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY,
        MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_NOTIFY_COMPLETED,
        http_on_completed, s, MHD_OPTION_NOTIFY_CONNECTION, on_connection, s,
        MHD_OPTION_UNESCAPE_CALLBACK, leave_escaped, NULL, MHD_OPTION_END);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return daemon;
}

static enum status start(struct http_server *s, struct error *err)
{
    int fd = -1;
    enum status st = http_desks_open(s->config->desks, &s->desks, err);

    if (st == STATUS_OK)
        st = http_address_listen(&s->address, &fd, err);
    if (st < 0)
        return st;
    s->daemon = start_daemon(s, fd);
    if (!s->daemon) {
        close(fd);
        return error_set(err, STATUS_UNAVAILABLE, NULL,
                         "http: can't start the server");
    }
    return STATUS_OK;
}

enum status http_server_open(const struct http_config *config,
                             struct http_server **out, struct error *err)
{
    struct http_server *s = calloc(1, sizeof(*s));

    if (!s)
        return error_set(err, STATUS_NO_MEMORY, NULL, "http: no memory");
    s->config = config;
    s->address = config->address;
    pthread_mutex_init(&s->mutex, NULL);
    pthread_cond_init(&s->is_idle, NULL);
    enum status const st = start(s, err);
    if (st < 0) {
        http_server_close(s);
        return st;
    }
    *out = s;
    return STATUS_OK;
}

const struct http_address *http_server_address(const struct http_server *s)
{
    return &s->address;
}

void http_set_deadline(struct http_exchange *x, int64_t deadline_ms)
{
    struct http_server *s = x->server;
    struct http_connection *c =
        MHD_get_connection_info(x->connection,
                                MHD_CONNECTION_INFO_SOCKET_CONTEXT)
            ->socket_context;

    if (!c)
        return;
    pthread_mutex_lock(&s->mutex);
    c->deadline_ms = deadline_ms;
    pthread_mutex_unlock(&s->mutex);
}

/* The server's thread sees the end of the stream, and ends the connection. */
void http_server_tend(struct http_server *s)
{
    int64_t const now_ms = http_monotonic_ms();

    pthread_mutex_lock(&s->mutex);
    for (struct http_connection *c = s->connections; c; c = c->next)
        if (c->deadline_ms <= now_ms) {
            shutdown(c->fd, SHUT_RDWR);
            c->deadline_ms = INT64_MAX;
        }
    pthread_mutex_unlock(&s->mutex);
}

void http_server_quiesce(struct http_server *s)
{
    pthread_mutex_lock(&s->mutex);
    s->is_closing = true;
    pthread_mutex_unlock(&s->mutex);
    int const fd = MHD_quiesce_daemon(s->daemon);
    if (fd >= 0)
        close(fd);
}

bool http_server_drain(struct http_server *s, int64_t wait_ms)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += wait_ms / 1000;
    until.tv_nsec += wait_ms % 1000 * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_nsec -= 1000000000;
        until.tv_sec++;
    }
    pthread_mutex_lock(&s->mutex);
    int wrong = 0;
    while (s->exchanges > 0 && wrong == 0)
        wrong = pthread_cond_timedwait(&s->is_idle, &s->mutex, &until);
    bool const is_drained = s->exchanges == 0;
    s->is_drained = is_drained;
    pthread_mutex_unlock(&s->mutex);
    return is_drained;
}

void http_server_close(struct http_server *s)
{
    if (!s)
        return;
    if (s->daemon)
        MHD_stop_daemon(s->daemon);
    http_desks_close(s->desks);
    assert(!s->connections);
    pthread_cond_destroy(&s->is_idle);
    pthread_mutex_destroy(&s->mutex);
    free(s);
}
