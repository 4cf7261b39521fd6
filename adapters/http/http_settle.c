/*
 * http_settle.c - what pull workers say of their leases: how a task ended, and
 * that one goes on.
 */
#include <assert.h>
#include <stdlib.h>

#include "adapters/http/http_api_parts.h"
#include "adapters/http/http_token.h"
#include "adapters/json/json_object.h"
#include "domain/text.h"
#include "usecase/consume.h"

enum field {
    FIELD_ID,
    FIELD_LEASE,
    FIELD_OUTCOME,
    FIELD_RESULT,
    FIELD_ERROR,
    FIELD_AFTER,
    FIELDS,
};

/* Of one item; those of extend are the first two and its own length. */
static const char *const settle_names[FIELDS] = {
    [FIELD_ID] = "id",           [FIELD_LEASE] = "lease",
    [FIELD_OUTCOME] = "outcome", [FIELD_RESULT] = "result",
    [FIELD_ERROR] = "error",     [FIELD_AFTER] = "after_ms",
};
enum { EXTEND_LENGTH = 2, EXTEND_FIELDS };
static const char *const extend_names[EXTEND_FIELDS] = {
    [FIELD_ID] = "id",
    [FIELD_LEASE] = "lease",
    [EXTEND_LENGTH] = "lease_ms",
};

static const struct {
    const char *name;
    enum outcome_kind kind;
} outcomes[] = {
    {"done", OUTCOME_DONE},       {"retry", OUTCOME_RETRY},
    {"reject", OUTCOME_REJECT},   {"snooze", OUTCOME_SNOOZE},
    {"release", OUTCOME_RELEASE},
};

/* One lease that a client speaks of. */
struct item {
    struct task_id id;
    struct http_token token;
    bool is_ours;      /* the token could be read */
    int64_t length_ms; /* extend: 0: as it was */
    struct outcome outcome;
    enum status result;
};

/* What one request speaks of. */
struct items {
    struct item at[BATCH_MAX];
    size_t count;
    struct pull_outcome outcomes[BATCH_MAX];
    struct renewal renewals[BATCH_MAX];
    enum status results[BATCH_MAX];
    size_t places[BATCH_MAX];
};

static enum status read_id(struct json_member m, struct arena *mem,
                           struct item *item, struct error *err)
{
    struct bytes text;
    enum status const st = json_read_string(m, mem, &text, err);

    if (st < 0)
        return st;
    if (!task_id_parse(text, &item->id))
        return error_bad_text(err, m.field, "id", text,
                              "must be a ULID of 26 characters");
    return STATUS_OK;
}

static enum status read_lease(struct json_member m, struct arena *mem,
                              struct item *item, struct error *err)
{
    struct bytes text;
    enum status const st = json_read_string(m, mem, &text, err);

    if (st == STATUS_OK)
        item->is_ours = http_token_parse(text, &item->token);
    return st;
}

static enum status read_outcome(struct json_member m, struct arena *mem,
                                struct item *item, struct error *err)
{
    struct bytes text;
    enum status const st = json_read_string(m, mem, &text, err);

    if (st < 0)
        return st;
    for (size_t i = 0; i < sizeof(outcomes) / sizeof(outcomes[0]); i++)
        if (bytes_is(text, outcomes[i].name)) {
            item->outcome.kind = outcomes[i].kind;
            return STATUS_OK;
        }
    return error_bad_text(err, m.field, "value", text,
                          "must be done, retry, reject, snooze or release");
}

static enum status read_result(struct json_member m, struct item *item,
                               struct error *err)
{
    if (m.value.len > RESULT_MAX)
        return error_too_large(err, m.field, m.value.len, RESULT_MAX);
    item->outcome.result = m.value;
    return STATUS_OK;
}

/* The end of a long error tells most; it begins with a whole character. */
static enum status read_error(struct json_member m, struct arena *mem,
                              struct item *item, struct error *err)
{
    struct bytes text;
    enum status const st = json_read_string(m, mem, &text, err);

    if (st < 0)
        return st;
    if (text.len > ERROR_TAIL_MAX) {
        text.at += text.len - ERROR_TAIL_MAX;
        text.len = ERROR_TAIL_MAX;
        while (text.len > 0 && ((unsigned char)*text.at & 0xC0) == 0x80) {
            text.at++;
            text.len--;
        }
    }
    item->outcome.error = text;
    return STATUS_OK;
}

