#include "adapters/sqlite/sqlite_settle.h"

#include "adapters/sqlite/sqlite_key.h"
#include "adapters/sqlite/sqlite_row.h"
#include "adapters/sqlite/sqlite_span.h"

/* A leased task, as far as settling needs it. */
struct held_task {
    struct queue_row *queue;
    int64_t number;
    int64_t fencing;
    bool is_in_span;
    struct task task; /* id, priority, run_at_ms, retain_ms, key_ttl_ms, key */
    char key[KEY_MAX];
};

static bool read_held(const struct query *q, struct held_task *out)
{
    struct bytes const id = query_column_bytes(q, 0);
    struct bytes const key = query_column_bytes(q, 5);

    if (id.len != TASK_ID_BYTES || key.len > sizeof(out->key))
        return false;
    out->task = (struct task){
        .id = task_id_unpack((const uint8_t *)id.at),
        .priority = (enum priority)query_column_int(q, 1),
        .run_at_ms = query_column_int(q, 2),
        .retain_ms = query_column_int(q, 3),
        .key_ttl_ms = query_column_int(q, 4),
    };
    out->is_in_span = query_column_int(q, 6) == TASK_READY;
    if (key.at) {
        memcpy(out->key, key.at, key.len);
        out->task.key = (struct bytes){out->key, key.len};
    }
    return true;
}

/* Finds the task id that the token gives the right to. Answers
 * STATUS_LEASE_LOST. */
static enum status find_held(struct ledger *l, const struct lease_token *text,
                             const struct task_id *id, struct held_task *out,
                             struct error *err)
{
    struct token token;

    if (!token_parse(text, &token))
        return STATUS_LEASE_LOST;
    enum status st = ledger_find_id(l, token.queue_id, &out->queue, err);
    if (st != STATUS_OK)
        return st == STATUS_NOT_FOUND ? STATUS_LEASE_LOST : st;

    struct query q = query_on(l->connection, SQL_TASK_HELD);
    query_int(&q, token.number);
    query_int(&q, token.queue_id);
    query_int(&q, token.fencing);
    st = query_next(&q, err);
    if (st != STATUS_OK)
        return st == STATUS_EMPTY ? STATUS_LEASE_LOST : st;
    out->number = token.number;
    out->fencing = token.fencing;
    bool const is_sound = read_held(&q, out);
    query_end(&q);
    if (!is_sound)
        return connection_refuse(l->connection, STATUS_CORRUPT,
                                 "a stored task can't be understood", err);
    return strcmp(out->task.id.text, id->text) == 0 ? STATUS_OK
                                                    : STATUS_LEASE_LOST;
}

static enum task_state state_after(const struct verdict *verdict)
{
    switch (verdict->action) {
    case VERDICT_DONE:
        return TASK_DONE;
    case VERDICT_RETRY:
        return TASK_RETRY;
    case VERDICT_DEAD:
        return TASK_DEAD;
    case VERDICT_RELEASE:
        return TASK_READY;
    case VERDICT_SNOOZE:
        return verdict->attempt == 0 ? TASK_SCHEDULED : TASK_RETRY;
    }
    return TASK_READY;
}

static void bind_if(struct query *q, bool is_set, int64_t value)
{
    if (is_set)
        query_int(q, value);
    else
        query_null(q);
}

static void bind_blob_if(struct query *q, bool is_set, struct bytes value)
{
    if (is_set)
        query_blob(q, value);
    else
        query_null(q);
}

/* Records a task that stays, in its new state. */
static enum status record(struct ledger *l, const struct held_task *held,
                          const struct settlement *item, enum task_state state,
                          int64_t now_ms, struct error *err)
{
    const struct verdict *verdict = &item->verdict;
    bool const waits = state == TASK_SCHEDULED || state == TASK_RETRY;
    bool const has_error =
        verdict->action == VERDICT_RETRY || verdict->action == VERDICT_DEAD;
    int64_t const position = waits
                                 ? verdict->run_at_ms
                                 : queue_row_next_position(held->queue, now_ms);

    struct query q = query_on(l->connection, SQL_TASK_SETTLE);
    query_int(&q, held->number);
    query_int(&q, state);
    query_int(&q, position);
    query_int(&q, now_ms);
    query_int(&q, waits ? verdict->run_at_ms : held->task.run_at_ms);
    query_int(&q, verdict->attempt);
    query_int(&q, verdict->crashes);
    query_int(&q, state == TASK_DEAD ? verdict->reason : REASON_NONE);
    bind_if(&q, item->started_at_ms > 0, item->started_at_ms);
    bind_if(&q, state == TASK_DONE, now_ms + held->task.retain_ms);
    bind_blob_if(&q, state == TASK_DONE, item->result);
    bind_blob_if(&q, has_error, item->error);
    return query_run(&q, err);
}

