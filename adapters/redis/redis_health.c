#include "adapters/redis/redis_health.h"

#include <stdlib.h>

#include "adapters/redis/redis_admin_call.h"
#include "adapters/redis/redis_handshake.h"
#include "domain/text.h"

#define MIB INT64_C(1048576)
#define ROUND_TRIP_WARN_MS 50
#define SKEW_WARN_MS 1000
#define SKEW_BAD_MS 60000
#define MEMORY_WARN_PERCENT 80
#define MEMORY_BAD_PERCENT 95

struct redis_health {
    struct redis_connection connection;
    char schema_key[REDIS_KEY_SIZE];
};

/* What the server said of itself. */
struct answers {
    redisReply *info; /* all of INFO */
    redisReply *save; /* CONFIG GET save */
    redisReply *appendfsync;
    redisReply *schema;
    redisReply *time;
    int64_t round_trip_ms; /* of TIME, asked alone */
    int64_t local_ms;      /* half-way through it */
};

static void answers_release(struct answers *a)
{
    redis_reply_freep(&a->info);
    redis_reply_freep(&a->save);
    redis_reply_freep(&a->appendfsync);
    redis_reply_freep(&a->schema);
    redis_reply_freep(&a->time);
}

/* The findings under way. */
struct report {
    struct finding *out;
    size_t max;
    size_t count;
};

/* Adds a finding whose text is the parts joined. */
static void add(struct report *r, const char *check, enum finding_level level,
                const struct bytes *parts, size_t n)
{
    if (r->count == r->max)
        return;
    struct finding *f = &r->out[r->count++];
    struct text t = text_in(f->text, sizeof(f->text));

    f->check = check;
    f->level = level;
    for (size_t i = 0; i < n; i++)
        text_add_printable(&t, parts[i]);
}

static void add_text(struct report *r, const char *check,
                     enum finding_level level, const char *text)
{
    struct bytes const part = bytes_of(text);

    add(r, check, level, &part, 1);
}

/* BEFORE NUMBER AFTER */
static void add_number(struct report *r, const char *check,
                       enum finding_level level, const char *before, int64_t n,
                       const char *after)
{
    char room[24];
    struct text t = text_in(room, sizeof(room));

    text_add_int(&t, n);
    struct bytes const parts[] = {bytes_of(before), bytes_of(room),
                                  bytes_of(after)};
    add(r, check, level, parts, 3);
}

static struct bytes info_of(const struct answers *a, const char *name)
{
    return redis_info_value(redis_reply_text(a->info), name);
}

static int64_t info_number(const struct answers *a, const char *name)
{
    int64_t n;

    return text_read_int(info_of(a, name), INT64_MAX, &n) ? n : 0;
}

static void check_server(struct report *r, const struct answers *a,
                         const struct backend_url *url)
{
    bool const is_slow = a->round_trip_ms > ROUND_TRIP_WARN_MS;
    char before[BACKEND_URL_MAX + 16];
    struct text t = text_in(before, sizeof(before));

    text_add(&t, url->masked);
    text_add(&t, " answers in ");
    add_number(r, "server", is_slow ? FINDING_WARN : FINDING_OK, before,
               a->round_trip_ms,
               is_slow ? " ms: each call takes that long" : " ms");
}

/* An older server than we need is refused on connecting already. */
static void check_version(struct report *r, const struct answers *a)
{
    struct bytes const valkey = info_of(a, "valkey_version");
    struct bytes const parts[] = {
        valkey.at ? BYTES("Valkey ") : BYTES("Redis "),
        valkey.at ? valkey : info_of(a, "redis_version")};

    add(r, "server version", FINDING_OK, parts, 2);
}

static void check_schema(struct report *r, const struct answers *a)
{
    struct bytes const parts[] = {BYTES("version "),
                                  redis_reply_text(a->schema)};

    if (a->schema->type == REDIS_REPLY_STRING)
        add(r, "schema", FINDING_OK, parts, 2);
    else
        add_text(r, "schema", FINDING_OK, "no queue was made yet");
}

