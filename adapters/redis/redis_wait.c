/*
 * Waiting: one blocking read on a connection of its own, over the ready
 * streams and the wake streams of all queues of the plan. It is open only
 * while we wait: ended by CLIENT UNBLOCK before the call returns, so that no
 * task is ever leased to a worker that does not know of it.
 *
 * The server's own timeout is late by up to 100 ms, so the sleep is a poll()
 * on the socket and the caller's wake; BLOCK is only the cap.
 */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/redis/redis_port.h"

#define CAP_BEYOND_MS 2000 /* the server ends the read itself that much later */
#define SILENCE_MS 1000    /* after which a line that owes an answer is dead */
#define REFRESH_MS 1000    /* of the names of queues */
#define SLEEP_MAX_MS 10000 /* then look again: the server may have lost keys */

/* Makes the groups of all streams that we have not seen to have one. */
static enum status make_groups(struct redis_leasing *l, struct error *err)
{
    struct redis_port *p = l->p;
    struct redis_connection *c = &p->main;
    size_t count = 0;

    if (!p->has_wake_group) {
        redis_group_begin(c, p->wake_key);
        count++;
    }
    for (size_t i = 0; i < l->lane_count; i++) {
        struct redis_lane *lane = p->chosen[i];
        if (lane->has_groups)
            continue;
        for (int k = 0; k < PRIORITIES; k++)
            redis_group_begin(c, lane->keys[k]);
        redis_group_begin(c, lane->keys[REDIS_KEY_WAKE]);
        count += PRIORITIES + 1;
    }
    for (; count > 0; count--) {
        enum status const st = redis_group_heard(c, err);
        if (st != STATUS_OK)
            return st;
    }
    p->has_wake_group = true;
    for (size_t i = 0; i < l->lane_count; i++)
        p->chosen[i]->has_groups = true;
    return STATUS_OK;
}

static void forget_groups(struct redis_port *p)
{
    p->has_wake_group = false;
    for (size_t i = 0; i < p->lane_count; i++)
        p->lanes[i]->has_groups = false;
}

/* When the first task of the chosen lanes is due. */
static enum status next_due(struct redis_leasing *l, int64_t *due_ms,
                            struct error *err)
{
    static const enum redis_queue_key zsets[] = {REDIS_KEY_SCHEDULED,
                                                 REDIS_KEY_RETRY};
    struct redis_connection *c = &l->p->main;

    for (size_t i = 0; i < l->lane_count; i++)
        for (int z = 0; z < 2; z++)
            redis_command(c, 5,
                          (const char *const[]){"ZRANGE",
                                                l->p->chosen[i]->keys[zsets[z]],
                                                "0", "0", "WITHSCORES"});
    *due_ms = INT64_MAX;
    for (size_t i = 0; i < 2 * l->lane_count; i++) {
        REDIS_REPLY reply = NULL;
        enum status const st = redis_next_good(c, &reply, err);
        if (st != STATUS_OK)
            return st;
        if (reply->elements < 2)
            continue;
        int64_t const at = redis_time_of(reply->element[1]);
        if (at < *due_ms)
            *due_ms = at;
    }
    return STATUS_OK;
}

/* Sends the blocking read. Paused queues are left out, but for their wake. */
static enum status open_read(struct redis_leasing *l, int64_t cap_ms,
                             struct error *err)
{
    struct redis_port *p = l->p;
    struct redis_connection *c = &p->waiter;
    bool const is_every = l->req->plan->kind == PLAN_EVERY;
    size_t keys = is_every ? 1 : 0;

