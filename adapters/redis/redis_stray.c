#include "adapters/redis/redis_stray.h"

#include <stdlib.h>

#include "adapters/redis/redis_admin_call.h"
#include "adapters/redis/redis_task.h"
#include "domain/text.h"

#define SHOWN_MAX 400 /* bytes of x in the error of the letter */

/* The dead letter that a stray becomes. */
struct letter {
    struct redis_task task;
    bool has_id;
    bool has_more;  /* fields that no task has, or has once */
    struct bytes x; /* what the stray has as x */
    struct bytes was;
    char error[SHOWN_MAX + 100];
    char *list; /* owned: what the stray consists of, as JSON */
};

/* Where JSON goes; at NULL: it is only measured. */
struct sink {
    char *at;
    size_t len;
};

static void put(struct sink *s, const char *text, size_t len)
{
    if (s->at)
        memcpy(s->at + s->len, text, len);
    s->len += len;
}

static void put_string(struct sink *s, struct bytes b)
{
    char shown[BYTE_JSON_MAX];

    put(s, "\"", 1);
    for (size_t i = 0; i < b.len; i++)
        put(s, shown, byte_to_json(b.at[i], shown));
    put(s, "\"", 1);
}

static void put_list(struct sink *s, const struct redis_stray *stray)
{
    size_t const n = stray->fields ? stray->fields->elements : 0;

    put(s, "[", 1);
    for (size_t i = 0; i < n; i++) {
        put(s, ",", i > 0);
        put_string(s, redis_reply_text(stray->fields->element[i]));
    }
    if (!stray->fields) {
        put_string(s, stray->place);
        put(s, ",", 1);
        put_string(s, stray->body);
    }
    put(s, "]", 1);
}

static bool write_list(struct letter *l, const struct redis_stray *stray,
                       struct bytes *out)
{
    struct sink measure = {NULL, 0};

    put_list(&measure, stray);
    l->list = malloc(measure.len);
    if (!l->list)
        return false;
    struct sink s = {l->list, 0};
    put_list(&s, stray);
    *out = (struct bytes){l->list, s.len};
    return true;
}

/* Leaves the letter with the id made for it, if the text is none, or one whose
 * time is too late for a task. */
static void read_id(struct letter *l, struct bytes text)
{
    struct task_id id;

    l->has_id =
        task_id_parse(text, &id) && task_id_time_ms(&id) <= INSTANT_MAX_MS;
    if (l->has_id)
        l->task.task.id = id;
}

static void read_fields(struct letter *l, const redisReply *fields)
{
    struct task *task = &l->task.task;

    for (size_t i = 0; i + 1 < fields->elements; i += 2) {
        struct bytes const name = redis_reply_text(fields->element[i]);
        struct bytes const value = redis_reply_text(fields->element[i + 1]);
        if (bytes_is(name, "id") && !l->has_id)
            read_id(l, value);
        else if (bytes_is(name, "type") && !task->type.at)
            task->type = value;
        else if (bytes_is(name, "payload") && !task->payload.at)
            task->payload = value;
        else if (bytes_is(name, "x") && !l->x.at)
            l->x = value;
        else
            l->has_more = true;
    }
}

static void read_body(struct letter *l, const struct redis_stray *stray)
{
    struct task *task = &l->task.task;
    struct bytes type, payload;

    read_id(l, stray->place);
    if (!redis_task_split_body(stray->body, &type, &payload, &l->x))
        return;
    task->type = type;
    task->payload = payload;
}

static void say(struct letter *l, const struct redis_stray *stray,
                const char *what, struct bytes rest)
{
    struct text t = text_in(l->error, sizeof(l->error));

    text_add(&t, "can't be read, found in ");
    text_add_bytes(&t, stray->from);
    text_add(&t, ": ");
    text_add(&t, what);
    if (rest.len > SHOWN_MAX)
        rest.len = SHOWN_MAX;
    text_add_printable(&t, rest);
    l->task.task.last_error = (struct bytes){l->error, t.len};
}

