#include "adapters/redis/redis_admin.h"

#include <assert.h>
#include <stdlib.h>

#include "adapters/redis/redis_admin_edit.h"
#include "adapters/redis/redis_find.h"
#include "adapters/redis/redis_list.h"

struct redis_admin {
    struct redis_connection connection;
};

static enum status redis_admin_find(void *self, int64_t now_ms,
                                    const struct task_ref *ref,
                                    struct arena *mem, struct task_record *out,
                                    struct error *err)
{
    struct redis_admin *a = self;
    struct redis_found found = {0};
    enum status st = redis_find(&a->connection, ref, &found, err);

    if (st == STATUS_OK &&
        !redis_sighting_record(&found.seen, now_ms, mem, out))
        st = error_set(err, STATUS_NO_MEMORY, NULL,
                       "redis: no room for the task");
    redis_found_release(&found);
    return st;
}

static enum status redis_admin_list(void *self, const struct list_request *req,
                                    struct arena *mem, struct task_page *page,
                                    struct error *err)
{
    struct redis_admin *a = self;

    return redis_list(&a->connection, req, mem, page, err);
}

static enum status redis_admin_remove(void *self, int64_t now_ms,
                                      unsigned states,
                                      const struct task_ref *refs, size_t n,
                                      enum status *results, struct error *err)
{
    struct redis_admin *a = self;
    assert(n > 0 && n <= BATCH_MAX);
    assert(!(states & STATE_SET(TASK_ACTIVE)));
    (void)now_ms;

    return redis_edit_remove(&a->connection, states, refs, n, results, err);
}

static enum status redis_admin_run_now(void *self, int64_t now_ms,
                                       const struct task_ref *ref,
                                       struct error *err)
{
    struct redis_admin *a = self;

    return redis_edit_run_now(&a->connection, now_ms, ref, err);
}

static enum status redis_admin_requeue(void *self, int64_t now_ms,
                                       const struct task_ref *refs, size_t n,
                                       enum status *results,
                                       struct task_id *holders,
                                       struct error *err)
{
    struct redis_admin *a = self;
    assert(n > 0 && n <= BATCH_MAX);

    return redis_edit_requeue(&a->connection, now_ms, refs, n, results, holders,
                              err);
}

static enum status redis_admin_purge(void *self, int64_t now_ms,
                                     struct bytes queue, enum task_state state,
                                     size_t limit, size_t *removed,
                                     struct error *err)
{
    struct redis_admin *a = self;
    (void)now_ms;

    return redis_edit_purge(&a->connection, queue, state, limit, removed, err);
}

static enum status redis_admin_set_paused(void *self, struct bytes queue,
                                          bool is_paused, struct error *err)
{
    struct redis_admin *a = self;

    return redis_edit_pause(&a->connection, queue, is_paused, err);
}

static enum status redis_admin_stats(void *self, int64_t now_ms,
                                     struct bytes after, size_t max,
                                     struct queue_stats *rows, size_t *count,
                                     struct error *err)
{
    struct redis_admin *a = self;

    return redis_stats(&a->connection, now_ms, after, max, rows, count, err);
}

static void redis_admin_close(void *self)
{
    struct redis_admin *a = self;

    if (!a)
        return;
    redis_connection_release(&a->connection);
    free(a);
}

static const struct admin_ops redis_admin_ops = {
    .name = "redis",
    .find = redis_admin_find,
    .list = redis_admin_list,
    .remove = redis_admin_remove,
    .run_now = redis_admin_run_now,
    .requeue = redis_admin_requeue,
    .purge = redis_admin_purge,
    .set_paused = redis_admin_set_paused,
    .stats = redis_admin_stats,
    .close = redis_admin_close,
};

enum status redis_admin_open(const struct backend_url *url,
                             struct admin_port *out, struct error *err)
{
    struct redis_admin *a = calloc(1, sizeof(*a));
    if (!a)
        return error_set(err, STATUS_NO_MEMORY, NULL, "redis: out of memory");

    redis_connection_init(&a->connection, url);
    enum status const st = redis_ready(&a->connection, err);
    if (st < 0) {
        redis_admin_close(a);
        return st;
    }
    *out = (struct admin_port){.ops = &redis_admin_ops, .self = a};
    return STATUS_OK;
}
