#include "adapters/http/http_address.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "domain/text.h"

#define BACKLOG 4096 /* the kernel cuts it to somaxconn */

static enum status refuse(const char *field, const char *text,
                          struct error *err)
{
    return error_bad_text(err, field, "address", bytes_of(text),
                          "must be HOST:PORT, such as 127.0.0.1:7420");
}

/* Splits "HOST:PORT"; an IPv6 address loses its brackets. */
static bool split(const char *text, char host[HTTP_NAME_SIZE],
                  const char **port)
{
    const char *colon = strrchr(text, ':');
    size_t len = colon ? (size_t)(colon - text) : 0;
    int64_t number;

    if (len == 0 || !text_read_int(bytes_of(colon + 1), 65535, &number))
        return false;
    if (text[0] == '[' && text[len - 1] == ']') {
        text++;
        len -= 2;
    } else if (memchr(text, ':', len)) {
        return false;
    }
    if (len == 0 || len >= HTTP_NAME_SIZE)
        return false;
    memcpy(host, text, len);
    host[len] = '\0';
    *port = colon + 1;
    return true;
}

enum status http_address_parse(const char *text, const char *field,
                               struct http_address *out, struct error *err)
{
    struct addrinfo const hints = {.ai_socktype = SOCK_STREAM,
                                   .ai_flags = AI_NUMERICSERV};
    struct addrinfo *found;
    char host[HTTP_NAME_SIZE] = "";
    const char *port;

    if (!split(text, host, &port))
        return refuse(field, text, err);
    int const wrong = getaddrinfo(host, port, &hints, &found);
    if (wrong != 0) {
        struct bytes const parts[] = {bytes_of(field), BYTES(": "),
                                      bytes_of(host), BYTES(": "),
                                      bytes_of(gai_strerror(wrong))};
        return error_join(err, STATUS_UNAVAILABLE, field, parts, 5);
    }
    out->len = found->ai_addrlen;
    memcpy(&out->storage, found->ai_addr, found->ai_addrlen);
    memcpy(out->name, host, sizeof(out->name));
    freeaddrinfo(found);
    return STATUS_OK;
}

static const struct sockaddr_in *as_ipv4(const struct http_address *address)
{
    return (const struct sockaddr_in *)&address->storage;
}

static const struct sockaddr_in6 *as_ipv6(const struct http_address *address)
{
    return (const struct sockaddr_in6 *)&address->storage;
}

/* Its IPv4 address, in the order of the network; false if it has none. One
 * that came over an IPv6 socket is such an address, too. */
static bool find_ipv4(const struct http_address *address, uint32_t *out)
{
    const struct in6_addr *ipv6 = &as_ipv6(address)->sin6_addr;

    if (address->storage.ss_family != AF_INET6)
        *out = as_ipv4(address)->sin_addr.s_addr;
    else if (IN6_IS_ADDR_V4MAPPED(ipv6))
        memcpy(out, &ipv6->s6_addr[12], sizeof(*out));
    else
        return false;
    return true;
}

bool http_address_is_loopback(const struct http_address *address)
{
    uint32_t ipv4;

    if (find_ipv4(address, &ipv4))
        return ntohl(ipv4) >> 24 == IN_LOOPBACKNET;
    return IN6_IS_ADDR_LOOPBACK(&as_ipv6(address)->sin6_addr);
}

bool http_address_is_any(const struct http_address *address)
{
    uint32_t ipv4;

    if (find_ipv4(address, &ipv4))
        return ipv4 == htonl(INADDR_ANY);
    return IN6_IS_ADDR_UNSPECIFIED(&as_ipv6(address)->sin6_addr);
}

static void add_host(struct text *t, const struct http_address *address)
{
    char host[INET6_ADDRSTRLEN] = "?";
    uint32_t ipv4;

    if (find_ipv4(address, &ipv4)) {
        inet_ntop(AF_INET, &ipv4, host, sizeof(host));
        text_add(t, host);
    } else {
        inet_ntop(AF_INET6, &as_ipv6(address)->sin6_addr, host, sizeof(host));
        text_add(t, "[");
        text_add(t, host);
        text_add(t, "]");
    }
}

bool http_address_is_host(const struct http_address *address, struct bytes host)
{
    char buffer[HTTP_ADDRESS_TEXT_SIZE];
    struct text t = text_in(buffer, sizeof(buffer));

    add_host(&t, address);
    return bytes_equal(host, (struct bytes){t.at, t.len}) ||
           (host.len > 0 && host.len == strlen(address->name) &&
            strncasecmp(host.at, address->name, host.len) == 0);
}

void http_address_format(const struct http_address *address,
                         char out[HTTP_ADDRESS_TEXT_SIZE])
{
    struct text t = text_in(out, HTTP_ADDRESS_TEXT_SIZE);
    bool const is_ipv6 = address->storage.ss_family == AF_INET6;

    add_host(&t, address);
    text_add(&t, ":");
    text_add_int(&t, ntohs(is_ipv6 ? as_ipv6(address)->sin6_port
                                   : as_ipv4(address)->sin_port));
}

static enum status cannot_listen(const struct http_address *address,
                                 struct error *err)
{
    const char *why = strerror(errno);
    char text[HTTP_ADDRESS_TEXT_SIZE];

    http_address_format(address, text);
    struct bytes const parts[] = {BYTES("http: can't listen on "),
                                  bytes_of(text), BYTES(": "), bytes_of(why)};
    return error_join(err, STATUS_UNAVAILABLE, NULL, parts, 4);
}

static bool bind_and_listen(int fd, struct http_address *address)
{
    int const yes = 1;

    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes)) != 0 ||
        bind(fd, (const struct sockaddr *)&address->storage, address->len) != 0)
        return false;
    address->len = sizeof(address->storage);
    return listen(fd, BACKLOG) == 0 &&
           getsockname(fd, (struct sockaddr *)&address->storage,
                       &address->len) == 0;
}

enum status http_address_listen(struct http_address *address, int *fd,
                                struct error *err)
{
    int const made = socket(address->storage.ss_family,
                            SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (made < 0)
        return cannot_listen(address, err);
    if (!bind_and_listen(made, address)) {
        enum status const st = cannot_listen(address, err);
        close(made);
        return st;
    }
    *fd = made;
    return STATUS_OK;
}
