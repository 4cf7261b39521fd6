/*
 * http_openapi.h - the description of the API, in OpenAPI 3.1.
 */
#ifndef ADAPTERS_HTTP_HTTP_OPENAPI_H
#define ADAPTERS_HTTP_HTTP_OPENAPI_H

#include "adapters/http/http_exchange.h"

/* HTTP_AT_ONCE; no context. */
void http_openapi_get(void *context, struct http_exchange *x);

#endif
