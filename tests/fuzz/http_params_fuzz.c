/*
 * A query that can be read makes a filter whose parts are within their limits,
 * of parameters that were allowed. Any other is refused in one line and
 * changes nothing.
 *
 * The first byte tells which parameters are allowed. Then each line is one:
 * NAME=VALUE, or NAME alone. The library's own reader is not what is tested.
 */
#include "adapters/http/http_params.h"

#include <microhttpd.h>
#include <stdlib.h>

#include "domain/limits.h"
#include "tests/fuzz/fuzz.h"

#define PARAMS_MAX 32

struct query {
    char *names[PARAMS_MAX];
    char *values[PARAMS_MAX]; /* NULL: none */
    int count;
};

/* Stands in for the library: the connection is a query. */
int MHD_get_connection_values(struct MHD_Connection *connection,
                              enum MHD_ValueKind kind, MHD_KeyValueIterator it,
                              void *self)
{
    const struct query *q = (const struct query *)(const void *)connection;

    for (int i = 0; i < q->count; i++)
        if (it(self, kind, q->names[i], q->values[i]) == MHD_NO)
            return i + 1;
    return q->count;
}

static void query_read(struct bytes lines, struct query *out)
{
    *out = (struct query){.count = 0};
    while (lines.len > 0 && out->count < PARAMS_MAX) {
        struct bytes const line = input_line(&lines);
        char *name = strndup(line.at, line.len);

        assert(name);
        char *mark = strchr(name, '=');
        out->names[out->count] = name;
        if (mark) {
            *mark = '\0';
            out->values[out->count] = mark + 1;
        }
        out->count++;
    }
}

static void query_release(struct query *q)
{
    for (int i = 0; i < q->count; i++)
        free(q->names[i]);
}

static void hold_for_params(const struct http_params *params)
{
    const struct task_filter *f = &params->filter;

    assert((params->given & ~params->allowed) == 0);
    assert(params->limit >= 1 && params->limit <= HTTP_LIMIT_MAX);
    assert(params->given & HTTP_PARAM_LIMIT || params->limit == HTTP_LIMIT);
    assert(strlen(params->cursor.text) < CURSOR_SIZE);
    assert(!f->queue.at || queue_name_is_valid(f->queue));
    assert(!f->type.at || type_name_is_valid(f->type));
    assert(f->has_state == ((params->given & HTTP_PARAM_STATE) != 0));
    assert((f->reason != REASON_NONE) ==
           ((params->given & HTTP_PARAM_REASON) != 0));
    assert(f->before_ms >= 0 && f->before_ms <= INSTANT_MAX_MS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes rest = input_of(data, size);
    struct http_params params = {.allowed = input_byte(&rest), .limit = 7};
    struct error err = {.text = ""};
    struct query query;

    query_read(rest, &query);
    struct http_exchange x = {.connection = (struct MHD_Connection *)&query};
    enum status const st = http_params_read(&x, &params, &err);
    if (st == STATUS_OK) {
        hold_for_params(&params);
    } else {
        assert(st == STATUS_INVALID && !strchr(err.text, '\n'));
        assert(err.text[0] != '\0' && err.text[0] != ':');
        assert(params.given == 0 && params.limit == 7);
    }
    query_release(&query);
    return 0;
}