static enum status drop(struct ledger *l, const struct held_task *held,
                        struct error *err)
{
    struct query q = query_on(l->connection, SQL_TASK_REMOVE);

    query_int(&q, held->number);
    return query_run(&q, err);
}

/* Counts a task that is active no more; state: where it is now, NULL: gone. */
static void count(struct queue_row *queue, const struct settlement *item,
                  const enum task_state *state)
{
    queue_row_take(queue, TASK_ACTIVE);
    if (state)
        queue_row_add(queue, *state);
    if (item->verdict.action == VERDICT_DONE)
        queue->succeeded++;
    if (item->verdict.is_failure)
        queue->failed++;
}

/* Whether the settlement ends a task that leaves nothing behind, as far as the
 * lease tells. */
static bool is_plain(const struct settlement *item, struct token *out)
{
    const struct lease *lease = item->lease;

    return item->verdict.action == VERDICT_DONE && lease->task.retain_ms == 0 &&
           !lease->task.key.at && token_parse(&lease->token, out);
}

/* Most tasks are done, have no key and are not kept: such a one takes a
 * single statement. Answers STATUS_LEASE_LOST if it is not such a one. */
static enum status finish(struct ledger *l, const struct settlement *item,
                          struct error *err)
{
    struct packed_id const id = packed_id_of(&item->lease->task.id);
    struct queue_row *queue;
    struct token token;

    if (!is_plain(item, &token))
        return STATUS_LEASE_LOST;
    enum status st = ledger_find_id(l, token.queue_id, &queue, err);
    if (st != STATUS_OK)
        return st == STATUS_NOT_FOUND ? STATUS_LEASE_LOST : st;

    struct query q = query_on(l->connection, SQL_TASK_FINISH);
    query_int(&q, token.number);
    query_int(&q, token.queue_id);
    query_int(&q, token.fencing);
    query_blob(&q, packed_id_bytes(&id));
    st = query_run(&q, err);
    if (st < 0)
        return st;
    if (sqlite3_changes(l->connection->db) == 0)
        return STATUS_LEASE_LOST;
    count(queue, item, NULL);
    return STATUS_OK;
}

static enum status settle_one(struct ledger *l, int64_t now_ms,
                              const struct settlement *item, struct error *err)
{
    struct held_task held;
    enum status st = finish(l, item, err);
    if (st != STATUS_LEASE_LOST)
        return st;

    st = find_held(l, &item->lease->token, &item->lease->task.id, &held, err);
    if (st != STATUS_OK)
        return st;
    enum task_state const state = state_after(&item->verdict);
    bool const is_gone = state == TASK_DONE && held.task.retain_ms == 0;
    st = is_gone ? drop(l, &held, err)
                 : record(l, &held, item, state, now_ms, err);
    if (st == STATUS_OK && (state == TASK_DONE || state == TASK_DEAD))
        st = key_free(l, held.queue->id, &held.task, err);
    if (st == STATUS_OK)
        count(held.queue, item, is_gone ? NULL : &state);
    return st;
}

/* The plain ones that items begin with, as far as one statement can end them:
 * they were leased together, and each stands where its id says, so that the
 * number speaks for the id. */
struct bundle {
    int64_t queue_id;
    int64_t fencing;
    size_t count;
    int64_t numbers[SQL_MANY_ROWS];
};

static struct bundle bundle_of(const struct settlement *items, size_t n)
{
    struct bundle b = {.count = 0};
    struct token token;

    while (b.count < n && b.count < SQL_MANY_ROWS &&
           is_plain(&items[b.count], &token)) {
        struct packed_id const id =
            packed_id_of(&items[b.count].lease->task.id);
        if (b.count == 0) {
            b.queue_id = token.queue_id;
            b.fencing = token.fencing;
        }
        if (token.queue_id != b.queue_id || token.fencing != b.fencing ||
            token.number != packed_id_number(&id))
            break;
        b.numbers[b.count++] = token.number;
    }
    return b;
}

static enum status run(struct ledger *l, enum sql sql, struct error *err)
{
    struct query q = query_on(l->connection, sql);

    return query_run(&q, err);
}

/* Deletes what is there of the bundle. */
static enum status delete_bundle(struct ledger *l, const struct bundle *b,
                                 struct error *err)
{
    bool const are_many = b->count > SQL_ROWS;
    size_t const rows = are_many ? SQL_MANY_ROWS : SQL_ROWS;
    struct span span = {0};
    enum status const st = span_find(l, b->queue_id, b->fencing, &span, err);
    if (st < 0)
        return st;

