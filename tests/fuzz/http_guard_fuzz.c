/*
 * What a browser says of itself, line by line: a Host, an Origin, an
 * Authorization, a Content-Type, an id. The name in a host is a part of it, as
 * the host in an origin is; a host is our own only by its whole name, and only
 * the whole token lets in.
 */
#include "adapters/http/http_guard.h"

#include <stdlib.h>
#include <strings.h>

#include "domain/task.h"
#include "tests/fuzz/fuzz.h"

#define TOKEN "secret"

static bool is_within(struct bytes part, struct bytes whole)
{
    return part.len <= whole.len && part.at >= whole.at &&
           part.at + part.len <= whole.at + whole.len;
}

static bool is_own_name(struct bytes name)
{
    static const char *const own[] = {"localhost", "127.0.0.1", "[::1]",
                                      "queue.example"};

    for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
        if (name.len == strlen(own[i]) &&
            strncasecmp(name.at, own[i], name.len) == 0)
            return true;
    return false;
}

static void hold_for_host(struct bytes host)
{
    static const char *const others[] = {"queue.example"};
    struct http_names const names = {others, 1};
    struct bytes const name = http_guard_host_name(host);

    assert(http_guard_is_own_host(host, &names) == is_own_name(name));
    if (!name.at)
        return;
    assert(name.len <= host.len && name.at == host.at);
    assert(name.len == host.len || host.at[name.len] == ':');
    assert(name.len == 0 || name.at[0] == '[' ||
           !memchr(name.at, ':', name.len));
}

static void hold_for_origin(struct bytes origin)
{
    struct bytes const host = http_guard_origin_host(origin);

    if (!host.at)
        return;
    assert(is_within(host, origin) && origin.len - host.len > 3);
    assert(memcmp(host.at - 3, "://", 3) == 0);
    hold_for_host(host);
}

static void hold_for_token(struct bytes header)
{
    bool const is_right = header.len == sizeof("Bearer " TOKEN) - 1 &&
                          strncasecmp(header.at, "Bearer ", 7) == 0 &&
                          memcmp(header.at + 7, TOKEN, sizeof(TOKEN) - 1) == 0;

    assert(http_guard_has_token(header, BYTES(TOKEN)) == is_right);
}

static void hold_for_json(struct bytes header)
{
    static const char type[] = "application/json";
    size_t const len = sizeof(type) - 1;
    bool const begins =
        header.len >= len && strncasecmp(header.at, type, len) == 0;

    if (http_guard_is_json(header))
        assert(begins &&
               (header.len == len || memchr("; \t", header.at[len], 3)));
    else
        assert(!begins || header.len > len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes rest = input_of(data, size);

    hold_for_host(input_line(&rest));
    hold_for_origin(input_line(&rest));
    hold_for_token(input_line(&rest));
    hold_for_json(input_line(&rest));
    struct bytes const id = input_line(&rest);
    assert(!http_guard_is_request_id(id) || (id.len >= 1 && id.len <= 64));
    return 0;
}
