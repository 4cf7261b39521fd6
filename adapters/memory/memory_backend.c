#include "adapters/memory/memory_backend.h"

#include <assert.h>
#include <stdio.h>
#include <time.h>

#include "adapters/memory/memory_admin.h"
#include "adapters/memory/memory_fleet.h"
#include "adapters/memory/memory_queue.h"
#include "adapters/memory/memory_scrub.h"

/* The ports below have nothing of their own to close. */
static void close_nothing(void *self)
{
    (void)self;
}

static int64_t memory_clock_now_ms(void *self)
{
    struct timespec now;
    int const failed = clock_gettime(CLOCK_REALTIME, &now);
    assert(!failed);
    (void)self;

    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static const struct clock_ops memory_clock_ops = {
    .name = "memory",
    .now_ms = memory_clock_now_ms,
    .close = close_nothing,
};

static enum status memory_health_check(void *self, int64_t local_now_ms,
                                       size_t max, struct finding *out,
                                       size_t *count, struct error *err)
{
    struct store *s = self;
    (void)local_now_ms;
    (void)err;

    *count = 0;
    if (max == 0)
        return STATUS_OK;
    store_lock(s);
    size_t const queues = s->queue_count;
    store_unlock(s);
    *out = (struct finding){.check = "persistence", .level = FINDING_WARN};
    snprintf(out->text, sizeof(out->text),
             "the tasks of %zu queue(s) live in this process and die with it; "
             "use sqlite: or redis: to keep them",
             queues);
    *count = 1;
    return STATUS_OK;
}

static const struct health_ops memory_health_ops = {
    .name = "memory",
    .check = memory_health_check,
    .close = close_nothing,
};

static enum status open_queue(void *self, struct queue_port *out,
                              struct error *err)
{
    return memory_queue_open(self, out, err);
}

static enum status open_admin(void *self, struct admin_port *out,
                              struct error *err)
{
    (void)err;
    memory_admin_open(self, out);
    return STATUS_OK;
}

static enum status open_fleet(void *self, struct fleet_port *out,
                              struct error *err)
{
    (void)err;
    memory_fleet_open(self, out);
    return STATUS_OK;
}

static enum status open_health(void *self, struct health_port *out,
                               struct error *err)
{
    (void)err;
    *out = (struct health_port){&memory_health_ops, self};
    return STATUS_OK;
}

static enum status open_scrub(void *self, struct scrub_port *out,
                              struct error *err)
{
    (void)err;
    memory_scrub_open(self, out);
    return STATUS_OK;
}

static enum status open_clock(void *self, struct clock_port *out,
                              struct error *err)
{
    (void)err;
    *out = (struct clock_port){&memory_clock_ops, self};
    return STATUS_OK;
}

static void memory_backend_close(void *self)
{
    store_free(self);
}

static const struct backend_ops memory_backend_ops = {
    .name = "memory",
    .open_queue = open_queue,
    .open_admin = open_admin,
    .open_fleet = open_fleet,
    .open_health = open_health,
    .open_scrub = open_scrub,
    .open_clock = open_clock,
    .close = memory_backend_close,
};

enum status memory_backend_open(const struct backend_url *url,
                                struct backend_port *out, struct error *err)
{
    struct store *s = store_new();
    (void)url; /* a new store is apart from all others, whatever its name */

    if (!s)
        return store_no_memory(err);
    *out = (struct backend_port){&memory_backend_ops, s};
    return STATUS_OK;
}
