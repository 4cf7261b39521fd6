/*
 * census.c - the calls that count: queues and workers.
 */
#include <stdlib.h>

#include "cmd/library/client.h"
#include "usecase/heartbeat.h"

#define ROWS 64 /* asked for at a time */

/* A list that grows row by row. */
struct rows {
    char *at;
    size_t count;
    size_t size; /* of a row */
    size_t room; /* in rows */
};

static bool rows_reserve(struct rows *rows, size_t more)
{
    if (rows->room - rows->count >= more)
        return true;
    size_t const room = rows->room * 2 + more;
    char *at = reallocarray(rows->at, room, rows->size);
    if (!at)
        return false;
    rows->at = at;
    rows->room = room;
    return true;
}

static enum status no_memory(struct error *err)
{
    return error_set(err, STATUS_NO_MEMORY, NULL, "no memory for a list");
}

static enum status read_queues(const struct mr_client *client,
                               struct rows *rows, struct error *err)
{
    size_t n = ROWS;

    while (n == ROWS) {
        if (!rows_reserve(rows, ROWS))
            return no_memory(err);
        struct queue_stats *all = (struct queue_stats *)rows->at;
        const struct queue_stats *last =
            rows->count > 0 ? &all[rows->count - 1] : NULL;
        enum status const st = admin_stats(client->admin, client_now_ms(client),
                                           bytes_of(last ? last->queue : NULL),
                                           ROWS, all + rows->count, &n, err);
        if (st < 0)
            return st;
        rows->count += n;
    }
    return STATUS_OK;
}

static enum status read_workers(const struct mr_client *client,
                                struct rows *rows, struct error *err)
{
    int64_t const since_ms = client_now_ms(client) - HEARTBEAT_ALIVE_MS;
    size_t n = ROWS;

    while (n == ROWS) {
        if (!rows_reserve(rows, ROWS))
            return no_memory(err);
        struct worker_info *all = (struct worker_info *)rows->at;
        const char *after = rows->count > 0 ? all[rows->count - 1].name : "";
        enum status const st = fleet_workers(client->fleet, since_ms, after,
                                             ROWS, all + rows->count, &n, err);
        if (st < 0)
            return st;
        rows->count += n;
    }
    return STATUS_OK;
}

/* One block: the list, its rows, its pointers; the names stay in the rows as
 * the port gave them. */
struct queue_block {
    struct mr_queues list;
    struct queue_stats *stats;
};

static void write_queue(const struct queue_stats *from, struct mr_queue *to)
{
    *to = (struct mr_queue){
        .name = from->queue,
        .is_paused = from->is_paused,
        .scheduled = from->waiting[TASK_SCHEDULED],
        .ready = from->waiting[TASK_READY],
        .active = from->waiting[TASK_ACTIVE],
        .retry = from->waiting[TASK_RETRY],
        .dead = from->waiting[TASK_DEAD],
        .done = from->done,
        .failed = from->failed,
        .oldest_ready_at_ms = from->oldest_ready_at_ms,
    };
}

/* Takes the rows over. NULL: no memory. */
static struct mr_queues *queues_new(const struct rows *rows)
{
    size_t const n = rows->count;
    struct queue_block *block =
        calloc(1, sizeof(*block) + n * (sizeof(struct mr_queue) +
                                        sizeof(struct mr_queue *)));
    if (!block)
        return NULL;

    struct mr_queue *to = (struct mr_queue *)(block + 1);
    const struct mr_queue **list = (const struct mr_queue **)(to + n);
    block->stats = (struct queue_stats *)rows->at;
    for (size_t i = 0; i < n; i++) {
        write_queue(&block->stats[i], &to[i]);
        list[i] = &to[i];
    }
    block->list = (struct mr_queues){.count = n, .queues = list};
    return &block->list;
}

void mr_queues_free(struct mr_queues *queues)
{
    struct queue_block *block = (struct queue_block *)queues;

    if (!block)
        return;
    free(block->stats);
    free(block);
}

enum mr_code mr_stats(struct mr_client *client, struct mr_queues **out,
                      struct mr_error *err)
{
    struct rows rows = {.size = sizeof(struct queue_stats)};
    struct mr_queues *list = NULL;
    struct error why;

    if (!out)
        return refuse(err, MR_MISUSE, "out", "mr_stats: out is NULL");
    enum mr_code const code = client_enter_admin(client, err);
    if (code != MR_OK)
        return code;
    enum status st = read_queues(client, &rows, &why);
    client_leave_admin(client);
    if (st == STATUS_OK && !(list = queues_new(&rows)))
        st = no_memory(&why);
    if (st == STATUS_OK)
        *out = list;
    else
        free(rows.at);
    return failure(err, st, &why);
}

struct worker_block {
    struct mr_workers list;
    struct worker_info *infos;
};

static void write_worker(const struct worker_info *from,
                         struct mr_worker_info *to)
{
    *to = (struct mr_worker_info){
        .name = from->name,
        .host = from->host,
        .queues = from->queues,
        .pid = from->pid,
        .busy = from->busy,
        .concurrency = from->concurrency,
        .started_at_ms = from->started_at_ms,
        .seen_at_ms = from->seen_at_ms,
    };
}

/* Takes the rows over. NULL: no memory. */
static struct mr_workers *workers_new(const struct rows *rows)
{
    size_t const n = rows->count;
    struct worker_block *block =
        calloc(1, sizeof(*block) + n * (sizeof(struct mr_worker_info) +
                                        sizeof(struct mr_worker_info *)));
    if (!block)
        return NULL;

    struct mr_worker_info *to = (struct mr_worker_info *)(block + 1);
    const struct mr_worker_info **list =
        (const struct mr_worker_info **)(to + n);
    block->infos = (struct worker_info *)rows->at;
    for (size_t i = 0; i < n; i++) {
        write_worker(&block->infos[i], &to[i]);
        list[i] = &to[i];
    }
    block->list = (struct mr_workers){.count = n, .workers = list};
    return &block->list;
}

void mr_workers_free(struct mr_workers *workers)
{
    struct worker_block *block = (struct worker_block *)workers;

    if (!block)
        return;
    free(block->infos);
    free(block);
}

enum mr_code mr_workers_list(struct mr_client *client, struct mr_workers **out,
                             struct mr_error *err)
{
    struct rows rows = {.size = sizeof(struct worker_info)};
    struct mr_workers *list = NULL;
    struct error why;

    if (!out)
        return refuse(err, MR_MISUSE, "out", "mr_workers_list: out is NULL");
    enum mr_code const code = client_enter_admin(client, err);
    if (code != MR_OK)
        return code;
    enum status st = read_workers(client, &rows, &why);
    client_leave_admin(client);
    if (st == STATUS_OK && !(list = workers_new(&rows)))
        st = no_memory(&why);
    if (st == STATUS_OK)
        *out = list;
    else
        free(rows.at);
    return failure(err, st, &why);
}
