/*
 * redis_health_test.c - which servers lose tasks, and are told.
 */
#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <string.h>
#include <time.h>

#include "adapters/redis/redis_health.h"
#include "tests/adapters/redis_fixture.h"

static struct redis_fixture f;

static struct finding finding_of(const char *check, int64_t local_ms)
{
    struct health_port health;
    struct finding findings[16];
    size_t count = 0;
    struct finding found = {0};

    cr_assert(redis_health_open(&f.direct_url, &health, &f.err) == STATUS_OK);
    cr_assert(health_check(health, local_ms, 16, findings, &count, &f.err) ==
              STATUS_OK);
    health_close(health);
    for (size_t i = 0; i < count; i++)
        if (strcmp(findings[i].check, check) == 0)
            found = findings[i];
    cr_assert(found.check != NULL, "no finding on %s", check);
    return found;
}

static bool says(struct finding found, const char *word)
{
    return strstr(found.text, word) != NULL;
}

static int64_t wall_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void stop(void)
{
    fixture_end(&f);
}

TestSuite(redis_health, .fini = stop, .timeout = 60);

Test(redis_health, a_server_that_keeps_nothing_is_bad)
{
    fixture_start(&f, NULL);

    struct finding const found = finding_of("persistence", 0);

    cr_expect(eq(int, found.level, FINDING_BAD));
    cr_expect(says(found, "appendonly yes"));
}

Test(redis_health, snapshots_alone_are_worth_a_warning)
{
    fixture_start(&f, (const char *const[]){"--save", "3600 1", NULL});

    cr_expect(eq(int, finding_of("persistence", 0).level, FINDING_WARN));
}

Test(redis_health, a_sound_server_is_fine_in_all_things)
{
    fixture_start(&f, (const char *const[]){"--appendonly", "yes", NULL});
    static const char *const checks[] = {
        "server version", "schema",      "role", "maxmemory-policy",
        "memory",         "persistence", "disk", "clock skew"};

    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
        struct finding const found = finding_of(checks[i], wall_ms());
        cr_expect(eq(int, found.level, FINDING_OK), "%s: %s", found.check,
                  found.text);
    }
}

Test(redis_health, a_server_that_evicts_is_bad)
{
    fixture_start(&f, (const char *const[]){"--maxmemory", "100mb",
                                            "--maxmemory-policy", "allkeys-lru",
                                            NULL});

    struct finding const found = finding_of("maxmemory-policy", 0);

    cr_expect(eq(int, found.level, FINDING_BAD));
    cr_expect(says(found, "allkeys-lru"));
    cr_expect(says(found, "noeviction"));
}

Test(redis_health, little_memory_left_is_bad)
{
    fixture_start(&f, NULL);
    long long const used = by_hand(&f, "EVAL %s 0",
                                   "return tonumber(redis.call('INFO', "
                                   "'memory'):match('used_memory:(%d+)'))");
    by_hand(&f, "CONFIG SET maxmemory %lld", used + used / 50);

    cr_expect(eq(int, finding_of("memory", 0).level, FINDING_BAD));
}

Test(redis_health, a_replica_is_bad)
{
    fixture_start(&f,
                  (const char *const[]){"--replicaof", "127.0.0.1", "1", NULL});

    struct finding const found = finding_of("role", 0);

    cr_expect(eq(int, found.level, FINDING_BAD));
    cr_expect(says(found, "127.0.0.1:1"));
}

Test(redis_health, what_may_not_be_asked_is_worth_a_warning)
{
    fixture_start(&f, (const char *const[]){"--appendonly", "yes", NULL});
    by_hand(&f, "ACL SETUSER default -config");

    struct finding const found = finding_of("persistence", 0);

    cr_expect(eq(int, found.level, FINDING_WARN));
    cr_expect(says(found, "can't be read"));
}

Test(redis_health, a_clock_that_is_off_is_told)
{
    fixture_start(&f, NULL);

    cr_expect(eq(int, finding_of("clock skew", wall_ms() + 5000).level,
                 FINDING_WARN));
    struct finding const found = finding_of("clock skew", wall_ms() - 100000);
    cr_expect(eq(int, found.level, FINDING_BAD));
    cr_expect(says(found, "ahead"));
}
