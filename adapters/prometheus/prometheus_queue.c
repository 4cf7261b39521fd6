#include "adapters/prometheus/prometheus_queue.h"

#include <stdatomic.h>
#include <stdlib.h>

struct prometheus_queue {
    struct queue_port inner;
    struct registry *registry;
};

static enum status noted(struct prometheus_queue *q, enum backend_op op,
                         enum status st)
{
    if (st < 0)
        registry_count_error(q->registry, op);
    return st;
}

static enum status prometheus_queue_enqueue(void *self, int64_t now_ms,
                                            const struct new_task *tasks,
                                            size_t n, struct enqueued *results,
                                            struct error *err)
{
    struct prometheus_queue *q = self;
    enum status const st =
        queue_enqueue(q->inner, now_ms, tasks, n, results, err);

    if (st != STATUS_OK)
        return noted(q, OP_ENQUEUE, st);
    for (size_t i = 0; i < n; i++) {
        if (results[i].is_duplicate)
            continue;
        struct series *s = series_of(&q->registry->series, tasks[i].task.queue,
                                     tasks[i].task.type);
        atomic_fetch_add_explicit(&s->enqueued, 1, memory_order_relaxed);
    }
    return STATUS_OK;
}

static enum status prometheus_queue_lease(void *self,
                                          const struct lease_request *req,
                                          struct arena *mem,
                                          struct lease *leases, size_t *count,
                                          struct error *err)
{
    struct prometheus_queue *q = self;

    return noted(q, OP_LEASE,
                 queue_lease(q->inner, req, mem, leases, count, err));
}

static enum status prometheus_queue_settle(void *self, int64_t now_ms,
                                           const struct settlement *items,
                                           size_t n, enum status *results,
                                           struct error *err)
{
    struct prometheus_queue *q = self;

    return noted(q, OP_SETTLE,
                 queue_settle(q->inner, now_ms, items, n, results, err));
}

static enum status prometheus_queue_extend(void *self, int64_t now_ms,
                                           int64_t lease_ms, const char *worker,
                                           const struct renewal *items,
                                           size_t n, enum status *results,
                                           struct error *err)
{
    struct prometheus_queue *q = self;

    return noted(q, OP_EXTEND,
                 queue_extend(q->inner, now_ms, lease_ms, worker, items, n,
                              results, err));
}

static enum status prometheus_queue_promote(void *self, int64_t now_ms,
                                            size_t limit, size_t *moved,
                                            int64_t *next_due_ms,
                                            struct error *err)
{
    struct prometheus_queue *q = self;

    return noted(
        q, OP_PROMOTE,
        queue_promote(q->inner, now_ms, limit, moved, next_due_ms, err));
}

static enum status
prometheus_queue_take_expired(void *self, const struct reap_request *req,
                              struct arena *mem, struct lease *leases,
                              size_t *count, struct error *err)
{
    struct prometheus_queue *q = self;

    return noted(q, OP_TAKE_EXPIRED,
                 queue_take_expired(q->inner, req, mem, leases, count, err));
}

static void prometheus_queue_close(void *self)
{
    struct prometheus_queue *q = self;

    queue_close(q->inner);
    free(q);
}

static const struct queue_ops prometheus_queue_ops = {
    .name = "prometheus",
    .enqueue = prometheus_queue_enqueue,
    .lease = prometheus_queue_lease,
    .settle = prometheus_queue_settle,
    .extend = prometheus_queue_extend,
    .promote = prometheus_queue_promote,
    .take_expired = prometheus_queue_take_expired,
    .close = prometheus_queue_close,
};

enum status prometheus_queue_open(struct queue_port inner,
                                  struct registry *registry,
                                  struct queue_port *out, struct error *err)
{
    struct prometheus_queue *q = calloc(1, sizeof(*q));

    if (!q)
        return error_set(err, STATUS_NO_MEMORY, NULL,
                         "prometheus: no room for a queue");
    q->inner = inner;
    q->registry = registry;
    *out = (struct queue_port){&prometheus_queue_ops, q};
    return STATUS_OK;
}
