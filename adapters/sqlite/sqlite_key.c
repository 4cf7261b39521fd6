#include "adapters/sqlite/sqlite_key.h"

enum status key_holder(struct ledger *l, int64_t queue_id, struct bytes key,
                       int64_t now_ms, struct task_id *out, struct error *err)
{
    struct query q = query_on(l->connection, SQL_KEY_HOLDER);

    query_int(&q, queue_id);
    query_blob(&q, key);
    query_int(&q, now_ms);
    enum status st = query_next(&q, err);
    if (st == STATUS_EMPTY)
        return STATUS_NOT_FOUND;
    if (st < 0)
        return st;

    struct bytes const id = query_column_bytes(&q, 0);
    if (id.len == TASK_ID_BYTES)
        *out = task_id_unpack((const uint8_t *)id.at);
    else
        st = connection_refuse(l->connection, STATUS_CORRUPT,
                               "a stored key can't be understood", err);
    query_end(&q);
    return st;
}

enum status key_take(struct ledger *l, int64_t queue_id, int64_t number,
                     const struct task *task, struct error *err)
{
    if (!task->key.at)
        return STATUS_OK;

    struct packed_id const id = packed_id_of(&task->id);
    struct query q = query_on(l->connection, SQL_KEY_TAKE);
    query_int(&q, queue_id);
    query_blob(&q, task->key);
    query_blob(&q, packed_id_bytes(&id));
    query_int(&q, number);
    query_int(&q, task->key_ttl_ms > 0 ? task->created_at_ms + task->key_ttl_ms
                                       : 0);
    return query_run(&q, err);
}

enum status key_free(struct ledger *l, int64_t queue_id,
                     const struct task *task, struct error *err)
{
    if (!task->key.at || task->key_ttl_ms > 0)
        return STATUS_OK;

    struct packed_id const id = packed_id_of(&task->id);
    struct query q = query_on(l->connection, SQL_KEY_FREE);
    query_int(&q, queue_id);
    query_blob(&q, task->key);
    query_blob(&q, packed_id_bytes(&id));
    return query_run(&q, err);
}
