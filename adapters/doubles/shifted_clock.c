#include "adapters/doubles/shifted_clock.h"

#include <stdlib.h>

struct shifted_clock {
    struct clock_port inner;
    int64_t shift_ms;
};

static int64_t shifted_clock_now_ms(void *self)
{
    const struct shifted_clock *c = self;

    return clock_now_ms(c->inner) + c->shift_ms;
}

static void shifted_clock_close(void *self)
{
    free(self);
}

static const struct clock_ops shifted_clock_ops = {
    .name = "shifted",
    .now_ms = shifted_clock_now_ms,
    .close = shifted_clock_close,
};

enum status shifted_clock_open(struct clock_port inner, int64_t shift_ms,
                               struct clock_port *out, struct error *err)
{
    struct shifted_clock *c = malloc(sizeof(*c));

    if (!c)
        return error_set(err, STATUS_NO_MEMORY, NULL,
                         "shifted clock: no room to open");
    *c = (struct shifted_clock){inner, shift_ms};
    *out = (struct clock_port){&shifted_clock_ops, c};
    return STATUS_OK;
}
