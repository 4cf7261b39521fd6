#include "cmd/sim/chaos.h"

#include <assert.h>
#include <stdlib.h>

struct chaos_port {
    struct chaos_config config;
    struct queue_port inner;
    struct chaos what;
    size_t calls; /* of this step, but the one under way */
    bool is_dead;
    struct task_id sent_id; /* of the first whose answer was lost */
    struct enqueued sent[CHAOS_BATCH_MAX];
    size_t sent_count;
};

static enum status fail(const struct chaos_port *p, struct error *err)
{
    if (p->what.is_full && !p->is_dead)
        return error_set(err, STATUS_FULL, NULL, "chaos: full");
    return error_set(err, STATUS_UNAVAILABLE, NULL, "chaos: no answer");
}

/* What is to happen at one side of a call; false: it gets no further. */
static bool passes(struct chaos_port *p, bool is_after)
{
    if (p->is_dead)
        return false;
    if (p->what.kind == CHAOS_NONE || p->what.is_after != is_after ||
        p->what.call != p->calls)
        return true;
    switch (p->what.kind) {
    case CHAOS_STALL:
        p->config.stall(p->config.context);
        return true;
    case CHAOS_CRASH:
        p->is_dead = true;
        return false;
    case CHAOS_FAIL:
    case CHAOS_NONE:
        break;
    }
    return false;
}

/* Around each call: whether it happens, and whether it is answered. Where the
 * answer is lost, what inner has written is left: it means nothing. */
static bool happens(struct chaos_port *p)
{
    bool const is_happening = passes(p, false);

    p->calls += !is_happening;
    return is_happening;
}

static enum status answer(struct chaos_port *p, enum status st,
                          struct error *err)
{
    bool const is_answered = passes(p, true);

    p->calls++;
    return is_answered ? st : fail(p, err);
}

/* Whether these are the tasks whose answer was lost. */
static bool were_sent(const struct chaos_port *p, const struct new_task *tasks,
                      size_t n)
{
    return p->sent_count == n &&
           strcmp(p->sent_id.text, tasks[0].task.id.text) == 0;
}

static enum status chaos_enqueue(void *self, int64_t now_ms,
                                 const struct new_task *tasks, size_t n,
                                 struct enqueued *results, struct error *err)
{
    struct chaos_port *p = self;
    assert(n <= CHAOS_BATCH_MAX);

    if (!happens(p))
        return fail(p, err);
    if (were_sent(p, tasks, n)) {
        memcpy(results, p->sent, n * sizeof(*results));
        p->sent_count = 0;
        p->calls++;
        return STATUS_OK;
    }
    enum status const st =
        queue_enqueue(p->inner, now_ms, tasks, n, results, err);
    enum status const answered = answer(p, st, err);
    if (st == STATUS_OK && answered < 0 && !p->config.forgets_what_it_sent) {
        memcpy(p->sent, results, n * sizeof(*results));
        p->sent_id = tasks[0].task.id;
        p->sent_count = n;
    }
    return answered;
}

static enum status chaos_lease(void *self, const struct lease_request *req,
                               struct arena *mem, struct lease *leases,
                               size_t *count, struct error *err)
{
    struct chaos_port *p = self;
    size_t n = 0;

    if (!happens(p))
        return fail(p, err);
    enum status const st =
        answer(p, queue_lease(p->inner, req, mem, leases, &n, err), err);
    if (st == STATUS_OK)
        *count = n;
    return st;
}

static enum status chaos_settle(void *self, int64_t now_ms,
                                const struct settlement *items, size_t n,
                                enum status *results, struct error *err)
{
    struct chaos_port *p = self;

    if (!happens(p))
        return fail(p, err);
    return answer(p, queue_settle(p->inner, now_ms, items, n, results, err),
                  err);
}

static enum status chaos_extend(void *self, int64_t now_ms, int64_t lease_ms,
                                const char *worker, const struct renewal *items,
                                size_t n, enum status *results,
                                struct error *err)
{
    struct chaos_port *p = self;

    if (!happens(p))
        return fail(p, err);
    return answer(p,
                  queue_extend(p->inner, now_ms, lease_ms, worker, items, n,
                               results, err),
                  err);
}

static enum status chaos_promote(void *self, int64_t now_ms, size_t limit,
                                 size_t *moved, int64_t *next_due_ms,
                                 struct error *err)
{
    struct chaos_port *p = self;

    if (!happens(p))
        return fail(p, err);
    return answer(
        p, queue_promote(p->inner, now_ms, limit, moved, next_due_ms, err),
        err);
}

static enum status chaos_take_expired(void *self,
                                      const struct reap_request *req,
                                      struct arena *mem, struct lease *leases,
                                      size_t *count, struct error *err)
{
    struct chaos_port *p = self;
    size_t n = 0;

    if (!happens(p))
        return fail(p, err);
    enum status const st =
        answer(p, queue_take_expired(p->inner, req, mem, leases, &n, err), err);
    if (st == STATUS_OK)
        *count = n;
    return st;
}

static void chaos_close(void *self)
{
    struct chaos_port *p = self;

    queue_close(p->inner);
    free(p);
}

static const struct queue_ops chaos_queue_ops = {
    .name = "chaos",
    .enqueue = chaos_enqueue,
    .lease = chaos_lease,
    .settle = chaos_settle,
    .extend = chaos_extend,
    .promote = chaos_promote,
    .take_expired = chaos_take_expired,
    .close = chaos_close,
};

enum status chaos_queue_open(const struct chaos_config *config,
                             struct queue_port inner, struct queue_port *out,
                             struct error *err)
{
    struct chaos_port *p = malloc(sizeof(*p));

    if (!p)
        return error_set(err, STATUS_NO_MEMORY, NULL, "chaos: no room");
    *p = (struct chaos_port){.config = *config, .inner = inner};
    *out = (struct queue_port){&chaos_queue_ops, p};
    return STATUS_OK;
}

static struct chaos_port *port_of(struct queue_port chaos)
{
    assert(chaos.ops == &chaos_queue_ops);
    return chaos.self;
}

void chaos_arm(struct queue_port chaos, struct chaos what)
{
    struct chaos_port *p = port_of(chaos);

    p->what = what;
    p->calls = 0;
}

void chaos_kill(struct queue_port chaos)
{
    port_of(chaos)->is_dead = true;
}

bool chaos_is_dead(struct queue_port chaos)
{
    return port_of(chaos)->is_dead;
}
