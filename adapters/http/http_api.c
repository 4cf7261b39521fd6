#include "adapters/http/http_api.h"

#include <stdlib.h>

#include "adapters/http/http_api_parts.h"
#include "adapters/http/http_openapi.h"
#include "domain/text.h"

/* A page of records, or at least one of the largest. */
#define DESK_ROOM ((size_t)8 * 1024 * 1024)

static const struct http_route api_routes[] = {
    {"POST", "/enqueue", HTTP_LATER, http_enqueue_post, NULL, false},
    {"POST", "/api/v1/lease", HTTP_LATER, http_lease_post, NULL, false},
    {"POST", "/api/v1/settle", HTTP_AT_DESK, http_settle_post, NULL, false},
    {"POST", "/api/v1/extend", HTTP_AT_DESK, http_extend_post, NULL, false},
    {"GET", "/readyz", HTTP_AT_DESK, http_ready_get, NULL, false},
    {"GET", "/api/v1/stats", HTTP_AT_DESK, http_queues_get, NULL, false},
    {"GET", "/api/v1/queues", HTTP_AT_DESK, http_queues_get, NULL, false},
    {"GET", "/api/v1/queues/{}", HTTP_AT_DESK, http_queue_get, NULL, false},
    {"POST", "/api/v1/queues/{}/pause", HTTP_AT_DESK, http_queue_pause, NULL,
     false},
    {"POST", "/api/v1/queues/{}/resume", HTTP_AT_DESK, http_queue_resume, NULL,
     false},
    {"DELETE", "/api/v1/queues/{}/tasks", HTTP_AT_DESK, http_queue_purge, NULL,
     false},
    {"GET", "/api/v1/workers", HTTP_AT_DESK, http_workers_get, NULL, false},
    {"GET", "/api/v1/tasks", HTTP_AT_DESK, http_tasks_get, NULL, false},
    {"GET", "/api/v1/tasks/{}", HTTP_AT_DESK, http_task_get, NULL, false},
    {"DELETE", "/api/v1/tasks/{}", HTTP_AT_DESK, http_task_cancel, NULL, false},
    {"POST", "/api/v1/tasks/{}/run", HTTP_AT_DESK, http_task_run, NULL, false},
    {"GET", "/api/v1/dlq", HTTP_AT_DESK, http_dlq_get, NULL, false},
    {"POST", "/api/v1/dlq/requeue", HTTP_AT_DESK, http_dlq_requeue, NULL,
     false},
    {"POST", "/api/v1/dlq/delete", HTTP_AT_DESK, http_dlq_delete, NULL, false},
    {"GET", "/api/v1/events", HTTP_AT_ONCE, http_events_get, NULL, false},
    {"GET", "/openapi.json", HTTP_AT_ONCE, http_openapi_get, NULL, false},
};
#define ROUTES (sizeof(api_routes) / sizeof(api_routes[0]))
_Static_assert(ROUTES <= HTTP_API_ROUTES, "the caller's room");

void http_events_get(void *context, struct http_exchange *x)
{
    struct http_api *api = context;

    http_events_answer(api->events, x);
}

void http_api_changed(struct http_api *api)
{
    http_dispenser_kick(api->dispenser);
    if (api->config->changed)
        api->config->changed(api->config->changed_self);
}

struct http_api_desk *http_api_desk(struct http_api *api,
                                    const struct http_exchange *x)
{
    return &api->desks[http_desk(x)];
}

bool http_api_queue(struct http_exchange *x, struct bytes *out)
{
    struct error err;

    *out = http_part(x);
    if (out->len > 0 && queue_name_is_valid(*out))
        return true;
    http_fault(x,
               error_bad_text(&err, "queue", "queue", x->part,
                              "must match [a-z0-9][a-z0-9._-]{0,63}"),
               &err);
    return false;
}

bool http_api_task(struct http_exchange *x, struct task_ref *out)
{
    struct error err;
    struct bytes const id = http_part(x);

    *out = (struct task_ref){0};
    if (id.len > 0 && task_id_parse(id, &out->id))
        return true;
    http_fault(x,
               error_bad_text(&err, "id", "id", x->part,
                              "must be a ULID of 26 characters"),
               &err);
    return false;
}

