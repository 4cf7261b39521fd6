/*
 * Leases on Redis end by the server's count of how long an entry has been
 * idle, which no test can wait for: XCLAIM sets that count, and JUSTID leaves
 * the rest as it is.
 */
#include <hiredis/hiredis.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/contract/fixture_place.h"

static redisReply *ask(redisContext *c, int argc, const char **argv)
{
    redisReply *reply = redisCommandArgv(c, argc, argv, NULL);

    cr_assert(reply && reply->type != REDIS_REPLY_ERROR, "%s %s: %s", argv[0],
              argv[1], reply ? reply->str : c->errstr);
    return reply;
}

/* pending: id, consumer, idle, deliveries. */
static void age_entry(redisContext *c, const char *key, const char *group,
                      const redisReply *pending, int64_t ms)
{
    char idle[32];
    snprintf(idle, sizeof(idle), "%lld",
             pending->element[2]->integer + (long long)ms);
    const char *argv[] = {"XCLAIM", key,
                          group,    pending->element[1]->str,
                          "0",      pending->element[0]->str,
                          "IDLE",   idle,
                          "JUSTID"};

    freeReplyObject(ask(c, 9, argv));
}

static void age_group(redisContext *c, const char *key, const char *group,
                      int64_t ms)
{
    char from[64] = "-";
    size_t n;

    do {
        const char *argv[] = {"XPENDING", key, group, from, "+", "500"};
        redisReply *page = ask(c, 6, argv);
        n = page->elements;
        for (size_t i = 0; i < n; i++)
            age_entry(c, key, group, page->element[i], ms);
        if (n > 0)
            snprintf(from, sizeof(from), "(%s",
                     page->element[n - 1]->element[0]->str);
        freeReplyObject(page);
    } while (n > 0);
}

/* Each group's description is a list of names and values; name comes first. */
static void age_stream(redisContext *c, const char *key, int64_t ms)
{
    const char *argv[] = {"XINFO", "GROUPS", key};
    redisReply *groups = ask(c, 3, argv);

    for (size_t i = 0; i < groups->elements; i++)
        age_group(c, key, groups->element[i]->element[1]->str, ms);
    freeReplyObject(groups);
}

static void age_streams(redisContext *c, const char *pattern, int64_t ms)
{
    char from[32] = "0";

    do {
        const char *argv[] = {"SCAN",  from,   "MATCH", pattern,
                              "COUNT", "1000", "TYPE",  "stream"};
        redisReply *page = ask(c, 8, argv);
        const redisReply *keys = page->element[1];
        for (size_t i = 0; i < keys->elements; i++)
            age_stream(c, keys->element[i]->str, ms);
        snprintf(from, sizeof(from), "%s", page->element[0]->str);
        freeReplyObject(page);
    } while (strcmp(from, "0") != 0);
}

void redis_age(const char *url, const char *namespace, int64_t ms)
{
    char pattern[NAMESPACE_MAX + 32];
    redisContext *c = redisConnectUnix(url + strlen("redis+unix://"));
    cr_assert(c && !c->err, "no connection to %s", url);

    snprintf(pattern, sizeof(pattern), "{%s:*}:ready:*", namespace);
    age_streams(c, pattern, ms);
    snprintf(pattern, sizeof(pattern), "{%s:*}:taken", namespace);
    age_streams(c, pattern, ms);
    redisFree(c);
}
