/*
 * witness_admin.c - the same for what operators do.
 */
#include <stdlib.h>

#include "cmd/sim/witness.h"

struct witness_port {
    struct witness *w;
    const char *who;
    struct admin_port inner;
};

/* Looking changes nothing: find, list and stats go straight through. */

static enum status witness_find(void *self, int64_t now_ms,
                                const struct task_ref *ref, struct arena *mem,
                                struct task_record *out, struct error *err)
{
    struct witness_port *p = self;

    return admin_find(p->inner, now_ms, ref, mem, out, err);
}

static enum status witness_list(void *self, const struct list_request *req,
                                struct arena *mem, struct task_page *page,
                                struct error *err)
{
    struct witness_port *p = self;

    return admin_list(p->inner, req, mem, page, err);
}

static enum status witness_stats(void *self, int64_t now_ms, struct bytes after,
                                 size_t max, struct queue_stats *rows,
                                 size_t *count, struct error *err)
{
    struct witness_port *p = self;

    return admin_stats(p->inner, now_ms, after, max, rows, count, err);
}

/* After a call: notes it, or that it failed; whether it may be told on. */
static bool saw(struct witness_port *p, const char *op, const char *what,
                enum status st, const struct error *err)
{
    witness_note(p->w, "    %s %s %s: %s", p->who, op, what,
                 st < 0            ? err->text
                 : st == STATUS_OK ? "ok"
                                   : "no");
    if (st < 0)
        model_complain(p->w->model, NULL, "%s fails: %s", op, err->text);
    p->w->signals++;
    return st >= 0;
}

static enum status witness_remove(void *self, int64_t now_ms, unsigned states,
                                  const struct task_ref *refs, size_t n,
                                  enum status *results, struct error *err)
{
    struct witness_port *p = self;
    enum status const st =
        admin_remove(p->inner, now_ms, states, refs, n, results, err);

    if (saw(p, "remove", refs[0].id.text, st < 0 ? st : results[0], err))
        model_removed(p->w->model, now_ms, states, refs, n, results);
    return st;
}

static enum status witness_run_now(void *self, int64_t now_ms,
                                   const struct task_ref *ref,
                                   struct error *err)
{
    struct witness_port *p = self;
    enum status const st = admin_run_now(p->inner, now_ms, ref, err);

    if (saw(p, "run now", ref->id.text, st, err))
        model_ran_now(p->w->model, now_ms, ref, st);
    return st;
}

static enum status witness_requeue(void *self, int64_t now_ms,
                                   const struct task_ref *refs, size_t n,
                                   enum status *results,
                                   struct task_id *holders, struct error *err)
{
    struct witness_port *p = self;
    enum status const st =
        admin_requeue(p->inner, now_ms, refs, n, results, holders, err);

    if (saw(p, "requeue", refs[0].id.text, st < 0 ? st : results[0], err))
        model_requeued(p->w->model, now_ms, refs, n, results, holders);
    return st;
}

static enum status witness_purge(void *self, int64_t now_ms, struct bytes queue,
                                 enum task_state state, size_t limit,
                                 size_t *removed, struct error *err)
{
    struct witness_port *p = self;
    size_t n = 0;
    enum status const st =
        admin_purge(p->inner, now_ms, queue, state, limit, &n, err);

    if (saw(p, "purge", task_state_name(state), st, err))
        model_purged(p->w->model, now_ms, queue, state, st, n);
    if (st == STATUS_OK)
        *removed = n;
    return st;
}

static enum status witness_set_paused(void *self, struct bytes queue,
                                      bool is_paused, struct error *err)
{
    struct witness_port *p = self;
    char name[QUEUE_NAME_MAX + 1] = "";
    enum status const st = admin_set_paused(p->inner, queue, is_paused, err);

    memcpy(name, queue.at, queue.len);
    if (saw(p, is_paused ? "pause" : "resume", name, st, err))
        model_paused(p->w->model, queue, is_paused, st);
    return st;
}

static void witness_close(void *self)
{
    struct witness_port *p = self;

    admin_close(p->inner);
    free(p);
}

static const struct admin_ops witness_admin_ops = {
    .name = "witness",
    .find = witness_find,
    .list = witness_list,
    .remove = witness_remove,
    .run_now = witness_run_now,
    .requeue = witness_requeue,
    .purge = witness_purge,
    .set_paused = witness_set_paused,
    .stats = witness_stats,
    .close = witness_close,
};

enum status witness_admin_open(struct witness *w, const char *who,
                               struct admin_port inner, struct admin_port *out,
                               struct error *err)
{
    struct witness_port *p = malloc(sizeof(*p));

    if (!p)
        return error_set(err, STATUS_NO_MEMORY, NULL, "witness: no room");
    *p = (struct witness_port){w, who, inner};
    *out = (struct admin_port){&witness_admin_ops, p};
    return STATUS_OK;
}
