/*
 * http_dlq.c - sends dead tasks back, or away: those that are named, those
 * that match, or all.
 */
#include <assert.h>
#include <stdlib.h>

#include "adapters/http/http_api_parts.h"
#include "adapters/http/http_params.h"
#include "adapters/json/json_object.h"
#include "usecase/dead_letters.h"

#define REFUSED_MAX 1000 /* told one by one; the rest is counted */

enum field {
    FIELD_IDS,
    FIELD_ALL,
    FIELD_QUEUE,
    FIELD_TYPE,
    FIELD_REASON,
    FIELD_BEFORE,
    FIELDS,
};

static const char *const field_names[FIELDS] = {
    [FIELD_IDS] = "ids",   [FIELD_ALL] = "all",       [FIELD_QUEUE] = "queue",
    [FIELD_TYPE] = "type", [FIELD_REASON] = "reason", [FIELD_BEFORE] = "before",
};

#define FILTERS                                                                \
    (1U << FIELD_QUEUE | 1U << FIELD_TYPE | 1U << FIELD_REASON |               \
     1U << FIELD_BEFORE)

/* What a request asks to change. An id may be that of a task in each of several
 * queues: with ids, queue tells in which to look. */
struct change {
    enum dead_letter_action action;
    const char *past; /* "requeued" */
    uint32_t given;
    bool is_all;
    struct http_params params;
    struct task_ref refs[BATCH_MAX];
    size_t count;

    struct json_writer *w;
    size_t changed;
    size_t refused;
};

static enum status read_id(struct change *change, struct bytes value,
                           struct arena *mem, struct error *err)
{
    struct json_member const m = {"ids", value};
    struct task_ref *ref = &change->refs[change->count];
    struct bytes text;

    if (change->count == BATCH_MAX)
        return json_refuse(err, "ids", "at most 1000 of them");
    enum status const st = json_read_string(m, mem, &text, err);
    if (st < 0)
        return st;
    *ref = (struct task_ref){0};
    if (!task_id_parse(text, &ref->id))
        return error_bad_text(err, "ids", "id", text,
                              "must be a ULID of 26 characters");
    change->count++;
    return STATUS_OK;
}

static enum status read_ids(struct change *change, struct bytes value,
                            struct arena *mem, struct error *err)
{
    struct json_walk walk;
    struct bytes element;
    enum status st = json_walk_array(value, "ids", &walk, err);

    while (st == STATUS_OK) {
        st = json_walk_element(&walk, &element, err);
        if (st == STATUS_OK)
            st = read_id(change, element, mem, err);
    }
    return st < 0 ? st : STATUS_OK;
}

static enum status read_filter(struct change *change, enum http_param param,
                               struct json_member m, struct arena *mem,
                               struct error *err)
{
    struct bytes text;
    enum status const st = json_read_string(m, mem, &text, err);

    return st < 0 ? st : http_params_set(&change->params, param, text, err);
}

static enum status read_field(void *self, size_t i, struct json_member m,
                              struct arena *mem, struct error *err)
{
    struct change *change = self;

    switch ((enum field)i) {
    case FIELD_IDS:
        return read_ids(change, m.value, mem, err);
    case FIELD_ALL:
        change->is_all = bytes_is(m.value, "true");
        return change->is_all ? STATUS_OK
                              : json_refuse(err, "all", "must be true");
    case FIELD_QUEUE:
        return read_filter(change, HTTP_PARAM_QUEUE, m, mem, err);
    case FIELD_TYPE:
        return read_filter(change, HTTP_PARAM_TYPE, m, mem, err);
    case FIELD_REASON:
        return read_filter(change, HTTP_PARAM_REASON, m, mem, err);
    case FIELD_BEFORE:
        return read_filter(change, HTTP_PARAM_BEFORE, m, mem, err);
    case FIELDS:
        break;
    }
    assert(false && "a field");
    return STATUS_INVALID;
}

static enum status read_change(struct bytes body, struct arena *mem,
                               struct change *change, struct error *err)
{
    static const struct json_shape shape = {"body", field_names, FIELDS,
                                            read_field};
    enum status const st =
        json_object_read(body, &shape, mem, change, &change->given, err);

    if (st < 0)
        return st;
    bool const has_ids = change->given & 1U << FIELD_IDS;
    bool const is_wide = change->is_all || change->given & FILTERS;
    bool const has_others =
        change->is_all || change->given & FILTERS & ~(1U << FIELD_QUEUE);
    if (has_ids && has_others)
        return json_refuse(err, "ids", "don't go with filters or all");
    if (!has_ids && !is_wide)
        return json_refuse(err, "body", "give ids, a filter, or \"all\": true");
    return STATUS_OK;
}

