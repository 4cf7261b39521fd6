#include "adapters/http/http_guard.h"

#include <strings.h>

#include "domain/task.h"
#include "domain/text.h"

static bool is_same(struct bytes a, const char *b)
{
    return a.len == strlen(b) && strncasecmp(a.at, b, a.len) == 0;
}

struct bytes http_guard_host_name(struct bytes host)
{
    struct bytes const none = {0};
    const char *end = NULL;
    int64_t port;

    if (host.len == 0)
        return none;
    if (host.at[0] == '[') {
        end = memchr(host.at, ']', host.len);
        if (!end)
            return none;
        end++;
    } else {
        end = memchr(host.at, ':', host.len);
        if (!end)
            return host;
    }
    struct bytes const name = {host.at, (size_t)(end - host.at)};
    struct bytes const rest = {end, host.len - name.len};

    if (rest.len == 0)
        return name;
    if (rest.at[0] != ':' ||
        !text_read_int((struct bytes){rest.at + 1, rest.len - 1}, 65535, &port))
        return none;
    return name;
}

bool http_guard_is_own_host(struct bytes host, const struct http_names *names)
{
    struct bytes const name = http_guard_host_name(host);

    if (name.len == 0)
        return false;
    if (is_same(name, "localhost") || is_same(name, "127.0.0.1") ||
        is_same(name, "[::1]"))
        return true;
    for (size_t i = 0; i < names->count; i++)
        if (is_same(name, names->at[i]))
            return true;
    return false;
}

struct bytes http_guard_origin_host(struct bytes origin)
{
    const char *at = origin.len > 0 ? memchr(origin.at, ':', origin.len) : NULL;
    size_t const scheme = at ? (size_t)(at - origin.at) : 0;

    if (scheme == 0 || origin.len - scheme < 3 || memcmp(at, "://", 3) != 0)
        return (struct bytes){0};
    return (struct bytes){at + 3, origin.len - scheme - 3};
}

bool http_guard_has_token(struct bytes header, struct bytes token)
{
    static const char scheme[] = "Bearer ";
    size_t const skip = sizeof(scheme) - 1;

    if (header.len < skip || strncasecmp(header.at, scheme, skip) != 0)
        return false;
    struct bytes const given = {header.at + skip, header.len - skip};
    unsigned char difference = given.len != token.len;
    for (size_t i = 0; i < given.len; i++)
        difference |= (unsigned char)(given.at[i] ^ token.at[i % token.len]);
    return difference == 0;
}

bool http_guard_is_json(struct bytes header)
{
    const char *end =
        header.len > 0 ? memchr(header.at, ';', header.len) : NULL;
    size_t len = end ? (size_t)(end - header.at) : header.len;

    while (len > 0 && (header.at[len - 1] == ' ' || header.at[len - 1] == '\t'))
        len--;
    return is_same((struct bytes){header.at, len}, "application/json");
}

bool http_guard_is_request_id(struct bytes id)
{
    return plain_name_is_valid(id);
}
