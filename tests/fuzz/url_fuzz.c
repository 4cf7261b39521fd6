/*
 * A URL that can be read has its parts within their limits. Neither its masked
 * text nor any message shows a password.
 *
 * The first byte 1 in the input stands for the password SECRET, so that it is
 * known what must not be seen.
 */
#include <stdlib.h>

#include "domain/task.h"
#include "tests/fuzz/fuzz.h"
#include "usecase/backend_url.h"

#define SECRET "hunter2hunter2"
#define SECRET_LEN (sizeof(SECRET) - 1)

/* The input with its mark replaced, for the caller to free. */
static struct bytes text_of(struct bytes input)
{
    const char *mark = input.len > 0 ? memchr(input.at, 1, input.len) : NULL;
    char *text = malloc(input.len + SECRET_LEN + 1);
    size_t const before = mark ? (size_t)(mark - input.at) : input.len;
    size_t const after = mark ? input.len - before - 1 : 0;

    assert(text);
    if (before > 0)
        memcpy(text, input.at, before);
    if (mark)
        memcpy(text + before, SECRET, SECRET_LEN);
    if (after > 0)
        memcpy(text + before + SECRET_LEN, mark + 1, after);
    return (struct bytes){text, before + after + (mark ? SECRET_LEN : 0)};
}

static const char *find_secret(struct bytes text)
{
    if (!text.at || text.len == 0)
        return NULL;
    return memmem(text.at, text.len, SECRET, SECRET_LEN);
}

/* Whether the secret stands where only a password can: before the last '@',
 * with two colons before it. Nowhere else, and not in a path. */
static bool is_password(struct bytes text)
{
    const char *at = find_secret(text);
    int colons = 0;

    if (!at || memcmp(text.at, "sqlite:", 7) == 0 ||
        memcmp(text.at, "memory:", 7) == 0)
        return false;
    for (const char *c = text.at; c < at; c++)
        colons += *c == ':';
    const char *behind = at + SECRET_LEN;
    struct bytes const rest = {behind, text.len - (size_t)(behind - text.at)};
    return colons >= 2 && !find_secret(rest) && rest.len > 0 &&
           memchr(rest.at, '@', rest.len);
}

static void hold_for_parts(const struct backend_url *url)
{
    assert(url->port >= 1 && url->port <= 65535);
    assert(url->db >= 0 && url->db <= 65535);
    assert(plain_name_is_valid(bytes_of(url->namespace)));
    assert((strncmp(url->scheme, "redis", 6) == 0) == (url->host[0] != '\0'));
    if (strstr(url->password, SECRET) && !strstr(url->user, SECRET) &&
        !strstr(url->host, SECRET) && !strstr(url->path, SECRET) &&
        !strstr(url->namespace, SECRET))
        assert(!strstr(url->masked, SECRET));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes const text = text_of(input_of(data, size));
    struct backend_url url;
    struct error err;

    enum status const st = backend_url_parse(text, &url, &err);
    if (st == STATUS_OK) {
        hold_for_parts(&url);
        assert(!is_password(text) || !strstr(url.masked, SECRET));
    } else {
        assert(st == STATUS_INVALID && strcmp(err.field, "url") == 0);
        assert(!is_password(text) || !strstr(err.text, SECRET));
    }
    free((char *)text.at);
    return 0;
}
