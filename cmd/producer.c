#include "cmd/enqueue.h"

#include <time.h>

#define TRIES 6
#define FIRST_PAUSE_MS 100 /* doubles: 3.1 s in all */

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

static bool may_pass(enum status st)
{
    return st == STATUS_UNAVAILABLE || st == STATUS_FULL;
}

static void pause_ms(int64_t ms)
{
    struct timespec const pause = {ms / 1000, ms % 1000 * 1000000};

    nanosleep(&pause, NULL);
}

enum status producer_send(struct producer *p, const struct task_spec *specs,
                          size_t n, struct new_task *room,
                          struct enqueued *results, size_t *culprit,
                          struct error *err)
{
    int64_t wait_ms = FIRST_PAUSE_MS;
    enum status st =
        enqueue(&p->enqueuer, specs, n, room, results, culprit, err);

    for (int tries = 1; may_pass(st) && tries < TRIES; tries++) {
        pause_ms(wait_ms);
        wait_ms *= 2;
        st = enqueue_again(&p->enqueuer, n, room, results, err);
    }
    return st;
}
