/*
 * An address that can be read writes as a text that reads as the same, and is
 * the host that it was asked for by; any other is refused in one line.
 *
 * Names are not looked up: what is not a number is unknown here.
 */
#include "adapters/http/http_address.h"

#include <dlfcn.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/http/http_guard.h"
#include "tests/fuzz/fuzz.h"

/* Stands before libc's own, which would ask the network. */
int getaddrinfo(const char *restrict host, const char *restrict service,
                const struct addrinfo *restrict hints,
                struct addrinfo **restrict out)
{
    int (*next)(const char *, const char *, const struct addrinfo *,
                struct addrinfo **);
    struct addrinfo numeric = *hints;

    *(void **)&next = dlsym(RTLD_NEXT, "getaddrinfo");
    assert(next);
    numeric.ai_flags |= AI_NUMERICHOST;
    return next(host, service, &numeric, out);
}

static void hold_for_address(const struct http_address *address)
{
    char text[HTTP_ADDRESS_TEXT_SIZE];
    char again_text[HTTP_ADDRESS_TEXT_SIZE];
    struct http_address again;
    struct error err;

    http_address_format(address, text);
    assert(http_address_parse(text, "--listen", &again, &err) == STATUS_OK);
    http_address_format(&again, again_text);
    assert(strcmp(text, again_text) == 0);
    assert(http_address_is_host(address, http_guard_host_name(bytes_of(text))));
    assert(http_address_is_host(address, bytes_of(address->name)));
    assert(!http_address_is_host(address, BYTES("evil.example")));
    assert(http_address_is_loopback(&again) ==
           http_address_is_loopback(address));
    assert(http_address_is_any(&again) == http_address_is_any(address));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = strndup((const char *)data, size);
    struct http_address address = {.len = 0};
    struct error err = {.text = ""};

    assert(text);
    enum status const st = http_address_parse(text, "--listen", &address, &err);
    if (st == STATUS_OK) {
        hold_for_address(&address);
    } else {
        assert(st == STATUS_INVALID || st == STATUS_UNAVAILABLE);
        assert(strcmp(err.field, "--listen") == 0 && address.len == 0);
        assert(strncmp(err.text, "--listen: ", 10) == 0);
        assert(!strchr(err.text, '\n'));
    }
    free(text);
    return 0;
}
