#include "adapters/redis/redis_connection.h"

#include <string.h>

static const struct {
    const char *code;
    enum status status;
    const char *hint;
} meanings[] = {
    {"OOM", STATUS_FULL, ""},
    {"LOADING", STATUS_UNAVAILABLE, ""},
    {"READONLY", STATUS_UNAVAILABLE, ""},
    {"MASTERDOWN", STATUS_UNAVAILABLE, ""},
    {"BUSY", STATUS_UNAVAILABLE, ""},
    {"TRYAGAIN", STATUS_UNAVAILABLE, ""},
    {"CLUSTERDOWN", STATUS_UNAVAILABLE, ""},
    {"NOREPLICAS", STATUS_UNAVAILABLE, ""},
    {"MISCONF", STATUS_UNAVAILABLE, ""},
    {"NOSCRIPT", STATUS_UNAVAILABLE, ""},
    {"UNBLOCKED", STATUS_UNAVAILABLE, ""},
    {"LOST", STATUS_UNAVAILABLE, ""}, /* ours: the line, not the server */
    {"ERR max number of clients", STATUS_UNAVAILABLE, ""},
    {"NOAUTH", STATUS_REFUSED, " (the URL has no password)"},
    {"WRONGPASS", STATUS_REFUSED, ""},
    {"NOPERM", STATUS_REFUSED, ""},
    {"MOVED", STATUS_REFUSED, " (Redis Cluster is not supported)"},
    {"CROSSSLOT", STATUS_REFUSED, " (Redis Cluster is not supported)"},
    {"WRONGTYPE", STATUS_CORRUPT, ""},
};

/* Redis 6.2 wraps what a script meets: "ERR Error running script ...:
 * -OOM command not allowed"; Redis 7 puts the code first. A transaction that
 * was refused for want of memory says so at its end. */
static bool has_code(const char *text, const char *code)
{
    size_t const len = strlen(code);

    if (strncmp(text, code, len) == 0)
        return true;
    if (strncmp(text, "ERR Error running script", 24) != 0 &&
        strncmp(text, "EXECABORT", 9) != 0)
        return false;
    for (const char *at = strstr(text, code); at; at = strstr(at + 1, code))
        if (at > text && (at[-1] == '-' || at[-1] == ' ') && at[len] == ' ')
            return true;
    return false;
}

enum status redis_fault(const struct redis_connection *c, const char *text,
                        struct error *err)
{
    enum status status = STATUS_REFUSED; /* unknown: will not pass by itself */
    const char *hint = "";

    for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
        if (has_code(text, meanings[i].code)) {
            status = meanings[i].status;
            hint = meanings[i].hint;
            break;
        }
    }
    if (strncmp(text, "LOST ", 5) == 0)
        text += 5;
    struct bytes const parts[] = {BYTES("redis: "), bytes_of(c->url->masked),
                                  BYTES(": "), bytes_of(text), bytes_of(hint)};
    return error_join(err, status, NULL, parts, 5);
}

bool redis_is_error(const redisReply *reply, const char *code)
{
    return reply->type == REDIS_REPLY_ERROR && has_code(reply->str, code);
}
