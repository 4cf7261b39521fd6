/*
 * http_pull.c - what pull workers ask: lease, settle, extend.
 */
#include <assert.h>
#include <stdlib.h>

#include "adapters/http/http_api_parts.h"
#include "adapters/http/http_dispenser.h"
#include "adapters/http/http_token.h"
#include "adapters/json/json_object.h"
#include "domain/text.h"
#include "usecase/consume.h"

#define WISH_MAX ((size_t)64 * 1024) /* bytes of what a lease is asked by */
#define DEFAULT_WORKER "http"

enum wish_field {
    WISH_QUEUES,
    WISH_MAX_TASKS,
    WISH_WAIT,
    WISH_LEASE,
    WISH_WORKER,
    WISH_FIELDS,
};

static const char *const wish_names[WISH_FIELDS] = {
    [WISH_QUEUES] = "queues", [WISH_MAX_TASKS] = "max",
    [WISH_WAIT] = "wait_ms",  [WISH_LEASE] = "lease_ms",
    [WISH_WORKER] = "worker",
};

enum status http_api_read_range(struct json_member m, int64_t min, int64_t max,
                                int64_t *out, struct error *err)
{
    int64_t n;
    enum status const st = json_read_int(m, &n, err);

    if (st < 0)
        return st;
    if (n < min || n > max)
        return error_out_of_range(err, m.field, n, min, max);
    *out = n;
    return STATUS_OK;
}

/* A name, which may have a weight, and nothing that only a plan may have. */
static enum status read_queue(struct json_member m, struct arena *mem,
                              struct bytes *out, struct error *err)
{
    enum status const st = json_read_string(m, mem, out, err);

    if (st < 0)
        return st;
    if (out->len == 0 || memchr(out->at, ',', out->len))
        return error_bad_text(err, m.field, "name", *out,
                              "must match [a-z0-9][a-z0-9._-]{0,63}");
    return STATUS_OK;
}

/* An array of names is read as the plan "a,b,c": all alike, or "a=6". */
static enum status read_queues(struct json_member m, struct arena *mem,
                               struct queue_plan *out, struct error *err)
{
    char buffer[PLAN_QUEUES_MAX * (QUEUE_NAME_MAX + 8)];
    struct text plan = text_in(buffer, sizeof(buffer));
    struct json_walk walk;
    struct bytes element;
    struct bytes name;
    enum status st = json_walk_array(m.value, m.field, &walk, err);

    while (st == STATUS_OK) {
        st = json_walk_element(&walk, &element, err);
        if (st != STATUS_OK)
            break;
        st =
            read_queue((struct json_member){m.field, element}, mem, &name, err);
        if (st == STATUS_OK && plan.len > 0)
            text_add(&plan, ",");
        if (st == STATUS_OK)
            text_add_bytes(&plan, name);
    }
    if (st < 0)
        return st;
    if (plan.is_cut)
        return json_refuse(err, m.field, "too many");
    if (plan.len == 0)
        return STATUS_OK; /* none named: all */
    st = queue_plan_parse_weighted(bytes_of(buffer), out, err);
    if (st < 0)
        err->field = m.field;
    return st;
}

static enum status read_worker(struct json_member m, struct arena *mem,
                               char out[WORKER_NAME_MAX + 1], struct error *err)
{
    struct bytes name;
    enum status const st = json_read_string(m, mem, &name, err);

    if (st < 0)
        return st;
    if (!plain_name_is_valid(name))
        return error_bad_text(err, m.field, "name", name,
                              "must match [A-Za-z0-9][A-Za-z0-9._-]{0,63}");
    memcpy(out, name.at, name.len);
    out[name.len] = '\0';
    return STATUS_OK;
}

static enum status read_wish_field(void *self, size_t i, struct json_member m,
                                   struct arena *mem, struct error *err)
{
    struct http_wish *wish = self;
    int64_t max = 1;
    enum status st;

    switch ((enum wish_field)i) {
    case WISH_QUEUES:
        return read_queues(m, mem, &wish->plan, err);
    case WISH_MAX_TASKS:
        st = http_api_read_range(m, 1, BATCH_MAX, &max, err);
        wish->max = (size_t)max;
        return st;
    case WISH_WAIT:
        return http_api_read_range(m, 0, HTTP_WAIT_MAX_MS, &wish->wait_ms, err);
    case WISH_LEASE:
        return http_api_read_range(m, LEASE_MIN_MS, DURATION_MAX_MS,
                                   &wish->lease_ms, err);
    case WISH_WORKER:
        return read_worker(m, mem, wish->worker, err);
    case WISH_FIELDS:
        break;
    }
    assert(false && "a field");
    return STATUS_INVALID;
}

static enum status read_wish(struct http_exchange *x, struct error *err)
{
    static const struct json_shape shape = {"body", wish_names, WISH_FIELDS,
                                            read_wish_field};
    struct bytes const body = {x->body ? x->body : "", x->body_len};
    struct http_wish *wish = calloc(1, sizeof(*wish));
    uint32_t given;

    if (!wish)
        return error_set(err, STATUS_NO_MEMORY, NULL, "http: no memory");
    x->own = wish;
    *wish = (struct http_wish){.plan = {.kind = PLAN_EVERY},
                               .max = 1,
                               .lease_ms = DEFAULT_LEASE_MS,
                               .worker = DEFAULT_WORKER};
    if (x->body_len > WISH_MAX)
        return error_too_large(err, "body", x->body_len, WISH_MAX);

    struct arena texts = {.base = malloc(x->body_len + 1),
                          .size = x->body_len + 1};
    if (!texts.base)
        return error_set(err, STATUS_NO_MEMORY, NULL, "http: no memory");
    enum status const st =
        json_object_read(body, &shape, &texts, wish, &given, err);
    free(texts.base);
    return st;
}

void http_lease_post(void *context, struct http_exchange *x)
{
    struct http_api *api = context;
    struct error err;
    enum status const st = read_wish(x, &err);

    if (st == STATUS_OK) {
        http_dispenser_submit(api->dispenser, x);
        return;
    }
    http_fault(x, st, &err);
    http_send(x);
}
