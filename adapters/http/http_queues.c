/*
 * http_queues.c - the queues: how they are doing, pause, resume, purge.
 */
#include "adapters/http/http_api_parts.h"
#include "adapters/http/http_params.h"
#include "adapters/json/record_json.h"
#include "usecase/heartbeat.h"
#include "usecase/inspect.h"

#define ROWS 64

/* Hands the rows of all queues to visit until it gives false back. */
static enum status each_queue(struct admin_port admin, struct clock_port clock,
                              bool (*visit)(void *self,
                                            const struct queue_stats *row,
                                            int64_t now_ms),
                              void *self, struct error *err)
{
    struct queue_stats rows[ROWS];
    struct bytes after = {0};
    char last[QUEUE_NAME_MAX + 1];
    size_t n = ROWS;

    while (n == ROWS) {
        int64_t const now_ms = clock_now_ms(clock);
        enum status const st =
            admin_stats(admin, now_ms, after, ROWS, rows, &n, err);
        if (st < 0)
            return st;
        for (size_t i = 0; i < n; i++)
            if (!visit(self, &rows[i], now_ms))
                return STATUS_OK;
        if (n > 0)
            memcpy(last, rows[n - 1].queue, sizeof(last));
        after = bytes_of(last);
    }
    return STATUS_OK;
}

static bool add_row(void *self, const struct queue_stats *row, int64_t now_ms)
{
    record_json_queue(self, NULL, row, now_ms);
    return true;
}

enum status http_api_add_queues(struct admin_port admin,
                                struct clock_port clock, struct json_writer *w,
                                struct error *err)
{
    json_begin_object(w, NULL);
    json_begin_array(w, "queues");
    enum status const st = each_queue(admin, clock, add_row, w, err);
    json_end_array(w);
    json_end_object(w);
    return st;
}

void http_queues_get(void *context, struct http_exchange *x)
{
    struct http_api *api = context;
    struct error err;
    enum status const st = http_api_add_queues(
        http_api_desk(api, x)->seat->admin, api->config->clock, &x->text, &err);

    if (st < 0)
        http_fault(x, st, &err);
    else
        http_answer_json(x, 200);
}

/* Whether the backend can be asked at all. */
void http_ready_get(void *context, struct http_exchange *x)
{
    struct http_api *api = context;
    struct queue_stats row;
    struct error err;
    size_t n;
    enum status const st = admin_stats(http_api_desk(api, x)->seat->admin,
                                       clock_now_ms(api->config->clock),
                                       (struct bytes){0}, 1, &row, &n, &err);

    if (st < 0)
        http_fault(x, st, &err);
    else
        http_answer_fixed(x, 200, "application/json",
                          BYTES("{\"status\":\"ready\"}"));
}

struct wanted_row {
    struct bytes queue;
    struct json_writer *w;
    bool is_found;
};

static bool find_row(void *self, const struct queue_stats *row, int64_t now_ms)
{
    struct wanted_row *wanted = self;

    wanted->is_found = bytes_is(wanted->queue, row->queue);
    if (wanted->is_found)
        record_json_queue(wanted->w, NULL, row, now_ms);
    return !wanted->is_found;
}

void http_queue_get(void *context, struct http_exchange *x)
{
    struct http_api *api = context;
    struct wanted_row wanted = {.w = &x->text};
    struct error err;

    if (!http_api_queue(x, &wanted.queue))
        return;
    enum status const st =
        each_queue(http_api_desk(api, x)->seat->admin, api->config->clock,
                   find_row, &wanted, &err);
    if (st < 0)
        http_fault(x, st, &err);
    else if (!wanted.is_found)
        http_api_no_such_queue(x, wanted.queue);
    else
        http_answer_json(x, 200);
}

/* Whether what was asked of queue was done; otherwise answers why not. */
static bool is_done(struct http_exchange *x, enum status st, struct bytes queue,
                    const struct error *err)
{
    if (st < 0)
        http_fault(x, st, err);
    else if (st == STATUS_NOT_FOUND)
        http_api_no_such_queue(x, queue);
    return st == STATUS_OK;
}

static void set_paused(struct http_api *api, struct http_exchange *x,
                       bool is_paused)
{
    struct bytes queue;
    struct error err;

    if (!http_api_queue(x, &queue))
        return;
    enum status const st = admin_set_paused(http_api_desk(api, x)->seat->admin,
                                            queue, is_paused, &err);
    if (!is_done(x, st, queue, &err))
        return;
    json_begin_object(&x->text, NULL);
    json_add_string(&x->text, "queue", queue);
    json_add_bool(&x->text, "paused", is_paused);
    json_end_object(&x->text);
    http_answer_json(x, 200);
}

void http_queue_pause(void *context, struct http_exchange *x)
{
    set_paused(context, x, true);
}

void http_queue_resume(void *context, struct http_exchange *x)
{
    set_paused(context, x, false);
}

static enum status check_purge(const struct http_params *params,
                               struct error *err)
{
    if (params->filter.has_state && params->filter.state == TASK_ACTIVE)
        return error_set(err, STATUS_INVALID, "state",
                         "state: active tasks can't be removed");
    return STATUS_OK;
}

void http_queue_purge(void *context, struct http_exchange *x)
{
    struct http_api *api = context;
    struct http_params params = {.allowed = HTTP_PARAM_STATE};
    struct bytes queue;
    struct error err;
    size_t removed = 0;

    if (!http_api_queue(x, &queue))
        return;
    enum status st = http_params_read(x, &params, &err);
    if (st == STATUS_OK)
        st = check_purge(&params, &err);
    if (st == STATUS_OK)
        st = inspect_purge(
            http_api_desk(api, x)->seat->admin, api->config->clock, queue,
            params.filter.has_state ? &params.filter.state : NULL, &removed,
            &err);
    if (!is_done(x, st, queue, &err))
        return;
    json_begin_object(&x->text, NULL);
    json_add_int(&x->text, "removed", (int64_t)removed);
    json_end_object(&x->text);
    http_answer_json(x, 200);
}

static enum status add_workers(struct http_api *api, struct fleet_port fleet,
                               struct json_writer *w, struct error *err)
{
    int64_t const since_ms =
        clock_now_ms(api->config->clock) - HEARTBEAT_ALIVE_MS;
    struct worker_info rows[ROWS];
    char after[WORKER_NAME_MAX + 1] = "";
    size_t n = ROWS;

    while (n == ROWS) {
        enum status const st =
            fleet_workers(fleet, since_ms, after, ROWS, rows, &n, err);
        if (st < 0)
            return st;
        for (size_t i = 0; i < n; i++)
            record_json_worker(w, NULL, &rows[i]);
        if (n > 0)
            memcpy(after, rows[n - 1].name, sizeof(after));
    }
    return STATUS_OK;
}

void http_workers_get(void *context, struct http_exchange *x)
{
    struct http_api *api = context;
    struct error err;

    json_begin_object(&x->text, NULL);
    json_begin_array(&x->text, "workers");
    enum status const st =
        add_workers(api, http_api_desk(api, x)->seat->fleet, &x->text, &err);
    json_end_array(&x->text);
    json_end_object(&x->text);
    if (st < 0)
        http_fault(x, st, &err);
    else
        http_answer_json(x, 200);
}
