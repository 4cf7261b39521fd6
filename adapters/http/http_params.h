/*
 * http_params.h - what a query may say about which tasks are meant.
 */
#ifndef ADAPTERS_HTTP_HTTP_PARAMS_H
#define ADAPTERS_HTTP_HTTP_PARAMS_H

#include "adapters/http/http_exchange.h"
#include "usecase/admin_port.h"

enum http_param {
    HTTP_PARAM_QUEUE = 1,
    HTTP_PARAM_STATE = 2,
    HTTP_PARAM_TYPE = 4,
    HTTP_PARAM_REASON = 8,
    HTTP_PARAM_BEFORE = 16,
    HTTP_PARAM_LIMIT = 32,
    HTTP_PARAM_CURSOR = 64,
};

#define HTTP_LIMIT 100 /* tasks in a list, unless asked for others */
#define HTTP_LIMIT_MAX 1000

struct http_params {
    unsigned allowed; /* which there may be: set by the caller */
    unsigned given;   /* which there were */
    struct task_filter filter;
    size_t limit; /* HTTP_LIMIT if it is not given */
    struct cursor cursor;
};

/* Reads one of them; for whoever has a filter in another form too. */
MUST_USE enum status http_params_set(struct http_params *params,
                                     enum http_param param, struct bytes value,
                                     struct error *err);

/* Reads the query of x over *out. STATUS_INVALID: another parameter, one
 * twice, or a wrong value. */
MUST_USE enum status http_params_read(struct http_exchange *x,
                                      struct http_params *out,
                                      struct error *err);

#endif
