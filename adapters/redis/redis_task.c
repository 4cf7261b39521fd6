#include "adapters/redis/redis_task.h"

#include <stddef.h>

#include "domain/text.h"

#define ITEM_ROOM 40 /* a name, a number of 20 digits, signs around */
#define ITEMS 22

/* The items that are plain numbers of the task: name, default, where. */
enum width {
    WIDTH_32,
    WIDTH_64,
};

static const struct number_item {
    const char *name;
    int64_t otherwise;
    enum width width;
    size_t at;
} numbers[] = {
#define TASK_32(name, member, otherwise)                                       \
    {                                                                          \
        name, otherwise, WIDTH_32, offsetof(struct redis_task, task.member)    \
    }
#define TASK_64(name, member, otherwise)                                       \
    {                                                                          \
        name, otherwise, WIDTH_64, offsetof(struct redis_task, task.member)    \
    }
    TASK_32("att", attempt, 0),
    TASK_32("cra", crashes, 0),
    TASK_32("maxatt", max_attempts, DEFAULT_MAX_ATTEMPTS),
    TASK_32("maxcra", max_crashes, DEFAULT_MAX_CRASHES),
    TASK_64("tmo", timeout_ms, DEFAULT_TIMEOUT_MS),
    TASK_32("bf", backoff.factor_milli, DEFAULT_BACKOFF_FACTOR_MILLI),
    TASK_64("bb", backoff.base_ms, DEFAULT_BACKOFF_BASE_MS),
    TASK_64("bm", backoff.max_ms, DEFAULT_BACKOFF_MAX_MS),
    TASK_64("kttl", key_ttl_ms, 0),
    TASK_64("keep", retain_ms, 0),
    TASK_64("exp", expires_ms, 0),
    {"beg", 0, WIDTH_64, offsetof(struct redis_task, started_at_ms)},
    {"fin", 0, WIDTH_64, offsetof(struct redis_task, finished_at_ms)},
#undef TASK_32
#undef TASK_64
};

static const struct text_item {
    const char *name;
    size_t at;
} texts[] = {
    {"key", offsetof(struct redis_task, task.key)},
    {"hdr", offsetof(struct redis_task, task.headers)},
    {"err", offsetof(struct redis_task, task.last_error)},
    {"res", offsetof(struct redis_task, result)},
};

enum { NUMBERS = sizeof(numbers) / sizeof(numbers[0]) };
enum { TEXTS = sizeof(texts) / sizeof(texts[0]) };

static int64_t number_of(const struct redis_task *t,
                         const struct number_item *item)
{
    const char *at = (const char *)t + item->at;
    int32_t narrow;
    int64_t wide;

    if (item->width == WIDTH_32) {
        memcpy(&narrow, at, sizeof(narrow));
        return narrow;
    }
    memcpy(&wide, at, sizeof(wide));
    return wide;
}

static bool number_set(struct redis_task *t, const struct number_item *item,
                       int64_t n)
{
    char *at = (char *)t + item->at;
    int32_t const narrow = (int32_t)n;

    if (item->width == WIDTH_64)
        memcpy(at, &n, sizeof(n));
    else if (n <= INT32_MAX)
        memcpy(at, &narrow, sizeof(narrow));
    else
        return false;
    return true;
}

static struct bytes text_of(const struct redis_task *t,
                            const struct text_item *item)
{
    struct bytes b;

    memcpy(&b, (const char *)t + item->at, sizeof(b));
    return b;
}

size_t redis_task_x_room(const struct redis_task *t)
{
    size_t room = (size_t)(ITEM_ROOM * (ITEMS + NUMBERS));

    for (size_t i = 0; i < TEXTS; i++)
        room += text_of(t, &texts[i]).len + ITEM_ROOM;
    return room;
}

static void put(struct text *t, const char *name, int64_t n)
{
    text_add(t, t->len == 0 ? "1 " : " ");
    text_add(t, name);
    text_add(t, "=");
    text_add_int(t, n);
}

static void put_text(struct text *t, const char *name, struct bytes b)
{
    put(t, name, (int64_t)b.len);
    text_add(t, ":");
    text_add_bytes(t, b);
}

static void put_last(struct text *t, struct redis_entry_id last)
{
    put(t, "last", (int64_t)last.ms);
    text_add(t, "-");
    text_add_int(t, (int64_t)last.seq);
}

