/*
 * backend_url.c - reads a URL into its parts.
 *
 * No message repeats a part of the text on its own: where a URL is broken,
 * any part may be a piece of the password. They name the masked text and the
 * rule.
 */
#include "usecase/backend_url.h"

#include "domain/task.h"
#include "domain/text.h"
#include "usecase/backend_url_mask.h"

#define PORT_MAX 65535
#define DB_MAX 65535

static enum status bad(const struct backend_url *url, const char *rule,
                       struct error *err)
{
    return error_bad_text(err, "url", "URL", bytes_of(url->masked), rule);
}

static int hex_value(char c)
{
    static const char digits[] = "0123456789abcdef";
    char const lower = c >= 'A' && c <= 'F' ? (char)(c + ('a' - 'A')) : c;
    const char *at = memchr(digits, lower, 16);

    return at ? (int)(at - digits) : -1;
}

/* Undoes percent-encoding into out[size]; false: a bad escape, a NUL, or more
 * than fits. */
static bool decode(struct bytes from, char *out, size_t size)
{
    size_t len = 0;

    for (size_t i = 0; i < from.len; i++) {
        char c = from.at[i];
        if (c == '%') {
            if (from.len - i < 3)
                return false;
            int const high = hex_value(from.at[i + 1]);
            int const low = hex_value(from.at[i + 2]);
            if (high < 0 || low < 0)
                return false;
            c = (char)(high << 4 | low);
            i += 2;
        }
        if (c == '\0' || len + 1 == size)
            return false;
        out[len++] = c;
    }
    out[len] = '\0';
    return true;
}

static bool starts_with(struct bytes text, const char *prefix)
{
    size_t const len = strlen(prefix);

    return text.len >= len && memcmp(text.at, prefix, len) == 0;
}

/* Takes what comes before the first mark from *rest, and the mark; all of it
 * when there is none (*rest is absent then). */
static struct bytes take_until(struct bytes *rest, char mark)
{
    struct bytes part = *rest;
    const char *at = rest->len > 0 ? memchr(rest->at, mark, rest->len) : NULL;

    if (!at) {
        *rest = (struct bytes){NULL, 0};
        return part;
    }
    part.len = (size_t)(at - part.at);
    *rest = (struct bytes){at + 1, rest->len - part.len - 1};
    return part;
}

static enum status read_db(struct bytes digits, struct backend_url *url,
                           struct error *err)
{
    int64_t db;

    if (!text_read_int(digits, DB_MAX, &db))
        return bad(url, "the database must be a number from 0 to 65535", err);
    url->db = (int)db;
    return STATUS_OK;
}

static enum status read_host(struct bytes text, struct backend_url *url,
                             struct error *err)
{
    struct bytes rest = text;
    struct bytes host;
    int64_t port;

    if (starts_with(rest, "[")) {
        take_until(&rest, '[');
        host = take_until(&rest, ']');
        if (!rest.at || (rest.len > 0 && rest.at[0] != ':'))
            return bad(url, "an IPv6 host must stand in brackets", err);
        if (rest.len > 0)
            take_until(&rest, ':');
        else
            rest.at = NULL;
    } else {
        host = take_until(&rest, ':');
    }
    if (host.len == 0)
        return bad(url, "it has no host", err);
    if (!decode(host, url->host, sizeof(url->host)))
        return bad(url, "bad %-escape in the host, or too long a one", err);
    if (!rest.at)
        return STATUS_OK;
    if (!text_read_int(rest, PORT_MAX, &port) || port < 1)
        return bad(url, "the port must be a number from 1 to 65535", err);
    url->port = (int)port;
    return STATUS_OK;
}

/* user:password */
static enum status read_user(struct bytes text, struct backend_url *url,
                             struct error *err)
{
    struct bytes password = text;
    struct bytes const user = take_until(&password, ':');

    if (!password.at)
        return bad(url, "write user:password@, or :password@", err);
    if (!decode(user, url->user, sizeof(url->user)) ||
        !decode(password, url->password, sizeof(url->password)))
        return bad(url, "bad %-escape in user or password, or too long a one",
                   err);
    return STATUS_OK;
}

/* //[user:password@]host[:port][/db] */
static enum status read_redis(struct bytes text, struct backend_url *url,
                              struct error *err)
{
    struct bytes db = text;
    size_t user_len;

    if (!starts_with(text, "//"))
        return bad(url, "write redis://HOST", err);
    db.at += 2;
    db.len -= 2;
    struct bytes const authority = take_until(&db, '/');
    struct bytes host = authority;

    for (user_len = authority.len; user_len > 0; user_len--)
        if (authority.at[user_len - 1] == '@')
            break;
    host.at += user_len;
    host.len -= user_len;
    if (user_len > 0) {
        struct bytes const user = {authority.at, user_len - 1};
        enum status const st = read_user(user, url, err);
        if (st != STATUS_OK)
            return st;
    }
    enum status const st = read_host(host, url, err);
    if (st != STATUS_OK || db.len == 0)
        return st;
    return read_db(db, url, err);
}

