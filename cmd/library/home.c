#include "cmd/library/home.h"

#include <stdlib.h>

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

    pthread_mutex_lock(&home->lock);
    enum status st = backend.ops->open_queue(backend.self, out, err);
    if (st == STATUS_OK)
        st = wrap(home, out, err);
    pthread_mutex_unlock(&home->lock);
    if (st == STATUS_OK)
        queue_port_check(*out);
    return st;
}

enum status home_open_admin(struct home *home, struct admin_port *out,
                            struct error *err)
{
    struct backend_port const backend = home->place.backend;

    pthread_mutex_lock(&home->lock);
    enum status const st = backend.ops->open_admin(backend.self, out, err);
    pthread_mutex_unlock(&home->lock);
    if (st == STATUS_OK)
        admin_port_check(*out);
    return st;
}

enum status home_open_fleet(struct home *home, struct fleet_port *out,
                            struct error *err)
{
    struct backend_port const backend = home->place.backend;

    pthread_mutex_lock(&home->lock);
    enum status const st = backend.ops->open_fleet(backend.self, out, err);
    pthread_mutex_unlock(&home->lock);
    if (st == STATUS_OK)
        fleet_port_check(*out);
    return st;
}