size_t redis_task_write_x(const struct redis_task *t, enum priority implied,
                          char *out)
{
    const struct task *task = &t->task;
    struct text x = text_in(out, redis_task_x_room(t));

    if (t->last.ms > 0)
        put_last(&x, t->last);
    if (task->priority != implied)
        put(&x, "pri", task->priority);
    if (t->has_pointer)
        put(&x, "ptr", 1);
    if (task->created_at_ms != task_id_time_ms(&task->id))
        put(&x, "at", task->created_at_ms);
    if (task->run_at_ms != task->created_at_ms)
        put(&x, "run", task->run_at_ms);
    if (task->backoff.kind != BACKOFF_EXPONENTIAL)
        put(&x, "bk", task->backoff.kind);
    if (task->backoff.jitter != JITTER_FULL)
        put(&x, "bj", task->backoff.jitter);
    for (size_t i = 0; i < NUMBERS; i++)
        if (number_of(t, &numbers[i]) != numbers[i].otherwise)
            put(&x, numbers[i].name, number_of(t, &numbers[i]));
    if (t->reason != REASON_NONE)
        put(&x, "why", t->reason);
    for (size_t i = 0; i < TEXTS; i++)
        if (text_of(t, &texts[i]).at)
            put_text(&x, texts[i].name, text_of(t, &texts[i]));
    return x.len;
}

size_t redis_task_body_room(const struct redis_task *t)
{
    return redis_task_x_room(t) + t->task.type.len + t->task.payload.len +
           (size_t)(2 * ITEM_ROOM);
}

static void put_netstring(struct text *t, struct bytes b)
{
    text_add_int(t, (int64_t)b.len);
    text_add(t, ":");
    text_add_bytes(t, b);
    text_add(t, ",");
}

size_t redis_task_write_body(const struct redis_task *t, char *out)
{
    struct text body = text_in(out, redis_task_body_room(t));

    put_netstring(&body, t->task.type);
    put_netstring(&body, t->task.payload);
    return body.len + redis_task_write_x(t, PRIORITY_NORMAL, out + body.len);
}

static enum status corrupt(const char *what, const struct task_id *id,
                           struct error *err)
{
    struct bytes const parts[] = {BYTES("redis: can't read the "),
                                  bytes_of(what), BYTES(" of task "),
                                  bytes_of(id->text)};

    return error_join(err, STATUS_CORRUPT, NULL, parts, 4);
}

/* Takes the digits at the start of *rest. */
static bool take_number(struct bytes *rest, int64_t *out)
{
    size_t len = 0;

    while (len < rest->len && rest->at[len] >= '0' && rest->at[len] <= '9')
        len++;
    if (!text_read_int((struct bytes){rest->at, len}, INT64_MAX, out))
        return false;
    rest->at += len;
    rest->len -= len;
    return true;
}

static bool take_char(struct bytes *rest, char c)
{
    if (rest->len == 0 || rest->at[0] != c)
        return false;
    rest->at++;
    rest->len--;
    return true;
}

/* Takes len bytes. */
static bool take_bytes(struct bytes *rest, int64_t len, struct bytes *out)
{
    if (len < 0 || (uint64_t)len > rest->len)
        return false;
    *out = (struct bytes){rest->at, (size_t)len};
    rest->at += len;
    rest->len -= (size_t)len;
    return true;
}

static bool set_special(struct redis_task *t, struct bytes name, int64_t n)
{
    if (bytes_is(name, "pri") && n < PRIORITIES)
        t->task.priority = (enum priority)n;
    else if (bytes_is(name, "ptr"))
        t->has_pointer = n != 0;
    else if (bytes_is(name, "at"))
        t->task.created_at_ms = n;
    else if (bytes_is(name, "run"))
        t->task.run_at_ms = n;
    else if (bytes_is(name, "bk") && n < BACKOFF_KINDS)
        t->task.backoff.kind = (enum backoff_kind)n;
    else if (bytes_is(name, "bj") && n <= JITTER_NONE)
        t->task.backoff.jitter = (enum jitter)n;
    else if (bytes_is(name, "why") && n < REASONS)
        t->reason = (enum reason)n;
    else
        return false;
    return true;
}

static bool set_number(struct redis_task *t, struct bytes name, int64_t n)
{
    for (size_t i = 0; i < NUMBERS; i++)
        if (bytes_is(name, numbers[i].name))
            return number_set(t, &numbers[i], n);
    return set_special(t, name, n);
}

static bool set_text(struct redis_task *t, struct bytes name, struct bytes b)
{
    for (size_t i = 0; i < TEXTS; i++) {
        if (bytes_is(name, texts[i].name)) {
            memcpy((char *)t + texts[i].at, &b, sizeof(b));
            return true;
        }
    }
    return false;
}

static bool read_item(struct redis_task *t, struct bytes *rest)
{
    struct bytes name = {rest->at, 0};
    int64_t n, seq;
    struct bytes b;

    while (name.len < rest->len && rest->at[name.len] != '=')
        name.len++;
    rest->at += name.len;
    rest->len -= name.len;
    if (!take_char(rest, '=') || !take_number(rest, &n))
        return false;
    if (take_char(rest, ':'))
        return take_bytes(rest, n, &b) && set_text(t, name, b);
    if (!take_char(rest, '-'))
        return set_number(t, name, n);
    if (!bytes_is(name, "last") || !take_number(rest, &seq))
        return false;
    t->last = (struct redis_entry_id){(uint64_t)n, (uint64_t)seq};
    return true;
}

