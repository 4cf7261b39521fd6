#include "adapters/http/http_openapi.h"

#include "openapi_json.h"

void http_openapi_get(void *context, struct http_exchange *x)
{
    (void)context;
    http_answer_fixed(x, 200, "application/json",
                      (struct bytes){openapi_json, sizeof(openapi_json) - 1});
}
