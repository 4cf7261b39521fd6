#include "cmd/library/home.h"

#include <stdlib.h>

#include "cmd/library/guarded_queue.h"

struct home *home_new(const struct place *place)
{
    struct home *home = calloc(1, sizeof(*home));

    if (!home)
        return NULL;
    home->place = *place;
    atomic_init(&home->holders, 1);
    pthread_mutex_init(&home->lock, NULL);
    return home;
}

struct home *home_hold(struct home *home)
{
    atomic_fetch_add(&home->holders, 1);
    return home;
}

void home_let_go(struct home *home)
{
    if (!home || atomic_fetch_sub(&home->holders, 1) > 1)
        return;
    place_close(&home->place);
    pthread_mutex_destroy(&home->lock);
    free(home);
}

/* Whoever wrote the backend may have left out an operation. */
static enum status check_table(const struct home *home, enum status st,
                               const void *ops, size_t size, struct error *err)
{
    const char *name = home->place.backend.ops->name;

    if (st < 0)
        return st;
    if (st > 0)
        return contract_broken(err, name, "a port can't be opened or not");
    if (!is_table_whole(ops, size))
        return contract_broken(err, name, "a port lacks an operation");
    return STATUS_OK;
}

static enum status wrap(const struct home *home, struct queue_port *queue,
                        struct error *err)
{
    struct queue_port const inner = *queue;

    if (!home->wrap)
        return STATUS_OK;
    enum status const st = home->wrap(home->context, inner, queue, err);
    if (st < 0)
        queue_close(inner);
    return st;
}

enum status home_open_queue(struct home *home, struct queue_port *out,
                            struct error *err)
{
    struct backend_port const backend = home->place.backend;
    struct queue_port queue = {0};

    pthread_mutex_lock(&home->lock);
    enum status st = backend.ops->open_queue(backend.self, &queue, err);
    st = check_table(home, st, queue.ops, sizeof(*queue.ops), err);
    if (st < 0 && queue.ops && queue.ops->close)
        queue.ops->close(queue.self);
    if (st == STATUS_OK)
        st = wrap(home, &queue, err);
    pthread_mutex_unlock(&home->lock);
    if (st == STATUS_OK)
        *out = queue;
    return st;
}

enum status home_open_admin(struct home *home, struct admin_port *out,
                            struct error *err)
{
    struct backend_port const backend = home->place.backend;
    struct admin_port admin = {0};

    pthread_mutex_lock(&home->lock);
    enum status st = backend.ops->open_admin(backend.self, &admin, err);
    st = check_table(home, st, admin.ops, sizeof(*admin.ops), err);
    if (st < 0 && admin.ops && admin.ops->close)
        admin.ops->close(admin.self);
    pthread_mutex_unlock(&home->lock);
    if (st == STATUS_OK)
        *out = admin;
    return st;
}

enum status home_open_fleet(struct home *home, struct fleet_port *out,
                            struct error *err)
{
    struct backend_port const backend = home->place.backend;
    struct fleet_port fleet = {0};

    pthread_mutex_lock(&home->lock);
    enum status st = backend.ops->open_fleet(backend.self, &fleet, err);
    st = check_table(home, st, fleet.ops, sizeof(*fleet.ops), err);
    if (st < 0 && fleet.ops && fleet.ops->close)
        fleet.ops->close(fleet.self);
    pthread_mutex_unlock(&home->lock);
    if (st == STATUS_OK)
        *out = fleet;
    return st;
}
