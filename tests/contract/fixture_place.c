#include "tests/contract/fixture_place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void make_in_memory(struct fixture *f)
{
    strcpy(f->url, "memory:");
}

static void make_file(struct fixture *f)
{
    strcpy(f->folder, "/tmp/millrace-contract-XXXXXX");
    cr_assert(mkdtemp(f->folder) != NULL, "no folder for a database");
    snprintf(f->url, sizeof(f->url), "sqlite:%s/test.db", f->folder);
}

static void make_on_server(struct fixture *f)
{
    const char *url = getenv("MILLRACE_TEST_REDIS");

    cr_assert(url != NULL, "no server: run this under with_redis");
    snprintf(f->url, sizeof(f->url), "%s", url);
}

#ifdef MILLRACE_HAVE_REDIS
static void age_on_server(const struct fixture *f, const char *namespace,
                          int64_t ms)
{
    redis_age(f->url, namespace, ms);
}
#else
#define age_on_server NULL
#endif

static const struct place places[] = {
    {"memory", make_in_memory, NULL},
    {"sqlite", make_file, NULL},
    {"redis+unix", make_on_server, age_on_server},
};

const struct place *place_for(const char *scheme, bool *is_alias)
{
    *is_alias = strcmp(scheme, "redis") == 0; /* redis+unix is run */
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
        if (strcmp(scheme, places[i].scheme) == 0)
            return &places[i];
    return NULL;
}

void place_namespace(char out[NAMESPACE_MAX + 1])
{
    snprintf(out, NAMESPACE_MAX + 1, "contract-%ld", (long)getpid());
}
