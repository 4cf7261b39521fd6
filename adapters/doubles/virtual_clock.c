#include "adapters/doubles/virtual_clock.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>

struct virtual_clock {
    _Atomic int64_t now_ms;
};

static int64_t virtual_clock_now_ms(void *self)
{
    struct virtual_clock *c = self;

    return atomic_load(&c->now_ms);
}

static void virtual_clock_close(void *self)
{
    free(self);
}

static const struct clock_ops virtual_clock_ops = {
    .name = "virtual",
    .now_ms = virtual_clock_now_ms,
    .close = virtual_clock_close,
};

enum status virtual_clock_open(int64_t start_ms, struct clock_port *out,
                               struct error *err)
{
    struct virtual_clock *c = calloc(1, sizeof(*c));

    if (!c)
        return error_set(err, STATUS_NO_MEMORY, NULL,
                         "virtual clock: no room to open");
    atomic_init(&c->now_ms, start_ms);
    *out = (struct clock_port){&virtual_clock_ops, c};
    return STATUS_OK;
}

void virtual_clock_advance(struct clock_port clock, int64_t ms)
{
    struct virtual_clock *c = clock.self;
    assert(clock.ops == &virtual_clock_ops);

    atomic_fetch_add(&c->now_ms, ms);
}
