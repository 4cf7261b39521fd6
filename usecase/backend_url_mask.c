#include "usecase/backend_url_mask.h"

static const char hidden[] = "***";

static bool starts_with(struct bytes text, const char *prefix)
{
    size_t const len = strlen(prefix);

    return text.len >= len && memcmp(text.at, prefix, len) == 0;
}

static size_t length_until(struct bytes b, const char *ends)
{
    size_t n = 0;

    while (n < b.len && !memchr(ends, b.at[n], strlen(ends)))
        n++;
    return n;
}

static bool is_scheme(struct bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        char const c = text.at[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z') && c != '+')
            return false;
    }
    return text.len > 0;
}

/* How much of the text before the last '@' may be shown: all up to the ':'
 * behind the user. If there is none, or no user, no more than SCHEME://. A ':'
 * behind a '?' stands in an option. */
static size_t shown_of(struct bytes text)
{
    const char *colon = text.len > 0 ? memchr(text.at, ':', text.len) : NULL;
    if (!colon)
        return 0;

    size_t const scheme = (size_t)(colon - text.at);
    struct bytes rest = {colon + 1, text.len - scheme - 1};
    if (!is_scheme((struct bytes){text.at, scheme}) || !starts_with(rest, "//"))
        return scheme + 1;
    size_t const user = length_until(rest, ":?");
    bool const is_user = user < rest.len && rest.at[user] == ':';
    return scheme + 1 + (is_user ? user + 1 : 2);
}

/* Adds what comes before the last '@', its secret hidden; returns how many
 * bytes of url that stands for. */
static size_t add_user(struct bytes url, struct text *out)
{
    size_t n = url.len;

    if (starts_with(url, "sqlite:") || starts_with(url, "memory:"))
        return 0;
    while (n > 0 && url.at[n - 1] != '@')
        n--;
    if (n == 0)
        return 0;
    n--;
    text_add_bytes(out,
                   (struct bytes){url.at, shown_of((struct bytes){url.at, n})});
    text_add(out, hidden);
    return n;
}

static bool is_harmless(struct bytes option)
{
    return bytes_is(option, "namespace") || bytes_is(option, "sync") ||
           bytes_is(option, "db") || bytes_is(option, "user");
}

void backend_url_mask(struct bytes url, struct text *out)
{
    size_t const user = add_user(url, out);
    struct bytes rest = {url.at + user, url.len - user};
    bool is_option = user > 0 && memchr(url.at, '?', user);

    /* That '@' stands in an option, perhaps in the middle of a secret. */
    if (is_option) {
        size_t const hidden_too = length_until(rest, "&");
        rest.at += hidden_too;
        rest.len -= hidden_too;
    }

    while (rest.len > 0) {
        size_t const name = length_until(rest, "?&=");
        bool const hides = is_option && name < rest.len &&
                           rest.at[name] == '=' &&
                           !is_harmless((struct bytes){rest.at, name});
        /* A secret may hold any '?' but the first of the URL. */
        size_t const piece = length_until(rest, hides ? "&" : "?&");

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
