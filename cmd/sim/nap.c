#include "cmd/sim/nap.h"

#include <assert.h>
#include <stdlib.h>

struct nap_port {
    struct nap_config config;
    struct queue_port inner;
    bool is_asleep;
    uint64_t heard;   /* the signals before it fell asleep */
    int64_t until_ms; /* by the actor's clock */
};

static enum status nap_lease(void *self, const struct lease_request *req,
                             struct arena *mem, struct lease *leases,
                             size_t *count, struct error *err)
{
    struct nap_port *p = self;
    struct lease_request look = *req;

    look.until_ms = req->now_ms;
    p->heard = *p->config.signals;
    enum status const st =
        queue_lease(p->inner, &look, mem, leases, count, err);
    if (st != STATUS_EMPTY || req->until_ms <= req->now_ms)
        return st;
    if (p->config.starts_to_listen_late)
        p->heard = *p->config.signals;
    p->is_asleep = true;
    p->until_ms = req->until_ms;
    return st;
}

/* The others go straight through. */

static enum status nap_enqueue(void *self, int64_t now_ms,
                               const struct new_task *tasks, size_t n,
                               struct enqueued *results, struct error *err)
{
    struct nap_port *p = self;

    return queue_enqueue(p->inner, now_ms, tasks, n, results, err);
}

static enum status nap_settle(void *self, int64_t now_ms,
                              const struct settlement *items, size_t n,
                              enum status *results, struct error *err)
{
    struct nap_port *p = self;

    return queue_settle(p->inner, now_ms, items, n, results, err);
}

static enum status nap_extend(void *self, int64_t now_ms, int64_t lease_ms,
                              const char *worker, const struct renewal *items,
                              size_t n, enum status *results, struct error *err)
{
    struct nap_port *p = self;

    return queue_extend(p->inner, now_ms, lease_ms, worker, items, n, results,
                        err);
}

static enum status nap_promote(void *self, int64_t now_ms, size_t limit,
                               size_t *moved, int64_t *next_due_ms,
                               struct error *err)
{
    struct nap_port *p = self;

    return queue_promote(p->inner, now_ms, limit, moved, next_due_ms, err);
}

static enum status nap_take_expired(void *self, const struct reap_request *req,
                                    struct arena *mem, struct lease *leases,
                                    size_t *count, struct error *err)
{
    struct nap_port *p = self;

    return queue_take_expired(p->inner, req, mem, leases, count, err);
}

static void nap_close(void *self)
{
    struct nap_port *p = self;

    queue_close(p->inner);
    free(p);
}

static const struct queue_ops nap_queue_ops = {
    .name = "nap",
    .enqueue = nap_enqueue,
    .lease = nap_lease,
    .settle = nap_settle,
    .extend = nap_extend,
    .promote = nap_promote,
    .take_expired = nap_take_expired,
    .close = nap_close,
};

enum status nap_queue_open(const struct nap_config *config,
                           struct queue_port inner, struct queue_port *out,
                           struct error *err)
{
    struct nap_port *p = malloc(sizeof(*p));

    if (!p)
        return error_set(err, STATUS_NO_MEMORY, NULL, "nap: no room");
    *p = (struct nap_port){.config = *config, .inner = inner};
    *out = (struct queue_port){&nap_queue_ops, p};
    return STATUS_OK;
}

static struct nap_port *port_of(struct queue_port nap)
{
    assert(nap.ops == &nap_queue_ops);
    return nap.self;
}

void nap_end(struct queue_port nap)
{
    port_of(nap)->is_asleep = false;
}

bool nap_is_asleep(struct queue_port nap, int64_t now_ms)
{
    const struct nap_port *p = port_of(nap);

    return p->is_asleep && now_ms < p->until_ms &&
           now_ms < p->config.next_due_ms(p->config.context) &&
           p->heard == *p->config.signals;
}
