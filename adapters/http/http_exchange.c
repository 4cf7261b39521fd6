#include "adapters/http/http_exchange.h"

#include "adapters/http/http_internal.h"
#include "adapters/http/http_query.h"
#include "domain/text.h"

#define JSON_TYPE "application/json"

struct bytes http_header_value(const struct http_exchange *x, const char *name)
{
    return bytes_of(
        MHD_lookup_connection_value(x->connection, MHD_HEADER_KIND, name));
}

struct visiting {
    enum status (*visit)(void *self, const char *name, struct bytes value,
                         struct error *err);
    void *self;
    struct error *err;
    enum status status;
};

/* The texts are the connection's own: decoded once, in place. */
static enum MHD_Result visit_parameter(void *self, enum MHD_ValueKind kind,
                                       const char *name, const char *value)
{
    struct visiting *v = self;
    char *text = (char *)(uintptr_t)value;
    (void)kind;

    if (text && !http_percent_decode(text)) {
        v->status = error_bad_text(v->err, "query", "parameter", bytes_of(name),
                                   "malformed escape or not UTF-8");
        return MHD_NO;
    }
    v->status = v->visit(v->self, name, bytes_of(text ? text : ""), v->err);
    return v->status < 0 ? MHD_NO : MHD_YES;
}

enum status http_query_each(struct http_exchange *x,
                            enum status (*visit)(void *self, const char *name,
                                                 struct bytes value,
                                                 struct error *err),
                            void *self, struct error *err)
{
    struct visiting v = {.visit = visit, .self = self, .err = err};

    MHD_get_connection_values(x->connection, MHD_GET_ARGUMENT_KIND,
                              visit_parameter, &v);
    return v.status;
}

struct bytes http_part(struct http_exchange *x)
{
    if (!x->decoded)
        x->decoded = strndup(x->part.at, x->part.len);
    if (!x->decoded || !http_percent_decode(x->decoded))
        return (struct bytes){0};
    return bytes_of(x->decoded);
}

void http_answer_json(struct http_exchange *x, unsigned status)
{
    x->status = status;
    x->content_type = JSON_TYPE;
}

void http_answer_fixed(struct http_exchange *x, unsigned status,
                       const char *content_type, struct bytes bytes)
{
    x->status = status;
    x->content_type = content_type;
    x->fixed = bytes;
}

void http_add_error(struct json_writer *w, const char *code,
                    const char *message, const char *field)
{
    json_begin_object(w, NULL);
    json_begin_object(w, "error");
    json_add_string(w, "code", bytes_of(code));
    json_add_string(w, "message", bytes_of(message));
    json_add_string(w, "field", bytes_of(field));
    json_end_object(w);
    json_end_object(w);
}

void http_refuse(struct http_exchange *x, unsigned status, const char *code,
                 const char *message, const char *field)
{
    json_writer_reset(&x->text);
    http_add_error(&x->text, code, message, field);
    http_answer_json(x, status);
}

/* Whether it is the message of error_too_large(). */
static bool is_too_large(const struct error *err)
{
    static const char words[] = " too large: ";
    size_t const len = err->field ? strlen(err->field) : 0;

    return len > 0 && strncmp(err->text, err->field, len) == 0 &&
           strncmp(err->text + len, words, sizeof(words) - 1) == 0;
}

/* The field at fault. One that is none of ours has no static name, but stands
 * in its message, between the first quote and the last. */
static const char *field_at_fault(const struct error *err,
                                  char room[ERROR_TEXT_SIZE])
{
    const char *first = strchr(err->text, '"');

    if (err->field || !first)
        return err->field;
    const char *last = strrchr(err->text, '"');
    if (last == first) /* the message was cut */
        last = err->text + strlen(err->text);
    size_t const len = (size_t)(last - first) - 1;
    memcpy(room, first + 1, len);
    room[len] = '\0';
    return room;
}

void http_fault(struct http_exchange *x, enum status status,
                const struct error *err)
{
    char room[ERROR_TEXT_SIZE];

    switch (status) {
    case STATUS_INVALID:
        if (is_too_large(err))
            http_refuse(x, 413, "too_large", err->text, err->field);
        else
            http_refuse(x, 400, "invalid", err->text,
                        field_at_fault(err, room));
        return;
    case STATUS_FULL:
        http_refuse(x, 503, "full", err->text, NULL);
        return;
    case STATUS_CORRUPT:
        http_refuse(x, 500, "corrupt", err->text, NULL);
        return;
    default:
        http_refuse(x, 503, "unavailable", err->text, NULL);
        return;
    }
}
