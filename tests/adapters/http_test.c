/*
 * http_test.c - the parts of the HTTP service that need no backend.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "adapters/http/http_page.h"
#include "adapters/http/http_query.h"
#include "adapters/http/http_server.h"
#include "adapters/http/http_token.h"

static const struct http_route routes[] = {
    {.method = "GET", .pattern = "/", .handle = http_health_handle},
    {.method = "GET", .pattern = "/a/{}", .handle = http_health_handle},
    {.method = "DELETE", .pattern = "/a/{}", .handle = http_health_handle},
    {.method = "POST", .pattern = "/a/{}/run", .handle = http_health_handle},
};
#define ROUTES (sizeof(routes) / sizeof(routes[0]))

static const struct http_route *find(const char *method, const char *path,
                                     struct bytes *part, char *allow)
{
    return http_route_find(routes, ROUTES, method, path, part, allow);
}

Test(http_route, is_found_by_method_and_path)
{
    char allow[HTTP_ALLOW_SIZE];
    struct bytes part;

    cr_assert(find("GET", "/", &part, allow) == &routes[0]);
    cr_assert(find("HEAD", "/", &part, allow) == &routes[0]);
    cr_assert(find("GET", "/a/b", &part, allow) == &routes[1]);
    cr_assert(bytes_is(part, "b"));
    cr_assert(find("DELETE", "/a/%2F", &part, allow) == &routes[2]);
    cr_assert(bytes_is(part, "%2F"));
    cr_assert(find("POST", "/a/b/run", &part, allow) == &routes[3]);
}

Test(http_route, of_another_shape_is_none)
{
    static const char *const paths[] = {
        "",     "//",      "/a",         "/a/", "/a/b/",    "/a/b/run/",
        "/A/b", "/a//run", "/a/b/c/run", "a/b", "/a/../a/b"};
    char allow[HTTP_ALLOW_SIZE];
    struct bytes part;

    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        cr_assert(!find("GET", paths[i], &part, allow), "%s", paths[i]);
        cr_assert_str_eq(allow, "", "%s", paths[i]);
    }
}

Test(http_route, of_another_method_says_which_there_are)
{
    char allow[HTTP_ALLOW_SIZE];
    struct bytes part;

    cr_assert(!find("PUT", "/a/b", &part, allow));
    cr_assert_str_eq(allow, "GET, HEAD, DELETE");
}

Test(http_guard, knows_its_own_names)
{
    static const char *const names[] = {"queue.example"};
    struct http_names const own = {names, 1};

    cr_assert(http_guard_is_own_host(BYTES("localhost:7420"), &own));
    cr_assert(http_guard_is_own_host(BYTES("[::1]"), &own));
    cr_assert(http_guard_is_own_host(BYTES("Queue.Example:80"), &own));
    cr_assert(!http_guard_is_own_host(BYTES("queue.example.evil"), &own));
    cr_assert(!http_guard_is_own_host(BYTES("localhost:"), &own));
    cr_assert(!http_guard_is_own_host(BYTES("localhost:1x"), &own));
    cr_assert(!http_guard_is_own_host((struct bytes){0}, &own));
}

Test(http_guard, takes_the_host_out_of_an_origin)
{
    cr_assert(bytes_is(http_guard_origin_host(BYTES("http://a:1")), "a:1"));
    cr_assert(!http_guard_origin_host(BYTES("null")).at);
    cr_assert(!http_guard_origin_host(BYTES("://a")).at);
    cr_assert(!http_guard_origin_host(BYTES("http:/")).at);
}

Test(http_guard, lets_only_the_whole_token_in)
{
    struct bytes const token = BYTES("secret");

    cr_assert(http_guard_has_token(BYTES("Bearer secret"), token));
    cr_assert(http_guard_has_token(BYTES("bearer secret"), token));
    cr_assert(!http_guard_has_token(BYTES("Bearer secre"), token));
    cr_assert(!http_guard_has_token(BYTES("Bearer secrets"), token));
    cr_assert(!http_guard_has_token(BYTES("Bearer secretsecret"), token));
    cr_assert(!http_guard_has_token(BYTES("Bearer "), token));
    cr_assert(!http_guard_has_token(BYTES("secret"), token));
    cr_assert(!http_guard_has_token((struct bytes){0}, token));
}

Test(http_query, decodes_percents)
{
    char text[] = "a%20%C3%A4%2f%2F";

    cr_assert(http_percent_decode(text));
    cr_assert_str_eq(text, "a ä//");
}

Test(http_query, refuses_what_is_no_text)
{
    static const char *const bad[] = {"%",    "%2",   "%zz",  "%2g", "a%00b",
                                      "%0a",  "%ff",  "%c3",  "%:0", "%7f",
                                      "% 20", "%20%", "%-12", "%@0"};

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        char text[16];
        memcpy(text, bad[i], strlen(bad[i]) + 1);
        cr_assert(!http_percent_decode(text), "%s", bad[i]);
    }
}

Test(http_token, comes_back_as_it_was)
{
    struct http_token const token = {.queue = "mail",
                                     .worker = "me-1",
                                     .leased_at_ms = 1234567890123,
                                     .lease_ms = 30000,
                                     .inner = {"1:2:three"}};
    char text[HTTP_TOKEN_SIZE];
    struct http_token back;

    http_token_format(&token, text);
    cr_assert(http_token_parse(bytes_of(text), &back));
    cr_assert_str_eq(back.queue, "mail");
    cr_assert_str_eq(back.worker, "me-1");
    cr_assert_eq(back.leased_at_ms, token.leased_at_ms);
    cr_assert_eq(back.lease_ms, token.lease_ms);
    cr_assert_str_eq(back.inner.text, "1:2:three");
}

Test(http_token, that_is_malformed_is_none)
{
    static const char *const bad[] = {
        "",
        "x",
        "q:w:1:30000:",
        "q:w:1:99:t",
        "Q:w:1:300:t",
        "q::1:300:t",
        "q:w:-1:300:t",
        "q:w:1:9999999999999:t",
        "q:w:1:300",
        ":w:1:300:t",
        "q:w::300:t",
    };
    struct http_token out;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        cr_assert(!http_token_parse(bytes_of(bad[i]), &out), "%s", bad[i]);
}

Test(http_token, whose_inner_part_is_too_long_is_none)
{
    char text[400] = "q:w:1:300:";
    struct http_token out;

    memset(text + strlen(text), 'x', LEASE_TOKEN_SIZE);
    cr_assert(!http_token_parse(bytes_of(text), &out));
}

Test(http_address, is_read_and_written)
{
    struct http_address address;
    char text[HTTP_ADDRESS_TEXT_SIZE];
    struct error err;

    cr_assert(http_address_parse("[::1]:80", "--listen", &address, &err) == 0);
    cr_assert(http_address_is_loopback(&address));
    http_address_format(&address, text);
    cr_assert_str_eq(text, "[::1]:80");
    cr_assert(http_address_parse("0.0.0.0:1", "--listen", &address, &err) == 0);
    cr_assert(http_address_is_any(&address));
    cr_assert(!http_address_is_loopback(&address));
    cr_assert(http_address_is_host(&address, BYTES("0.0.0.0")));
    cr_assert(!http_address_is_host(&address, BYTES("localhost")));
    cr_assert(http_address_parse("localhost:1", "--listen", &address, &err) ==
              0);
    cr_assert(http_address_is_host(&address, BYTES("LocalHost")));
    cr_assert(!http_address_is_host(&address, (struct bytes){0}));
}

Test(http_address, of_ipv4_is_the_same_by_way_of_ipv6)
{
    struct http_address address;
    struct error err;

    cr_assert(http_address_parse("[::ffff:127.0.0.1]:1", "--listen", &address,
                                 &err) == 0);
    cr_assert(http_address_is_loopback(&address));
    cr_assert(http_address_parse("[::ffff:0.0.0.0]:1", "--listen", &address,
                                 &err) == 0);
    cr_assert(http_address_is_any(&address));
    cr_assert(!http_address_is_loopback(&address));
}

/* A server on a free port, and a connection to it. */
struct pair {
    struct http_config config;
    struct http_server *server;
    int fd;
};

