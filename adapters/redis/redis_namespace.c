#include "adapters/redis/redis_namespace.h"

#include <string.h>

#include "adapters/redis/redis_connection.h"
#include "domain/text.h"
#include "lua_namespace_age.h"

#define PATTERN_SIZE (NAMESPACE_MAX + 16)
#define CURSOR_TEXT_SIZE 32

enum status redis_namespace_age(const struct backend_url *url, int64_t ms,
                                struct error *err)
{
    struct redis_connection c;

    redis_connection_init(&c, url);
    enum status st = redis_ready(&c, err);
    if (st == STATUS_OK) {
        redis_begin(&c, 5);
        redis_add_text(&c, "EVAL");
        redis_add_text(&c, lua_namespace_age);
        redis_add_text(&c, "0");
        redis_add_text(&c, url->namespace);
        redis_add_int(&c, ms);
        st = redis_skip(&c, 1, err);
    }
    redis_connection_release(&c);
    return st;
}

static enum status unlink_page(struct redis_connection *c,
                               const redisReply *keys, struct error *err)
{
    if (keys->elements == 0)
        return STATUS_OK;
    redis_begin(c, 1 + keys->elements);
    redis_add_text(c, "UNLINK");
    for (size_t i = 0; i < keys->elements; i++)
        redis_add_text(c, keys->element[i]->str);
    return redis_skip(c, 1, err);
}

/* Removes all keys that match pattern. */
static enum status remove_matching(struct redis_connection *c,
                                   const char *pattern, struct error *err)
{
    char cursor[CURSOR_TEXT_SIZE] = "0";

    do {
        REDIS_REPLY page = NULL;
        redis_command(c, 6,
                      (const char *const[]){"SCAN", cursor, "MATCH", pattern,
                                            "COUNT", "1000"});
        enum status st = redis_next_good(c, &page, err);
        if (st == STATUS_OK)
            st = unlink_page(c, page->element[1], err);
        if (st != STATUS_OK)
            return st;
        struct text next = text_in(cursor, sizeof(cursor));
        text_add(&next, page->element[0]->str);
    } while (strcmp(cursor, "0") != 0);
    return STATUS_OK;
}

enum status redis_namespace_remove(const struct backend_url *url,
                                   struct error *err)
{
    static const struct {
        const char *before, *after;
    } shapes[] = {{"{", ":*}:*"}, {"", ":*"}}; /* of a queue; of all */
    struct redis_connection c;

    redis_connection_init(&c, url);
    enum status st = redis_ready(&c, err);
    for (size_t i = 0; i < 2 && st == STATUS_OK; i++) {
        char room[PATTERN_SIZE];
        struct text pattern = text_in(room, sizeof(room));
        text_add(&pattern, shapes[i].before);
        text_add(&pattern, url->namespace);
        text_add(&pattern, shapes[i].after);
        st = remove_matching(&c, room, err);
    }
    redis_connection_release(&c);
    return st;
}
