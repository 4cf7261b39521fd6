/*
 * http_api_parts.h - what the files of the API share.
 */
#ifndef ADAPTERS_HTTP_HTTP_API_PARTS_H
#define ADAPTERS_HTTP_HTTP_API_PARTS_H

#include "adapters/http/http_api.h"
#include "adapters/http/http_dispenser.h"
#include "adapters/http/http_events.h"
#include "adapters/http/http_writer.h"
#include "adapters/json/json_value.h"

/* A desk's ports, and its room for a page of records. */
struct http_api_desk {
    const struct http_seat *seat;
    struct arena mem;
    struct puller *puller;
};

struct http_api {
    const struct http_api_config *config;
    struct http_api_desk desks[HTTP_DESKS_MAX];
    struct http_events *events;
    struct http_writer *writer;
    struct http_dispenser *dispenser;
};

/* The desk that runs this. */
struct http_api_desk *http_api_desk(struct http_api *api,
                                    const struct http_exchange *x);

/* Tells those who wait that tasks may have become ready, or due. Any thread. */
void http_api_changed(struct http_api *api);

/* Reads the name of the queue, or the id of the task, in the path. False: it
 * is none, which has been answered. */
bool http_api_queue(struct http_exchange *x, struct bytes *out);
bool http_api_task(struct http_exchange *x, struct task_ref *out);

/* Reads a whole number from min to max of a body. */
MUST_USE enum status http_api_read_range(struct json_member m, int64_t min,
                                         int64_t max, int64_t *out,
                                         struct error *err);

void http_api_no_such_queue(struct http_exchange *x, struct bytes queue);
void http_api_no_such_task(struct http_exchange *x, const struct task_id *id);

/* Adds {"queues":[...]} with the rows of statistics of all queues. */
MUST_USE enum status http_api_add_queues(struct admin_port admin,
                                         struct clock_port clock,
                                         struct json_writer *w,
                                         struct error *err);

/* The handlers. Context: the API. HTTP_AT_ONCE: */
void http_events_get(void *context, struct http_exchange *x);

/* HTTP_LATER: */
void http_enqueue_post(void *context, struct http_exchange *x);
void http_lease_post(void *context, struct http_exchange *x);

/* HTTP_AT_DESK: */
void http_settle_post(void *context, struct http_exchange *x);
void http_extend_post(void *context, struct http_exchange *x);
void http_ready_get(void *context, struct http_exchange *x);
void http_queues_get(void *context, struct http_exchange *x);
void http_queue_get(void *context, struct http_exchange *x);
void http_queue_pause(void *context, struct http_exchange *x);
void http_queue_resume(void *context, struct http_exchange *x);
void http_queue_purge(void *context, struct http_exchange *x);
void http_workers_get(void *context, struct http_exchange *x);
void http_tasks_get(void *context, struct http_exchange *x);
void http_task_get(void *context, struct http_exchange *x);
void http_task_cancel(void *context, struct http_exchange *x);
void http_task_run(void *context, struct http_exchange *x);
void http_dlq_get(void *context, struct http_exchange *x);
void http_dlq_requeue(void *context, struct http_exchange *x);
void http_dlq_delete(void *context, struct http_exchange *x);

#endif