static void check_role(struct report *r, const struct answers *a)
{
    if (bytes_is(info_of(a, "role"), "master")) {
        add_number(r, "role", FINDING_OK,
                   "master, replicas: ", info_number(a, "connected_slaves"),
                   "");
        return;
    }
    struct bytes const parts[] = {
        BYTES("a replica, which takes no tasks: use its master "),
        info_of(a, "master_host"), BYTES(":"), info_of(a, "master_port")};
    add(r, "role", FINDING_BAD, parts, 4);
}

static void check_eviction(struct report *r, const struct answers *a)
{
    struct bytes const policy = info_of(a, "maxmemory_policy");
    struct bytes const parts[] = {
        policy,
        BYTES(" throws tasks away when memory is short: set maxmemory-policy "
              "noeviction")};

    if (!policy.at)
        add_text(r, "maxmemory-policy", FINDING_WARN,
                 "the server does not tell: make sure it is noeviction");
    else if (bytes_is(policy, "noeviction"))
        add(r, "maxmemory-policy", FINDING_OK, &policy, 1);
    else
        add(r, "maxmemory-policy", FINDING_BAD, parts, 2);
}

static void check_memory(struct report *r, const struct answers *a)
{
    int64_t const used = info_number(a, "used_memory");
    int64_t const limit = info_number(a, "maxmemory");

    if (limit == 0) {
        add_number(r, "memory", FINDING_OK, "", used / MIB,
                   " MiB used, no limit is set");
        return;
    }
    int64_t const percent = used / (limit / 100 + 1);
    enum finding_level const level = percent >= MEMORY_BAD_PERCENT ? FINDING_BAD
                                     : percent >= MEMORY_WARN_PERCENT
                                         ? FINDING_WARN
                                         : FINDING_OK;
    add_number(r, "memory", level, "", percent,
               level == FINDING_OK
                   ? " % of maxmemory used"
                   : " % of maxmemory used: at 100 % no task is taken in");
}

/* The value that CONFIG GET answered; absent where it is not allowed. */
static struct bytes setting(const redisReply *reply)
{
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2)
        return (struct bytes){0};
    return redis_reply_text(reply->element[1]);
}

static void check_log(struct report *r, const struct answers *a)
{
    struct bytes const sync = setting(a->appendfsync);

    if (!sync.at)
        add_text(r, "persistence", FINDING_WARN,
                 "append-only file; appendfsync can't be read: CONFIG GET is "
                 "not allowed");
    else if (bytes_is(sync, "always"))
        add_text(r, "persistence", FINDING_OK,
                 "append-only file, appendfsync always: survives a power cut");
    else if (bytes_is(sync, "everysec"))
        add_text(r, "persistence", FINDING_OK,
                 "append-only file, appendfsync everysec: a power cut may lose "
                 "the last second");
    else
        add_text(r, "persistence", FINDING_WARN,
                 "append-only file, appendfsync no: a power cut may lose half "
                 "a minute; set appendfsync everysec");
}

static void check_persistence(struct report *r, const struct answers *a)
{
    struct bytes const save = setting(a->save);

    if (info_number(a, "aof_enabled") == 1)
        check_log(r, a);
    else if (!save.at)
        add_text(r, "persistence", FINDING_WARN,
                 "no append-only file; snapshots can't be read: CONFIG GET is "
                 "not allowed");
    else if (save.len == 0)
        add_text(r, "persistence", FINDING_BAD,
                 "none: a restart of the server loses every task; set "
                 "appendonly yes");
    else
        add_text(r, "persistence", FINDING_WARN,
                 "snapshots only: a crash of the server loses what came since "
                 "the last one; set appendonly yes");
}

/* With a failed save the server soon refuses writes, or writes in vain. */
static void check_disk(struct report *r, const struct answers *a)
{
    struct bytes const snapshot = info_of(a, "rdb_last_bgsave_status");
    struct bytes const log = info_of(a, "aof_last_write_status");
    bool const is_bad = bytes_is(snapshot, "err") || bytes_is(log, "err");

    add_text(r, "disk", is_bad ? FINDING_BAD : FINDING_OK,
             is_bad ? "the server could not write to its disk: see its log"
                    : "the last writes went well");
}

