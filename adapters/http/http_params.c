#include "adapters/http/http_params.h"

#include "domain/instant.h"
#include "domain/text.h"

static const struct {
    const char *name;
    enum http_param param;
} names[] = {
    {"queue", HTTP_PARAM_QUEUE},   {"state", HTTP_PARAM_STATE},
    {"type", HTTP_PARAM_TYPE},     {"reason", HTTP_PARAM_REASON},
    {"before", HTTP_PARAM_BEFORE}, {"limit", HTTP_PARAM_LIMIT},
    {"cursor", HTTP_PARAM_CURSOR},
};
#define NAMES (sizeof(names) / sizeof(names[0]))

static enum status set_limit(struct http_params *params, struct bytes value,
                             struct error *err)
{
    int64_t limit;

    if (!text_read_int(value, HTTP_LIMIT_MAX, &limit) || limit < 1)
        return error_bad_text(err, "limit", "limit", value,
                              "must be 1 to 1000");
    params->limit = (size_t)limit;
    return STATUS_OK;
}

static enum status set_cursor(struct http_params *params, struct bytes value,
                              struct error *err)
{
    if (value.len >= CURSOR_SIZE)
        return error_set(err, STATUS_INVALID, "cursor", "cursor: too long");
    memcpy(params->cursor.text, value.at, value.len);
    params->cursor.text[value.len] = '\0';
    return STATUS_OK;
}

enum status http_params_set(struct http_params *params, enum http_param param,
                            struct bytes value, struct error *err)
{
    struct task_filter *filter = &params->filter;

    params->given |= param;
    switch (param) {
    case HTTP_PARAM_QUEUE:
        filter->queue = value;
        if (queue_name_is_valid(value))
            return STATUS_OK;
        return error_bad_text(err, "queue", "queue", value,
                              "must match [a-z0-9][a-z0-9._-]{0,63}");
    case HTTP_PARAM_STATE:
        filter->has_state = true;
        if (task_state_from(value, &filter->state))
            return STATUS_OK;
        return error_bad_text(err, "state", "state", value,
                              "must be scheduled, ready, active, retry, done "
                              "or dead");
    case HTTP_PARAM_TYPE:
        filter->type = value;
        if (type_name_is_valid(value))
            return STATUS_OK;
        return error_bad_text(err, "type", "type", value,
                              "must match [A-Za-z0-9][A-Za-z0-9._:-]{0,127}");
    case HTTP_PARAM_REASON:
        if (reason_from(value, &filter->reason) &&
            filter->reason != REASON_NONE)
            return STATUS_OK;
        return error_bad_text(err, "reason", "reason", value,
                              "must be exhausted, rejected, expired or lost");
    case HTTP_PARAM_BEFORE:
        return instant_parse(value, "before", &filter->before_ms, err);
    case HTTP_PARAM_LIMIT:
        return set_limit(params, value, err);
    case HTTP_PARAM_CURSOR:
        return set_cursor(params, value, err);
    }
    return STATUS_OK;
}

static enum status refuse(const char *what, const char *name, struct error *err)
{
    struct bytes const parts[] = {bytes_of(what), BYTES(" \""), bytes_of(name),
                                  BYTES("\"")};

    return error_join(err, STATUS_INVALID, NULL, parts, 4);
}

/* An empty value is as good as none: forms and scripts leave them. */
static enum status visit(void *self, const char *name, struct bytes value,
                         struct error *err)
{
    struct http_params *params = self;

    for (size_t i = 0; i < NAMES; i++) {
        if (strcmp(name, names[i].name) != 0 ||
            !(params->allowed & names[i].param))
            continue;
        if (params->given & names[i].param)
            return refuse("doubled parameter", name, err);
        return value.len > 0
                   ? http_params_set(params, names[i].param, value, err)
                   : STATUS_OK;
    }
    return refuse("unknown parameter", name, err);
}

enum status http_params_read(struct http_exchange *x, struct http_params *out,
                             struct error *err)
{
    struct http_params params = {.allowed = out->allowed, .limit = HTTP_LIMIT};
    enum status const st = http_query_each(x, visit, &params, err);

    if (st == STATUS_OK)
        *out = params;
    return st;
}
