#include "adapters/sqlite/sqlite_fleet.h"

#include <stdlib.h>

struct sqlite_fleet {
    struct store *store;
    struct connection reader;
};

struct beat_call {
    int64_t now_ms;
    int64_t forget_ms;
    const struct worker_info *info;
};

static enum status run_beat(struct ledger *l, void *self, struct error *err)
{
    const struct beat_call *call = self;
    const struct worker_info *info = call->info;

    struct query beat = query_on(l->connection, SQL_WORKER_BEAT);
    query_text(&beat, l->namespace);
    query_text(&beat, bytes_of(info->name));
    query_text(&beat, bytes_of(info->host));
    query_text(&beat, bytes_of(info->queues));
    query_int(&beat, info->pid);
    query_int(&beat, info->busy);
    query_int(&beat, info->concurrency);
    query_int(&beat, info->started_at_ms);
    query_int(&beat, call->now_ms);
    enum status const st = query_run(&beat, err);
    if (st < 0)
        return st;

    struct query forget = query_on(l->connection, SQL_WORKERS_FORGET);
    query_text(&forget, l->namespace);
    query_int(&forget, call->now_ms - call->forget_ms);
    return query_run(&forget, err);
}

static enum status sqlite_fleet_beat(void *self, int64_t now_ms,
                                     int64_t forget_ms,
                                     const struct worker_info *info,
                                     struct error *err)
{
    struct sqlite_fleet *f = self;
    struct beat_call call = {now_ms, forget_ms, info};

    return store_write(f->store, run_beat, &call, err);
}

struct leave_call {
    const char *worker;
};

static enum status run_leave(struct ledger *l, void *self, struct error *err)
{
    const struct leave_call *call = self;
    struct query q = query_on(l->connection, SQL_WORKER_LEAVE);

    query_text(&q, l->namespace);
    query_text(&q, bytes_of(call->worker));
    return query_run(&q, err);
}

static enum status sqlite_fleet_leave(void *self, const char *worker,
                                      struct error *err)
{
    struct sqlite_fleet *f = self;
    struct leave_call call = {worker};

    return store_write(f->store, run_leave, &call, err);
}

static void read_worker(const struct query *q, struct worker_info *out)
{
    *out = (struct worker_info){
        .pid = query_column_int(q, 3),
        .busy = query_column_int(q, 4),
        .concurrency = query_column_int(q, 5),
        .started_at_ms = query_column_int(q, 6),
        .seen_at_ms = query_column_int(q, 7),
    };
    query_column_text(q, 0, out->name, sizeof(out->name));
    query_column_text(q, 1, out->host, sizeof(out->host));
    query_column_text(q, 2, out->queues, sizeof(out->queues));
}

static enum status sqlite_fleet_workers(void *self, int64_t since_ms,
                                        const char *after, size_t max,
                                        struct worker_info *out, size_t *count,
                                        struct error *err)
{
    struct sqlite_fleet *f = self;
    struct query q = query_on(&f->reader, SQL_WORKERS);
    size_t n = 0;
    enum status st;

    query_text(&q, bytes_of(f->store->namespace));
    query_text(&q, bytes_of(after));
    query_int(&q, since_ms);
    query_int(&q, (int64_t)max);
    while ((st = query_next(&q, err)) == STATUS_OK)
        read_worker(&q, &out[n++]);
    if (st < 0)
        return st;
    *count = n;
    return STATUS_OK;
}

static void sqlite_fleet_close(void *self)
{
    struct sqlite_fleet *f = self;

    if (!f)
        return;
    connection_close(&f->reader);
    free(f);
}

static const struct fleet_ops sqlite_fleet_ops = {
    .name = "sqlite",
    .beat = sqlite_fleet_beat,
    .leave = sqlite_fleet_leave,
    .workers = sqlite_fleet_workers,
    .close = sqlite_fleet_close,
};

enum status sqlite_fleet_open(struct store *s, struct fleet_port *out,
                              struct error *err)
{
    struct sqlite_fleet *f = calloc(1, sizeof(*f));
    if (!f)
        return error_set(err, STATUS_NO_MEMORY, NULL, "sqlite: out of memory");

    f->store = s;
    enum status const st = store_open_reader(s, &f->reader, err);
    if (st < 0) {
        sqlite_fleet_close(f);
        return st;
    }
    *out = (struct fleet_port){.ops = &sqlite_fleet_ops, .self = f};
    return STATUS_OK;
}
