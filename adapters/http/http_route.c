#include "adapters/http/http_route.h"

#include "domain/text.h"

/* Takes the segment that *at stands before, without its slash. */
static struct bytes next_segment(const char **at)
{
    const char *from = *at + 1;
    const char *end = strchr(from, '/');
    size_t const len = end ? (size_t)(end - from) : strlen(from);

    *at = from + len;
    return (struct bytes){from, len};
}

static bool fits(const char *pattern, const char *path, struct bytes *part)
{
    *part = (struct bytes){0};
    while (*pattern == '/' && *path == '/') {
        struct bytes const wanted = next_segment(&pattern);
        struct bytes const given = next_segment(&path);

        if (!bytes_is(wanted, "{}")) {
            if (!bytes_equal(wanted, given))
                return false;
            continue;
        }
        if (given.len == 0)
            return false;
        *part = given;
    }
    return *pattern == '\0' && *path == '\0';
}

static void add_method(struct text *allow, const char *method)
{
    if (allow->len > 0)
        text_add(allow, ", ");
    text_add(allow, method);
    if (strcmp(method, "GET") == 0)
        text_add(allow, ", HEAD");
}

const struct http_route *http_route_find(const struct http_route *routes,
                                         size_t n, const char *method,
                                         const char *path, struct bytes *part,
                                         char allow[HTTP_ALLOW_SIZE])
{
    struct text methods = text_in(allow, HTTP_ALLOW_SIZE);
    const char *wanted = strcmp(method, "HEAD") == 0 ? "GET" : method;

    for (size_t i = 0; i < n; i++) {
        if (!fits(routes[i].pattern, path, part))
            continue;
        if (strcmp(routes[i].method, wanted) == 0)
            return &routes[i];
        add_method(&methods, routes[i].method);
    }
    return NULL;
}
