#include "adapters/redis/redis_connection.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>

#include "adapters/redis/redis_handshake.h"
#include "domain/text.h"

#define CONNECT_TIMEOUT_S 5 /* to connect, and for each first answer */
#define COMMAND_TIMEOUT_S 20
#define RECONNECT_BASE_MS 20
#define RECONNECT_MAX_MS 500 /* less than a worker waits between two tries */
#define FIRST_ROOM 4096
#define KEPT_ROOM (1U << 20) /* a larger buffer is given back once sent */

int64_t redis_mono_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

uint64_t redis_random_bits(void)
{
    uint64_t bits = 0;

    if (getrandom(&bits, sizeof(bits), 0) != (ssize_t)sizeof(bits))
        bits = (uint64_t)redis_mono_ms() * UINT64_C(0x9e3779b97f4a7c15);
    return bits;
}

void redis_reply_freep(redisReply **reply)
{
    if (*reply)
        freeReplyObject(*reply);
    *reply = NULL;
}

void redis_connection_init(struct redis_connection *c,
                           const struct backend_url *url)
{
    *c = (struct redis_connection){.url = url};
}

void redis_connection_release(struct redis_connection *c)
{
    redis_disconnect(c);
    free(c->out);
    c->out = NULL;
    c->out_size = 0;
}

void redis_disconnect(struct redis_connection *c)
{
    if (c->context)
        redisFree(c->context);
    c->context = NULL;
    c->out_len = 0;
    c->awaited = 0;
    c->missing = 0;
    c->is_aside_due = false;
    redis_reply_freep(&c->aside);
    c->is_out_of_room = false;
    memset(c->sha, 0, sizeof(c->sha));
}

static enum status lost(struct redis_connection *c, const char *why,
                        struct error *err)
{
    char room[256];
    struct text t = text_in(room, sizeof(room));

    text_add(&t, "LOST ");
    text_add(&t, why);
    redis_disconnect(c);
    enum status const st = redis_fault(c, room, err);
    assert(st < 0); /* never mistaken for an answer that came */
    return st;
}

static void fail_to_connect(struct redis_connection *c, const struct error *err)
{
    int64_t wait = RECONNECT_BASE_MS;

    for (int i = 0; i < c->failures && wait < RECONNECT_MAX_MS; i++)
        wait *= 2;
    if (wait > RECONNECT_MAX_MS)
        wait = RECONNECT_MAX_MS;
    wait = wait / 2 + (int64_t)(redis_random_bits() % (uint64_t)wait) / 2;
    c->failures++;
    c->retry_at_mono_ms = redis_mono_ms() + wait;
    c->last_error = *err;
}

static enum status set_timeout(struct redis_connection *c, int seconds,
                               struct error *err)
{
    struct timeval const limit = {.tv_sec = seconds};

    if (redisSetTimeout(c->context, limit) != REDIS_OK)
        return lost(c, "can't set a timeout", err);
    return STATUS_OK;
}

static enum status dial(struct redis_connection *c, struct error *err)
{
    struct timeval const soon = {.tv_sec = CONNECT_TIMEOUT_S};
    bool const is_unix = strcmp(c->url->scheme, "redis+unix") == 0;

    c->context =
        is_unix ? redisConnectUnixWithTimeout(c->url->path, soon)
                : redisConnectWithTimeout(c->url->host, c->url->port, soon);
    if (!c->context)
        return error_set(err, STATUS_NO_MEMORY, NULL,
                         "redis: no memory for a connection");
    if (c->context->err)
        return lost(c, c->context->errstr, err);
    if (!is_unix)
        (void)redisEnableKeepAlive(c->context); /* nice to have */
    return set_timeout(c, CONNECT_TIMEOUT_S, err);
}

static enum status connect_anew(struct redis_connection *c, struct error *err)
{
    if (c->failures > 0 && redis_mono_ms() < c->retry_at_mono_ms) {
        *err = c->last_error;
        return STATUS_UNAVAILABLE;
    }
    enum status st = dial(c, err);
    if (st == STATUS_OK)
        st = redis_handshake(c, err);
    if (st == STATUS_OK)
        st = set_timeout(c, COMMAND_TIMEOUT_S, err);
    if (st != STATUS_OK) {
        redis_disconnect(c);
        if (st == STATUS_UNAVAILABLE)
            fail_to_connect(c, err);
        return st;
    }
    c->failures = 0;
    c->generation++;
    return STATUS_OK;
}

