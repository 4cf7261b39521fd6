#include "usecase/backend_url_mask.h"

static const char hidden[] = "***";

static bool starts_with(struct bytes text, const char *prefix)
{
    size_t const len = strlen(prefix);

    return text.len >= len && memcmp(text.at, prefix, len) == 0;
}

/* Where the user part begins: behind "//", or behind the scheme in a text that
 * has none. */
static size_t user_start(struct bytes url)
{
    size_t i = 0;

    while (i + 1 < url.len && !(url.at[i] == '/' && url.at[i + 1] == '/'))
        i++;
    if (i + 1 < url.len)
        return i + 2;
    const char *colon = url.len > 0 ? memchr(url.at, ':', url.len) : NULL;
    return colon ? (size_t)(colon - url.at) + 1 : 0;
}

/* Adds the user part, its secret hidden, up to the last '@' and without it;
 * returns how many bytes of url that stands for. */
static size_t add_user(struct bytes url, struct text *out)
{
    size_t const start = user_start(url);
    size_t end = url.len;

    if (starts_with(url, "sqlite:") || starts_with(url, "memory:"))
        return 0;
    while (end > start && url.at[end - 1] != '@')
        end--;
    if (end == start)
        return 0;

    /* Without a ':' it may be a password put in the wrong place. */
    const char *colon = memchr(url.at + start, ':', end - start);
    size_t const shown = colon ? (size_t)(colon - url.at) + 1 : start;
    text_add_bytes(out, (struct bytes){url.at, shown});
    text_add(out, hidden);
    return end - 1;
}

static bool is_harmless(struct bytes option)
{
    return bytes_is(option, "namespace") || bytes_is(option, "sync") ||
           bytes_is(option, "db") || bytes_is(option, "user");
}

static size_t length_until(struct bytes b, const char *ends)
{
    size_t n = 0;

    while (n < b.len && !memchr(ends, b.at[n], strlen(ends)))
        n++;
    return n;
}

void backend_url_mask(struct bytes url, struct text *out)
{
    size_t const user = add_user(url, out);
    struct bytes rest = {url.at + user, url.len - user};
    bool is_option = false;

    while (rest.len > 0) {
        size_t const piece = length_until(rest, "?&");
        size_t const name = length_until(rest, "?&=");
        struct bytes const option = {rest.at, name};
        bool const hides = is_option && name < piece && !is_harmless(option);

        text_add_bytes(out, (struct bytes){rest.at, hides ? name + 1 : piece});
        if (hides)
            text_add(out, hidden);
        if (piece == rest.len)
            break;
        text_add_bytes(out, (struct bytes){rest.at + piece, 1});
        rest = (struct bytes){rest.at + piece + 1, rest.len - piece - 1};
        is_option = true;
    }
}
