/*
 * model_compare.c - whether the store holds what the model says.
 */
#include "cmd/sim/model_parts.h"

#define PAGE 200

/* What a record tells of t beside its state. */
static void compare_progress(struct model *m, const struct model_task *t,
                             const struct task_record *r)
{
    int32_t const attempt = t->task.attempt + (t->state == TASK_ACTIVE);

    if (r->task.attempt != attempt || r->task.crashes != t->task.crashes)
        model_complain(m, &t->task.id,
                       "stored with attempt %d, crashes %d; should be %d, %d",
                       r->task.attempt, r->task.crashes, attempt,
                       t->task.crashes);
    else if (!model_text_is(&t->error, r->task.last_error))
        model_complain(m, &t->task.id, "stored with another last error");
    else if (!model_text_is(&t->key, r->task.key))
        model_complain(m, &t->task.id, "stored with the key '%.*s', not '%s'",
                       (int)r->task.key.len,
                       r->task.key.at ? r->task.key.at : "", t->key.at);
    else if (r->task.run_at_ms != t->task.run_at_ms)
        model_complain(m, &t->task.id, "stored to run at %lld, not %lld",
                       (long long)r->task.run_at_ms,
                       (long long)t->task.run_at_ms);
}

static void compare_end(struct model *m, const struct model_task *t,
                        const struct task_record *r)
{
    bool const is_over = t->state == TASK_DONE || t->state == TASK_DEAD;

    if (t->state == TASK_DEAD && r->reason != t->reason)
        model_complain(m, &t->task.id, "dead as %s, not %s",
                       reason_name(r->reason), reason_name(t->reason));
    else if (t->state == TASK_DONE && !model_text_is(&t->result, r->result))
        model_complain(m, &t->task.id, "done with another result");
    else if (is_over && r->finished_at_ms != t->finished_at_ms)
        model_complain(m, &t->task.id, "finished at %lld, not %lld",
                       (long long)r->finished_at_ms,
                       (long long)t->finished_at_ms);
    else if (t->state == TASK_ACTIVE && !m->is_timed_apart &&
             r->lease_until_ms != t->until_ms)
        model_complain(m, &t->task.id, "leased until %lld, not %lld",
                       (long long)r->lease_until_ms, (long long)t->until_ms);
}

static void compare_record(struct model *m, const struct model_task *t,
                           const struct task_record *r)
{
    if (r->state != t->state) {
        model_complain(m, &t->task.id, "stored as %s, but it is %s",
                       task_state_name(r->state), task_state_name(t->state));
        return;
    }
    compare_progress(m, t, r);
    compare_end(m, t, r);
}

/* State by state, and those that wait by their time in each queue. before is
 * NULL for the first record. */
static void check_order(struct model *m, const struct task_record *before,
                        const struct task_record *r)
{
    bool const is_timed = r->state == TASK_SCHEDULED || r->state == TASK_RETRY;

    if (!before)
        return;
    if (r->state < before->state)
        model_complain(m, &r->task.id, "%s, but listed behind what is %s",
                       task_state_name(r->state),
                       task_state_name(before->state));
    else if (is_timed && r->state == before->state &&
             bytes_equal(r->task.queue, before->task.queue) &&
             r->task.run_at_ms < before->task.run_at_ms)
        model_complain(m, &r->task.id, "listed behind %s, which runs later",
                       before->task.id.text);
}

static void compare_page(struct model *m, int64_t now_ms,
                         const struct task_page *page)
{
    for (size_t i = 0; i < page->count; i++) {
        const struct task_record *r = &page->records[i];
        check_order(m, i > 0 ? r - 1 : NULL, r);
        struct model_task *t = model_find(m, r->task.queue, &r->task.id);
        if (!t || t->is_gone) {
            model_complain(m, &r->task.id, "%s in the store, but %s",
                           task_state_name(r->state),
                           t ? "it is gone" : "it was never added");
        } else if (model_may_linger(t, now_ms)) {
            continue;
        } else if (t->seen == m->comparisons) {
            model_complain(m, &t->task.id, "listed twice");
        } else {
            t->seen = m->comparisons;
            compare_record(m, t, r);
        }
    }
}

