/*
 * Any body is answered in JSON: done, or refused as wrong or too large, never
 * as a fault of ours. A wish for leases that can be read is within its limits.
 *
 * The first byte tells which request the rest is the body of. The store behind
 * it is filled anew for each.
 */
#include <stdlib.h>

#include "adapters/doubles/scripted_random.h"
#include "adapters/doubles/spy_metrics.h"
#include "adapters/doubles/virtual_clock.h"
#include "adapters/http/http_api_parts.h"
#include "adapters/memory/memory_backend.h"
#include "domain/json_text.h"
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/list_walk.h"
#include "usecase/consume.h"

static struct http_api_config config;
static struct puller puller;
static struct http_api api;

/* These stand in for the server, and for the thread that hands out leases. */
struct http_api_desk *http_api_desk(struct http_api *of,
                                    const struct http_exchange *x)
{
    (void)x;
    return &of->desks[0];
}

void http_api_changed(struct http_api *of)
{
    (void)of;
}

void http_send(struct http_exchange *x)
{
    assert(x->status != 0);
}

void http_dispenser_submit(struct http_dispenser *d, struct http_exchange *x)
{
    const struct http_wish *wish = x->own;
    (void)d;

    assert(wish->max >= 1 && wish->max <= BATCH_MAX);
    assert(wish->wait_ms >= 0 && wish->wait_ms <= HTTP_WAIT_MAX_MS);
    assert(wish->lease_ms >= LEASE_MIN_MS && wish->lease_ms <= DURATION_MAX_MS);
    assert(plain_name_is_valid(bytes_of(wish->worker)));
    json_add_null(&x->text, NULL);
    http_answer_json(x, 200);
}

/* Once: what no request changes. */
static void open_api(void)
{
    struct http_seat *seat = &config.desks[0];
    struct error err;

    assert(virtual_clock_open(INT64_C(1800000000000), &config.clock, &err) ==
           STATUS_OK);
    assert(spy_metrics_open(&config.metrics, &err) == STATUS_OK);
    assert(scripted_random_open(NULL, 0, 1, &seat->random, &err) == STATUS_OK);
    puller.clock = config.clock;
    puller.metrics = config.metrics;
    puller.random = seat->random;
    api.config = &config;
    api.desks[0] = (struct http_api_desk){
        .seat = seat,
        .mem = {.base = malloc(PULL_ROOM), .size = PULL_ROOM},
        .puller = &puller,
    };
    assert(api.desks[0].mem.base);
}

static void open_store(struct list_walk *w)
{
    struct backend_url const url = {.scheme = "memory"};
    struct backend_port backend;
    struct error err;

    assert(memory_backend_open(&url, &backend, &err) == STATUS_OK);
    list_walk_init(w, backend);
    puller.queue = config.desks[0].queue = w->queue;
    puller.admin = config.desks[0].admin = w->admin;
}

static void close_store(const struct list_walk *w)
{
    queue_close(w->queue);
    admin_close(w->admin);
    w->backend.ops->close(w->backend.self);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const requests[])(void *context, struct http_exchange *x) = {
        http_lease_post,  http_settle_post, http_extend_post,
        http_dlq_requeue, http_dlq_delete,
    };
    struct bytes rest = input_of(data, size);
    size_t const request =
        input_byte(&rest) % (sizeof(requests) / sizeof(requests[0]));
    struct http_exchange x = {.body = malloc(rest.len + 1)};
    struct list_walk store;
    struct bytes text;
    struct error err;

    if (!puller.clock.ops)
        open_api();
    open_store(&store);
    assert(x.body);
    if (rest.len > 0)
        memcpy(x.body, rest.at, rest.len);
    x.body[rest.len] = '\0';
    x.body_len = rest.len;
    requests[request](&api, &x);

    assert(x.status == 200 || x.status == 400 || x.status == 413);
    assert(json_writer_text(&x.text, &text));
    assert(json_text_check(text, PAYLOAD_DEPTH_MAX, "answer", &err) ==
           STATUS_OK);
    json_writer_release(&x.text);
    free(x.own);
    free(x.body);
    close_store(&store);
    return 0;
}