    for (size_t i = 0; i < l->lane_count; i++)
        keys += p->chosen[i]->is_paused ? 1 : 1 + PRIORITIES;
    redis_begin(c, 9 + 2 * keys);
    redis_add_text(c, "XREADGROUP");
    redis_add_text(c, "GROUP");
    redis_add_text(c, REDIS_GROUP);
    redis_add_text(c, p->consumer);
    redis_add_text(c, "COUNT");
    redis_add_text(c, "1");
    redis_add_text(c, "BLOCK");
    redis_add_int(c, cap_ms);
    redis_add_text(c, "STREAMS");
    for (size_t i = 0; i < l->lane_count; i++) {
        const struct redis_lane *lane = p->chosen[i];
        for (int k = 0; !lane->is_paused && k < PRIORITIES; k++)
            redis_add_text(c, lane->keys[k]);
        redis_add_text(c, lane->keys[REDIS_KEY_WAKE]);
    }
    if (is_every)
        redis_add_text(c, p->wake_key);
    for (size_t i = 0; i < keys; i++)
        redis_add_text(c, ">");
    return redis_flush(c, err);
}

/* A wake has done its work: it goes, so that its stream stays empty. */
static enum status drop_wake(struct redis_port *p, const char *key,
                             const redisReply *entries, struct error *err)
{
    for (size_t i = 0; i < entries->elements; i++) {
        const char *entry = entries->element[i]->element[0]->str;
        redis_command(&p->main, 4,
                      (const char *const[]){"XACK", key, REDIS_GROUP, entry});
        redis_command(&p->main, 3, (const char *const[]){"XDEL", key, entry});
    }
    return redis_skip(&p->main, 2 * entries->elements, err);
}

static enum status keep_all(struct redis_lane *lane, enum priority priority,
                            redisReply *entries, struct error *err)
{
    enum status st = STATUS_OK;

    for (size_t i = 0; i < entries->elements && st == STATUS_OK; i++) {
        redisReply *entry = entries->element[i];
        entries->element[i] = NULL;
        st = redis_lane_keep(lane, priority, entry, err);
    }
    return st;
}

/* Keeps what one stream has brought. */
static enum status hear_stream(struct redis_leasing *l, redisReply *stream,
                               struct error *err)
{
    const char *key = stream->element[0]->str;
    redisReply *entries = stream->element[1];

    for (size_t i = 0; i < l->lane_count; i++) {
        struct redis_lane *lane = l->p->chosen[i];
        for (int k = 0; k < PRIORITIES; k++)
            if (strcmp(lane->keys[k], key) == 0)
                return keep_all(lane, (enum priority)k, entries, err);
    }
    return drop_wake(l->p, key, entries, err);
}

static enum status close_read(struct redis_leasing *l, struct error *err)
{
    struct redis_port *p = l->p;
    REDIS_REPLY reply = NULL;
    enum status st = redis_next(&p->waiter, &reply, err);

    if (st != STATUS_OK)
        return st;
    if (redis_is_error(reply, "NOGROUP") ||
        redis_is_error(reply, "UNBLOCKED")) {
        forget_groups(p); /* the database was emptied: begin anew */
        return STATUS_OK;
    }
    if (reply->type == REDIS_REPLY_ERROR)
        return redis_fault(&p->waiter, reply->str, err);
    for (size_t i = 0; i < reply->elements && st == STATUS_OK; i++)
        st = hear_stream(l, reply->element[i], err);
    return st;
}

static bool is_readable(const struct redis_connection *c, int ms)
{
    struct pollfd p = {.fd = c->context->fd, .events = POLLIN};

    return poll(&p, 1, ms) > 0;
}

/* Asks the server to end the read. Not by CLIENT UNBLOCK alone: should our read
 * not be waiting for tasks, but for the end of a CLIENT PAUSE WRITE (as in a
 * failover), the server would crash of it (github.com/redis/redis/pull/14164).
 * A transaction with a command that may write waits for that end itself; this
 * one acknowledges an entry that never was. */
static enum status ask_to_end(struct redis_port *p, bool *is_ended,
                              struct error *err)
{
    struct redis_connection *c = &p->main;
    REDIS_REPLY reply = NULL;

    redis_command(c, 1, (const char *const[]){"MULTI"});
    redis_command(
        c, 4, (const char *const[]){"XACK", p->wake_key, REDIS_GROUP, "0-0"});
    redis_begin(c, 3);
    redis_add_text(c, "CLIENT");
    redis_add_text(c, "UNBLOCK");
    redis_add_int(c, p->waiter.client_id);
    redis_command(c, 1, (const char *const[]){"EXEC"});
    enum status st = redis_skip(c, 3, err);
    if (st == STATUS_OK)
        st = redis_next_good(c, &reply, err);
    if (st != STATUS_OK)
        return st;
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2)
        return redis_fault(c, "ERR EXEC answers nothing", err);
    *is_ended = reply->element[1]->integer == 1;
    return STATUS_OK;
}