static enum status read_settle_field(void *self, size_t i, struct json_member m,
                                     struct arena *mem, struct error *err)
{
    struct item *item = self;

    switch ((enum field)i) {
    case FIELD_ID:
        return read_id(m, mem, item, err);
    case FIELD_LEASE:
        return read_lease(m, mem, item, err);
    case FIELD_OUTCOME:
        return read_outcome(m, mem, item, err);
    case FIELD_RESULT:
        return read_result(m, item, err);
    case FIELD_ERROR:
        return read_error(m, mem, item, err);
    case FIELD_AFTER:
        return http_api_read_range(m, 0, DURATION_MAX_MS,
                                   &item->outcome.after_ms, err);
    case FIELDS:
        break;
    }
    assert(false && "a field");
    return STATUS_INVALID;
}

static enum status read_extend_field(void *self, size_t i, struct json_member m,
                                     struct arena *mem, struct error *err)
{
    struct item *item = self;

    if (i == FIELD_ID)
        return read_id(m, mem, item, err);
    if (i == FIELD_LEASE)
        return read_lease(m, mem, item, err);
    return http_api_read_range(m, LEASE_MIN_MS, DURATION_MAX_MS,
                               &item->length_ms, err);
}

static const struct json_shape settle_shape = {"item", settle_names, FIELDS,
                                               read_settle_field};
static const struct json_shape extend_shape = {
    "item", extend_names, EXTEND_FIELDS, read_extend_field};

static enum status read_item(struct bytes text, const struct json_shape *shape,
                             struct arena *mem, struct item *out,
                             struct error *err)
{
    uint32_t given;

    *out =
        (struct item){.outcome = {.after_ms = -1}, .result = STATUS_LEASE_LOST};
    enum status const st = json_object_read(text, shape, mem, out, &given, err);
    if (st < 0)
        return st;
    if (!(given & 1U << FIELD_ID))
        return json_refuse(err, "id", "is missing");
    if (!(given & 1U << FIELD_LEASE))
        return json_refuse(err, "lease", "is missing");
    if (shape != &settle_shape)
        return STATUS_OK;
    if (!(given & 1U << FIELD_OUTCOME))
        return json_refuse(err, "outcome", "is missing");
    if (out->outcome.kind == OUTCOME_SNOOZE && !(given & 1U << FIELD_AFTER))
        return json_refuse(err, "after_ms", "is missing");
    return STATUS_OK;
}

/* Reads the array of items that the body is, or a single one. */
static enum status read_items(struct bytes body, const struct json_shape *shape,
                              struct arena *mem, struct items *out,
                              struct error *err)
{
    struct json_walk walk;
    struct bytes element;

    if (!json_is_array(body)) {
        out->count = 1;
        return read_item(body, shape, mem, &out->at[0], err);
    }
    enum status st = json_walk_array(body, "body", &walk, err);
    while (st == STATUS_OK) {
        st = json_walk_element(&walk, &element, err);
        if (st != STATUS_OK)
            break;
        if (out->count == BATCH_MAX)
            return error_set(err, STATUS_INVALID, "body",
                             "body too large: more than 1000 items");
        st = read_item(element, shape, mem, &out->at[out->count++], err);
    }
    return st < 0 ? st : STATUS_OK;
}

/* Settles those whose token is one; n > 0 of them. */
static enum status settle(struct http_api_desk *desk, struct items *items,
                          struct error *err)
{
    size_t n = 0;

    for (size_t i = 0; i < items->count; i++) {
        const struct item *item = &items->at[i];

        if (!item->is_ours)
            continue;
        items->places[n] = i;
        items->outcomes[n++] = (struct pull_outcome){
            .ref = {.queue = bytes_of(item->token.queue), .id = item->id},
            .token = item->token.inner,
            .started_at_ms = item->token.leased_at_ms,
            .outcome = item->outcome,
        };
    }
    if (n == 0)
        return STATUS_OK;
    enum status const st = pull_settle(desk->puller, items->outcomes, n,
                                       &desk->mem, items->results, err);
    for (size_t k = 0; k < n && st >= 0; k++)
        items->at[items->places[k]].result = items->results[k];
    return st;
}

static int64_t length_of(const struct item *item)
{
    return item->length_ms > 0 ? item->length_ms : item->token.lease_ms;
}

