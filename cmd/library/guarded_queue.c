#include "cmd/library/guarded_queue.h"

#include <stdlib.h>

#include "cmd/library/failure.h"

struct guarded_queue {
    struct queue_port inner;
};

enum status contract_broken(struct error *err, const char *backend,
                            const char *how)
{
    struct bytes const parts[] = {BYTES("backend "), bytes_of(backend),
                                  BYTES(" breaks its contract: "),
                                  bytes_of(how)};

    return error_join(err, STATUS_CORRUPT, CONTRACT_FIELD, parts, 4);
}

bool is_table_whole(const void *ops, size_t size)
{
    for (size_t at = 0; ops && at < size; at += sizeof(void *)) {
        void *member;
        memcpy(&member, (const char *)ops + at, sizeof(member));
        if (!member)
            return false;
    }
    return ops != NULL;
}

static enum status broken(const struct guarded_queue *g, const char *how,
                          struct error *err)
{
    return contract_broken(err, g->inner.ops->name, how);
}

/* A fault has a code of its own and a text, which somebody will read. */
static enum status check_fault(const struct guarded_queue *g, enum status st,
                               struct error *err)
{
    if (st < STATUS_NO_MEMORY)
        return broken(g, "it gave a fault that there is none of", err);
    if (!memchr(err->text, '\0', sizeof(err->text)))
        return broken(g, "it gave a fault without a text", err);
    return st;
}

/* What an operation may answer that has no answers but OK. */
static enum status check_plain(const struct guarded_queue *g, enum status st,
                               struct error *err)
{
    if (st > 0)
        return broken(g, "it gave an answer that the call does not have", err);
    return st < 0 ? check_fault(g, st, err) : st;
}

/* Per item: done, or the lease was lost. */
static enum status check_results(const struct guarded_queue *g,
                                 const enum status *results, size_t n,
                                 struct error *err)
{
    for (size_t i = 0; i < n; i++)
        if (results[i] != STATUS_OK && results[i] != STATUS_LEASE_LOST)
            return broken(g, "it gave a result that the call does not have",
                          err);
    return STATUS_OK;
}

static bool is_token(const struct lease_token *token)
{
    const char *end = memchr(token->text, '\0', sizeof(token->text));

    if (!end || end == token->text)
        return false;
    for (const char *c = token->text; c < end; c++)
        if (*c <= ' ' || *c > '~' || *c == '"' || *c == '\'')
            return false;
    return true;
}

static bool is_id(const struct task_id *id)
{
    struct task_id ignored;

    return memchr(id->text, '\0', sizeof(id->text)) &&
           task_id_parse(bytes_of(id->text), &ignored);
}

static enum status check_leases(const struct guarded_queue *g,
                                const struct lease *leases, size_t count,
                                size_t max, struct error *err)
{
    if (count == 0 || count > max)
        return broken(g, "it gave no tasks, or more than it was asked for",
                      err);
    for (size_t i = 0; i < count; i++) {
        const struct lease *lease = &leases[i];
        if (!is_id(&lease->task.id) || !task_is_valid(&lease->task))
            return broken(g, "it gave a task that is none", err);
        if (lease->task.attempt < 1)
            return broken(g, "a lease does not count its attempt", err);
        if (!is_token(&lease->token))
            return broken(g, "it gave a lease without a token", err);
    }
    return STATUS_OK;
}

static enum status guarded_enqueue(void *self, int64_t now_ms,
                                   const struct new_task *tasks, size_t n,
                                   struct enqueued *results, struct error *err)
{
    const struct guarded_queue *g = self;
    enum status const st = check_plain(
        g, queue_enqueue(g->inner, now_ms, tasks, n, results, err), err);

    for (size_t i = 0; st == STATUS_OK && i < n; i++) {
        const struct enqueued *r = &results[i];
        if (!is_id(&r->id) || (unsigned)r->state >= TASK_STATES)
            return broken(g, "it gave no id, or no state, of a task", err);
        if (!r->is_duplicate && strcmp(r->id.text, tasks[i].task.id.text) != 0)
            return broken(g, "it gave a task another id", err);
    }
    return st;
}

static enum status guarded_lease(void *self, const struct lease_request *req,
                                 struct arena *mem, struct lease *leases,
                                 size_t *count, struct error *err)
{
    const struct guarded_queue *g = self;
    enum status st = queue_lease(g->inner, req, mem, leases, count, err);

    if (st == STATUS_EMPTY)
        return st;
    st = check_plain(g, st, err);
    if (st == STATUS_OK)
        st = check_leases(g, leases, *count, req->max, err);
    for (size_t i = 0; st == STATUS_OK && i < *count; i++)
        if (!queue_plan_has(req->plan, leases[i].task.queue))
            st = broken(g, "it gave a task of a queue not asked for", err);
    return st;
}

static enum status guarded_settle(void *self, int64_t now_ms,
                                  const struct settlement *items, size_t n,
                                  enum status *results, struct error *err)
{
    const struct guarded_queue *g = self;
    enum status const st = check_plain(
        g, queue_settle(g->inner, now_ms, items, n, results, err), err);

    return st == STATUS_OK ? check_results(g, results, n, err) : st;
}

static enum status guarded_extend(void *self, int64_t now_ms, int64_t lease_ms,
                                  const char *worker,
                                  const struct renewal *items, size_t n,
                                  enum status *results, struct error *err)
{
    const struct guarded_queue *g = self;
    enum status const st =
        check_plain(g,
                    queue_extend(g->inner, now_ms, lease_ms, worker, items, n,
                                 results, err),
                    err);

    return st == STATUS_OK ? check_results(g, results, n, err) : st;
}

static enum status guarded_promote(void *self, int64_t now_ms, size_t limit,
                                   size_t *moved, int64_t *next_due_ms,
                                   struct error *err)
{
    const struct guarded_queue *g = self;
    enum status const st = check_plain(
        g, queue_promote(g->inner, now_ms, limit, moved, next_due_ms, err),
        err);

    if (st == STATUS_OK && *moved > limit)
        return broken(g, "it moved more tasks than it was asked to", err);
    return st;
}

static enum status guarded_take_expired(void *self,
                                        const struct reap_request *req,
                                        struct arena *mem, struct lease *leases,
                                        size_t *count, struct error *err)
{
    const struct guarded_queue *g = self;
    enum status st = queue_take_expired(g->inner, req, mem, leases, count, err);

    if (st == STATUS_EMPTY)
        return st;
    st = check_plain(g, st, err);
    return st == STATUS_OK ? check_leases(g, leases, *count, req->max, err)
                           : st;
}

static void guarded_close(void *self)
{
    struct guarded_queue *g = self;

    queue_close(g->inner);
    free(g);
}

static const struct queue_ops guarded_queue_ops = {
    .name = "guarded",
    .enqueue = guarded_enqueue,
    .lease = guarded_lease,
    .settle = guarded_settle,
    .extend = guarded_extend,
    .promote = guarded_promote,
    .take_expired = guarded_take_expired,
    .close = guarded_close,
};

enum status guarded_queue_open(struct queue_port inner, struct queue_port *out,
                               struct error *err)
{
    struct guarded_queue *g = malloc(sizeof(*g));

    if (!g)
        return error_set(err, STATUS_NO_MEMORY, NULL, "no memory for a port");
    g->inner = inner;
    *out = (struct queue_port){&guarded_queue_ops, g};
    return STATUS_OK;
}
