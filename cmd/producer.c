#include "cmd/enqueue.h"

enum exit_code producer_open(struct producer *p, const struct globals *globals)
{
    *p = (struct producer){0};
    enum exit_code const code =
        wire_open(globals, WIRE_QUEUE | WIRE_RANDOM, &p->wire);
    if (code == CODE_FINE)
        p->enqueuer = (struct enqueuer){.queue = p->wire.queue,
                                        .clock = p->wire.clock,
                                        .random = p->wire.random};
    return code;
}

void producer_close(struct producer *p)
{
    wire_close(&p->wire);
}
