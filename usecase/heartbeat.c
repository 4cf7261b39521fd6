#include "usecase/heartbeat.h"

int64_t heartbeat_tick(struct heartbeat *hb, int64_t busy)
{
    int64_t const now_ms = clock_now_ms(hb->clock);
    bool const stepped_back = hb->next_at_ms > now_ms + HEARTBEAT_EVERY_MS;
    struct error ignored;

    if (now_ms < hb->next_at_ms && !stepped_back)
        return hb->next_at_ms;

    hb->info.busy = busy;
    hb->next_at_ms = now_ms + HEARTBEAT_EVERY_MS;
    enum status const st =
        fleet_beat(hb->fleet, now_ms, HEARTBEAT_FORGET_MS, &hb->info, &ignored);
    (void)st; /* missed: the next one tells as much */
    return hb->next_at_ms;
}

void heartbeat_end(struct heartbeat *hb)
{
    struct error ignored;

    enum status const st = fleet_leave(hb->fleet, hb->info.name, &ignored);
    (void)st; /* not said: then it is forgotten in HEARTBEAT_FORGET_MS */
}
