#include "cmd/sim/model.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "cmd/sim/model_parts.h"
#include "domain/instant.h"

struct model *model_new(void)
{
    return calloc(1, sizeof(struct model));
}

void model_free(struct model *m)
{
    free(m);
}

bool model_is_fine(const struct model *m)
{
    return m->complaint[0] == '\0';
}

void model_complain(struct model *m, const struct task_id *id,
                    const char *format, ...)
{
    va_list args;
    int used = 0;

    if (!model_is_fine(m))
        return;
    if (id)
        used = snprintf(m->complaint, sizeof(m->complaint), "%s: ", id->text);
    va_start(args, format);
    vsnprintf(m->complaint + used, sizeof(m->complaint) - (size_t)used, format,
              args);
    va_end(args);
}

void model_see_time(struct model *m, int64_t now_ms)
{
    if (now_ms > m->latest_ms)
        m->latest_ms = now_ms;
}

struct model_text model_text_of(struct bytes b)
{
    struct model_text text = {.is_there = b.at != NULL};
    assert(b.len <= MODEL_TEXT_MAX && (b.at || b.len == 0));

    text.len = (uint8_t)b.len;
    if (b.at)
        memcpy(text.at, b.at, b.len);
    return text;
}

bool model_text_is(const struct model_text *text, struct bytes b)
{
    if (!text->is_there || !b.at)
        return text->is_there == (b.at != NULL);
    return bytes_equal((struct bytes){text->at, text->len}, b);
}

struct model_queue *model_queue(struct model *m, struct bytes name)
{
    for (size_t i = 0; i < m->queue_count; i++)
        if (bytes_is(name, m->queues[i].name))
            return &m->queues[i];
    return NULL;
}

struct model_queue *model_queue_made(struct model *m, struct bytes name)
{
    struct model_queue *q = model_queue(m, name);

    if (q)
        return q;
    assert(m->queue_count < MODEL_QUEUES_MAX && name.len <= QUEUE_NAME_MAX);
    q = &m->queues[m->queue_count++];
    memcpy(q->name, name.at, name.len);
    return q;
}

/* Where the search for an id begins (FNV-1a). */
static size_t slot_of(const struct task_id *id)
{
    uint32_t hash = 2166136261U;

    for (const char *c = id->text; *c; c++)
        hash = (hash ^ (unsigned char)*c) * 16777619U;
    return hash % (2 * MODEL_TASKS_MAX);
}

struct model_task *model_find(struct model *m, struct bytes queue,
                              const struct task_id *id)
{
    struct model_task *found = NULL;

    for (size_t at = slot_of(id); m->table[at] > 0;
         at = (at + 1) % (2 * MODEL_TASKS_MAX)) {
        struct model_task *t = &m->tasks[m->table[at] - 1];
        if (strcmp(t->task.id.text, id->text) == 0 &&
            (!queue.at || bytes_is(queue, t->queue->name)))
            found = t; /* the latest of that id */
    }
    return found;
}

struct model_task *model_add(struct model *m, const struct task *task)
{
    size_t at = slot_of(&task->id);

    if (m->count == MODEL_TASKS_MAX) {
        model_complain(m, &task->id, "too many tasks for the model");
        return NULL;
    }
    while (m->table[at] > 0)
        at = (at + 1) % (2 * MODEL_TASKS_MAX);
    m->table[at] = (uint16_t)(m->count + 1);

    struct model_task *t = &m->tasks[m->count++];
    *t = (struct model_task){
        .task = *task,
        .queue = model_queue_made(m, task->queue),
        .key = model_text_of(task->key),
        .type = model_text_of(task->type),
        .payload = model_text_of(task->payload),
    };
    t->task.queue = t->task.key = t->task.headers = t->task.last_error =
        (struct bytes){0};
    t->task.type = (struct bytes){t->type.at, t->type.len};
    t->task.payload = (struct bytes){t->payload.at, t->payload.len};
    m->live++;
    return t;
}

