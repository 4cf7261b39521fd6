/*
 * http_tasks.c - tasks one by one and in lists.
 */
#include "adapters/http/http_api_parts.h"
#include "adapters/http/http_params.h"
#include "adapters/json/record_json.h"
#include "domain/text.h"

/* A page of the store may be short, even empty: so many are put together to
 * one of ours, before a client is asked to go on, unless they have taken that
 * long. Each may look at a thousand tasks, and somebody who has clicked waits
 * for the answer. */
#define PAGES_MAX 3
#define PAGES_MS 20

static enum status add_pages(struct http_api *api, struct http_api_desk *desk,
                             struct http_params *params, struct json_writer *w,
                             struct error *err)
{
    struct list_request req = {.filter = params->filter,
                               .cursor = params->cursor};
    int64_t const began_ms = clock_now_ms(api->config->clock);
    size_t left = params->limit;

    for (int i = 0; i < PAGES_MAX && left > 0; i++) {
        struct task_page page;

        req.max = left;
        req.now_ms = clock_now_ms(api->config->clock);
        if (req.now_ms > began_ms + PAGES_MS)
            break;
        arena_reset(&desk->mem);
        enum status const st =
            admin_list(desk->seat->admin, &req, &desk->mem, &page, err);
        if (st < 0)
            return st;
        for (size_t k = 0; k < page.count; k++)
            record_json_task(w, NULL, &page.records[k]);
        left -= page.count;
        req.cursor = page.next;
        /* As many bytes as a desk has room for are enough for one answer. */
        if (req.cursor.text[0] == '\0' || w->len >= desk->mem.size)
            break;
    }
    params->cursor = req.cursor;
    return STATUS_OK;
}

static void list(struct http_api *api, struct http_exchange *x,
                 struct http_params *params)
{
    struct json_writer *w = &x->text;
    struct error err;

    json_begin_object(w, NULL);
    json_begin_array(w, "tasks");
    enum status const st =
        add_pages(api, http_api_desk(api, x), params, w, &err);
    json_end_array(w);
    if (params->cursor.text[0])
        json_add_string(w, "cursor", bytes_of(params->cursor.text));
    else
        json_add_null(w, "cursor");
    json_end_object(w);
    if (st < 0)
        http_fault(x, st, &err);
    else
        http_answer_json(x, 200);
}

void http_tasks_get(void *context, struct http_exchange *x)
{
    struct http_params params = {
        .allowed = HTTP_PARAM_QUEUE | HTTP_PARAM_STATE | HTTP_PARAM_TYPE |
                   HTTP_PARAM_LIMIT | HTTP_PARAM_CURSOR};
    struct error err;
    enum status const st = http_params_read(x, &params, &err);

    if (st < 0)
        http_fault(x, st, &err);
    else
        list(context, x, &params);
}

void http_dlq_get(void *context, struct http_exchange *x)
{
    struct http_params params = {
        .allowed = HTTP_PARAM_QUEUE | HTTP_PARAM_TYPE | HTTP_PARAM_REASON |
                   HTTP_PARAM_BEFORE | HTTP_PARAM_LIMIT | HTTP_PARAM_CURSOR};
    struct error err;
    enum status const st = http_params_read(x, &params, &err);

    if (st < 0) {
        http_fault(x, st, &err);
        return;
    }
    params.filter.has_state = true;
    params.filter.state = TASK_DEAD;
    list(context, x, &params);
}

/* Reads which task is meant: its id, and perhaps its queue. */
static bool read_ref(struct http_exchange *x, struct task_ref *out)
{
    struct http_params params = {.allowed = HTTP_PARAM_QUEUE};
    struct error err;

    if (!http_api_task(x, out))
        return false;
    enum status const st = http_params_read(x, &params, &err);
    if (st < 0) {
        http_fault(x, st, &err);
        return false;
    }
    out->queue = params.filter.queue;
    return true;
}

static enum status find(struct http_api *api, struct http_api_desk *desk,
                        const struct task_ref *ref, struct task_record *out,
                        struct error *err)
{
    arena_reset(&desk->mem);
    return admin_find(desk->seat->admin, clock_now_ms(api->config->clock), ref,
                      &desk->mem, out, err);
}

void http_task_get(void *context, struct http_exchange *x)
{
    struct http_api *api = context;
    struct task_record record;
    struct task_ref ref;
    struct error err;

    if (!read_ref(x, &ref))
        return;
    enum status const st =
        find(api, http_api_desk(api, x), &ref, &record, &err);
    if (st < 0) {
        http_fault(x, st, &err);
    } else if (st == STATUS_NOT_FOUND) {
        http_api_no_such_task(x, &ref.id);
    } else {
        record_json_task(&x->text, NULL, &record);
        http_answer_json(x, 200);
    }
}

/* Answers that the task is in a state in which that can't be done. */
static void refuse_state(struct http_api *api, struct http_exchange *x,
                         const struct task_ref *ref, const char *why)
{
    struct task_record record;
    struct error err;
    enum status const st = find(api, http_api_desk(api, x), ref, &record, &err);
    char message[160];
    struct text t = text_in(message, sizeof(message));

    if (st < 0) {
        http_fault(x, st, &err);
        return;
    }
    if (st == STATUS_NOT_FOUND) {
        http_api_no_such_task(x, &ref->id);
        return;
    }
    text_add(&t, "the task is ");
    text_add(&t, task_state_name(record.state));
    text_add(&t, ": ");
    text_add(&t, why);
    http_refuse(x, 409, "wrong_state", message, NULL);
}

/* Answers what became of an action on one task. */
static void answer(struct http_api *api, struct http_exchange *x,
                   const struct task_ref *ref, enum status st,
                   const struct error *err, const char *past, const char *why)
{
    if (st < 0) {
        http_fault(x, st, err);
    } else if (st == STATUS_NOT_FOUND) {
        http_api_no_such_task(x, &ref->id);
    } else if (st == STATUS_WRONG_STATE) {
        refuse_state(api, x, ref, why);
    } else {
        json_begin_object(&x->text, NULL);
        json_add_string(&x->text, "id", bytes_of(ref->id.text));
        json_add_bool(&x->text, past, true);
        json_end_object(&x->text);
        http_answer_json(x, 200);
    }
}

void http_task_cancel(void *context, struct http_exchange *x)
{
    struct http_api *api = context;
    enum status result = STATUS_OK;
    struct task_ref ref;
    struct error err;

    if (!read_ref(x, &ref))
        return;
    enum status const st = admin_remove(http_api_desk(api, x)->seat->admin,
                                        clock_now_ms(api->config->clock),
                                        STATES_WAITING, &ref, 1, &result, &err);
    answer(api, x, &ref, st < 0 ? st : result, &err, "cancelled",
           "only a waiting one can be cancelled");
}

void http_task_run(void *context, struct http_exchange *x)
{
    struct http_api *api = context;
    struct task_ref ref;
    struct error err;

    if (!read_ref(x, &ref))
        return;
    enum status const st =
        admin_run_now(http_api_desk(api, x)->seat->admin,
                      clock_now_ms(api->config->clock), &ref, &err);
    answer(api, x, &ref, st, &err, "ready",
           "only a scheduled or retrying one can be run early");
}
