#include "adapters/doubles/faulty_queue.h"

#include <assert.h>
#include <stdlib.h>

/* What is going to happen to one operation. */
struct script {
    size_t calls;
    size_t skip;
    size_t times;
    enum fault_time when;
    enum status fault;
};

struct faulty_queue {
    struct queue_port inner;
    struct script scripts[QUEUE_OPS];
    union {
        struct enqueued enqueued[BATCH_MAX];
        struct lease leases[BATCH_MAX];
        enum status results[BATCH_MAX];
    } lost; /* where answers go that do not arrive */
};

/* A call of op under way. */
struct call {
    bool fails_before;
    bool fails_after;
    enum status fault;
};

static struct call begin(struct faulty_queue *q, enum queue_op op)
{
    struct script *s = &q->scripts[op];

    s->calls++;
    if (s->skip > 0) {
        s->skip--;
        return (struct call){0};
    }
    if (s->times == 0)
        return (struct call){0};
    s->times--;
    return (struct call){
        .fails_before = s->when == FAULT_BEFORE,
        .fails_after = s->when == FAULT_AFTER,
        .fault = s->fault,
    };
}

static enum status fail(const struct call *call, struct error *err)
{
    return error_set(err, call->fault, NULL,
                     call->fails_before ? "faulty queue: as told, before"
                                        : "faulty queue: as told, after");
}

/* Below, out-parameters are handed to inner only where the answer arrives: a
 * fault writes none, so lost answers go to spare room. */

static enum status faulty_enqueue(void *self, int64_t now_ms,
                                  const struct new_task *tasks, size_t n,
                                  struct enqueued *results, struct error *err)
{
    struct faulty_queue *q = self;
    struct call const call = begin(q, QUEUE_ENQUEUE);

    if (call.fails_before)
        return fail(&call, err);
    if (!call.fails_after)
        return queue_enqueue(q->inner, now_ms, tasks, n, results, err);

    enum status const st =
        queue_enqueue(q->inner, now_ms, tasks, n, q->lost.enqueued, err);
    return st < 0 ? st : fail(&call, err);
}

static enum status faulty_lease(void *self, const struct lease_request *req,
                                struct arena *mem, struct lease *leases,
                                size_t *count, struct error *err)
{
    struct faulty_queue *q = self;
    struct call const call = begin(q, QUEUE_LEASE);

    if (call.fails_before)
        return fail(&call, err);
    if (!call.fails_after)
        return queue_lease(q->inner, req, mem, leases, count, err);

    struct arena spare = *mem;
    size_t lost_count;
    enum status const st =
        queue_lease(q->inner, req, &spare, q->lost.leases, &lost_count, err);
    return st < 0 ? st : fail(&call, err);
}

static enum status faulty_settle(void *self, int64_t now_ms,
                                 const struct settlement *items, size_t n,
                                 enum status *results, struct error *err)
{
    struct faulty_queue *q = self;
    struct call const call = begin(q, QUEUE_SETTLE);

    if (call.fails_before)
        return fail(&call, err);
    if (!call.fails_after)
        return queue_settle(q->inner, now_ms, items, n, results, err);

    enum status const st =
        queue_settle(q->inner, now_ms, items, n, q->lost.results, err);
    return st < 0 ? st : fail(&call, err);
}

static enum status faulty_extend(void *self, int64_t now_ms, int64_t lease_ms,
                                 const char *worker,
                                 const struct renewal *items, size_t n,
                                 enum status *results, struct error *err)
{
    struct faulty_queue *q = self;
    struct call const call = begin(q, QUEUE_EXTEND);

    if (call.fails_before)
        return fail(&call, err);
    if (!call.fails_after)
        return queue_extend(q->inner, now_ms, lease_ms, worker, items, n,
                            results, err);

    enum status const st = queue_extend(q->inner, now_ms, lease_ms, worker,
                                        items, n, q->lost.results, err);
    return st < 0 ? st : fail(&call, err);
}

static enum status faulty_promote(void *self, int64_t now_ms, size_t limit,
                                  size_t *moved, int64_t *next_due_ms,
                                  struct error *err)
{
    struct faulty_queue *q = self;
    struct call const call = begin(q, QUEUE_PROMOTE);

    if (call.fails_before)
        return fail(&call, err);
    if (!call.fails_after)
        return queue_promote(q->inner, now_ms, limit, moved, next_due_ms, err);

    size_t lost_moved;
    int64_t lost_due_ms;
    enum status const st =
        queue_promote(q->inner, now_ms, limit, &lost_moved, &lost_due_ms, err);
    return st < 0 ? st : fail(&call, err);
}

static enum status faulty_take_expired(void *self,
                                       const struct reap_request *req,
                                       struct arena *mem, struct lease *leases,
                                       size_t *count, struct error *err)
{
    struct faulty_queue *q = self;
    struct call const call = begin(q, QUEUE_TAKE_EXPIRED);

    if (call.fails_before)
        return fail(&call, err);
    if (!call.fails_after)
        return queue_take_expired(q->inner, req, mem, leases, count, err);

    struct arena spare = *mem;
    size_t lost_count;
    enum status const st = queue_take_expired(q->inner, req, &spare,
                                              q->lost.leases, &lost_count, err);
    return st < 0 ? st : fail(&call, err);
}

static void faulty_close(void *self)
{
    struct faulty_queue *q = self;

    queue_close(q->inner);
    free(q);
}

static const struct queue_ops faulty_queue_ops = {
    .name = "faulty",
    .enqueue = faulty_enqueue,
    .lease = faulty_lease,
    .settle = faulty_settle,
    .extend = faulty_extend,
    .promote = faulty_promote,
    .take_expired = faulty_take_expired,
    .close = faulty_close,
};

enum status faulty_queue_open(struct queue_port inner, struct queue_port *out,
                              struct error *err)
{
    struct faulty_queue *q = calloc(1, sizeof(*q));

    if (!q)
        return error_set(err, STATUS_NO_MEMORY, NULL,
                         "faulty queue: no room to open");
    q->inner = inner;
    *out = (struct queue_port){&faulty_queue_ops, q};
    return STATUS_OK;
}

void faulty_queue_fail(struct queue_port faulty, enum queue_op op,
                       enum fault_time when, size_t skip, size_t times,
                       enum status fault)
{
    struct faulty_queue *q = faulty.self;
    assert(faulty.ops == &faulty_queue_ops && fault < 0);

    q->scripts[op].skip = skip;
    q->scripts[op].times = times;
    q->scripts[op].when = when;
    q->scripts[op].fault = fault;
}

size_t faulty_queue_calls(struct queue_port faulty, enum queue_op op)
{
    const struct faulty_queue *q = faulty.self;
    assert(faulty.ops == &faulty_queue_ops);

    return q->scripts[op].calls;
}
