#include "tests/contract/fixture.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/contract/fixture_place.h"

enum { BACKENDS_MAX = 16, ROOM = 16 * 1024 * 1024 };

/* Criterion starts the binary anew for each case, so a pointer made in the
 * parent means nothing in the child: the parameter is an index. */
struct criterion_test_params fixture_backends(void)
{
    static size_t index[BACKENDS_MAX];
    const struct place *places = contract_places();
    const char *only = getenv("BACKEND");
    size_t n = 0;

    for (size_t i = 0; places[i].name && n < BACKENDS_MAX; i++)
        if (!only || strcmp(only, places[i].name) == 0)
            index[n++] = i;
    return cr_make_param_array(size_t, index, n);
}

void place_make_folder(struct fixture *f)
{
    strcpy(f->folder, "/tmp/millrace-contract-XXXXXX");
    cr_assert(mkdtemp(f->folder) != NULL, "no folder for a store");
}

void place_namespace(char out[NAMESPACE_MAX + 1])
{
    snprintf(out, NAMESPACE_MAX + 1, "contract-%ld", (long)getpid());
}

static void open_namespace(const struct fixture *f, const char *namespace,
                           struct backend_port *out)
{
    struct error err;

    cr_assert(eq(int, f->place->open(f, namespace, out, &err), 0), "%s",
              err.text);
    backend_port_check(*out);
}

static void open_ports(struct fixture *f)
{
    struct clock_port clock;

    THEN(eq(int,
            f->backend.ops->open_queue(f->backend.self, &f->queue, &f->err),
            STATUS_OK));
    queue_port_check(f->queue);
    THEN(eq(int,
            f->backend.ops->open_admin(f->backend.self, &f->admin, &f->err),
            STATUS_OK));
    admin_port_check(f->admin);
    THEN(eq(int,
            f->backend.ops->open_fleet(f->backend.self, &f->fleet, &f->err),
            STATUS_OK));
    fleet_port_check(f->fleet);
    THEN(eq(int, f->backend.ops->open_clock(f->backend.self, &clock, &f->err),
            STATUS_OK));
    clock_port_check(clock);
    f->now_ms = clock_now_ms(clock);
    clock.ops->close(clock.self);
}

struct fixture *fixture_open(size_t backend)
{
    struct fixture *f = calloc(1, sizeof(*f));
    char *room = malloc(ROOM);
    char namespace[NAMESPACE_MAX + 1];
    cr_assert(f && room);

    f->place = &contract_places()[backend];
    f->name = f->place->name;
    f->mem = (struct arena){.base = room, .size = ROOM};
    f->place->make(f);
    place_namespace(namespace);
    open_namespace(f, namespace, &f->backend);
    open_ports(f);
    return f;
}

static int remove_one(const char *path, const struct stat *st, int flag,
                      struct FTW *ftw)
{
    (void)st;
    (void)flag;
    (void)ftw;
    return remove(path);
}

void fixture_close(struct fixture *f)
{
    fleet_close(f->fleet);
    admin_close(f->admin);
    queue_close(f->queue);
    f->backend.ops->close(f->backend.self);
    if (f->folder[0] != '\0')
        nftw(f->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    free(f->mem.base);
    free(f);
}

void fixture_open_apart(const struct fixture *f, struct backend_port *out)
{
    char namespace[NAMESPACE_MAX + 1];
    char apart[NAMESPACE_MAX + 8];

    place_namespace(namespace);
    snprintf(apart, sizeof(apart), "%s-apart", namespace);
    open_namespace(f, apart, out);
}

struct queue_port another_queue(struct fixture *f)
{
    struct queue_port q;

    THEN(eq(int, f->backend.ops->open_queue(f->backend.self, &q, &f->err),
            STATUS_OK));
    return q;
}

void advance(struct fixture *f, int64_t ms)
{
    char namespace[NAMESPACE_MAX + 1];

    f->now_ms += ms;
    place_namespace(namespace);
    if (f->place->age)
        f->place->age(f, namespace, ms);
}

bool same_id(struct task_id a, struct task_id b)
{
    return strcmp(a.text, b.text) == 0;
}