static bool make_room(struct redis_connection *c, size_t more)
{
    if (c->is_out_of_room)
        return false;
    if (more <= c->out_size - c->out_len)
        return true;

    size_t size = c->out_size ? c->out_size : FIRST_ROOM;
    while (size - c->out_len < more)
        size *= 2;
    char *out = realloc(c->out, size);
    if (!out) {
        c->is_out_of_room = true;
        return false;
    }
    c->out = out;
    c->out_size = size;
    return true;
}

#define NUMBER_ROOM 24 /* a sign, 19 digits, CR LF */

static void put_number(struct redis_connection *c, char sign, size_t n)
{
    struct text t = text_in(c->out + c->out_len, NUMBER_ROOM);
    char const mark[] = {sign, '\0'};

    text_add(&t, mark);
    text_add_int(&t, (int64_t)n);
    text_add(&t, "\r\n");
    c->out_len += t.len;
}

void redis_begin(struct redis_connection *c, size_t argc)
{
    assert(c->missing == 0 && argc > 0);
    c->missing = argc;
    c->awaited++;
    if (make_room(c, NUMBER_ROOM))
        put_number(c, '*', argc);
}

void redis_add(struct redis_connection *c, struct bytes b)
{
    assert(c->missing > 0);
    c->missing--;
    if (!make_room(c, b.len + NUMBER_ROOM + 2))
        return;
    put_number(c, '$', b.len);
    if (b.len > 0)
        memcpy(c->out + c->out_len, b.at, b.len);
    c->out_len += b.len;
    memcpy(c->out + c->out_len, "\r\n", 2);
    c->out_len += 2;
}

void redis_add_text(struct redis_connection *c, const char *text)
{
    redis_add(c, bytes_of(text));
}

void redis_add_int(struct redis_connection *c, int64_t n)
{
    char room[NUMBER_ROOM];
    struct text t = text_in(room, sizeof(room));

    text_add_int(&t, n);
    redis_add(c, (struct bytes){room, t.len});
}

void redis_command(struct redis_connection *c, size_t n,
                   const char *const *words)
{
    redis_begin(c, n);
    for (size_t i = 0; i < n; i++)
        redis_add_text(c, words[i]);
}

/* Not the library's own write: that one raises SIGPIPE on a broken line. */
enum status redis_flush(struct redis_connection *c, struct error *err)
{
    size_t sent = 0;

    assert(c->missing == 0 && c->context);
    if (c->is_out_of_room) {
        redis_disconnect(c);
        return error_set(err, STATUS_NO_MEMORY, NULL,
                         "redis: no memory for a batch");
    }
    while (sent < c->out_len) {
        ssize_t const n = send(c->context->fd, c->out + sent, c->out_len - sent,
                               MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
            return lost(c, "the server takes nothing (timeout)", err);
        if (n < 0)
            return lost(c, strerror(errno), err);
        sent += (size_t)n;
    }
    c->out_len = 0;
    if (c->out_size > KEPT_ROOM) {
        free(c->out);
        c->out = NULL;
        c->out_size = 0;
    }
    return STATUS_OK;
}

static enum status read_more(struct redis_connection *c, struct error *err)
{
    if (redisBufferRead(c->context) == REDIS_OK)
        return STATUS_OK;
    if (c->context->err == REDIS_ERR_IO && errno == EINTR) {
        c->context->err = 0;
        return STATUS_OK;
    }
    if (c->context->err == REDIS_ERR_IO &&
        (errno == EAGAIN || errno == EWOULDBLOCK))
        return lost(c, "the server does not answer (timeout)", err);
    char why[sizeof(c->context->errstr)];
    memcpy(why, c->context->errstr, sizeof(why));
    return lost(c, why, err);
}

static enum status read_one(struct redis_connection *c, redisReply **out,
                            struct error *err)
{
    void *reply = NULL;

