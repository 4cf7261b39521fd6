/*
 * Two keys: NS:workers, a hash of what is known of each worker by its name, and
 * NS:workers:seen, a zset of when each was last seen, so that the silent are
 * found without looking at the rest.
 *
 *   known = "1 PID BUSY CONCURRENCY STARTED SEEN LEN:HOST LEN:QUEUES"
 */
#include "adapters/redis/redis_fleet.h"

#include <stdlib.h>

#include "adapters/redis/redis_admin_call.h"
#include "domain/text.h"

#define KNOWN_SIZE (HOST_NAME_MAX_LEN + PLAN_TEXT_SIZE + 160)

struct redis_fleet {
    struct redis_connection connection;
    char workers_key[REDIS_KEY_SIZE];
    char seen_key[REDIS_KEY_SIZE];
};

static void put_number(struct text *t, int64_t n)
{
    text_add(t, " ");
    text_add_int(t, n > 0 ? n : 0);
}

static void put_text(struct text *t, const char *s)
{
    put_number(t, (int64_t)strlen(s));
    text_add(t, ":");
    text_add(t, s);
}

static void write_known(const struct worker_info *info, int64_t now_ms,
                        char out[KNOWN_SIZE])
{
    struct text t = text_in(out, KNOWN_SIZE);

    text_add(&t, "1");
    put_number(&t, info->pid);
    put_number(&t, info->busy);
    put_number(&t, info->concurrency);
    put_number(&t, info->started_at_ms);
    put_number(&t, now_ms);
    put_text(&t, info->host);
    put_text(&t, info->queues);
}

/* Takes " NUMBER" off *rest. */
static bool take_number(struct bytes *rest, int64_t *out)
{
    size_t len = 1;

    if (rest->len == 0 || rest->at[0] != ' ')
        return false;
    while (len < rest->len && rest->at[len] >= '0' && rest->at[len] <= '9')
        len++;
    if (!text_read_int((struct bytes){rest->at + 1, len - 1}, INT64_MAX, out))
        return false;
    *rest = (struct bytes){rest->at + len, rest->len - len};
    return true;
}

/* Takes " LEN:TEXT" off *rest into out[size], cut if it is longer. */
static bool take_text(struct bytes *rest, char *out, size_t size)
{
    struct text t = text_in(out, size);
    int64_t len;

    if (!take_number(rest, &len) || rest->len == 0 || rest->at[0] != ':' ||
        (uint64_t)len > rest->len - 1)
        return false;
    text_add_bytes(&t, (struct bytes){rest->at + 1, (size_t)len});
    *rest = (struct bytes){rest->at + 1 + len, rest->len - 1 - (size_t)len};
    return true;
}

static bool read_known(struct bytes name, struct bytes known,
                       struct worker_info *out)
{
    struct text t = text_in(out->name, sizeof(out->name));

    text_add_bytes(&t, name);
    if (known.len == 0 || known.at[0] != '1')
        return false;
    known = (struct bytes){known.at + 1, known.len - 1};
    return take_number(&known, &out->pid) && take_number(&known, &out->busy) &&
           take_number(&known, &out->concurrency) &&
           take_number(&known, &out->started_at_ms) &&
           take_number(&known, &out->seen_at_ms) &&
           take_text(&known, out->host, sizeof(out->host)) &&
           take_text(&known, out->queues, sizeof(out->queues));
}

static enum status redis_fleet_beat(void *self, int64_t now_ms,
                                    int64_t forget_ms,
                                    const struct worker_info *info,
                                    struct error *err)
{
    struct redis_fleet *f = self;
    struct redis_connection *c = &f->connection;
    char known[KNOWN_SIZE];
    enum status st = redis_ready(c, err);

    write_known(info, now_ms, known);
    while (st == STATUS_OK) {
        REDIS_REPLY reply = NULL;
        st = redis_script_load(c, REDIS_SCRIPT_BEAT, err);
        if (st != STATUS_OK)
            return st;
        redis_script_begin(c, REDIS_SCRIPT_BEAT, 2, 4);
        redis_add_text(c, f->workers_key);
        redis_add_text(c, f->seen_key);
        redis_add_text(c, info->name);
        redis_add_text(c, known);
        redis_add_int(c, now_ms);
        redis_add_int(c, now_ms - forget_ms);
        st = redis_next(c, &reply, err);
        if (st != STATUS_OK || redis_script_is_missing(c, reply))
            continue;
        return reply->type == REDIS_REPLY_ERROR
                   ? redis_fault(c, reply->str, err)
                   : STATUS_OK;
    }
    return st;
}

static enum status redis_fleet_leave(void *self, const char *worker,
                                     struct error *err)
{
    struct redis_fleet *f = self;
    struct redis_connection *c = &f->connection;
    enum status const st = redis_ready(c, err);

    if (st != STATUS_OK)
        return st;
    redis_command(c, 3, (const char *const[]){"HDEL", f->workers_key, worker});
    redis_command(c, 3, (const char *const[]){"ZREM", f->seen_key, worker});
    return redis_skip(c, 2, err);
}

/* A field of the hash and its value, side by side. */
static int by_name(const void *a, const void *b)
{
    const redisReply *const *x = a;
    const redisReply *const *y = b;

    return strcmp((*x)->str, (*y)->str);
}

static enum status redis_fleet_workers(void *self, int64_t since_ms,
                                       const char *after, size_t max,
                                       struct worker_info *out, size_t *count,
                                       struct error *err)
{
    struct redis_fleet *f = self;
    struct redis_connection *c = &f->connection;
    REDIS_REPLY all = NULL;
    size_t n = 0;
    enum status st = redis_ready(c, err);

    if (st != STATUS_OK)
        return st;
    redis_command(c, 2, (const char *const[]){"HGETALL", f->workers_key});
    st = redis_next_good(c, &all, err);
    if (st != STATUS_OK)
        return st;
    if (all->elements > 2)
        qsort(all->element, all->elements / 2, 2 * sizeof(redisReply *),
              by_name);
    for (size_t i = 0; i + 1 < all->elements && n < max; i += 2) {
        struct worker_info info = {.name = ""};
        if (strcmp(all->element[i]->str, after) > 0 &&
            read_known(redis_reply_text(all->element[i]),
                       redis_reply_text(all->element[i + 1]), &info) &&
            info.seen_at_ms >= since_ms)
            out[n++] = info;
    }
    *count = n;
    return STATUS_OK;
}

static void redis_fleet_close(void *self)
{
    struct redis_fleet *f = self;

    if (!f)
        return;
    redis_connection_release(&f->connection);
    free(f);
}

static const struct fleet_ops redis_fleet_ops = {
    .name = "redis",
    .beat = redis_fleet_beat,
    .leave = redis_fleet_leave,
    .workers = redis_fleet_workers,
    .close = redis_fleet_close,
};

enum status redis_fleet_open(const struct backend_url *url,
                             struct fleet_port *out, struct error *err)
{
    struct redis_fleet *f = calloc(1, sizeof(*f));
    if (!f)
        return error_set(err, STATUS_NO_MEMORY, NULL, "redis: out of memory");

    redis_connection_init(&f->connection, url);
    redis_global_key(url->namespace, "workers", f->workers_key);
    redis_global_key(url->namespace, "workers:seen", f->seen_key);
    enum status const st = redis_ready(&f->connection, err);
    if (st < 0) {
        redis_fleet_close(f);
        return st;
    }
    *out = (struct fleet_port){.ops = &redis_fleet_ops, .self = f};
    return STATUS_OK;
}