void http_api_no_such_queue(struct http_exchange *x, struct bytes queue)
{
    char message[QUEUE_NAME_MAX + 32];
    struct text t = text_in(message, sizeof(message));

    text_add(&t, "no such queue: ");
    text_add_bytes(&t, queue);
    http_refuse(x, 404, "not_found", message, NULL);
}

void http_api_no_such_task(struct http_exchange *x, const struct task_id *id)
{
    char message[TASK_ID_LEN + 32];
    struct text t = text_in(message, sizeof(message));

    text_add(&t, "no such task: ");
    text_add(&t, id->text);
    http_refuse(x, 404, "not_found", message, NULL);
}

static void set_ports(const struct http_api *api, const struct http_seat *seat,
                      struct puller *out)
{
    out->queue = seat->queue;
    out->admin = seat->admin;
    out->random = seat->random;
    out->clock = api->config->clock;
    out->metrics = api->config->metrics;
}

static enum status open_desks(struct http_api *api, struct error *err)
{
    for (size_t i = 0; i < api->config->desk_count; i++) {
        struct http_api_desk *desk = &api->desks[i];

        desk->seat = &api->config->desks[i];
        desk->mem.base = malloc(DESK_ROOM);
        desk->mem.size = DESK_ROOM;
        desk->puller = calloc(1, sizeof(*desk->puller));
        if (!desk->mem.base || !desk->puller)
            return error_set(err, STATUS_NO_MEMORY, NULL, "http: no memory");
        set_ports(api, desk->seat, desk->puller);
    }
    return STATUS_OK;
}
_Static_assert(DESK_ROOM >= PULL_ROOM, "a desk settles");

static enum status open_dispenser(struct http_api *api, struct error *err)
{
    struct puller *ports = calloc(1, sizeof(*ports));

    if (!ports)
        return error_set(err, STATUS_NO_MEMORY, NULL, "http: no memory");
    set_ports(api, &api->config->dispenser, ports);
    enum status const st = http_dispenser_open(ports, &api->dispenser, err);
    free(ports);
    return st;
}

static void note_stored(void *self)
{
    http_api_changed(self);
}

static enum status open_writer(struct http_api *api, struct error *err)
{
    struct http_writer_config const config = {
        .queue = api->config->writer.queue,
        .clock = api->config->clock,
        .random = api->config->writer.random,
        .stored = note_stored,
        .stored_self = api,
    };

    return http_writer_open(&config, &api->writer, err);
}

enum status http_api_open(const struct http_api_config *config,
                          struct http_api **out, struct error *err)
{
    struct http_api *api = calloc(1, sizeof(*api));

    if (!api)
        return error_set(err, STATUS_NO_MEMORY, NULL, "http: no memory");
    api->config = config;
    enum status st = open_desks(api, err);
    if (st == STATUS_OK)
        st = http_events_open(config->sampler.admin, config->clock,
                              &api->events, err);
    if (st == STATUS_OK)
        st = open_dispenser(api, err);
    if (st == STATUS_OK)
        st = open_writer(api, err);
    if (st < 0) {
        http_api_close(api);
        return st;
    }
    *out = api;
    return STATUS_OK;
}

size_t http_api_routes(struct http_api *api, struct http_route *routes)
{
    for (size_t i = 0; i < ROUTES; i++) {
        routes[i] = api_routes[i];
        routes[i].context = api;
    }
    return ROUTES;
}

void http_api_quiesce(struct http_api *api)
{
    http_events_quiesce(api->events);
    http_dispenser_quiesce(api->dispenser);
}

void http_api_close(struct http_api *api)
{
    if (!api)
        return;
    http_writer_close(api->writer);
    http_dispenser_close(api->dispenser);
    http_events_close(api->events);
    for (size_t i = 0; i < HTTP_DESKS_MAX; i++) {
        free(api->desks[i].mem.base);
        free(api->desks[i].puller);
    }
    free(api);
}
