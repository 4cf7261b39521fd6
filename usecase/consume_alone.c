/*
 * consume_alone.c - a task that one more crash would end runs alone.
 *
 * A worker that dies takes all its attempts with it, the guilty and the
 * bystanders, and nobody can tell them apart. So where the next crash decides,
 * a task that has crashed before is set aside until nothing else runs here,
 * and nothing else begins until it has ended: bystanders succeed, and a poison
 * pill dies without company.
 *
 * Nothing is leased meanwhile. So if the others take longer than a lease, it
 * goes back to the end of its queue: this worker goes on, and others may try.
 */
#include "usecase/consume_parts.h"
#include "usecase/lease.h"

bool consume_set_aside(struct consumer *c, const struct lease *lease)
{
    if (c->is_set_aside || lease_room(lease) > c->aside_mem.size)
        return false;

    arena_reset(&c->aside_mem);
    lease_copy(lease, &c->aside_mem, &c->aside);
    c->is_set_aside = true;
    c->aside_until_ms = clock_now_ms(c->ports.clock) + c->config.lease_ms;
    return true;
}

static enum status give_back(struct consumer *c)
{
    struct outcome const release = {.kind = OUTCOME_RELEASE};

    consume_judge(c, 0, &c->aside, &release, 0);
    enum status const st = consume_settle(c, NULL, 1, false);
    if (st == STATUS_OK)
        c->is_set_aside = false;
    return st;
}

enum status consume_attend_aside(struct consumer *c, int64_t now_ms)
{
    if (!c->is_set_aside)
        return STATUS_OK;
    if (c->is_stopping || (c->held_count > 0 && now_ms >= c->aside_until_ms))
        return give_back(c);
    if (c->held_count > 0)
        return STATUS_OK;

    c->is_set_aside = false;
    c->leases[0] = c->aside;
    enum status const st = consume_start(c, 1);
    c->is_alone = c->held_count > 0;
    return st;
}
