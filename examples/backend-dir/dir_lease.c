/*
 * dir_lease.c - hands tasks out, and waits where there are none.
 *
 * Whoever changes the folder writes to `generation`, and inotify tells of
 * that: a wait works across processes, and between two looks costs nothing.
 */
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "dir_port.h"

static struct lease_token token_of(const struct entry *e)
{
    struct lease_token token;

    snprintf(token.text, sizeof(token.text), "%.*s:%s:%" PRId64,
             (int)e->task.queue.len, e->task.queue.at, e->task.id.text,
             e->number);
    return token;
}

struct entry *dir_leased(const struct dir_store *s, const struct task_id *id,
                         const struct lease_token *token)
{
    for (size_t i = 0; i < s->count; i++) {
        struct entry *e = s->entries[i];
        if (e->state != TASK_ACTIVE || strcmp(e->task.id.text, id->text) != 0)
            continue;
        struct lease_token const current = token_of(e);
        if (strcmp(current.text, token->text) == 0)
            return e;
    }
    return NULL;
}

/* Where the leases of one call go. */
struct batch {
    struct arena *mem;
    struct lease *leases;
    size_t count;
    size_t max;
    bool is_full; /* mem is */
};

/* Makes e active for worker, under a new number, and hands it over. */
static enum status hand_over(struct dir_store *s, struct entry *e,
                             const char *worker, int64_t now_ms,
                             int64_t until_ms, struct batch *to,
                             struct error *err)
{
    struct lease *out = &to->leases[to->count];
    struct lease lease = {.until_ms = until_ms,
                          .started_at_ms = e->leased_at_ms,
                          .is_started = e->is_started};

    if (!dir_copy_task(e, to->mem, &lease.task)) {
        to->is_full = true;
        return STATUS_OK;
    }
    snprintf(e->worker, sizeof(e->worker), "%s", worker);
    enum status const st = dir_move(s, e, TASK_ACTIVE, now_ms, until_ms, err);
    if (st < 0)
        return st;
    lease.task.attempt++;
    lease.token = token_of(e);
    lease.fencing = (uint64_t)e->number;
    *out = lease;
    to->count++;
    return STATUS_OK;
}

/* Priority before age. */
static struct entry *first_ready(const struct dir_store *s, struct bytes queue)
{
    struct entry *first = NULL;

    for (size_t i = 0; i < s->count; i++) {
        struct entry *e = s->entries[i];
        if (e->state != TASK_READY || !dir_entry_is_in(e, queue))
            continue;
        if (!first || e->task.priority < first->task.priority ||
            (e->task.priority == first->task.priority &&
             e->number < first->number))
            first = e;
    }
    return first;
}

static enum status lease_from(struct dir_store *s, struct bytes queue,
                              const struct lease_request *req, size_t quota,
                              struct batch *to, struct error *err)
{
    enum status st = STATUS_OK;
    struct entry *e;

    while (st == STATUS_OK && quota-- > 0 && to->count < to->max &&
           !to->is_full && (e = first_ready(s, queue))) {
        e->is_started = false;
        e->leased_at_ms = req->now_ms;
        st = hand_over(s, e, req->worker, req->now_ms,
                       req->now_ms + req->lease_ms, to, err);
    }
    return st;
}

/* The queues of the plan that have something to lease. */
static size_t candidates(const struct dir_store *s,
                         const struct queue_plan *plan, struct bytes *names)
{
    size_t n = 0;

    for (size_t i = 0; i < s->queue_count; i++) {
        const struct dir_queue *q = &s->queues[i];
        struct bytes const name = bytes_of(q->name);
        if (!q->is_paused && queue_plan_has(plan, name) && first_ready(s, name))
            names[n++] = name;
    }
    return n;
}

/* Strict plans want their own order. */
static void order_names(const struct queue_plan *plan, struct bytes *names,
                        size_t n)
{
    size_t at = 0;

    for (size_t i = 0; plan->kind != PLAN_EVERY && i < plan->count; i++) {
        for (size_t j = at; j < n; j++) {
            if (!bytes_is(names[j], plan->queues[i].name))
                continue;
            struct bytes const found = names[j];
            names[j] = names[at];
            names[at++] = found;
            break;
        }
    }
}

static enum status share_out(struct dir_store *s,
                             const struct lease_request *req,
                             struct bytes *names, size_t *numbers,
                             struct batch *to, struct error *err)
{
    size_t const n = candidates(s, req->plan, names);
    size_t *quota = numbers, *order = numbers + s->queue_count;
    enum status st = STATUS_OK;