static void check_clock(struct report *r, const struct answers *a)
{
    int64_t s = 0, us = 0;

    if (a->time->type != REDIS_REPLY_ARRAY || a->time->elements != 2 ||
        !text_read_int(redis_reply_text(a->time->element[0]), INT64_MAX / 2000,
                       &s) ||
        !text_read_int(redis_reply_text(a->time->element[1]), 999999, &us)) {
        add_text(r, "clock skew", FINDING_WARN, "the server does not tell");
        return;
    }
    int64_t const ahead = s * 1000 + us / 1000 - a->local_ms;
    int64_t const skew = ahead < 0 ? -ahead : ahead;
    enum finding_level const level = skew > SKEW_BAD_MS    ? FINDING_BAD
                                     : skew > SKEW_WARN_MS ? FINDING_WARN
                                                           : FINDING_OK;
    char after[96];
    struct text t = text_in(after, sizeof(after));
    text_add(&t, ahead < 0 ? " ms behind" : " ms ahead of");
    text_add(&t, " this machine's clock");
    if (level != FINDING_OK)
        text_add(&t, ": set both by NTP");
    add_number(r, "clock skew", level, "the server is ", skew, after);
}

/* TIME goes alone, since its round trip is measured. */
static enum status ask_time(struct redis_connection *c, int64_t local_now_ms,
                            int64_t began_mono_ms, struct answers *a,
                            struct error *err)
{
    int64_t const before = redis_mono_ms();

    redis_command(c, 1, (const char *const[]){"TIME"});
    enum status const st = redis_next(c, &a->time, err);
    a->round_trip_ms = redis_mono_ms() - before;
    a->local_ms =
        local_now_ms + (before - began_mono_ms) + a->round_trip_ms / 2;
    return st;
}

static enum status ask(struct redis_health *h, int64_t local_now_ms,
                       struct answers *a, struct error *err)
{
    struct redis_connection *c = &h->connection;
    int64_t const began = redis_mono_ms();
    enum status st = redis_ready(c, err);

    if (st != STATUS_OK)
        return st;
    st = ask_time(c, local_now_ms, began, a, err);
    if (st != STATUS_OK)
        return st;
    redis_command(c, 1, (const char *const[]){"INFO"});
    redis_command(c, 3, (const char *const[]){"CONFIG", "GET", "save"});
    redis_command(c, 3, (const char *const[]){"CONFIG", "GET", "appendfsync"});
    redis_command(c, 2, (const char *const[]){"GET", h->schema_key});
    st = redis_next_good(c, &a->info, err);
    if (st == STATUS_OK)
        st = redis_next(c, &a->save, err);
    if (st == STATUS_OK)
        st = redis_next(c, &a->appendfsync, err);
    if (st == STATUS_OK)
        st = redis_next_good(c, &a->schema, err);
    return st;
}

static enum status redis_health_check(void *self, int64_t local_now_ms,
                                      size_t max, struct finding *out,
                                      size_t *count, struct error *err)
{
    struct redis_health *h = self;
    struct report r = {.out = out, .max = max};
    struct answers a = {0};
    enum status const st = ask(h, local_now_ms, &a, err);

    if (st == STATUS_OK) {
        check_server(&r, &a, h->connection.url);
        check_version(&r, &a);
        check_schema(&r, &a);
        check_role(&r, &a);
        check_eviction(&r, &a);
        check_memory(&r, &a);
        check_persistence(&r, &a);
        check_disk(&r, &a);
        check_clock(&r, &a);
        *count = r.count;
    }
    answers_release(&a);
    return st;
}

static void redis_health_close(void *self)
{
    struct redis_health *h = self;

    if (!h)
        return;
    redis_connection_release(&h->connection);
    free(h);
}

static const struct health_ops redis_health_ops = {
    .name = "redis",
    .check = redis_health_check,
    .close = redis_health_close,
};

enum status redis_health_open(const struct backend_url *url,
                              struct health_port *out, struct error *err)
{
    struct redis_health *h = calloc(1, sizeof(*h));
    if (!h)
        return error_set(err, STATUS_NO_MEMORY, NULL, "redis: out of memory");

    redis_connection_init(&h->connection, url);
    redis_global_key(url->namespace, "schema", h->schema_key);
    enum status const st = redis_ready(&h->connection, err);
    if (st < 0) {
        redis_health_close(h);
        return st;
    }
    *out = (struct health_port){.ops = &redis_health_ops, .self = h};
    return STATUS_OK;
}