static void compare_list(struct model *m, struct admin_port admin,
                         int64_t now_ms, struct arena *mem)
{
    struct list_request req = {.max = PAGE, .now_ms = now_ms};
    struct task_page page;
    struct error err;

    m->comparisons++;
    do {
        arena_reset(mem);
        if (admin_list(admin, &req, mem, &page, &err) != STATUS_OK) {
            model_complain(m, NULL, "list: %s", err.text);
            return;
        }
        compare_page(m, now_ms, &page);
        req.cursor = page.next;
    } while (req.cursor.text[0] != '\0' && model_is_fine(m));

    for (size_t i = 0; i < m->count; i++)
        if (model_is_there(&m->tasks[i], now_ms) &&
            m->tasks[i].seen != m->comparisons)
            model_complain(m, &m->tasks[i].task.id,
                           "%s, but the store does not have it: it is lost",
                           task_state_name(m->tasks[i].state));
}

static void compare_row(struct model *m, const struct queue_stats *row,
                        int64_t now_ms)
{
    const struct model_queue *q = model_queue(m, bytes_of(row->queue));
    int64_t waiting[TASK_STATES] = {0};
    int64_t over = 0;

    if (!q) {
        model_complain(m, NULL, "a queue %s out of nowhere", row->queue);
        return;
    }
    for (size_t i = 0; i < m->count; i++) {
        const struct model_task *t = &m->tasks[i];
        if (t->queue != q || t->is_gone)
            continue;
        if (model_is_there(t, now_ms))
            waiting[t->state]++;
        else
            over++;
    }
    waiting[TASK_DONE] += over; /* may be counted until it is forgotten */
    for (int s = 0; s < TASK_STATES; s++)
        if (row->waiting[s] > waiting[s] ||
            row->waiting[s] < waiting[s] - (s == TASK_DONE ? over : 0))
            model_complain(m, NULL, "queue %s counts %lld as %s, not %lld",
                           q->name, (long long)row->waiting[s],
                           task_state_name((enum task_state)s),
                           (long long)waiting[s]);
    if (row->done != q->done || row->failed != q->failed)
        model_complain(m, NULL,
                       "queue %s counts %lld done, %lld failed; not %lld, %lld",
                       q->name, (long long)row->done, (long long)row->failed,
                       (long long)q->done, (long long)q->failed);
    if (row->is_paused != q->is_paused)
        model_complain(m, NULL, "queue %s is %spaused", q->name,
                       row->is_paused ? "" : "not ");
    if ((row->oldest_ready_at_ms > 0) != (waiting[TASK_READY] > 0))
        model_complain(m, NULL, "queue %s has its oldest task of %lld", q->name,
                       (long long)row->oldest_ready_at_ms);
}

static void compare_stats(struct model *m, struct admin_port admin,
                          int64_t now_ms)
{
    struct queue_stats rows[MODEL_QUEUES_MAX];
    struct bytes const from_the_first = {0};
    struct error err;
    size_t n;

    if (admin_stats(admin, now_ms, from_the_first, MODEL_QUEUES_MAX, rows, &n,
                    &err) != STATUS_OK) {
        model_complain(m, NULL, "stats: %s", err.text);
        return;
    }
    if (n != m->queue_count)
        model_complain(m, NULL, "%zu queues, not %zu", n, m->queue_count);
    for (size_t i = 0; i < n; i++)
        compare_row(m, &rows[i], now_ms);
}

void model_compare(struct model *m, struct admin_port admin, int64_t now_ms,
                   struct arena *mem)
{
    model_see_time(m, now_ms);
    if (model_is_fine(m))
        compare_list(m, admin, now_ms, mem);
    if (model_is_fine(m))
        compare_stats(m, admin, now_ms);
}

void model_compare_one(struct model *m, struct admin_port admin, int64_t now_ms,
                       const struct model_task *t, struct arena *mem)
{
    struct task_ref const ref = {bytes_of(t->queue->name), t->task.id};
    struct task_record record;
    struct error err;

    arena_reset(mem);
    enum status const st = admin_find(admin, now_ms, &ref, mem, &record, &err);
    if (st < 0)
        model_complain(m, &t->task.id, "find: %s", err.text);
    else if (model_is_there(t, now_ms) && st == STATUS_OK)
        compare_record(m, t, &record);
    else if (model_is_there(t, now_ms))
        model_complain(m, &t->task.id, "%s, but not to be found",
                       task_state_name(t->state));
    else if (st == STATUS_OK && !model_may_linger(t, now_ms))
        model_complain(m, &t->task.id, "found as %s, but it is gone",
                       task_state_name(record.state));
}