static void open_pair(struct pair *p, int64_t receive_ms)
{
    struct error err;

    *p = (struct pair){.config = {.routes = routes,
                                  .route_count = ROUTES,
                                  .desks = 1,
                                  .receive_ms = receive_ms}};
    cr_assert(http_address_parse("127.0.0.1:0", "--listen", &p->config.address,
                                 &err) == 0);
    cr_assert(http_server_open(&p->config, &p->server, &err) == 0);
    const struct http_address *at = http_server_address(p->server);
    p->fd = socket(AF_INET, SOCK_STREAM, 0);
    cr_assert(connect(p->fd, (const struct sockaddr *)&at->storage, at->len) ==
              0);
}

static void close_pair(struct pair *p)
{
    close(p->fd);
    http_server_close(p->server);
}

static void say(const struct pair *p, const char *text)
{
    ssize_t const sent = send(p->fd, text, strlen(text), MSG_NOSIGNAL);
    (void)sent; /* a server that has hung up shows when it is read from */
}

Test(http_server, hangs_up_on_who_sends_too_slowly, .timeout = 60)
{
    struct pair p;
    char byte;
    open_pair(&p, 0);

    /* The time is over as soon as the connection is known. */
    ssize_t n = -1;
    while (n != 0) {
        struct timeval const patience = {.tv_usec = 10000};
        setsockopt(p.fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
        say(&p, "G");
        http_server_tend(p.server);
        n = recv(p.fd, &byte, 1, 0);
        if (n < 0 && errno == ECONNRESET)
            n = 0;
    }

    close_pair(&p);
}

Test(http_server, leaves_others_alone, .timeout = 60)
{
    struct pair p;
    char answer[16] = "";
    open_pair(&p, HTTP_RECEIVE_MS);

    say(&p, "GET / HTTP/1.1\r\nHost: local");
    http_server_tend(p.server);
    say(&p, "host\r\n\r\n");

    cr_assert(recv(p.fd, answer, 12, MSG_WAITALL) == 12);
    cr_assert_str_eq(answer, "HTTP/1.1 200");
    close_pair(&p);
}

Test(http_server, is_drained_when_nothing_is_asked, .timeout = 60)
{
    struct pair p;
    open_pair(&p, HTTP_RECEIVE_MS);

    http_server_quiesce(p.server);
    cr_assert(http_server_drain(p.server, 60000));

    close_pair(&p);
}

Test(http_server, takes_nothing_once_it_is_drained, .timeout = 60)
{
    static const char *const request = "GET / HTTP/1.1\r\n"
                                       "Host: localhost\r\n\r\n";
    struct pair p;
    char byte = ' ';
    open_pair(&p, HTTP_RECEIVE_MS);
    say(&p, request);
    while (byte != '}') /* the end of the answer */
        cr_assert(recv(p.fd, &byte, 1, 0) == 1);
    http_server_quiesce(p.server);
    cr_assert(http_server_drain(p.server, 60000));

    say(&p, request);

    cr_assert(recv(p.fd, &byte, 1, 0) <= 0, "the end, and no answer");
    close_pair(&p);
}
