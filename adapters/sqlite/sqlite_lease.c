/*
 * Leasing reads tasks from the front of a line and records their span: see
 * sqlite_span.h. They have one fencing number: that grows from lease to lease
 * of a task, which is all it has to do. Taking reads a run of rows first and
 * then changes them: a cursor over an index whose entries move under it would
 * have to find its place again for each.
 *
 * A row that makes no task (foreign hands, a bug) must not hold up those behind
 * it: it becomes a dead letter, see sqlite_stray.h.
 */
#include "adapters/sqlite/sqlite_lease.h"

#include "adapters/sqlite/sqlite_row.h"
#include "adapters/sqlite/sqlite_span.h"
#include "adapters/sqlite/sqlite_stray.h"

/* What is being handed over. */
struct batch {
    struct ledger *ledger;
    struct lease_room *room;
    struct arena *mem;
    struct lease *leases;
    size_t max;
    size_t count;
    struct queue_row *queue; /* that it is reading from */
    struct bytes name;       /* of the queue, in mem */
    size_t skipped; /* rows of this run that make no task; their numbers stand
                       at the end of room->numbers */
    int64_t first_position; /* of this run's tasks */
    int64_t last_position;
    bool is_full;   /* mem takes no more */
    bool is_taking; /* what others leased */
};

/* Reads the row as the next lease of the batch, or skips it. Answers
 * STATUS_EMPTY when mem is full. */
static enum status read_lease(struct batch *b, const struct query *q,
                              struct error *err)
{
    struct lease *lease = &b->leases[b->count];
    size_t const used = b->mem->used;

    enum status const st = row_read_task(q, b->mem, &lease->task, err);
    if (st != STATUS_OK)
        b->mem->used = used;
    if (st == STATUS_CORRUPT) {
        b->skipped++;
        b->room->numbers[BATCH_MAX - b->skipped] =
            query_column_int(q, COLUMN_NUMBER);
        return STATUS_OK;
    }
    if (st != STATUS_OK)
        return st;
    lease->task.queue = b->name;
    if (b->is_taking) {
        lease->started_at_ms = query_column_int(q, COLUMN_SINCE);
        lease->is_started = query_column_int(q, COLUMN_IS_STARTED) != 0;
    }
    b->room->numbers[b->count++] = query_column_int(q, COLUMN_NUMBER);
    return STATUS_OK;
}

/* Fault STATUS_NO_MEMORY if not even the first task fits. */
static enum status check_room(const struct batch *b, struct error *err)
{
    if (b->is_full && b->count + b->skipped == 0)
        return error_set(err, STATUS_NO_MEMORY, NULL,
                         "sqlite: no room for a single task");
    return STATUS_OK;
}

/* Notes that the row of lease n, 0 being the first, belongs to the run. */
static void note_position(struct batch *b, const struct query *q, size_t n)
{
    b->last_position = query_column_int(q, COLUMN_POSITION);
    if (n == 0)
        b->first_position = b->last_position;
}

/* Goes on with that queue. */
static enum status begin_queue(struct batch *b, struct queue_row *queue,
                               struct error *err)
{
    b->queue = queue;
    b->is_full = !arena_copy(b->mem, bytes_of(queue->name), &b->name);
    return check_room(b, err);
}

/* Reads the rows of q, which are a run of the queue's. */
static enum status read_leases(struct batch *b, struct query *q,
                               struct error *err)
{
    size_t const first = b->count;
    enum status st = STATUS_OK;

    b->skipped = 0;
    while (!b->is_full && (st = query_next(q, err)) == STATUS_OK) {
        size_t const n = b->count;
        st = read_lease(b, q, err);
        if (st < 0)
            break;
        b->is_full = st == STATUS_EMPTY;
        if (b->count > n)
            note_position(b, q, n - first);
    }
    query_end(q);
    return st < 0 ? st : check_room(b, err);
}

/* Makes dead letters of the rows of the run, all in that state, that make no
 * task. */
static enum status bury_skipped(const struct batch *b, enum task_state state,
                                int64_t now_ms, struct error *err)
{
    enum status st = STATUS_OK;

    for (size_t i = 1; st == STATUS_OK && i <= b->skipped; i++)
        st = stray_bury(b->ledger, b->queue, b->room->numbers[BATCH_MAX - i],
                        state, now_ms, err);
    return st;
}

