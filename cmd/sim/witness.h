/*
 * witness.h - sees what the store really does, and tells the model.
 *
 * A port around a port. It stands behind all faults: also what is done but
 * never answered, and what a dead actor did last, goes by it. It lets pass
 * what it sees, unchanged.
 */
#ifndef CMD_SIM_WITNESS_H
#define CMD_SIM_WITNESS_H

#include <stdio.h>

#include "cmd/sim/model.h"

#define WITNESS_LEASES 1024

/* A lease that somebody has, or had. */
struct old_lease {
    struct task_id id;
    const char *queue;
    struct lease_token token;
    int32_t attempt;
};

/* Shared by all ports of one run. */
struct witness {
    struct model *model;
    FILE *trace;      /* NULL: none */
    uint64_t hash;    /* of all that was seen */
    uint64_t signals; /* how often something changed that sleepers wait for */
    struct old_lease leases[WITNESS_LEASES]; /* a ring of all there were */
    size_t lease_count;
    int64_t began_mono_ms; /* see witness_begin() */
    bool is_unjudged; /* what is settled now need not follow the rules: by an
                         impostor, or by who gives up */
};

/* Says that from here on a store with a clock of its own may be ahead of the
 * model's by as much as passes outside. */
void witness_begin(struct witness *w);

/* Open ports around inner, which they close, for who (borrowed). */
MUST_USE enum status witness_queue_open(struct witness *w, const char *who,
                                        struct queue_port inner,
                                        struct queue_port *out,
                                        struct error *err);
MUST_USE enum status witness_admin_open(struct witness *w, const char *who,
                                        struct admin_port inner,
                                        struct admin_port *out,
                                        struct error *err);

/* A line of the trace, which is hashed too. */
void witness_note(struct witness *w, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
