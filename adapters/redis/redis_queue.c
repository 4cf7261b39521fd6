#include "adapters/redis/redis_queue.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "adapters/redis/redis_port.h"

/* Gives back what is kept, and our names at the groups. A server that does not
 * answer is left alone: the leases will end by themselves. */
static void say_goodbye(struct redis_port *p)
{
    struct redis_connection *c = &p->main;
    struct error ignored;

    if (!c->context || redis_ready(c, &ignored) != STATUS_OK)
        return;
    for (size_t i = 0; i < p->lane_count; i++)
        if (redis_release_kept(p, p->lanes[i], 0, &ignored) != STATUS_OK)
            return;
    if (p->consumer[0] == '\0' ||
        redis_script_load(c, REDIS_SCRIPT_LEAVE, &ignored) != STATUS_OK)
        return;
    for (size_t i = 0; i < p->lane_count; i++) {
        redis_script_begin(c, REDIS_SCRIPT_LEAVE, PRIORITIES + 1, 1);
        for (int k = 0; k < PRIORITIES; k++)
            redis_add_text(c, p->lanes[i]->keys[k]);
        redis_add_text(c, p->lanes[i]->keys[REDIS_KEY_WAKE]);
        redis_add_text(c, p->consumer);
    }
    redis_script_begin(c, REDIS_SCRIPT_LEAVE, 1, 1);
    redis_add_text(c, p->wake_key);
    redis_add_text(c, p->consumer);
    if (redis_skip(c, p->lane_count + 1, &ignored) != STATUS_OK)
        return; /* reap.lua forgets them later */
}

static void lane_free(struct redis_lane *lane)
{
    for (int k = 0; k < PRIORITIES; k++)
        while (lane->kept[k])
            redis_lane_drop(lane, (enum priority)k, &lane->kept[k]);
    for (int k = 0; k < REDIS_STREAMS; k++)
        while (lane->strays[k])
            redis_stray_drop(lane, (enum redis_stream)k);
    free(lane);
}

static void redis_queue_close(void *self)
{
    struct redis_port *p = self;

    say_goodbye(p);
    for (size_t i = 0; i < p->lane_count; i++)
        lane_free(p->lanes[i]);
    free(p->lanes);
    free(p->chosen);
    free(p->names);
    free(p->quota);
    free(p->sequence);
    free(p->scratch);
    redis_connection_release(&p->waiter);
    redis_connection_release(&p->main);
    free(p);
}

static const struct queue_ops redis_queue_ops = {
    .name = "redis",
    .enqueue = redis_enqueue,
    .lease = redis_lease,
    .settle = redis_settle,
    .extend = redis_extend,
    .promote = redis_promote,
    .take_expired = redis_take_expired,
    .close = redis_queue_close,
};

enum status redis_queue_open(const struct backend_url *url,
                             struct queue_port *out, struct error *err)
{
    struct redis_port *p = calloc(1, sizeof(*p));
    if (!p)
        return redis_no_memory(err);

    redis_connection_init(&p->main, url);
    redis_connection_init(&p->waiter, url);
    p->namespace = url->namespace;
    redis_global_key(url->namespace, "queues", p->queues_key);
    redis_global_key(url->namespace, "paused", p->paused_key);
    redis_global_key(url->namespace, "wake", p->wake_key);
    snprintf(p->producer, sizeof(p->producer), "%016" PRIx64,
             redis_random_bits());
    enum status const st = redis_ready(&p->main, err);
    if (st != STATUS_OK) {
        redis_connection_release(&p->main);
        free(p);
        return st;
    }
    *out = (struct queue_port){&redis_queue_ops, p};
    return STATUS_OK;
}
