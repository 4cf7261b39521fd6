/*
 * The floor of Redis: a stream with one group. The server is empty before and
 * after each phase.
 */
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "bench/raw.h"

#define STREAM "raw:ready"
#define SCHEDULED "raw:scheduled"
#define BODIES "raw:bodies"
#define GROUP "raw"
#define EVERY_NS INT64_C(10000000) /* between two tasks of latency */
#define PAGE 1000                  /* of tasks that are due */
#define ID_SIZE 48                 /* of an entry's id */

static redisContext *connect_to(const struct raw_request *req)
{
    redisContext *c = redisConnectUnix(req->where);

    if (!c || c->err)
        raw_die(req->where, c ? c->errstr : "no memory");
    return c;
}

/* The next answer, which must be none of an error. */
static redisReply *next(redisContext *c)
{
    void *reply;

    if (redisGetReply(c, &reply) != REDIS_OK)
        raw_die("redis", c->errstr);
    if (((redisReply *)reply)->type == REDIS_REPLY_ERROR)
        raw_die("redis", ((redisReply *)reply)->str);
    return reply;
}

static void skip(redisContext *c, long n)
{
    for (long i = 0; i < n; i++)
        freeReplyObject(next(c));
}

static void run(redisContext *c, const char *command)
{
    redisAppendCommand(c, command);
    skip(c, 1);
}

/* Sends command and up to RAW_BATCH_MAX words more; the answer is to come. */
static void append_many(redisContext *c, const char *const *words, int n,
                        char (*more)[ID_SIZE], long count)
{
    const char *argv[8 + RAW_BATCH_MAX];
    int argc = 0;

    for (int i = 0; i < n; i++)
        argv[argc++] = words[i];
    for (long i = 0; i < count; i++)
        argv[argc++] = more[i];
    redisAppendCommandArgv(c, argc, argv, NULL);
}

static double number_of(const char *info, const char *field)
{
    const char *at = strstr(info, field);

    return at ? strtod(at + strlen(field), NULL) : 0;
}

/* Adds what the server has spent so far, times sign. */
static void count_server(redisContext *c, struct raw_result *out, int sign)
{
    redisAppendCommand(c, "INFO");
    redisReply *info = next(c);

    if (sign < 0)
        out->server_cpu_us = out->commands = out->bytes = 0;
    out->server_cpu_us += sign * 1e6 *
                          (number_of(info->str, "used_cpu_user:") +
                           number_of(info->str, "used_cpu_sys:"));
    out->commands += sign * number_of(info->str, "total_commands_processed:");
    out->bytes += sign * number_of(info->str, "used_memory:");
    freeReplyObject(info);
}

static void begin(redisContext *c, struct raw_result *out)
{
    struct raw_result spent = {0};

    count_server(c, &spent, -1);
    raw_begin(out);
    out->server_cpu_us = spent.server_cpu_us;
    out->commands = spent.commands;
    out->bytes = spent.bytes;
}

static void end(redisContext *c, struct raw_result *out)
{
    raw_end(out);
    count_server(c, out, 1);
}

static void append_xadd(redisContext *c, const char *id, const char *payload,
                        size_t size)
{
    const char *argv[] = {"XADD", STREAM,   "*",       "id",   id,
                          "type", RAW_TYPE, "payload", payload};
    size_t const len[] = {4, sizeof(STREAM) - 1,   1, 2,   RAW_ID_LEN,
                          4, sizeof(RAW_TYPE) - 1, 7, size};

    redisAppendCommandArgv(c, 9, argv, len);
}

static void add(redisContext *c, const struct raw_request *req, long batch)
{
    size_t const size = (size_t)req->payload;
    char *payload = malloc(size);
    char id[RAW_ID_LEN + 1];

    if (!payload)
        raw_die("add", "no memory");
    for (long at = 0; at < req->tasks; at += batch) {
        long const n = req->tasks - at < batch ? req->tasks - at : batch;
        for (long i = 0; i < n; i++) {
            raw_fill(at + i, id, payload, size);
            append_xadd(c, id, payload, size);
        }
        skip(c, n);
    }
    free(payload);
}

static void make_group(redisContext *c)
{
    run(c, "FLUSHALL");
    run(c, "XGROUP CREATE " STREAM " " GROUP " 0 MKSTREAM");
}

/* Reads a batch and keeps the entries' ids; how many they are. */
static long read_batch(redisContext *c, long batch, char (*ids)[ID_SIZE])
{
    redisAppendCommand(c,
                       "XREADGROUP GROUP " GROUP
                       " me COUNT %ld BLOCK 1000 STREAMS " STREAM " >",
                       batch);
    redisReply *reply = next(c);
    long n = 0;

    if (reply->type == REDIS_REPLY_ARRAY) {
        const redisReply *entries = reply->element[0]->element[1];
        for (; n < (long)entries->elements; n++)
            snprintf(ids[n], ID_SIZE, "%s",
                     entries->element[n]->element[0]->str);
    }
    freeReplyObject(reply);
    return n;
}

static void take_all(redisContext *c, const struct raw_request *req)
{
    static const char *const ack[] = {"XACK", STREAM, GROUP};
    static const char *const del[] = {"XDEL", STREAM};
    char ids[RAW_BATCH_MAX][ID_SIZE];

    for (long done = 0; done < req->tasks;) {
        long const n = read_batch(c, req->batch, ids);
        if (n == 0)
            continue;
        append_many(c, ack, 3, ids, n);
        append_many(c, del, 2, ids, n);
        skip(c, 2);
        done += n;
    }
}

