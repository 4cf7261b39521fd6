/*
 * Leases: which tasks are handed out, and the waiting for them.
 *
 * A token is QUEUE:NUMBER, where the number is the lease's place in the lane
 * of leases. Numbers grow over the whole store, so they fence as well.
 */
#include <assert.h>
#include <stdlib.h>

#include "adapters/memory/memory_queue.h"
#include "domain/text.h"

bool memory_copy_task(const struct entry *e, struct arena *mem, struct task *to)
{
    *to = entry_task(e);
    return arena_copy(mem, to->queue, &to->queue) &&
           arena_copy(mem, to->type, &to->type) &&
           arena_copy(mem, to->payload, &to->payload) &&
           arena_copy(mem, to->headers, &to->headers) &&
           arena_copy(mem, to->key, &to->key) &&
           arena_copy(mem, to->last_error, &to->last_error);
}

static struct lease_token token_of(const struct entry *e)
{
    struct lease_token token;
    struct text t = text_in(token.text, sizeof(token.text));

    text_add_bytes(&t, e->queue->name);
    text_add(&t, ":");
    text_add_int(&t, (int64_t)e->number);
    return token;
}

struct entry *memory_leased(const struct store *s, const struct task_id *id,
                            const struct lease_token *token)
{
    const char *colon = strchr(token->text, ':');
    int64_t number;

    if (!colon || !text_read_int(bytes_of(colon + 1), INT64_MAX, &number))
        return NULL;

    struct bytes const name = {token->text, (size_t)(colon - token->text)};
    struct queue *q = store_queue(s, name);
    /* No clock: a done one that is over is not active either. */
    struct entry *e = q ? queue_entry(q, id, INT64_MIN) : NULL;
    if (!e || e->state != TASK_ACTIVE || e->number != (uint64_t)number)
        return NULL;
    return e;
}

/* Fills *out from a leased entry; false: mem is full, and as it was. */
static bool hand_over(const struct entry *e, struct arena *mem,
                      struct lease *out)
{
    size_t const used = mem->used;

    if (!memory_copy_task(e, mem, &out->task)) {
        mem->used = used;
        return false;
    }
    out->task.attempt++;
    out->until_ms = e->due.at_ms;
    out->started_at_ms = e->leased_at_ms;
    out->is_started = e->is_started;
    return true;
}

static void name_lease(const struct entry *e, struct lease *out)
{
    out->token = token_of(e);
    out->fencing = e->number;
    out->until_ms = e->due.at_ms;
}

/* Makes the port's worker the one with that name; false: no memory. */
static bool set_worker(struct memory_queue *port, const char *name)
{
    if (port->worker && strcmp(port->worker->text, name) == 0)
        return true;

    struct shared_name *worker = shared_name_new(name);
    if (!worker)
        return false;
    shared_name_leave(port->worker);
    port->worker = worker;
    return true;
}

static void own(struct entry *e, struct shared_name *worker)
{
    shared_name_use(worker);
    shared_name_leave(e->worker);
    e->worker = worker;
}

static bool has_ready(const struct queue *q)
{
    for (size_t p = 0; p < PRIORITIES; p++)
        if (q->ready[p].count > 0)
            return true;
    return false;
}

static struct entry *first_ready(const struct queue *q)
{
    struct entry *e = NULL;

    for (size_t p = 0; p < PRIORITIES && !e; p++)
        e = lane_first(&q->ready[p]);
    return e;
}

/* Where the leases of one call go. */
struct batch {
    struct arena *mem;
    struct lease *leases;
    size_t count;
    size_t max;
    bool is_full; /* mem is */
};

/* Gives e to the port's worker; there is room among the leases. */
static void give(struct memory_queue *port, struct entry *e, int64_t until_ms,
                 struct batch *to)
{
    struct lease *out = &to->leases[to->count];

    if (!hand_over(e, to->mem, out)) {
        to->is_full = true;
        return;
    }
    bool const moved = store_move(port->store, e, TASK_ACTIVE, until_ms);
    assert(moved);
    own(e, port->worker);
    name_lease(e, out);
    to->count++;
}

static bool lease_one(struct memory_queue *port,
                      const struct lease_request *req, struct entry *e,
                      struct batch *to)
{
    if (!lane_reserve(&e->queue->active, 1))
        return false;
    e->is_started = false;
    e->leased_at_ms = req->now_ms;
    give(port, e, req->now_ms + req->lease_ms, to);
    return true;
}

/* Leases up to quota tasks of q; false: no memory. */
static bool lease_from(struct memory_queue *port,
                       const struct lease_request *req, struct queue *q,
                       size_t quota, struct batch *to)
{
    struct entry *e;

    while (quota-- > 0 && to->count < to->max && !to->is_full &&
           (e = first_ready(q)))
        if (!lease_one(port, req, e, to))
            return false;
    return true;
}

/* Makes room for n candidates; false: no memory. */
static bool candidates_reserve(struct candidates *c, size_t n)
{
    size_t const row =
        sizeof(struct queue *) + sizeof(struct bytes) + 2 * sizeof(size_t);

    c->count = 0;
    if (n <= c->size)
        return true;
    char *block = malloc(n * row);
    if (!block)
        return false;
    free(c->names); /* the first column: the block */
    c->names = (struct bytes *)(void *)block;
    c->queues = (struct queue **)(void *)(c->names + n);
    c->quota = (size_t *)(void *)(c->queues + n);
    c->order = c->quota + n;
    c->size = n;
    return true;
}