    for (;;) {
        if (redisGetReplyFromReader(c->context, &reply) != REDIS_OK)
            return lost(c, "the answer is garbled", err);
        if (reply)
            break;
        enum status const st = read_more(c, err);
        if (st != STATUS_OK)
            return st;
    }
    *out = reply;
    return STATUS_OK;
}

static enum status hear_aside(struct redis_connection *c, struct error *err)
{
    enum status const st = read_one(c, &c->aside, err);

    if (st == STATUS_OK)
        c->is_aside_due = false;
    return st;
}

enum status redis_next(struct redis_connection *c, redisReply **out,
                       struct error *err)
{
    enum status st = STATUS_OK;

    if (!c->context) /* lost while earlier answers were taken */
        return lost(c, "the connection was lost", err);
    assert(c->awaited > 0);
    if (c->out_len > 0 || c->is_out_of_room)
        st = redis_flush(c, err);
    if (st == STATUS_OK && c->is_aside_due && c->before_aside-- == 0)
        st = hear_aside(c, err);
    if (st == STATUS_OK)
        st = read_one(c, out, err);
    if (st == STATUS_OK)
        c->awaited--;
    return st;
}

void redis_set_aside(struct redis_connection *c)
{
    assert(c->awaited > 0 && c->missing == 0 && !redis_has_aside(c));
    c->awaited--;
    c->is_aside_due = true;
    c->before_aside = c->awaited;
}

bool redis_has_aside(const struct redis_connection *c)
{
    return c->is_aside_due || c->aside;
}

redisReply *redis_take_aside(struct redis_connection *c)
{
    redisReply *reply = c->aside;

    c->aside = NULL;
    return reply;
}

static bool is_readable(const struct redis_connection *c)
{
    struct pollfd p = {.fd = c->context->fd, .events = POLLIN};

    return poll(&p, 1, 0) != 0;
}

static void drop_answers(struct redis_connection *c)
{
    struct error ignored;
    redisReply *reply = NULL;

    while (c->context && c->awaited > 0)
        if (redis_next(c, &reply, &ignored) == STATUS_OK)
            redis_reply_freep(&reply);
}

/* With no answer awaited, a line that can be read has been closed by the
 * other side (a restart, an idle timeout): found out here, before a command
 * goes the way of no return. */
enum status redis_ready(struct redis_connection *c, struct error *err)
{
    struct error ignored;

    drop_answers(c);
    if (c->context && c->is_aside_due && is_readable(c))
        (void)hear_aside(c, &ignored); /* what is lost is connected anew */
    if (c->context && !c->is_aside_due && is_readable(c))
        redis_disconnect(c);
    if (c->context)
        return STATUS_OK;
    return connect_anew(c, err);
}

enum status redis_next_good(struct redis_connection *c, redisReply **out,
                            struct error *err)
{
    redisReply *reply = NULL;
    enum status st = redis_next(c, &reply, err);

    if (st == STATUS_OK && reply->type == REDIS_REPLY_ERROR) {
        st = redis_fault(c, reply->str, err);
        redis_reply_freep(&reply);
    }
    if (st == STATUS_OK)
        *out = reply;
    return st;
}

enum status redis_skip(struct redis_connection *c, size_t n, struct error *err)
{
    for (size_t i = 0; i < n; i++) {
        redisReply *reply = NULL;
        enum status const st = redis_next_good(c, &reply, err);
        if (st != STATUS_OK)
            return st;
        redis_reply_freep(&reply);
    }
    return STATUS_OK;
}

/* A transaction has one for each of its commands, which would cost more than
 * the command itself to be made a reply of. Not in the midst of a reply: then
 * the reader is at some item of it (ridx). */
size_t redis_skip_queued(struct redis_connection *c, size_t max)
{
    static const char queued[] = "+QUEUED\r\n";
    size_t const len = sizeof(queued) - 1;
    redisReader *reader =
        c->context && !c->is_aside_due ? c->context->reader : NULL;
    size_t n = 0;

    while (reader && reader->ridx == -1 && n < max &&
           reader->len - reader->pos >= len &&
           memcmp(reader->buf + reader->pos, queued, len) == 0) {
        reader->pos += len;
        n++;
    }
    c->awaited -= n;
    return n;
}