void raw_redis_enqueue(const struct raw_request *req, struct raw_result *out)
{
    redisContext *c = connect_to(req);

    make_group(c);
    begin(c, out);
    add(c, req, req->batch);
    end(c, out);
    run(c, "FLUSHALL");
    redisFree(c);
}

/* One at a time: a round trip each. */
void raw_redis_single(const struct raw_request *req, struct raw_result *out)
{
    struct raw_request one = *req;

    one.batch = 1;
    raw_redis_enqueue(&one, out);
}

void raw_redis_drain(const struct raw_request *req, struct raw_result *out)
{
    redisContext *c = connect_to(req);

    make_group(c);
    add(c, req, RAW_BATCH_MAX);
    begin(c, out);
    take_all(c, req);
    end(c, out);
    out->bytes = -1;
    run(c, "FLUSHALL");
    redisFree(c);
}

/* One process adds, another takes. */
void raw_redis_e2e(const struct raw_request *req, struct raw_result *out)
{
    redisContext *c = connect_to(req);

    make_group(c);
    pid_t const taker = fork();
    if (taker == 0) {
        redisContext *own = connect_to(req);
        take_all(own, req);
        _exit(0);
    }
    begin(c, out);
    add(c, req, req->batch);
    waitpid(taker, NULL, 0);
    end(c, out);
    out->cpu_us += raw_cpu_us(true);
    out->bytes = -1;
    run(c, "FLUSHALL");
    redisFree(c);
}

/* Notes when each entry arrives, until all have. */
static void note_arrivals(const struct raw_request *req, int64_t *at_ns)
{
    redisContext *c = connect_to(req);
    char ids[RAW_BATCH_MAX][ID_SIZE];

    for (long done = 0; done < req->tasks;) {
        long const n = read_batch(c, 1, ids);
        if (n == 1)
            at_ns[done++] = raw_now_ns();
    }
    _exit(0);
}

static void sleep_until(int64_t at_ns)
{
    struct timespec const at = {at_ns / 1000000000, at_ns % 1000000000};

    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL);
}

/* From one process to another that waits. */
void raw_redis_latency(const struct raw_request *req, struct raw_result *out)
{
    redisContext *c = connect_to(req);
    int64_t *at_ns = raw_shared((size_t)req->tasks * sizeof(*at_ns));
    int64_t *sent_ns = calloc((size_t)req->tasks, sizeof(*sent_ns));
    struct raw_request one = *req;

    if (!sent_ns)
        raw_die("latency", "no memory");
    make_group(c);
    pid_t const taker = fork();
    if (taker == 0)
        note_arrivals(req, at_ns);
    begin(c, out);
    one.tasks = one.batch = 1;
    for (long i = 0; i < req->tasks; i++) {
        sleep_until(out->begin_ns + (i + 1) * EVERY_NS);
        sent_ns[i] = raw_now_ns();
        add(c, &one, 1);
    }
    waitpid(taker, NULL, 0);
    end(c, out);
    out->bytes = -1;
    for (long i = 0; i < req->tasks; i++)
        sent_ns[i] = at_ns[i] - sent_ns[i];
    raw_latencies(sent_ns, (size_t)req->tasks, out);
    free(sent_ns);
    run(c, "FLUSHALL");
    redisFree(c);
}

static void schedule(redisContext *c, const struct raw_request *req)
{
    size_t const size = (size_t)req->payload;
    char *payload = malloc(size);
    char id[RAW_ID_LEN + 1];

    if (!payload)
        raw_die("schedule", "no memory");
    for (long i = 0; i < req->tasks; i++) {
        raw_fill(i, id, payload, size);
        redisAppendCommand(c, "ZADD " SCHEDULED " 1 %s", id);
        redisAppendCommand(c, "HSET " BODIES " %s %b", id, payload, size);
        if (i % PAGE == PAGE - 1 || i + 1 == req->tasks)
            skip(c, (i % PAGE + 1) * 2);
    }
    free(payload);
}

/* Moves a page of what is due into the stream; how many they were. */
static long move_page(redisContext *c)
{
    static const char *const get[] = {"HMGET", BODIES};
    static const char *const rem[] = {"ZREM", SCHEDULED};
    static const char *const del[] = {"HDEL", BODIES};
    char ids[PAGE][ID_SIZE];

    redisAppendCommand(c, "ZRANGEBYSCORE " SCHEDULED " -inf 1 LIMIT 0 %d",
                       PAGE);
    redisReply *due = next(c);
    long const n = (long)due->elements;
    for (long i = 0; i < n; i++)
        snprintf(ids[i], ID_SIZE, "%s", due->element[i]->str);
    freeReplyObject(due);
    if (n == 0)
        return 0;

    append_many(c, get, 2, ids, n);
    redisReply *bodies = next(c);
    for (long i = 0; i < n; i++)
        append_xadd(c, ids[i], bodies->element[i]->str,
                    bodies->element[i]->len);
    append_many(c, rem, 2, ids, n);
    append_many(c, del, 2, ids, n);
    skip(c, n + 2);
    freeReplyObject(bodies);
    return n;
}

/* What is due at once is moved and read. */
void raw_redis_delayed(const struct raw_request *req, struct raw_result *out)
{
    redisContext *c = connect_to(req);
    char ids[RAW_BATCH_MAX][ID_SIZE];
    long done = 0;

    make_group(c);
    schedule(c, req);
    begin(c, out);
    while (move_page(c) > 0)
        ;
    while (done < req->tasks)
        done += read_batch(c, req->batch, ids);
    end(c, out);
    out->bytes = -1;
    out->max_ms = (double)(out->end_ns - out->begin_ns) / 1e6;
    run(c, "FLUSHALL");
    redisFree(c);
}
