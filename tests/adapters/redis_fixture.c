#include "tests/adapters/redis_fixture.h"

#include <criterion/criterion.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/redis/redis_queue.h"

void fixture_reconnect(struct redis_fixture *f)
{
    if (f->line)
        redisFree(f->line);
    f->line = redisConnectUnix(f->server.socket);
    cr_assert(f->line && !f->line->err);
}

void fixture_url(struct redis_fixture *f, const char *options,
                 struct backend_url *out)
{
    char text[256];

    snprintf(text, sizeof(text), "redis+unix://%s?namespace=ns%s",
             f->server.socket, options);
    cr_assert(backend_url_parse(bytes_of(text), out, &f->err) == 0);
}

void fixture_start(struct redis_fixture *f, const char *const *options)
{
    char text[200];
    char socket[112];

    f->mem = (struct arena){f->room, 0, sizeof(f->room)};
    cr_assert(redis_server_start(&f->server, options));
    fixture_reconnect(f);
    snprintf(socket, sizeof(socket), "%s/relay.sock", f->server.folder);
    redis_relay_start(&f->relay, socket, f->server.socket);
    snprintf(text, sizeof(text), "redis+unix://%s?namespace=ns", socket);
    cr_assert(backend_url_parse(bytes_of(text), &f->url, &f->err) == 0);
    cr_assert(redis_queue_open(&f->url, &f->queue, &f->err) == STATUS_OK, "%s",
              f->err.text);
    fixture_url(f, "", &f->direct_url);
    cr_assert(redis_queue_open(&f->direct_url, &f->direct, &f->err) ==
              STATUS_OK);
}

void fixture_end(struct redis_fixture *f)
{
    queue_close(f->queue);
    queue_close(f->direct);
    redis_relay_stop(&f->relay);
    redisFree(f->line);
    redis_server_remove(&f->server);
}

static redisReply *ask(struct redis_fixture *f, const char *format,
                       va_list args)
{
    redisReply *reply = redisvCommand(f->line, format, args);

    cr_assert(reply && reply->type != REDIS_REPLY_ERROR, "%s: %s", format,
              reply ? reply->str : f->line->errstr);
    return reply;
}

long long by_hand(struct redis_fixture *f, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    redisReply *reply = ask(f, format, args);
    va_end(args);
    long long n = reply->integer;
    if (reply->type == REDIS_REPLY_ARRAY)
        n = (long long)reply->elements;
    if (reply->type == REDIS_REPLY_STRING)
        n = (long long)reply->len;
    freeReplyObject(reply);
    return n;
}

const char *text_by_hand(struct redis_fixture *f, const char *format, ...)
{
    static char text[16384];
    va_list args;

    va_start(args, format);
    redisReply *reply = ask(f, format, args);
    va_end(args);
    snprintf(text, sizeof(text), "%s", reply->str ? reply->str : "");
    freeReplyObject(reply);
    return text;
}

long long calls_of(struct redis_fixture *f, const char *command)
{
    const char *stats = text_by_hand(f, "INFO commandstats");
    char name[64];

    snprintf(name, sizeof(name), "cmdstat_%s:calls=", command);
    const char *at = strstr(stats, name);
    return at ? atoll(at + strlen(name)) : 0;
}

int64_t server_now(struct redis_fixture *f)
{
    redisReply *reply = redisCommand(f->line, "TIME");

    cr_assert(reply && reply->elements == 2);
    int64_t const now = atoll(reply->element[0]->str) * 1000 +
                        atoll(reply->element[1]->str) / 1000;
    freeReplyObject(reply);
    return now;
}

struct new_task a_new_task(struct redis_fixture *f)
{
    struct new_task t = {.task = task_default(), .is_id_new = true};
    int64_t const now = server_now(f);

    t.task.queue = BYTES("q");
    t.task.type = BYTES("test");
    t.task.payload = BYTES("{\"n\":1}");
    t.task.created_at_ms = now;
    t.task.run_at_ms = now;
    t.task.id = task_id_next(&f->ids, now, 7, t.task.queue);
    return t;
}

enum status enqueue_some(struct redis_fixture *f, size_t n)
{
    static struct new_task tasks[BATCH_MAX];
    static struct enqueued results[BATCH_MAX];

    for (size_t i = 0; i < n; i++)
        tasks[i] = a_new_task(f);
    return queue_enqueue(f->queue, tasks[n - 1].task.run_at_ms, tasks, n,
                         results, &f->err);
}

size_t lease_some(struct redis_fixture *f, size_t max)
{
    struct queue_plan plan = {.kind = PLAN_STRICT, .count = 1};
    struct lease_request const req = {
        .plan = &plan,
        .max = max,
        .lease_ms = LONG_MS,
        .worker = "w",
        .now_ms = NOW_MS,
        .wake = WAKE_NEVER,
    };
    size_t count = 0;

    strcpy(plan.queues[0].name, "q");
    plan.queues[0].weight = 1;
    arena_reset(&f->mem);
    enum status const st =
        queue_lease(f->direct, &req, &f->mem, f->leases, &count, &f->err);
    cr_assert(st == STATUS_OK || st == STATUS_EMPTY, "%s", f->err.text);
    return st == STATUS_OK ? count : 0;
}

enum status settle_some(struct redis_fixture *f, size_t n,
                        enum verdict_action action, enum status *results)
{
    static struct settlement items[BATCH_MAX];
    static enum status own[BATCH_MAX];

    for (size_t i = 0; i < n; i++) {
        items[i] = (struct settlement){
            .lease = &f->leases[i],
            .verdict = {.action = action,
                        .run_at_ms = NOW_MS + 5000,
                        .attempt = f->leases[i].task.attempt},
            .started_at_ms = NOW_MS,
        };
        if (action == VERDICT_DEAD)
            items[i].verdict.reason = REASON_EXHAUSTED;
        items[i].verdict.is_failure =
            action == VERDICT_DEAD || action == VERDICT_RETRY;
    }
    enum status const st = queue_settle(f->direct, NOW_MS, items, n,
                                        results ? results : own, &f->err);
    for (size_t i = 0; i < n && !results && st == STATUS_OK; i++)
        cr_assert(own[i] == STATUS_OK);
    return st;
}

void fixture_start_with_queue(struct redis_fixture *f)
{
    fixture_start(f, NULL);
    cr_assert(enqueue_some(f, 1) == STATUS_OK);
    cr_assert(lease_some(f, 1) == 1);
    cr_assert(settle_some(f, 1, VERDICT_DONE, NULL) == STATUS_OK);
}