bool model_is_there(const struct model_task *t, int64_t now_ms)
{
    if (t->is_gone)
        return false;
    return t->state != TASK_DONE ||
           instant_after(t->finished_at_ms, t->task.retain_ms) > now_ms;
}

bool model_may_linger(const struct model_task *t, int64_t now_ms)
{
    return !t->is_gone && !model_is_there(t, now_ms);
}

struct model_task *model_of_ref(struct model *m, const struct task_ref *ref,
                                int64_t now_ms, enum status result)
{
    struct model_task *t = model_find(m, ref->queue, &ref->id);

    if (!t || model_is_there(t, now_ms))
        return t;
    return model_may_linger(t, now_ms) && result != STATUS_NOT_FOUND ? t : NULL;
}

struct model_task *model_leased(struct model *m, const struct lease *lease)
{
    struct model_task *t = model_find(m, lease->task.queue, &lease->task.id);

    if (!t || t->is_gone || t->state != TASK_ACTIVE ||
        strcmp(t->token.text, lease->token.text) != 0)
        return NULL;
    return t;
}

void model_make_ready(struct model *m, struct model_task *t)
{
    t->state = TASK_READY;
    t->order = ++m->last_order;
}

void model_remove(struct model *m, struct model_task *t)
{
    model_hold_end(m, t);
    t->is_gone = true;
    m->live--;
}

void model_forget(struct model *m, int64_t now_ms)
{
    for (size_t i = 0; i < m->count; i++)
        if (!m->tasks[i].is_gone && !model_is_there(&m->tasks[i], now_ms))
            model_remove(m, &m->tasks[i]);
}

struct model_hold *model_hold_find(struct model *m, const struct model_queue *q,
                                   const struct model_text *key, int64_t now_ms)
{
    struct bytes const wanted = {key->at, key->len};

    for (size_t i = m->hold_count; i-- > 0;) { /* the latest first */
        struct model_hold *h = &m->holds[i];
        if (h->holder->queue == q && h->until_ms > now_ms &&
            model_text_is(&h->key, wanted))
            return h;
    }
    return NULL;
}

void model_hold_take(struct model *m, struct model_task *t, int64_t now_ms)
{
    bool const is_window = t->task.key_ttl_ms > 0;
    int64_t const until_ms =
        is_window ? t->task.created_at_ms + t->task.key_ttl_ms : INT64_MAX;

    if (!t->key.is_there || until_ms <= now_ms)
        return;
    for (size_t i = 0; i < m->hold_count; i++)
        if (m->holds[i].holder == t && m->holds[i].until_ms == until_ms)
            return; /* a window that has been going on all the time */
    assert(m->hold_count < MODEL_TASKS_MAX);
    m->holds[m->hold_count++] = (struct model_hold){t, t->key, until_ms};
}

void model_hold_end(struct model *m, const struct model_task *t)
{
    for (size_t i = 0; i < m->hold_count; i++) {
        if (m->holds[i].holder != t || m->holds[i].until_ms < INT64_MAX)
            continue;
        m->hold_count--;
        memmove(&m->holds[i], &m->holds[i + 1],
                (m->hold_count - i) * sizeof(m->holds[0]));
        return;
    }
}

const struct model_task *model_leasable(const struct model *m,
                                        const struct queue_plan *plan)
{
    for (size_t i = 0; i < m->count; i++) {
        const struct model_task *t = &m->tasks[i];
        if (!t->is_gone && t->state == TASK_READY && !t->queue->is_paused &&
            queue_plan_has(plan, bytes_of(t->queue->name)))
            return t;
    }
    return NULL;
}

int64_t model_next_due_ms(const struct model *m)
{
    int64_t next_ms = INT64_MAX;

    for (size_t i = 0; i < m->count; i++) {
        const struct model_task *t = &m->tasks[i];
        bool const waits = !t->is_gone && (t->state == TASK_SCHEDULED ||
                                           t->state == TASK_RETRY);
        if (waits && t->task.run_at_ms < next_ms)
            next_ms = t->task.run_at_ms;
    }
    return next_ms;
}
