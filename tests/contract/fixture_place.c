/*
 * fixture_place.c - the places of the backends that users can choose from.
 *
 * The suite goes over the very table of cmd/backends.c: a scheme that has no
 * place here ends it.
 */
#include "tests/contract/fixture_place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd/backends.h"

static void make_in_memory(struct fixture *f)
{
    strcpy(f->url, "memory:");
}

static void make_file(struct fixture *f)
{
    place_make_folder(f);
    snprintf(f->url, sizeof(f->url), "sqlite:%s/test.db", f->folder);
}

static enum status open_url(const struct fixture *f, const char *namespace,
                            struct backend_port *out, struct error *err)
{
    char text[sizeof(f->url) + NAMESPACE_MAX + 16];
    struct backend_url url;

    snprintf(text, sizeof(text), "%s?namespace=%s", f->url, namespace);
    enum status const st = backend_url_parse(bytes_of(text), &url, err);
    return st < 0 ? st : backend_open(&url, out, err);
}

#ifdef MILLRACE_HAVE_REDIS
static void make_on_server(struct fixture *f)
{
    const char *url = getenv("MILLRACE_TEST_REDIS");

    cr_assert(url != NULL, "no server: run this under with_redis");
    snprintf(f->url, sizeof(f->url), "%s", url);
}

static void age_on_server(const struct fixture *f, const char *namespace,
                          int64_t ms)
{
    redis_age(f->url, namespace, ms);
}
#endif

static const struct place places[] = {
    {"memory", make_in_memory, open_url, NULL},
    {"sqlite", make_file, open_url, NULL},
#ifdef MILLRACE_HAVE_REDIS
    {"redis", make_on_server, open_url, age_on_server},
#endif
    {NULL, NULL, NULL, NULL},
};

static bool has_place(const char *name)
{
    for (const struct place *p = places; p->name; p++)
        if (strcmp(p->name, name) == 0)
            return true;
    return false;
}

const struct place *contract_places(void)
{
    for (const struct backend_scheme *s = backend_schemes; s->name; s++) {
        if (has_place(s->name))
            continue;
        fprintf(stderr, "contract: no place for the backend %s\n", s->name);
        abort();
    }
    return places;
}