static enum status read_path(struct bytes text, struct backend_url *url,
                             struct error *err)
{
    if (text.len == 0)
        return bad(url, "it has no path", err);
    if (!decode(text, url->path, sizeof(url->path)))
        return bad(url, "bad %-escape in the path, or too long a one", err);
    return STATUS_OK;
}

static enum status read_redis_unix(struct bytes text, struct backend_url *url,
                                   struct error *err)
{
    if (!starts_with(text, "///"))
        return bad(url, "write redis+unix:///PATH", err);
    return read_path((struct bytes){text.at + 2, text.len - 2}, url, err);
}

static enum status read_memory(struct bytes text, struct backend_url *url,
                               struct error *err)
{
    if (text.len > 0)
        return bad(url, "nothing may follow memory:", err);
    return STATUS_OK;
}

enum option {
    OPTION_NAMESPACE = 1,
    OPTION_SYNC = 2,
    OPTION_DB = 4,
    OPTION_USER = 8,
    OPTION_PASSWORD = 16,
};

static const struct {
    const char *name;
    enum option option;
} options[] = {
    {"namespace", OPTION_NAMESPACE},
    {"sync", OPTION_SYNC},
    {"db", OPTION_DB},
    {"user", OPTION_USER},
    {"password", OPTION_PASSWORD},
};

static const struct scheme {
    const char *name;
    unsigned options;
    enum status (*read)(struct bytes text, struct backend_url *url,
                        struct error *err);
} schemes[] = {
    {"memory", OPTION_NAMESPACE, read_memory},
    {"sqlite", OPTION_NAMESPACE | OPTION_SYNC, read_path},
    {"redis", OPTION_NAMESPACE, read_redis},
    {"redis+unix", OPTION_NAMESPACE | OPTION_DB | OPTION_USER | OPTION_PASSWORD,
     read_redis_unix},
};

static const struct scheme *find_scheme(struct bytes name)
{
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
        if (bytes_is(name, schemes[i].name))
            return &schemes[i];
    return NULL;
}

/* 0: there is no such option. */
static unsigned find_option(struct bytes name)
{
    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
        if (bytes_is(name, options[i].name))
            return options[i].option;
    return 0;
}

static enum status set_option(enum option option, struct bytes value,
                              struct backend_url *url, struct error *err)
{
    bool is_good = true;

    switch (option) {
    case OPTION_NAMESPACE:
        if (!decode(value, url->namespace, sizeof(url->namespace)) ||
            !plain_name_is_valid(bytes_of(url->namespace)))
            return bad(url,
                       "the namespace must match "
                       "[A-Za-z0-9][A-Za-z0-9._-]{0,63}",
                       err);
        break;
    case OPTION_SYNC:
        url->sync = bytes_is(value, "normal") ? SYNC_NORMAL : SYNC_FULL;
        if (url->sync == SYNC_FULL && !bytes_is(value, "full"))
            return bad(url, "sync must be full or normal", err);
        break;
    case OPTION_DB:
        return read_db(value, url, err);
    case OPTION_USER:
        is_good = decode(value, url->user, sizeof(url->user));
        break;
    case OPTION_PASSWORD:
        is_good = decode(value, url->password, sizeof(url->password));
        break;
    }
    if (!is_good)
        return bad(url, "bad %-escape in an option, or too long a one", err);
    return STATUS_OK;
}

static enum status read_options(const struct scheme *scheme, struct bytes query,
                                struct backend_url *url, struct error *err)
{
    unsigned seen = 0;

    while (query.at && query.len > 0) {
        struct bytes value = take_until(&query, '&');
        struct bytes const name = take_until(&value, '=');
        unsigned const option = find_option(name);

        if (option == 0)
            return bad(url, "it has an option that there is not", err);
        if (!(scheme->options & option))
            return bad(url, "it has an option that is not for its scheme", err);
        if (seen & option)
            return bad(url, "it has an option twice", err);
        seen |= option;
        enum status const st = set_option((enum option)option, value, url, err);
        if (st != STATUS_OK)
            return st;
    }
    return STATUS_OK;
}

enum status backend_url_parse(struct bytes text, struct backend_url *out,
                              struct error *err)
{
    struct backend_url url = {.port = 6379, .namespace = "millrace"};
    struct text masked = text_in(url.masked, sizeof(url.masked));

    if (!text.at)
        text = BYTES("");
    backend_url_mask(text, &masked);
    if (text.len > BACKEND_URL_MAX)
        return error_too_large(err, "url", text.len, BACKEND_URL_MAX);

    struct bytes query = text;
    struct bytes body = take_until(&query, '?');
    struct bytes const name = take_until(&body, ':');
    const struct scheme *scheme = find_scheme(name);
    if (!scheme || !body.at)
        return bad(&url,
                   "it must begin with sqlite:, redis://, redis+unix:// or "
                   "memory:",
                   err);

    memcpy(url.scheme, scheme->name, strlen(scheme->name));
    enum status st = scheme->read(body, &url, err);
    if (st == STATUS_OK)
        st = read_options(scheme, query, &url, err);
    if (st == STATUS_OK)
        *out = url;
    return st;
}
