/*
 * planted_admin.c - the side of the wrong store that operators see: right,
 * but for what the queue's side has left uncounted.
 */
#include <assert.h>
#include <stdlib.h>

#include "tests/sim/planted.h"

struct planted_port {
    struct planted *p;
    struct admin_port inner;
};

static enum status planted_find(void *self, int64_t now_ms,
                                const struct task_ref *ref, struct arena *mem,
                                struct task_record *out, struct error *err)
{
    struct planted_port *port = self;

    return admin_find(port->inner, now_ms, ref, mem, out, err);
}

static enum status planted_list(void *self, const struct list_request *req,
                                struct arena *mem, struct task_page *page,
                                struct error *err)
{
    struct planted_port *port = self;

    return admin_list(port->inner, req, mem, page, err);
}

static enum status planted_remove(void *self, int64_t now_ms, unsigned states,
                                  const struct task_ref *refs, size_t n,
                                  enum status *results, struct error *err)
{
    struct planted_port *port = self;

    return admin_remove(port->inner, now_ms, states, refs, n, results, err);
}

static enum status planted_run_now(void *self, int64_t now_ms,
                                   const struct task_ref *ref,
                                   struct error *err)
{
    struct planted_port *port = self;

    return admin_run_now(port->inner, now_ms, ref, err);
}

static enum status planted_requeue(void *self, int64_t now_ms,
                                   const struct task_ref *refs, size_t n,
                                   enum status *results,
                                   struct task_id *holders, struct error *err)
{
    struct planted_port *port = self;

    return admin_requeue(port->inner, now_ms, refs, n, results, holders, err);
}

static enum status planted_purge(void *self, int64_t now_ms, struct bytes queue,
                                 enum task_state state, size_t limit,
                                 size_t *removed, struct error *err)
{
    struct planted_port *port = self;

    return admin_purge(port->inner, now_ms, queue, state, limit, removed, err);
}

static enum status planted_set_paused(void *self, struct bytes queue,
                                      bool is_paused, struct error *err)
{
    struct planted_port *port = self;

    return admin_set_paused(port->inner, queue, is_paused, err);
}

static enum status planted_stats(void *self, int64_t now_ms, struct bytes after,
                                 size_t max, struct queue_stats *rows,
                                 size_t *count, struct error *err)
{
    struct planted_port *port = self;
    enum status const st =
        admin_stats(port->inner, now_ms, after, max, rows, count, err);

    if (st == STATUS_OK && *count > 0)
        rows[0].done -= port->p->not_counted;
    return st;
}

static void planted_close(void *self)
{
    struct planted_port *port = self;

    admin_close(port->inner);
    free(port);
}

static const struct admin_ops planted_admin_ops = {
    .name = "planted",
    .find = planted_find,
    .list = planted_list,
    .remove = planted_remove,
    .run_now = planted_run_now,
    .requeue = planted_requeue,
    .purge = planted_purge,
    .set_paused = planted_set_paused,
    .stats = planted_stats,
    .close = planted_close,
};

struct admin_port planted_admin(void *context, struct admin_port inner)
{
    struct planted *p = context;
    struct planted_port *port = malloc(sizeof(*port));

    assert(port);
    *port = (struct planted_port){p, inner};
    p->admin = inner;
    return (struct admin_port){&planted_admin_ops, port};
}