/* What an absent item stands for, before the first is read. */
static struct redis_task blank(const struct task_id *id, struct bytes queue,
                               enum priority priority)
{
    struct redis_task t = {.task = task_default()};

    t.task.id = *id;
    t.task.queue = queue;
    t.task.priority = priority;
    t.task.created_at_ms = task_id_time_ms(id);
    t.task.run_at_ms = -1; /* not said */
    return t;
}

static bool is_time(int64_t at_ms)
{
    return at_ms >= 0 && at_ms <= INSTANT_MAX_MS;
}

/* Whether it is such as we write. The rules of the domain count on that: a
 * number beyond its limit would overflow there. How far a task may get by its
 * own limits is a verdict's to say, not a store's. */
static bool is_sound(const struct redis_task *t)
{
    struct task task = t->task;

    if (task.attempt > ATTEMPTS_MAX || task.crashes > CRASHES_MAX)
        return false;
    task.attempt = 0;
    task.crashes = 0;
    return task_is_valid(&task) && is_time(t->started_at_ms) &&
           is_time(t->finished_at_ms) && (!t->result.at || t->result.len > 0);
}

static bool read_x(struct redis_task *t, struct bytes x)
{
    if (x.len > 0 && !take_char(&x, '1'))
        return false;
    while (x.len > 0)
        if (!take_char(&x, ' ') || !read_item(t, &x))
            return false;
    if (t->task.run_at_ms < 0)
        t->task.run_at_ms = t->task.created_at_ms;
    return is_sound(t);
}

static struct bytes reply_bytes(const redisReply *r)
{
    return (struct bytes){r->str, r->len};
}

static bool read_fields(const redisReply *fields, struct task_id *id,
                        struct bytes *type, struct bytes *payload,
                        struct bytes *x)
{
    for (size_t i = 0; i + 1 < fields->elements; i += 2) {
        struct bytes const name = reply_bytes(fields->element[i]);
        struct bytes const value = reply_bytes(fields->element[i + 1]);
        if (bytes_is(name, "id") && !task_id_parse(value, id))
            return false;
        if (bytes_is(name, "type"))
            *type = value;
        if (bytes_is(name, "payload"))
            *payload = value;
        if (bytes_is(name, "x"))
            *x = value;
    }
    return id->text[0] != '\0' && type->at && payload->at;
}

enum status redis_task_read_entry(const redisReply *reply, struct bytes queue,
                                  enum redis_stream stream,
                                  struct redis_entry_id *entry,
                                  struct redis_task *out, struct error *err)
{
    struct task_id id = {""};
    struct bytes type = {0}, payload = {0}, x = {0};

    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2 ||
        reply->element[1]->type != REDIS_REPLY_ARRAY ||
        !redis_entry_id_parse(reply_bytes(reply->element[0]), entry) ||
        !read_fields(reply->element[1], &id, &type, &payload, &x))
        return corrupt("entry", &id, err);

    *out =
        blank(&id, queue,
              stream == REDIS_TAKEN ? PRIORITY_NORMAL : (enum priority)stream);
    out->task.type = type;
    out->task.payload = payload;
    return read_x(out, x) ? STATUS_OK : corrupt("field x", &id, err);
}

bool redis_task_split_body(struct bytes body, struct bytes *type,
                           struct bytes *payload, struct bytes *x)
{
    int64_t n;

    if (!take_number(&body, &n) || !take_char(&body, ':') ||
        !take_bytes(&body, n, type) || !take_char(&body, ',') ||
        !take_number(&body, &n) || !take_char(&body, ':') ||
        !take_bytes(&body, n, payload) || !take_char(&body, ','))
        return false;
    *x = body;
    return true;
}

enum status redis_task_read_body(struct bytes body, struct bytes queue,
                                 const struct task_id *id,
                                 struct redis_task *out, struct error *err)
{
    struct bytes x;

    *out = blank(id, queue, PRIORITY_NORMAL);
    if (!redis_task_split_body(body, &out->task.type, &out->task.payload, &x))
        return corrupt("body", id, err);
    return read_x(out, x) ? STATUS_OK : corrupt("body", id, err);
}

bool redis_task_copy(const struct redis_task *t, struct arena *mem,
                     struct redis_task *out)
{
    struct redis_task copy = *t;
    struct arena const before = *mem;

    if (arena_copy(mem, t->task.queue, &copy.task.queue) &&
        arena_copy(mem, t->task.type, &copy.task.type) &&
        arena_copy(mem, t->task.payload, &copy.task.payload) &&
        arena_copy(mem, t->task.headers, &copy.task.headers) &&
        arena_copy(mem, t->task.key, &copy.task.key) &&
        arena_copy(mem, t->task.last_error, &copy.task.last_error) &&
        arena_copy(mem, t->result, &copy.result)) {
        *out = copy;
        return true;
    }
    *mem = before;
    return false;
}
