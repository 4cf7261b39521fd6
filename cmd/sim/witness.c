#include "cmd/sim/witness.h"

#include <assert.h>
#include <stdarg.h>
#include <stdlib.h>
#include <time.h>

#include "cmd/sim/judge.h"

struct witness_port {
    struct witness *w;
    const char *who;
    struct queue_port inner;
};

static int64_t monotonic_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void witness_begin(struct witness *w)
{
    w->began_mono_ms = monotonic_ms();
}

void witness_note(struct witness *w, const char *format, ...)
{
    char line[300];
    va_list args;

    va_start(args, format);
    vsnprintf(line, sizeof(line), format, args);
    va_end(args);
    for (const char *c = line; *c; c++)
        w->hash = (w->hash ^ (unsigned char)*c) * UINT64_C(1099511628211);
    if (w->trace)
        fprintf(w->trace, "%s\n", line);
}

static void note_fault(const struct witness_port *p, const char *op,
                       const struct error *err)
{
    witness_note(p->w, "    %s %s: %s", p->who, op, err->text);
    model_complain(p->w->model, NULL, "%s fails: %s", op, err->text);
}

static enum status witness_enqueue(void *self, int64_t now_ms,
                                   const struct new_task *tasks, size_t n,
                                   struct enqueued *results, struct error *err)
{
    struct witness_port *p = self;
    enum status const st =
        queue_enqueue(p->inner, now_ms, tasks, n, results, err);

    if (st != STATUS_OK) {
        note_fault(p, "enqueue", err);
        return st;
    }
    for (size_t i = 0; i < n; i++)
        witness_note(p->w, "    %s enqueue %s to %.*s: %s%s", p->who,
                     results[i].id.text, (int)tasks[i].task.queue.len,
                     tasks[i].task.queue.at, task_state_name(results[i].state),
                     results[i].is_duplicate ? " already" : "");
    model_enqueued(p->w->model, now_ms, tasks, n, results);
    p->w->signals++;
    return st;
}

static void remember(struct witness *w, const struct lease *lease)
{
    const struct model_task *t =
        model_find(w->model, lease->task.queue, &lease->task.id);

    if (!t)
        return;
    w->leases[w->lease_count++ % WITNESS_LEASES] = (struct old_lease){
        lease->task.id, t->queue->name, lease->token, lease->task.attempt};
}

static void note_leases(const struct witness_port *p, const char *op,
                        const struct lease *leases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        witness_note(p->w, "    %s %s %s: attempt %d, crashes %d%s, %s of %.*s",
                     p->who, op, leases[i].task.id.text, leases[i].task.attempt,
                     leases[i].task.crashes,
                     leases[i].is_started ? ", begun" : "",
                     priority_name(leases[i].task.priority),
                     (int)leases[i].task.queue.len, leases[i].task.queue.at);
        remember(p->w, &leases[i]);
    }
}

static enum status witness_lease(void *self, const struct lease_request *req,
                                 struct arena *mem, struct lease *leases,
                                 size_t *count, struct error *err)
{
    struct witness_port *p = self;
    size_t n = 0;
    enum status const st = queue_lease(p->inner, req, mem, leases, &n, err);

    if (st < 0) {
        note_fault(p, "lease", err);
        return st;
    }
    model_was_leased(p->w->model, req, leases, n);
    note_leases(p, "lease", leases, n);
    if (st == STATUS_OK)
        *count = n;
    return st;
}

static enum status witness_settle(void *self, int64_t now_ms,
                                  const struct settlement *items, size_t n,
                                  enum status *results, struct error *err)
{
    struct witness_port *p = self;
    struct model *m = p->w->model;

    if (!p->w->is_unjudged)
        judge_settlements(m, now_ms, items, n);
    enum status const st =
        queue_settle(p->inner, now_ms, items, n, results, err);
    if (st != STATUS_OK) {
        note_fault(p, "settle", err);
        return st;
    }
    for (size_t i = 0; i < n; i++)
        witness_note(p->w, "    %s settle %s: %s%s", p->who,
                     items[i].lease->task.id.text,
                     verdict_action_name(items[i].verdict.action),
                     results[i] == STATUS_OK ? "" : ", too late");
    model_settled(m, now_ms, items, n, results);
    p->w->signals++;
    return st;
}

static enum status witness_extend(void *self, int64_t now_ms, int64_t lease_ms,
                                  const char *worker,
                                  const struct renewal *items, size_t n,
                                  enum status *results, struct error *err)
{
    struct witness_port *p = self;
    enum status const st = queue_extend(p->inner, now_ms, lease_ms, worker,
                                        items, n, results, err);

    if (st != STATUS_OK) {
        note_fault(p, "extend", err);
        return st;
    }
    for (size_t i = 0; i < n; i++)
        witness_note(p->w, "    %s extend %s%s%s", p->who, items[i].id.text,
                     items[i].is_started ? ", begun" : "",
                     results[i] == STATUS_OK ? "" : ", too late");
    model_extended(p->w->model, now_ms, lease_ms, items, n, results);
    return st;
}

static enum status witness_promote(void *self, int64_t now_ms, size_t limit,
                                   size_t *moved, int64_t *next_due_ms,
                                   struct error *err)
{
    struct witness_port *p = self;
    enum status const st =
        queue_promote(p->inner, now_ms, limit, moved, next_due_ms, err);

    if (st != STATUS_OK) {
        note_fault(p, "promote", err);
        return st;
    }
    if (*moved > 0) {
        witness_note(p->w, "    %s promote: %zu", p->who, *moved);
        p->w->signals++;
    }
    model_promoted(p->w->model, now_ms, limit, *moved, *next_due_ms);
    return st;
}

static enum status witness_take_expired(void *self,
                                        const struct reap_request *req,
                                        struct arena *mem, struct lease *leases,
                                        size_t *count, struct error *err)
{
    struct witness_port *p = self;
    size_t n = 0;
    enum status const st =
        queue_take_expired(p->inner, req, mem, leases, &n, err);

    if (st < 0) {
        note_fault(p, "take", err);
        return st;
    }
    /* Only now is it known how slow the machine has been so far. */
    p->w->model->early_ms = monotonic_ms() - p->w->began_mono_ms + 1;
    model_was_taken(p->w->model, req, leases, n);
    note_leases(p, "take", leases, n);
    if (st == STATUS_OK)
        *count = n;
    return st;
}

static void witness_close(void *self)
{
    struct witness_port *p = self;

    queue_close(p->inner);
    free(p);
}

static const struct queue_ops witness_queue_ops = {
    .name = "witness",
    .enqueue = witness_enqueue,
    .lease = witness_lease,
    .settle = witness_settle,
    .extend = witness_extend,
    .promote = witness_promote,
    .take_expired = witness_take_expired,
    .close = witness_close,
};

enum status witness_queue_open(struct witness *w, const char *who,
                               struct queue_port inner, struct queue_port *out,
                               struct error *err)
{
    struct witness_port *p = malloc(sizeof(*p));

    if (!p)
        return error_set(err, STATUS_NO_MEMORY, NULL, "witness: no room");
    *p = (struct witness_port){w, who, inner};
    *out = (struct queue_port){&witness_queue_ops, p};
    return STATUS_OK;
}
