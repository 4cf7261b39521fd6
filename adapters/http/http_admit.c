/*
 * http_admit.c - what is refused before anyone looks at the body.
 */
#include <stdlib.h>
#include <sys/socket.h>

#include "adapters/http/http_internal.h"
#include "domain/text.h"

/* With an address that stands for all, the one that was called is ours. */
static bool is_called_address(const struct http_exchange *x, struct bytes host)
{
    struct http_address called = {.len = sizeof(called.storage)};

    if (!http_address_is_any(&x->server->address) ||
        getsockname(x->fd, (struct sockaddr *)&called.storage, &called.len) !=
            0)
        return false;
    return http_address_is_host(&called, http_guard_host_name(host));
}

static bool is_own(const struct http_exchange *x, struct bytes host)
{
    const struct http_server *s = x->server;

    return http_guard_is_own_host(host, &s->config->names) ||
           http_address_is_host(&s->address, http_guard_host_name(host)) ||
           is_called_address(x, host);
}

static bool check_names(struct http_exchange *x, const char *version)
{
    struct bytes const host = http_header_value(x, "Host");
    struct bytes const origin = http_header_value(x, "Origin");

    /* A client of HTTP/1.0, which need not send one, is no browser. */
    if (!host.at && strcmp(version, "HTTP/1.0") != 0)
        http_refuse(x, 400, "no_host", "Host: is missing", NULL);
    else if (host.at && !is_own(x, host))
        http_refuse(x, 403, "foreign_host",
                    "Host: not a name of this server: see serve --host", NULL);
    else if (origin.at && !is_own(x, http_guard_origin_host(origin)))
        http_refuse(x, 403, "foreign_origin",
                    "Origin: a foreign page may not ask", NULL);
    return x->status == 0;
}

static bool check_token(struct http_exchange *x)
{
    struct bytes const token = x->server->config->token;
    struct bytes const given = http_header_value(x, "Authorization");

    if (token.len == 0 || (x->route && x->route->is_open) ||
        http_guard_has_token(given, token))
        return true;
    http_refuse(x, 401, "unauthorized",
                given.at ? "Authorization: wrong token"
                         : "Authorization: a bearer token is needed",
                NULL);
    return false;
}

static void refuse_path(struct http_exchange *x)
{
    char message[200];
    struct text t = text_in(message, sizeof(message));

    if (x->allow[0]) {
        text_add(&t, "method ");
        text_add_printable(&t, bytes_of(x->method));
        text_add(&t, " is not allowed here: ");
        text_add(&t, x->allow);
        http_refuse(x, 405, "method_not_allowed", message, NULL);
        return;
    }
    text_add(&t, "no such path: ");
    text_add_printable(&t, bytes_of(x->path));
    http_refuse(x, 404, "not_found", message, NULL);
}

/* A page can have a browser send some kinds of requests anywhere without being
 * asked; none of these has this content type. */
static bool check_content_type(struct http_exchange *x)
{
    if (strcmp(x->route->method, "GET") == 0 ||
        http_guard_is_json(http_header_value(x, "Content-Type")))
        return true;
    http_refuse(x, 415, "unsupported_media_type",
                "Content-Type: must be application/json", NULL);
    return false;
}

static bool check_length(struct http_exchange *x)
{
    struct bytes const length = http_header_value(x, "Content-Length");
    char message[120];
    struct text t = text_in(message, sizeof(message));
    int64_t n;

    if (!length.at || text_read_int(length, (int64_t)HTTP_BODY_MAX, &n))
        return true;
    text_add(&t, "body too large: ");
    text_add_printable(&t, length);
    text_add(&t, " bytes, limit ");
    text_add_int(&t, (int64_t)HTTP_BODY_MAX);
    http_refuse(x, 413, "too_large", message, NULL);
    return false;
}

bool http_admit(struct http_exchange *x, const char *version)
{
    const struct http_config *config = x->server->config;

    x->route = http_route_find(config->routes, config->route_count, x->method,
                               x->path, &x->part, x->allow);
    if (!check_names(x, version) || !check_token(x))
        return false;
    if (!x->route) {
        refuse_path(x);
        return false;
    }
    return check_content_type(x) && check_length(x);
}