static const char *refusal(enum status why)
{
    if (why == STATUS_KEY_HELD)
        return "key held";
    return why == STATUS_NOT_FOUND ? "not found" : "not dead";
}

static void add_refused(struct change *change, const struct task_id *id,
                        enum status why, const struct task_id *holder)
{
    struct json_writer *w = change->w;

    if (change->refused++ >= REFUSED_MAX)
        return;
    json_begin_object(w, NULL);
    json_add_string(w, "id", bytes_of(id->text));
    json_add_string(w, "reason", bytes_of(refusal(why)));
    json_add_string(w, "holder",
                    bytes_of(why == STATUS_KEY_HELD ? holder->text : NULL));
    json_end_object(w);
}

static void note_refused(void *self, const struct task_record *record,
                         enum status why, const struct task_id *holder)
{
    add_refused(self, &record->task.id, why, holder);
}

static enum status change_ids(struct http_api *api, struct http_api_desk *desk,
                              struct change *change, struct error *err)
{
    int64_t const now_ms = clock_now_ms(api->config->clock);
    struct admin_port const admin = desk->seat->admin;
    enum status results[BATCH_MAX];
    struct task_id holders[BATCH_MAX];
    enum status st = STATUS_OK;

    if (change->count == 0)
        return STATUS_OK;
    for (size_t i = 0; i < change->count; i++)
        change->refs[i].queue = change->params.filter.queue;
    if (change->action == DEAD_LETTER_REQUEUE)
        st = admin_requeue(admin, now_ms, change->refs, change->count, results,
                           holders, err);
    else
        st = admin_remove(admin, now_ms, STATE_SET(TASK_DEAD), change->refs,
                          change->count, results, err);
    for (size_t i = 0; i < change->count && st >= 0; i++) {
        if (results[i] == STATUS_OK)
            change->changed++;
        else
            add_refused(change, &change->refs[i].id, results[i], &holders[i]);
    }
    return st;
}

static enum status change_matching(struct http_api *api,
                                   struct http_api_desk *desk,
                                   struct change *change, struct error *err)
{
    struct dead_letter_run const run = {.action = change->action,
                                        .filter = change->params.filter,
                                        .refused = note_refused,
                                        .context = change};

    return dead_letters_run(desk->seat->admin, api->config->clock, &run,
                            &desk->mem, &change->changed, err);
}

/* Carries it out; what the filter's texts live in must not be reset by it. */
static enum status carry_out(struct http_api *api, struct http_api_desk *desk,
                             struct change *change, struct error *err)
{
    struct json_writer *w = change->w;

    json_begin_object(w, NULL);
    json_begin_array(w, "refused");
    enum status const st = change->given & 1U << FIELD_IDS
                               ? change_ids(api, desk, change, err)
                               : change_matching(api, desk, change, err);
    json_end_array(w);
    json_add_int(w, "refused_count", (int64_t)change->refused);
    json_add_int(w, change->past, (int64_t)change->changed);
    json_end_object(w);
    return st;
}

static void change_dead(struct http_api *api, struct http_exchange *x,
                        enum dead_letter_action action, const char *past)
{
    struct http_api_desk *desk = http_api_desk(api, x);
    struct change change = {.action = action, .past = past, .w = &x->text};
    struct arena texts = {.base = malloc(x->body_len + 1),
                          .size = x->body_len + 1};
    struct bytes const body = {x->body ? x->body : "", x->body_len};
    struct error err;

    enum status st =
        texts.base ? read_change(body, &texts, &change, &err)
                   : error_set(&err, STATUS_NO_MEMORY, NULL, "http: no memory");
    if (st == STATUS_OK)
        st = carry_out(api, desk, &change, &err);
    free(texts.base);
    if (st < 0) {
        http_fault(x, st, &err);
        return;
    }
    http_answer_json(x, 200);
    if (action == DEAD_LETTER_REQUEUE && change.changed > 0)
        http_api_changed(api);
}

void http_dlq_requeue(void *context, struct http_exchange *x)
{
    change_dead(context, x, DEAD_LETTER_REQUEUE, "requeued");
}

void http_dlq_delete(void *context, struct http_exchange *x)
{
    change_dead(context, x, DEAD_LETTER_DELETE, "deleted");
}
