#include "adapters/redis/redis_backend.h"

#include <stdlib.h>

#include "adapters/redis/redis_admin.h"
#include "adapters/redis/redis_clock.h"
#include "adapters/redis/redis_fleet.h"
#include "adapters/redis/redis_health.h"
#include "adapters/redis/redis_queue.h"
#include "adapters/redis/redis_scrub.h"

static enum status open_queue(void *self, struct queue_port *out,
                              struct error *err)
{
    return redis_queue_open(self, out, err);
}

static enum status open_admin(void *self, struct admin_port *out,
                              struct error *err)
{
    return redis_admin_open(self, out, err);
}

static enum status open_fleet(void *self, struct fleet_port *out,
                              struct error *err)
{
    return redis_fleet_open(self, out, err);
}

static enum status open_health(void *self, struct health_port *out,
                               struct error *err)
{
    return redis_health_open(self, out, err);
}

static enum status open_scrub(void *self, struct scrub_port *out,
                              struct error *err)
{
    return redis_scrub_open(self, out, err);
}

static enum status open_clock(void *self, struct clock_port *out,
                              struct error *err)
{
    return redis_clock_open(self, out, err);
}

static void redis_backend_close(void *self)
{
    free(self);
}

static const struct backend_ops redis_backend_ops = {
    .name = "redis",
    .open_queue = open_queue,
    .open_admin = open_admin,
    .open_fleet = open_fleet,
    .open_health = open_health,
    .open_scrub = open_scrub,
    .open_clock = open_clock,
    .close = redis_backend_close,
};

enum status redis_backend_open(const struct backend_url *url,
                               struct backend_port *out, struct error *err)
{
    struct backend_url *own = malloc(sizeof(*own));

    if (!own)
        return error_set(err, STATUS_NO_MEMORY, NULL, "redis: no memory");
    *own = *url;
    *out = (struct backend_port){&redis_backend_ops, own};
    return STATUS_OK;
}