/* Ends the read, unless it has just been answered. The server may see this
 * before the read itself, since they come on two connections: then again. That
 * the other line says nothing while this one is answered means that it is
 * dead, though nobody has told us so. */
static enum status unblock(struct redis_port *p, struct error *err)
{
    int silent_ms = 0;

    while (silent_ms < SILENCE_MS) {
        bool is_ended = false;
        enum status const st = ask_to_end(p, &is_ended, err);
        if (st != STATUS_OK)
            return st;
        int const patience_ms = is_ended ? SILENCE_MS - silent_ms : 1;
        if (is_readable(&p->waiter, patience_ms))
            return STATUS_OK;
        silent_ms += patience_ms;
    }
    return redis_fault(&p->waiter, "LOST the waiting connection is silent",
                       err);
}

enum woken {
    WOKEN_BY_SERVER,
    WOKEN_BY_WAKE,
    WOKEN_BY_TIME,
};

static enum woken sleep_for(const struct redis_leasing *l, int64_t ms)
{
    int64_t const end = redis_mono_ms() + ms;
    struct pollfd fds[2] = {
        {.fd = l->p->waiter.context->fd, .events = POLLIN},
        {.fd = l->req->wake.fd, .events = POLLIN}, /* -1: ignored */
    };

    for (;;) {
        int64_t const left = end - redis_mono_ms();
        int const n = poll(fds, 2, left > 0 ? (int)left : 0);
        if (n > 0)
            return fds[0].revents ? WOKEN_BY_SERVER : WOKEN_BY_WAKE;
        if (left <= 0 || (n < 0 && errno != EINTR))
            return WOKEN_BY_TIME;
    }
}

/* One open read, for at most ms. */
static enum status read_once(struct redis_leasing *l, int64_t ms,
                             enum woken *woken, struct error *err)
{
    struct redis_port *p = l->p;
    enum status st = open_read(l, ms + CAP_BEYOND_MS, err);

    if (st != STATUS_OK)
        return st;
    *woken = sleep_for(l, ms);
    if (*woken != WOKEN_BY_SERVER)
        st = unblock(p, err);
    if (st != STATUS_OK) {
        redis_disconnect(&p->waiter); /* what it would bring is not ours */
        return st;
    }
    return close_read(l, err);
}

static int64_t earlier(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static bool has_kept(const struct redis_leasing *l)
{
    for (size_t i = 0; i < l->lane_count; i++)
        for (int k = 0; k < PRIORITIES; k++)
            if (l->p->chosen[i]->kept_count[k] > 0)
                return true;
    return false;
}

enum status redis_wait(struct redis_leasing *l, struct error *err)
{
    int64_t due_ms = INT64_MAX;
    enum woken woken = WOKEN_BY_TIME;
    enum status st = redis_ready(&l->p->waiter, err);

    if (st == STATUS_OK)
        st = make_groups(l, err);
    if (st == STATUS_OK)
        st = next_due(l, &due_ms, err);
    if (st != STATUS_OK)
        return st;

    int64_t const end_ms = earlier(due_ms, l->req->until_ms);
    int64_t ms = earlier(end_ms - l->now_ms, SLEEP_MAX_MS);
    if (l->req->plan->kind == PLAN_EVERY)
        ms = earlier(ms, REFRESH_MS);
    if (end_ms <= l->now_ms)
        return STATUS_EMPTY;
    st = read_once(l, ms, &woken, err);
    if (st != STATUS_OK)
        return st;
    if (has_kept(l) || woken == WOKEN_BY_SERVER)
        return STATUS_OK;
    bool const is_over = woken == WOKEN_BY_WAKE || ms >= end_ms - l->now_ms;
    return is_over ? STATUS_EMPTY : STATUS_OK;
}