/* Gives the lease its token and its end. */
static void stamp(struct lease *lease, const struct queue_row *queue,
                  int64_t number, int64_t fencing, int64_t until_ms)
{
    lease->token = token_format((struct token){queue->id, number, fencing});
    lease->fencing = (uint64_t)fencing;
    lease->until_ms = until_ms;
}

/* Records that the run that was just read is leased. */
static enum status record_leases(const struct batch *b, enum priority priority,
                                 const struct lease_request *req,
                                 struct error *err)
{
    struct span const span = {
        .queue_id = b->queue->id,
        .fencing = b->queue->fencing,
        .priority = priority,
        .first_position = b->first_position,
        .last_position = b->last_position,
        .until_ms = req->now_ms + req->lease_ms,
        .since_ms = req->now_ms,
        .worker = req->worker,
    };

    return span_add(b->ledger, &span, err);
}

/* Leases up to max rows of a priority into the batch. */
static enum status lease_run(struct batch *b, enum priority priority,
                             size_t max, const struct lease_request *req,
                             struct error *err)
{
    struct queue_row *queue = b->queue;
    size_t const first = b->count;
    struct query q = query_on(b->ledger->connection, SQL_TASKS_READY);

    query_int(&q, queue->id);
    query_int(&q, priority);
    query_int(&q, (int64_t)max);
    enum status st = read_leases(b, &q, err);
    if (st == STATUS_OK)
        st = bury_skipped(b, TASK_READY, req->now_ms, err);
    if (st < 0 || b->count == first)
        return st;
    int64_t const fencing = queue_row_next_fencing(queue);
    for (size_t i = first; i < b->count; i++) {
        struct lease *lease = &b->leases[i];
        stamp(lease, queue, b->room->numbers[i], fencing,
              req->now_ms + req->lease_ms);
        lease->task.attempt++;
        lease->started_at_ms = req->now_ms;
        lease->is_started = false;
        queue_row_take(queue, TASK_READY);
        queue_row_add(queue, TASK_ACTIVE);
    }
    return record_leases(b, priority, req, err);
}

/* Leases up to max tasks of queue into the batch, one priority after the
 * other; from a line again as long as it gives rows but no tasks. */
static enum status lease_from(struct batch *b, struct queue_row *queue,
                              size_t max, const struct lease_request *req,
                              struct error *err)
{
    size_t const end = b->count + max;
    int priority = PRIORITY_HIGH;

    enum status st = begin_queue(b, queue, err);
    while (st >= 0 && priority < PRIORITIES && b->count < end && !b->is_full) {
        st = lease_run(b, (enum priority)priority, end - b->count, req, err);
        if (b->skipped == 0)
            priority++;
    }
    return st;
}

/* The queues of the plan that have something ready, into room. */
static enum status find_planned(struct ledger *l, struct lease_room *room,
                                const struct queue_plan *plan, size_t *n,
                                struct error *err)
{
    *n = 0;
    for (size_t i = 0; i < plan->count; i++) {
        struct bytes const name = bytes_of(plan->queues[i].name);
        struct queue_row *queue;
        enum status const st = ledger_find(l, name, &queue, err);
        if (st < 0)
            return st;
        if (st == STATUS_OK && queue->ready > 0 && !queue->is_paused)
            room->queues[(*n)++] = queue;
    }
    return STATUS_OK;
}

/* The same for every queue there is: a page of them, and the next time the
 * page behind it. */
static enum status find_every(struct ledger *l, struct lease_room *room,
                              size_t *n, struct error *err)
{
    bool const is_start = !room->after[0];
    enum status st = ledger_page(l, SQL_QUEUES_READY, room->after, err);

    if (st == STATUS_EMPTY && !is_start) {
        room->after[0] = '\0';
        st = ledger_page(l, SQL_QUEUES_READY, room->after, err);
    }
    if (st < 0)
        return st;
    if (l->count < LEDGER_QUEUES)
        room->after[0] = '\0';
    for (size_t i = 0; i < l->count; i++)
        room->queues[i] = &l->queues[i];
    *n = l->count;
    return STATUS_OK;
}

static bool wants_more(const struct batch *b)
{
    return !b->is_full && b->count < b->max;
}

/* Fills the batch from room->queues[n]: first each queue's share, then what
 * the others could not fill, in the same order. */
static enum status lease_shares(struct batch *b, size_t n,
                                const struct lease_request *req,
                                struct error *err)
{
    struct lease_room *room = b->room;

    for (size_t i = 0; i < n; i++)
        room->names[i] = bytes_of(room->queues[i]->name);
    queue_plan_share(req->plan, req->turn, b->max, room->names, n, room->quota,
                     room->order);

