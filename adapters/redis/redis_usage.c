#include "adapters/redis/redis_usage.h"

#include <stdlib.h>
#include <string.h>

#include "adapters/redis/redis_connection.h"

#define MICROSECONDS 1e6

/* The number behind "FIELD:" at the start of a line of info; none: 0. */
static double number_of(const char *info, const char *field)
{
    size_t const len = strlen(field);

    for (const char *line = info; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        if (strncmp(line, field, len) == 0 && line[len] == ':')
            return strtod(line + len + 1, NULL);
    }
    return 0;
}

enum status redis_usage_read(const struct backend_url *url,
                             struct redis_usage *out, struct error *err)
{
    struct redis_connection c;
    REDIS_REPLY info = NULL;

    redis_connection_init(&c, url);
    enum status st = redis_ready(&c, err);
    if (st == STATUS_OK) {
        redis_command(&c, 2, (const char *const[]){"INFO", "default"});
        st = redis_next_good(&c, &info, err);
    }
    if (st == STATUS_OK && info->type != REDIS_REPLY_STRING)
        st = redis_fault(&c, "ERR INFO answers nothing", err);
    if (st == STATUS_OK) {
        double const seconds = number_of(info->str, "used_cpu_user") +
                               number_of(info->str, "used_cpu_sys");
        *out = (struct redis_usage){
            .cpu_us = seconds * MICROSECONDS,
            .commands =
                (int64_t)number_of(info->str, "total_commands_processed"),
            .memory_bytes = (int64_t)number_of(info->str, "used_memory"),
        };
    }
    redis_connection_release(&c);
    return st;
}
