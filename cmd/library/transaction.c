/*
 * transaction.c - the calls that add tasks in a transaction of the caller's.
 */
#include <stdlib.h>

#include "adapters/sqlite/sqlite_join.h"
#include "adapters/system/system_clock.h"
#include "adapters/system/system_random.h"
#include "cmd/library/failure.h"
#include "cmd/library/spec.h"

#define DEFAULT_NAMESPACE "millrace"

/* A queue_port of one call, so that the use case does all it does otherwise:
 * its enqueue joins, and nobody asks it for more. */
struct transaction {
    sqlite3 *db;
    struct bytes namespace;
};

static enum status transaction_enqueue(void *self, int64_t now_ms,
                                       const struct new_task *tasks, size_t n,
                                       struct enqueued *results,
                                       struct error *err)
{
    struct transaction *t = self;

    return sqlite_join_enqueue(t->db, t->namespace, now_ms, tasks, n, results,
                               err);
}

static const struct queue_ops transaction_ops = {
    .name = "transaction",
    .enqueue = transaction_enqueue,
};

enum mr_code mr_sqlite_prepare(struct sqlite3 *db, struct mr_error *err)
{
    struct error why;

    if (!db)
        return refuse(err, MR_MISUSE, "db", "db is NULL");
    if (sqlite_join_is_open(db))
        return refuse(err, MR_MISUSE, "db",
                      "a transaction is open: prepare the database before");
    return failure(err, sqlite_join_prepare(db, &why), &why);
}

/* Room for one batch. */
struct room {
    struct task_spec *specs;
    struct new_task *tasks;
    struct enqueued *results;
};

static void room_release(struct room *room)
{
    free(room->specs);
    free(room->tasks);
    free(room->results);
}

/* What there is of it is released by the caller, also after a fault. */
static enum status room_open(struct room *room, size_t n, struct error *err)
{
    room->specs = calloc(n, sizeof(*room->specs));
    room->tasks = calloc(n, sizeof(*room->tasks));
    room->results = calloc(n, sizeof(*room->results));
    if (room->specs && room->tasks && room->results)
        return STATUS_OK;
    return error_set(err, STATUS_NO_MEMORY, NULL, "no memory for the tasks");
}

static enum status add(struct transaction *t, const struct mr_task_spec *specs,
                       size_t n, struct room *room, struct error *err)
{
    struct enqueuer enqueuer = {.queue = {&transaction_ops, t}};
    enum status st = STATUS_OK;

    for (size_t i = 0; i < n && st == STATUS_OK; i++)
        st = spec_read(&specs[i], &room->specs[i], err);
    if (st == STATUS_OK)
        st = system_random_open(&enqueuer.random, err);
    if (st < 0)
        return st;
    system_clock_open(&enqueuer.clock);
    st = enqueue(&enqueuer, room->specs, n, room->tasks, room->results, NULL,
                 err);
    enqueuer.clock.ops->close(enqueuer.clock.self);
    enqueuer.random.ops->close(enqueuer.random.self);
    return st;
}

static enum status check(const char *ns, size_t n, struct error *err)
{
    if (!plain_name_is_valid(bytes_of(ns)))
        return error_bad_text(err, "ns", "namespace", bytes_of(ns),
                              "must match [A-Za-z0-9][A-Za-z0-9._-]{0,63}");
    if (n > BATCH_MAX)
        return error_out_of_range(
            err, "n", n > INT64_MAX ? INT64_MAX : (int64_t)n, 0, BATCH_MAX);
    return STATUS_OK;
}

enum mr_code mr_sqlite_enqueue(struct sqlite3 *db, const char *ns,
                               const struct mr_task_spec *specs, size_t n,
                               struct mr_enqueued *results,
                               struct mr_error *err)
{
    const char *name = ns ? ns : DEFAULT_NAMESPACE;
    struct transaction t = {.db = db, .namespace = bytes_of(name)};
    struct room room = {0};
    struct error why;

    if (!db)
        return refuse(err, MR_MISUSE, "db", "db is NULL");
    if (!specs && n > 0)
        return refuse(err, MR_MISUSE, "specs", "specs is NULL");
    if (!sqlite_join_is_open(db))
        return refuse(err, MR_MISUSE, "db",
                      "no transaction is open: begin one, best by BEGIN "
                      "IMMEDIATE");
    enum status st = check(name, n, &why);
    if (st < 0 || n == 0)
        return failure(err, st, &why);

    st = room_open(&room, n, &why);
    if (st == STATUS_OK)
        st = add(&t, specs, n, &room, &why);
    for (size_t i = 0; st == STATUS_OK && results && i < n; i++)
        enqueued_write(&room.results[i], &results[i]);
    room_release(&room);
    return failure(err, st, &why);
}