static void consider(struct candidates *c, struct queue *q)
{
    if (!q || q->is_paused || !has_ready(q))
        return;
    c->queues[c->count] = q;
    c->names[c->count] = q->name;
    c->count++;
}

/* Finds the queues of plan that have something to lease; false: no memory. */
static bool gather(struct memory_queue *port, const struct queue_plan *plan)
{
    const struct store *s = port->store;
    struct candidates *c = &port->candidates;
    bool const is_every = plan->kind == PLAN_EVERY;
    size_t const n = is_every ? s->queue_count : plan->count;

    if (!candidates_reserve(c, n))
        return false;
    for (size_t i = 0; i < n; i++)
        consider(c, is_every ? s->queues[i]
                             : store_queue(s, bytes_of(plan->queues[i].name)));
    return true;
}

/* Leases what is ready now; STATUS_EMPTY: nothing. */
static enum status lease_ready(struct memory_queue *port,
                               const struct lease_request *req,
                               struct batch *to, struct error *err)
{
    struct candidates *c = &port->candidates;

    if (!set_worker(port, req->worker) || !gather(port, req->plan))
        return store_no_memory(err);
    if (c->count == 0)
        return STATUS_EMPTY;

    queue_plan_share(req->plan, req->turn, req->max, c->names, c->count,
                     c->quota, c->order);
    bool is_done = true;
    for (size_t i = 0; i < c->count && is_done; i++)
        is_done = lease_from(port, req, c->queues[c->order[i]],
                             c->quota[c->order[i]], to);
    for (size_t i = 0; i < c->count && is_done; i++)
        is_done = lease_from(port, req, c->queues[c->order[i]], to->max, to);
    if (to->count == 0 && to->is_full)
        return error_set(err, STATUS_NO_MEMORY, NULL,
                         "memory: the arena has no room for one task");
    return to->count > 0 ? STATUS_OK : store_no_memory(err);
}

/* Leases, and sleeps while there is nothing. */
static enum status lease_or_sleep(struct memory_queue *port,
                                  struct lease_request *req, struct batch *to,
                                  struct error *err)
{
    int64_t const began_ms = monotonic_ms();
    int64_t const asked_at_ms = req->now_ms;
    bool is_woken = false;
    enum status st;

    while ((st = lease_ready(port, req, to, err)) == STATUS_EMPTY) {
        int64_t const due_ms = store_next_due_ms(port->store);
        int64_t const until_ms =
            due_ms < req->until_ms ? due_ms : req->until_ms;
        if (is_woken || until_ms <= req->now_ms)
            return STATUS_EMPTY;
        is_woken = waiter_sleep(port->store, &port->waiter, req->plan, due_ms,
                                until_ms - req->now_ms, req->wake);
        req->now_ms = asked_at_ms + monotonic_ms() - began_ms;
    }
    return st;
}

enum status memory_queue_lease(void *self, const struct lease_request *req,
                               struct arena *mem, struct lease *leases,
                               size_t *count, struct error *err)
{
    struct memory_queue *port = self;
    struct lease_request now = *req;
    struct batch to = {.mem = mem, .leases = leases, .max = req->max};
    assert(req->max >= 1 && req->max <= BATCH_MAX && req->lease_ms > 0);

    store_lock(port->store);
    enum status const st = lease_or_sleep(port, &now, &to, err);
    store_unlock(port->store);
    if (st == STATUS_OK)
        *count = to.count;
    return st;
}

static bool take_one(struct memory_queue *port, const struct reap_request *req,
                     struct entry *e, struct batch *to)
{
    if (!lane_reserve(&e->queue->active, 1))
        return false;
    give(port, e, req->now_ms + req->lease_ms, to);
    return true;
}

static bool take_from(struct memory_queue *port, const struct reap_request *req,
                      struct queue *q, struct batch *to)
{
    const struct due *due;

    while (to->count < to->max && !to->is_full &&
           (due = timetable_first(&q->due[TASK_ACTIVE])) &&
           due->at_ms <= req->now_ms)
        if (!take_one(port, req, entry_of_due(due), to))
            return false;
    return true;
}

enum status memory_queue_take_expired(void *self,
                                      const struct reap_request *req,
                                      struct arena *mem, struct lease *leases,
                                      size_t *count, struct error *err)
{
    struct memory_queue *port = self;
    struct store *s = port->store;
    struct batch to = {.mem = mem, .leases = leases, .max = req->max};
    assert(req->max >= 1 && req->max <= BATCH_MAX && req->lease_ms > 0);

    store_lock(s);
    bool is_done = set_worker(port, req->worker);
    for (size_t i = 0; i < s->queue_count && is_done; i++)
        is_done = take_from(port, req, s->queues[i], &to);
    store_unlock(s);

    if (!is_done && to.count == 0)
        return store_no_memory(err);
    if (to.count == 0 && to.is_full)
        return error_set(err, STATUS_NO_MEMORY, NULL,
                         "memory: the arena has no room for one task");
    if (to.count == 0)
        return STATUS_EMPTY;
    *count = to.count;
    return STATUS_OK;
}
