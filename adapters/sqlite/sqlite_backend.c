#include "adapters/sqlite/sqlite_backend.h"

#include <time.h>

#include "adapters/sqlite/sqlite_admin.h"
#include "adapters/sqlite/sqlite_fleet.h"
#include "adapters/sqlite/sqlite_health.h"
#include "adapters/sqlite/sqlite_queue.h"
#include "adapters/sqlite/sqlite_scrub.h"
#include "adapters/sqlite/sqlite_store.h"

static enum status open_queue(void *self, struct queue_port *out,
                              struct error *err)
{
    return sqlite_queue_open(self, out, err);
}

static enum status open_admin(void *self, struct admin_port *out,
                              struct error *err)
{
    return sqlite_admin_open(self, out, err);
}

static enum status open_fleet(void *self, struct fleet_port *out,
                              struct error *err)
{
    return sqlite_fleet_open(self, out, err);
}

static enum status open_health(void *self, struct health_port *out,
                               struct error *err)
{
    return sqlite_health_open(self, out, err);
}

static enum status open_scrub(void *self, struct scrub_port *out,
                              struct error *err)
{
    return sqlite_scrub_open(self, out, err);
}

/* Who shares a file shares a machine, and so its clock. */
static int64_t system_now_ms(void *self)
{
    struct timespec ts;
    (void)self;

    clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void clock_close(void *self)
{
    (void)self;
}

static const struct clock_ops sqlite_clock_ops = {
    .name = "sqlite",
    .now_ms = system_now_ms,
    .close = clock_close,
};

static enum status open_clock(void *self, struct clock_port *out,
                              struct error *err)
{
    (void)err;
    *out = (struct clock_port){.ops = &sqlite_clock_ops, .self = self};
    return STATUS_OK;
}

static void backend_close(void *self)
{
    store_close(self);
}

static const struct backend_ops sqlite_backend_ops = {
    .name = "sqlite",
    .open_queue = open_queue,
    .open_admin = open_admin,
    .open_fleet = open_fleet,
    .open_health = open_health,
    .open_scrub = open_scrub,
    .open_clock = open_clock,
    .close = backend_close,
};

enum status sqlite_backend_open(const struct backend_url *url,
                                struct backend_port *out, struct error *err)
{
    struct store *s;
    enum status const st = store_open(url, &s, err);

    if (st < 0)
        return st;
    *out = (struct backend_port){.ops = &sqlite_backend_ops, .self = s};
    return STATUS_OK;
}
