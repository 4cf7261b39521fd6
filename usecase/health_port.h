/*
 * health_port.h - what an operator should know about a backend's set-up.
 */
#ifndef USECASE_HEALTH_PORT_H
#define USECASE_HEALTH_PORT_H

#include <stddef.h>
#include <stdint.h>

#include "domain/error.h"

enum finding_level {
    FINDING_OK,
    FINDING_WARN, /* works, but could be better */
    FINDING_BAD,  /* tasks may be lost or stuck */
};

struct finding {
    const char *check; /* a static word or two: "server version" */
    enum finding_level level;
    char text[200]; /* one line; what was found, and what to do if it is bad */
};

struct health_ops {
    const char *name;

    /* Writes up to max findings, the same checks in the same order each time.
     * local_now_ms is this machine's own clock, to compare. */
    MUST_USE enum status (*check)(void *self, int64_t local_now_ms, size_t max,
                                  struct finding *out, size_t *count,
                                  struct error *err);

    void (*close)(void *self);
};

struct health_port {
    const struct health_ops *ops;
    void *self;
};

void health_port_check(struct health_port health);

MUST_USE static inline enum status
health_check(struct health_port h, int64_t local_now_ms, size_t max,
             struct finding *out, size_t *count, struct error *err)
{
    return h.ops->check(h.self, local_now_ms, max, out, count, err);
}

static inline void health_close(struct health_port h)
{
    h.ops->close(h.self);
}

#endif