    if (n == 0)
        return STATUS_EMPTY;
    order_names(req->plan, names, n);
    queue_plan_share(req->plan, req->turn, req->max, names, n, quota, order);
    for (size_t i = 0; i < 2 * n && st == STATUS_OK; i++) {
        size_t const which = order[i % n];
        st = lease_from(s, names[which], req, i < n ? quota[which] : to->max,
                        to, err);
    }
    if (st == STATUS_OK && to->count == 0)
        st = error_set(err, STATUS_NO_MEMORY, NULL,
                       "dir: the arena has no room for one task");
    return st;
}

static enum status lease_ready(struct dir_store *s,
                               const struct lease_request *req,
                               struct batch *to, struct error *err)
{
    size_t const n = s->queue_count + 1;
    struct bytes *names = calloc(n, sizeof(*names));
    size_t *numbers = calloc(2 * n, sizeof(*numbers));
    enum status st = STATUS_NO_MEMORY;

    if (names && numbers)
        st = share_out(s, req, names, numbers, to, err);
    else
        error_write(err, NULL, &BYTES("dir: out of memory"), 1);
    free(names);
    free(numbers);
    return st;
}

/* Sleeps; true: it was the wake that ended it. */
static bool sleep_until(int watch, struct wake wake, int64_t ms)
{
    struct pollfd on[] = {{.fd = watch, .events = POLLIN},
                          {.fd = wake.fd, .events = POLLIN}};
    char events[4096];

    poll(on, 2, ms > INT_MAX ? INT_MAX : (int)ms);
    while (read(watch, events, sizeof(events)) > 0)
        ;
    return wake.fd >= 0 && (on[1].revents & POLLIN);
}

/* One look; *until_ms is how long to wait if there was nothing. */
static enum status look(struct dir_store *s, const struct lease_request *req,
                        struct batch *to, int64_t *until_ms, struct error *err)
{
    enum status st = dir_store_lock(s, err);

    if (st < 0)
        return st;
    st = lease_ready(s, req, to, err);
    int64_t const due_ms = dir_next_due_ms(s);
    *until_ms = due_ms < req->until_ms ? due_ms : req->until_ms;
    dir_store_unlock(s, st);
    return st;
}

enum status dir_lease(struct dir_store *s, int watch,
                      const struct lease_request *asked, struct arena *mem,
                      struct lease *leases, size_t *count, struct error *err)
{
    int64_t const began_ms = dir_monotonic_ms();
    struct lease_request req = *asked;
    struct batch to = {.mem = mem, .leases = leases, .max = asked->max};
    bool is_woken = false;
    int64_t until_ms;
    enum status st;

    while ((st = look(s, &req, &to, &until_ms, err)) == STATUS_EMPTY) {
        if (is_woken || until_ms <= req.now_ms)
            return STATUS_EMPTY;
        is_woken = sleep_until(watch, req.wake, until_ms - req.now_ms);
        req.now_ms = asked->now_ms + dir_monotonic_ms() - began_ms;
    }
    if (st == STATUS_OK)
        *count = to.count;
    return st;
}

static enum status take(struct dir_store *s, const struct reap_request *req,
                        struct batch *to, struct error *err)
{
    enum status st = STATUS_OK;

    for (size_t i = 0;
         i < s->count && st == STATUS_OK && !to->is_full && to->count < to->max;
         i++) {
        struct entry *e = s->entries[i];
        if (e->state == TASK_ACTIVE && e->until_ms <= req->now_ms)
            st = hand_over(s, e, req->worker, req->now_ms,
                           req->now_ms + req->lease_ms, to, err);
    }
    if (st == STATUS_OK && to->count == 0 && to->is_full)
        st = error_set(err, STATUS_NO_MEMORY, NULL,
                       "dir: the arena has no room for one task");
    return st == STATUS_OK && to->count == 0 ? STATUS_EMPTY : st;
}

enum status dir_take_expired(struct dir_store *s,
                             const struct reap_request *req, struct arena *mem,
                             struct lease *leases, size_t *count,
                             struct error *err)
{
    struct batch to = {.mem = mem, .leases = leases, .max = req->max};
    enum status st = dir_store_lock(s, err);

    if (st < 0)
        return st;
    st = take(s, req, &to, err);
    dir_store_unlock(s, st);
    if (st == STATUS_OK)
        *count = to.count;
    return st;
}
