#include "adapters/redis/redis_handshake.h"

#include <assert.h>

#include "adapters/redis/redis_keys.h"
#include "domain/text.h"

#define VERSION_MAJOR 6
#define VERSION_MINOR 2

struct bytes redis_info_value(struct bytes info, const char *name)
{
    size_t const len = strlen(name);

    for (size_t at = 0; at < info.len;) {
        const char *line = info.at + at;
        const char *end = memchr(line, '\r', info.len - at);
        size_t const line_len = end ? (size_t)(end - line) : info.len - at;
        if (line_len > len && line[len] == ':' && memcmp(line, name, len) == 0)
            return (struct bytes){line + len + 1, line_len - len - 1};
        at += line_len + 2;
    }
    return (struct bytes){0};
}

static bool is_new_enough(struct bytes version)
{
    int64_t number[2] = {0, 0};
    size_t at = 0;

    for (int i = 0; i < 2; i++, at++)
        for (; at < version.len && version.at[at] != '.'; at++) {
            int const digit = version.at[at] - '0';
            if (digit < 0 || digit > 9 || number[i] > 9999)
                return false;
            number[i] = number[i] * 10 + digit;
        }
    return number[0] > VERSION_MAJOR ||
           (number[0] == VERSION_MAJOR && number[1] >= VERSION_MINOR);
}

enum status redis_server_check(struct redis_connection *c, struct bytes info,
                               struct error *err)
{
    struct bytes const version = redis_info_value(info, "redis_version");
    struct bytes const run_id = redis_info_value(info, "run_id");
    int64_t uptime_s = 0;

    if (!is_new_enough(version)) {
        struct bytes const parts[] = {
            BYTES("redis: "), bytes_of(c->url->masked),
            BYTES(": needs Redis " REDIS_VERSION_NEEDED
                  " or later, the server is "),
            version.len ? version : BYTES("of no known version")};
        return error_join(err, STATUS_REFUSED, NULL, parts, 4);
    }
    struct text t = text_in(c->run_id, sizeof(c->run_id));
    text_add_bytes(&t, run_id);
    if (!text_read_int(redis_info_value(info, "uptime_in_seconds"), INT32_MAX,
                       &uptime_s))
        uptime_s = 0;
    c->server_start_mono_ms = redis_mono_ms() - uptime_s * 1000;
    return STATUS_OK;
}

static enum status schema_check(const struct redis_connection *c,
                                const redisReply *reply, struct error *err)
{
    int64_t version = 0;

    if (reply->type == REDIS_REPLY_NIL)
        return STATUS_OK;
    struct bytes const text = {reply->str, reply->len};
    if (reply->type == REDIS_REPLY_STRING &&
        text_read_int(text, INT32_MAX, &version) && version >= 1 &&
        version <= REDIS_SCHEMA)
        return STATUS_OK;
    struct bytes const parts[] = {
        BYTES("redis: "),
        bytes_of(c->url->masked),
        BYTES(": the schema of namespace "),
        bytes_of(c->url->namespace),
        BYTES(" is version "),
        text,
        BYTES(", this program knows up to " REDIS_SCHEMA_TEXT),
    };
    return error_join(err, STATUS_REFUSED, NULL, parts, 7);
}

/* Returns how many commands it began: their answers need no reading. */
static size_t introduce(struct redis_connection *c)
{
    const struct backend_url *url = c->url;
    size_t commands = 0;

    if (url->password[0] != '\0') {
        bool const has_user = url->user[0] != '\0';
        redis_begin(c, has_user ? 3 : 2);
        redis_add_text(c, "AUTH");
        if (has_user)
            redis_add_text(c, url->user);
        redis_add_text(c, url->password);
        commands++;
    }
    if (url->db != 0) {
        redis_begin(c, 2);
        redis_add_text(c, "SELECT");
        redis_add_int(c, url->db);
        commands++;
    }
    return commands;
}

enum status redis_handshake(struct redis_connection *c, struct error *err)
{
    REDIS_REPLY info = NULL;
    REDIS_REPLY id = NULL;
    REDIS_REPLY schema = NULL;
    char key[REDIS_KEY_SIZE];

    redis_global_key(c->url->namespace, "schema", key);
    size_t const greetings = introduce(c);
    redis_command(c, 2, (const char *const[]){"INFO", "server"});
    redis_command(c, 2, (const char *const[]){"CLIENT", "ID"});
    redis_command(c, 2, (const char *const[]){"GET", key});

    enum status st = redis_skip(c, greetings, err);
    if (st == STATUS_OK)
        st = redis_next_good(c, &info, err);
    if (st == STATUS_OK)
        st = redis_next_good(c, &id, err);
    if (st == STATUS_OK)
        st = redis_next_good(c, &schema, err);
    if (st != STATUS_OK)
        return st;
    c->client_id = id->integer;
    st = redis_server_check(c, (struct bytes){info->str, info->len}, err);
    return st == STATUS_OK ? schema_check(c, schema, err) : st;
}