    for (size_t i = 0; i < n && wants_more(b); i++) {
        size_t const at = room->order[i];
        if (room->quota[at] == 0)
            continue;
        enum status const st =
            lease_from(b, room->queues[at], room->quota[at], req, err);
        if (st < 0)
            return st;
    }
    for (size_t i = 0; i < n && wants_more(b); i++) {
        struct queue_row *queue = room->queues[room->order[i]];
        if (queue->ready + queue->moved[TASK_READY] <= 0)
            continue;
        enum status const st =
            lease_from(b, queue, b->max - b->count, req, err);
        if (st < 0)
            return st;
    }
    return STATUS_OK;
}

enum status lease_tasks(struct ledger *l, struct lease_room *room,
                        const struct lease_request *req, struct arena *mem,
                        struct lease *leases, size_t *count, struct error *err)
{
    struct batch b = {.ledger = l,
                      .room = room,
                      .mem = mem,
                      .leases = leases,
                      .max = req->max};
    size_t n;
    bool const is_every = req->plan->kind == PLAN_EVERY;

    enum status st = is_every ? find_every(l, room, &n, err)
                              : find_planned(l, room, req->plan, &n, err);
    if (st == STATUS_OK && n > 0)
        st = lease_shares(&b, n, req, err);
    if (st < 0)
        return st;
    *count = b.count;
    return b.count > 0 ? STATUS_OK : STATUS_EMPTY;
}

static enum status record_taking(struct batch *b, int64_t number,
                                 int64_t fencing,
                                 const struct reap_request *req,
                                 struct error *err)
{
    struct query q = query_on(b->ledger->connection, SQL_TASK_TAKE);

    query_int(&q, number);
    query_int(&q, req->now_ms + req->lease_ms);
    query_int(&q, fencing);
    query_text(&q, bytes_of(req->worker));
    return query_run(&q, err);
}

/* Takes up to as many rows of queue as there is room for. */
static enum status take_run(struct batch *b, struct queue_row *queue,
                            const struct reap_request *req, struct error *err)
{
    const int64_t *numbers = b->room->numbers;
    size_t const first = b->count;
    size_t const max = b->max - b->count;

    enum status st =
        span_split_expired(b->ledger, queue->id, req->now_ms, max, err);
    if (st < 0)
        return st;
    struct query q = query_on(b->ledger->connection, SQL_TASKS_EXPIRED);
    query_int(&q, queue->id);
    query_int(&q, (int64_t)max);
    query_int(&q, req->now_ms);
    st = read_leases(b, &q, err);
    if (st == STATUS_OK)
        st = bury_skipped(b, TASK_ACTIVE, req->now_ms, err);
    for (size_t i = first; st == STATUS_OK && i < b->count; i++) {
        int64_t const fencing = queue_row_next_fencing(queue);
        stamp(&b->leases[i], queue, numbers[i], fencing,
              req->now_ms + req->lease_ms);
        st = record_taking(b, numbers[i], fencing, req, err);
    }
    return st;
}

/* Takes from queue, again as long as it gives rows but no tasks. */
static enum status take_from(struct batch *b, struct queue_row *queue,
                             const struct reap_request *req, struct error *err)
{
    enum status st = begin_queue(b, queue, err);

    if (st == STATUS_OK)
        st = take_run(b, queue, req, err);
    while (st == STATUS_OK && b->skipped > 0 && wants_more(b))
        st = take_run(b, queue, req, err);
    return st;
}

enum status take_expired_tasks(struct ledger *l, struct lease_room *room,
                               const struct reap_request *req,
                               struct arena *mem, struct lease *leases,
                               size_t *count, struct error *err)
{
    struct batch b = {.ledger = l,
                      .room = room,
                      .mem = mem,
                      .leases = leases,
                      .max = req->max,
                      .is_taking = true};
    char after[QUEUE_NAME_MAX + 1] = "";
    enum status st = STATUS_OK;

    while (wants_more(&b) && st == STATUS_OK) {
        st = ledger_page(l, SQL_QUEUES_ACTIVE, after, err);
        for (size_t i = 0; st == STATUS_OK && i < l->count && wants_more(&b);
             i++)
            st = take_from(&b, &l->queues[i], req, err);
    }
    if (st < 0)
        return st;
    *count = b.count;
    return b.count > 0 ? STATUS_OK : STATUS_EMPTY;
}