    struct query q = query_on(l->connection, are_many ? SQL_MANY_TASKS_FINISH
                                                      : SQL_TASKS_FINISH);
    query_int(&q, b->queue_id);
    query_int(&q, b->fencing);
    bind_if(&q, st == STATUS_OK, span.priority);
    bind_if(&q, st == STATUS_OK, span.first_position);
    bind_if(&q, st == STATUS_OK, span.last_position);
    for (size_t i = 0; i < rows; i++)
        bind_if(&q, i < b->count, b->numbers[i]);
    return query_run(&q, err);
}

/* Ends all of the bundle, or none: then it answers STATUS_LEASE_LOST. */
static enum status finish_bundle(struct ledger *l, const struct bundle *b,
                                 struct error *err)
{
    enum status st = run(l, SQL_SAVEPOINT, err);
    if (st < 0)
        return st;

    st = delete_bundle(l, b, err);
    if (st < 0)
        return st;
    bool const are_all = sqlite3_changes(l->connection->db) == (int)b->count;
    if (!are_all)
        st = run(l, SQL_ROLLBACK_TO, err);
    if (st == STATUS_OK)
        st = run(l, SQL_RELEASE, err);
    return st < 0 || are_all ? st : STATUS_LEASE_LOST;
}

/* Settles at least the first of items, *settled in all. One statement ends
 * many tasks; which of them it did not find, it does not tell: then each is
 * asked for by itself. */
static enum status settle_some(struct ledger *l, int64_t now_ms,
                               const struct settlement *items, size_t n,
                               enum status *results, size_t *settled,
                               struct error *err)
{
    struct bundle const b = bundle_of(items, n);
    struct queue_row *queue;

    enum status st = STATUS_LEASE_LOST;

    *settled = b.count > 1 ? b.count : 1;
    if (b.count > 1)
        st = ledger_find_id(l, b.queue_id, &queue, err);
    if (b.count > 1 && st == STATUS_OK)
        st = finish_bundle(l, &b, err);
    if (st < 0)
        return st;
    for (size_t i = 0; i < *settled; i++) {
        if (st == STATUS_OK)
            count(queue, &items[i], NULL);
        results[i] =
            st == STATUS_OK ? st : settle_one(l, now_ms, &items[i], err);
        if (results[i] < 0)
            return results[i];
    }
    return STATUS_OK;
}

static bool are_together(const struct lease *a, const struct lease *b)
{
    struct token x, y;

    return token_parse(&a->token, &x) && token_parse(&b->token, &y) &&
           x.queue_id == y.queue_id && x.fencing == y.fencing;
}

/* Removes the span of the lease, which the tasks settled so far were in, if
 * they were the last. */
static enum status sweep(struct ledger *l, const struct lease *lease,
                         struct error *err)
{
    struct token token;

    if (!token_parse(&lease->token, &token))
        return STATUS_OK;
    return span_sweep(l, token.queue_id, token.fencing, err);
}

enum status settle_tasks(struct ledger *l, int64_t now_ms,
                         const struct settlement *items, size_t n,
                         enum status *results, struct error *err)
{
    enum status st = STATUS_OK;
    size_t settled;

    for (size_t i = 0; i < n && st == STATUS_OK; i += settled) {
        st = settle_some(l, now_ms, items + i, n - i, results + i, &settled,
                         err);
        bool const is_last =
            i + settled == n ||
            !are_together(items[i].lease, items[i + settled].lease);
        if (st == STATUS_OK && is_last)
            st = sweep(l, items[i].lease, err);
    }
    return st;
}

static enum status extend_one(struct ledger *l, int64_t until_ms,
                              const struct renewal *item, struct error *err)
{
    struct held_task held;
    enum status st = find_held(l, &item->token, &item->id, &held, err);
    if (st == STATUS_OK && held.is_in_span)
        st = span_split(l, held.queue->id, held.fencing, err);
    if (st != STATUS_OK)
        return st;

    struct query q = query_on(l->connection, SQL_TASK_EXTEND);
    query_int(&q, held.number);
    query_int(&q, until_ms);
    query_int(&q, item->is_started);
    return query_run(&q, err);
}

enum status extend_tasks(struct ledger *l, int64_t until_ms,
                         const struct renewal *items, size_t n,
                         enum status *results, struct error *err)
{
    for (size_t i = 0; i < n; i++) {
        enum status const st = extend_one(l, until_ms, &items[i], err);
        if (st < 0)
            return st;
        results[i] = st;
    }
    return STATUS_OK;
}
