#include "adapters/http/http_page.h"

#include <stdlib.h>

void http_page_handle(void *context, struct http_exchange *x)
{
    struct http_page *page = context;
    struct bytes text;
    struct error err;

    pthread_mutex_lock(&page->mutex);
    enum status st = page->render(page->self, &text, &err);
    if (st == STATUS_OK) {
        x->own = malloc(text.len + 1);
        if (!x->own)
            st = error_set(&err, STATUS_NO_MEMORY, NULL, "http: no memory");
    }
    if (st < 0) {
        http_fault(x, st, &err);
    } else {
        memcpy(x->own, text.at, text.len);
        http_answer_fixed(x, 200, page->content_type,
                          (struct bytes){x->own, text.len});
    }
    pthread_mutex_unlock(&page->mutex);
}

void http_file_handle(void *context, struct http_exchange *x)
{
    const struct http_file *file = context;

    http_answer_fixed(x, 200, file->content_type, file->bytes);
    x->headers = file->headers;
}

void http_health_handle(void *context, struct http_exchange *x)
{
    (void)context;
    http_answer_fixed(x, 200, "application/json", BYTES("{\"status\":\"ok\"}"));
}