/* Whether there is a task in it, all else being at its default. */
static bool has_task(const struct letter *l)
{
    const struct task *task = &l->task.task;
    struct error ignored;

    return l->has_id && task->type.at && task->payload.at &&
           task_validate(task, &ignored) == STATUS_OK;
}

static bool write_as_task(struct letter *l, const struct redis_stray *stray)
{
    l->was = l->x;
    say(l, stray, "all but type and payload is lost, it was: ", l->x);
    return !l->has_more || write_list(l, stray, &l->was);
}

static bool write_as_list(struct letter *l, const struct redis_stray *stray)
{
    struct bytes list;

    if (!write_list(l, stray, &list))
        return false;
    l->task.task.type = BYTES(REDIS_STRAY_TYPE);
    l->task.task.payload = list;
    if (list.len <= PAYLOAD_MAX) {
        say(l, stray, "no task; see its payload", (struct bytes){0});
        return true;
    }
    l->task.task.payload = BYTES("null");
    l->was = list;
    say(l, stray, "no task; too large to show, see the field was of its entry",
        (struct bytes){0});
    return true;
}

static enum status write_letter(struct letter *l,
                                const struct redis_stray *stray,
                                const struct task_id *made, int64_t now_ms,
                                struct error *err)
{
    struct task *task = &l->task.task;
    enum redis_stream stream;

    *l = (struct letter){.has_id = false};
    *task = task_default();
    task->id = *made;
    task->queue = stray->queue;
    if (redis_stream_from(stray->from, &stream) && stream != REDIS_TAKEN)
        task->priority = (enum priority)stream;
    if (stray->fields)
        read_fields(l, stray->fields);
    else
        read_body(l, stray);
    task->created_at_ms = task_id_time_ms(&task->id);
    task->run_at_ms = task->created_at_ms;
    bool const is_written =
        has_task(l) ? write_as_task(l, stray) : write_as_list(l, stray);
    if (!is_written)
        return error_set(err, STATUS_NO_MEMORY, NULL, "redis: out of memory");
    l->task.reason = REASON_REJECTED;
    l->task.finished_at_ms = now_ms;
    return STATUS_OK;
}

static enum status send(struct redis_connection *c,
                        const struct redis_stray *stray, const struct letter *l,
                        const struct task_id *made, struct error *err)
{
    REDIS_REPLY reply = NULL;
    const struct task *task = &l->task.task;
    char said_ms[24];
    struct text ms = text_in(said_ms, sizeof(said_ms));
    char *x = malloc(redis_task_x_room(&l->task));
    if (!x)
        return error_set(err, STATUS_NO_MEMORY, NULL, "redis: out of memory");

    text_add_int(&ms, task_id_time_ms(&task->id));
    struct bytes const args[] = {
        stray->from,
        stray->place,
        stray->body,
        stray->is_lease_spared ? BYTES("1") : BYTES("0"),
        l->has_id ? bytes_of(task->id.text) : BYTES(""),
        bytes_of(said_ms),
        bytes_of(made->text),
        task->type,
        task->payload,
        {x, redis_task_write_x(&l->task, PRIORITY_NORMAL, x)},
        l->was,
    };
    enum status const st =
        redis_admin_ask(c, REDIS_SCRIPT_STRAY_MOVE, stray->queue,
                        sizeof(args) / sizeof(args[0]), args, &reply, err);
    free(x);
    if (st != STATUS_OK)
        return st;
    return reply->integer == 1 ? STATUS_OK : STATUS_NOT_FOUND;
}

enum status redis_stray_move(struct redis_connection *c,
                             const struct redis_stray *stray, int64_t now_ms,
                             struct error *err)
{
    struct letter l;
    struct task_id_source source = {0};
    struct task_id const made =
        task_id_next(&source, now_ms, redis_random_bits(), stray->queue);

    enum status st = write_letter(&l, stray, &made, now_ms, err);
    if (st == STATUS_OK)
        st = send(c, stray, &l, &made, err);
    free(l.list);
    return st;
}
