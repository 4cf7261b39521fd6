/*
 * fleet_port.h - which workers are alive.
 *
 * Shares the promises at the top of queue_port.h. Only for people to look at:
 * whether a task is still worked on is its lease's to say, never the fleet's.
 */
#ifndef USECASE_FLEET_PORT_H
#define USECASE_FLEET_PORT_H

#include "domain/error.h"
#include "domain/limits.h"

#define HOST_NAME_MAX_LEN 64
#define PLAN_TEXT_SIZE 256

struct worker_info {
    char name[WORKER_NAME_MAX + 1];
    char host[HOST_NAME_MAX_LEN + 1];
    char queues[PLAN_TEXT_SIZE]; /* the plan as text, cut if long */
    int64_t pid;
    int64_t busy; /* handlers running */
    int64_t concurrency;
    int64_t started_at_ms;
    int64_t seen_at_ms; /* set by beat from now_ms */
};

struct fleet_ops {
    const char *name;

    /* Says that info->name is alive at now_ms; forgets workers that were last
     * seen more than forget_ms earlier. */
    MUST_USE enum status (*beat)(void *self, int64_t now_ms, int64_t forget_ms,
                                 const struct worker_info *info,
                                 struct error *err);

    /* Forgets worker, which has stopped; fine if it is not known. */
    MUST_USE enum status (*leave)(void *self, const char *worker,
                                  struct error *err);

    /* Up to max workers last seen at since_ms or later, by name, from after
     * (exclusive; "" from the first). *count < max: that was all. */
    MUST_USE enum status (*workers)(void *self, int64_t since_ms,
                                    const char *after, size_t max,
                                    struct worker_info *out, size_t *count,
                                    struct error *err);

    void (*close)(void *self);
};

struct fleet_port {
    const struct fleet_ops *ops;
    void *self;
};

void fleet_port_check(struct fleet_port fleet);

MUST_USE static inline enum status fleet_beat(struct fleet_port f,
                                              int64_t now_ms, int64_t forget_ms,
                                              const struct worker_info *info,
                                              struct error *err)
{
    return f.ops->beat(f.self, now_ms, forget_ms, info, err);
}

MUST_USE static inline enum status
fleet_leave(struct fleet_port f, const char *worker, struct error *err)
{
    return f.ops->leave(f.self, worker, err);
}

MUST_USE static inline enum status
fleet_workers(struct fleet_port f, int64_t since_ms, const char *after,
              size_t max, struct worker_info *out, size_t *count,
              struct error *err)
{
    return f.ops->workers(f.self, since_ms, after, max, out, count, err);
}

static inline void fleet_close(struct fleet_port f)
{
    f.ops->close(f.self);
}

#endif