/* Whether both can be extended by one call. */
static bool go_together(const struct item *a, const struct item *b)
{
    return length_of(a) == length_of(b) &&
           strcmp(a->token.worker, b->token.worker) == 0;
}

/* Extends items from first on that go together with it and are not done. */
static enum status extend_group(struct http_api *api,
                                struct http_api_desk *desk, struct items *items,
                                size_t first, bool *is_done, struct error *err)
{
    const struct item *head = &items->at[first];
    size_t n = 0;

    for (size_t i = first; i < items->count; i++) {
        if (is_done[i] || !go_together(head, &items->at[i]))
            continue;
        is_done[i] = true;
        items->places[n] = i;
        items->renewals[n++] = (struct renewal){
            .id = items->at[i].id, .token = items->at[i].token.inner};
    }
    enum status const st = queue_extend(
        desk->seat->queue, clock_now_ms(api->config->clock), length_of(head),
        head->token.worker, items->renewals, n, items->results, err);
    for (size_t k = 0; k < n && st >= 0; k++)
        items->at[items->places[k]].result = items->results[k];
    return st;
}

static enum status extend(struct http_api *api, struct http_api_desk *desk,
                          struct items *items, struct error *err)
{
    bool is_done[BATCH_MAX] = {false};
    enum status st = STATUS_OK;

    for (size_t i = 0; i < items->count; i++)
        is_done[i] = !items->at[i].is_ours;
    for (size_t i = 0; i < items->count && st >= 0; i++)
        if (!is_done[i])
            st = extend_group(api, desk, items, i, is_done, err);
    return st;
}

/* Tells lost leases whose task is gone from those that another has; without a
 * token that could be read, in any queue. What can't be looked up stays lost:
 * the others have been dealt with. */
static void look_for_lost(struct http_api *api, struct http_api_desk *desk,
                          struct items *items)
{
    int64_t const now_ms = clock_now_ms(api->config->clock);
    struct task_record ignored;
    struct error err;

    for (size_t i = 0; i < items->count; i++) {
        struct item *item = &items->at[i];
        struct task_ref ref = {.id = item->id};

        if (item->result != STATUS_LEASE_LOST)
            continue;
        if (item->is_ours)
            ref.queue = bytes_of(item->token.queue);
        arena_reset(&desk->mem);
        if (admin_find(desk->seat->admin, now_ms, &ref, &desk->mem, &ignored,
                       &err) == STATUS_NOT_FOUND)
            item->result = STATUS_NOT_FOUND;
    }
}

static const char *result_name(enum status result)
{
    if (result == STATUS_OK)
        return "ok";
    return result == STATUS_NOT_FOUND ? "not found" : "lease lost";
}

static void answer(struct http_exchange *x, const struct items *items)
{
    struct json_writer *w = &x->text;

    json_begin_object(w, NULL);
    json_begin_array(w, "results");
    for (size_t i = 0; i < items->count; i++) {
        json_begin_object(w, NULL);
        json_add_string(w, "id", bytes_of(items->at[i].id.text));
        json_add_string(w, "status",
                        bytes_of(result_name(items->at[i].result)));
        json_end_object(w);
    }
    json_end_array(w);
    json_end_object(w);
    http_answer_json(x, 200);
}

static void handle(struct http_api *api, struct http_exchange *x,
                   const struct json_shape *shape)
{
    struct http_api_desk *desk = http_api_desk(api, x);
    struct bytes const body = {x->body ? x->body : "", x->body_len};
    struct items *items = calloc(1, sizeof(*items));
    struct arena texts = {.base = malloc(x->body_len + 1),
                          .size = x->body_len + 1};
    struct error err;
    enum status st = STATUS_OK;

    if (!items || !texts.base)
        st = error_set(&err, STATUS_NO_MEMORY, NULL, "http: no memory");
    if (st == STATUS_OK)
        st = read_items(body, shape, &texts, items, &err);
    if (st == STATUS_OK)
        st = shape == &settle_shape ? settle(desk, items, &err)
                                    : extend(api, desk, items, &err);
    if (st < 0) {
        http_fault(x, st, &err);
    } else {
        look_for_lost(api, desk, items);
        answer(x, items);
    }
    free(texts.base);
    free(items);
}

void http_settle_post(void *context, struct http_exchange *x)
{
    handle(context, x, &settle_shape);
    http_api_changed(context);
}

void http_extend_post(void *context, struct http_exchange *x)
{
    handle(context, x, &extend_shape);
}
