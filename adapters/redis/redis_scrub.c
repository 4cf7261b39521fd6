/*
 * The walk: first the names of all keys, for queues that NS:queues lacks
 * ("s POSITION"); then each queue ("q QUEUE POSITION"), a few hundred items a
 * call: what can't be read ("uPOSITION"), and then, by scrub.lua, how the rest
 * fits together. Only whether a worker is silent is
 * asked apart, of a key of another slot; that is told, and never acted on.
 */
#include "adapters/redis/redis_scrub.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "adapters/redis/redis_admin_call.h"
#include "adapters/redis/redis_stray_scrub.h"
#include "domain/text.h"

#define ITEMS 200 /* for the server to look at in one go */
#define WAKE_LENGTH "1000"
#define FIRST_PART "1:0" /* where scrub.lua begins */

enum {
    UNREADABLE,
    TASK_BODIES,
    RESULT_BODIES,
    ORPHANS,
    EXPIRY,
    DEAD_INDEX,
    DEAD_LETTERS,
    GHOSTS,
    PENDING,
    STALE,
    SILENT,
    KEYS,
    WINDOWS,
    POINTERS,
    CONSUMERS,
    QUEUES
};

/* The names are those of scrub.lua. */
static const struct scrub_check checks[] = {
    [UNREADABLE] = {"unreadable", FINDING_BAD, "made dead letters",
                    "entries that can't be read as tasks: nobody can run them"},
    [TASK_BODIES] = {"task bodies", FINDING_BAD, NULL,
                     "waiting tasks whose bodies are lost: enqueue them anew, "
                     "and remove these"},
    [RESULT_BODIES] = {"result bodies", FINDING_BAD, "forgotten",
                       "done tasks whose results are lost"},
    [ORPHANS] = {"orphan bodies", FINDING_BAD,
                 "put in their places, or removed",
                 "bodies of tasks that wait nowhere"},
    [EXPIRY] = {"expiry", FINDING_BAD, "their ends set right",
                "done tasks never forgotten, or only their ends left"},
    [DEAD_INDEX] = {"dead index", FINDING_BAD, "removed",
                    "entries of the index that lead to no dead task"},
    [DEAD_LETTERS] = {"dead letters", FINDING_BAD, "added to the index",
                      "dead tasks that the index lacks"},
    [GHOSTS] = {"ghosts", FINDING_BAD,
                "removed; made ready again unless known to be done",
                "tasks that were acknowledged and not deleted"},
    [PENDING] = {"pending entries", FINDING_BAD, "removed",
                 "leases whose tasks are gone"},
    [STALE] = {"stale leases", FINDING_BAD, NULL,
               "leases that ended long ago and nobody took: run a worker"},
    [SILENT] = {"silent workers", FINDING_WARN, NULL,
                "leases of workers not heard of: their tasks run again once "
                "the leases end"},
    [KEYS] = {"keys", FINDING_BAD, "let go", "keys held by no live task"},
    [WINDOWS] = {"key windows", FINDING_BAD, "set by their keys",
                 "windows that disagree with their keys"},
    [POINTERS] = {"pointers", FINDING_BAD, "removed",
                  "pointers that lead nowhere"},
    [CONSUMERS] = {"consumers", FINDING_WARN, "removed",
                   "consumers that hold nothing and are nobody's"},
    [QUEUES] = {"queue names", FINDING_BAD, "added to the list",
                "queues that are not in the list of queues"},
    {0},
};

struct redis_scrub {
    struct redis_connection connection;
};

struct page {
    struct scrub_flaw *flaws;
    size_t count;
};

/* Room for it is made by the limit of a page: what is too much is found by
 * the next walk. */
static void add(struct page *p, size_t check, struct bytes queue,
                struct bytes subject)
{
    if (p->count == SCRUB_PAGE_MAX)
        return;
    struct scrub_flaw *f = &p->flaws[p->count++];
    struct text name = text_in(f->queue, sizeof(f->queue));

    f->check = check;
    text_add_bytes(&name, queue);
    f->subject_len = subject.len < KEY_MAX ? subject.len : KEY_MAX;
    memcpy(f->subject, subject.at, f->subject_len);
    f->subject[f->subject_len] = '\0';
}

/* The queue in the name of one of its keys, "{NS:QUEUE}:..."; absent: it is
 * none of ours. */
static struct bytes queue_of_key(const struct redis_connection *c,
                                 struct bytes key)
{
    size_t const from = strlen(c->url->namespace) + 2;
    const char *end =
        key.len > from ? memchr(key.at + from, '}', key.len - from) : NULL;
    struct bytes const queue = {key.at + from,
                                end ? (size_t)(end - key.at) - from : 0};

    return queue_name_is_valid(queue) ? queue : (struct bytes){0};
}

static bool is_known_flaw(const struct page *p, struct bytes queue)
{
    for (size_t i = 0; i < p->count; i++)
        if (bytes_is(queue, p->flaws[i].queue))
            return true;
    return false;
}

static enum status examine_key(struct redis_connection *c, struct page *p,
                               struct bytes key, struct error *err)
{
    struct bytes const queue = queue_of_key(c, key);
    bool is_known = true;

    if (!queue.at || is_known_flaw(p, queue))
        return STATUS_OK;
    enum status const st = redis_admin_knows(c, queue, &is_known, err);
    if (st == STATUS_OK && !is_known)
        add(p, QUEUES, queue, queue);
    return st;
}

static enum status examine_names(struct redis_connection *c, struct page *p,
                                 const char *from, struct scrub_cursor *next,
                                 struct error *err)
{
    REDIS_REPLY reply = NULL;
    char pattern[REDIS_KEY_SIZE];
    struct text t = text_in(pattern, sizeof(pattern));

    text_add(&t, "{");
    text_add(&t, c->url->namespace);
    text_add(&t, ":*}:*");
    redis_command(
        c, 6,
        (const char *const[]){"SCAN", from, "MATCH", pattern, "COUNT", "500"});
    enum status st = redis_next_good(c, &reply, err);
    if (st != STATUS_OK)
        return st;
    const redisReply *keys = reply->element[1];
    for (size_t i = 0; i < keys->elements && st == STATUS_OK; i++)
        st = examine_key(c, p, redis_reply_text(keys->element[i]), err);
    if (strcmp(reply->element[0]->str, "0") == 0)
        *next = (struct scrub_cursor){.text = "q  "};
    else
        snprintf(next->text, sizeof(next->text), "s %s",
                 reply->element[0]->str);
    return st;
}

/* Whether a worker is not heard of any more. */
static enum status is_silent(struct redis_connection *c, struct bytes worker,
                             int64_t now_ms, bool *out, struct error *err)
{
    REDIS_REPLY reply = NULL;
    char key[REDIS_KEY_SIZE];

    redis_global_key(c->url->namespace, "workers:seen", key);
    redis_begin(c, 3);
    redis_add_text(c, "ZSCORE");
    redis_add_text(c, key);
    redis_add(c, worker);
    enum status const st = redis_next_good(c, &reply, err);
    if (st == STATUS_OK)
        *out = reply->type != REDIS_REPLY_STRING ||
               strtod(reply->str, NULL) < (double)(now_ms - SCRUB_SILENT_MS);
    return st;
}

/* Who was asked about last: leases of one worker often stand together. */
struct last_worker {
    struct bytes name;
    bool is_silent;
};

static enum status take_flaw(struct redis_connection *c, struct page *p,
                             struct bytes queue, const redisReply *flaw,
                             int64_t now_ms, struct last_worker *last,
                             struct error *err)
{
    struct bytes const name = redis_reply_text(flaw->element[0]);
    struct bytes const worker = redis_reply_text(flaw->element[2]);
    size_t check = 0;

    while (checks[check].name && !bytes_is(name, checks[check].name))
        check++;
    assert(checks[check].name);
    if (check == SILENT &&
        !(last->name.at && bytes_equal(last->name, worker))) {
        enum status const st =
            is_silent(c, worker, now_ms, &last->is_silent, err);
        if (st != STATUS_OK)
            return st;
        last->name = worker;
    }
    if (check != SILENT || last->is_silent)
        add(p, check, queue, redis_reply_text(flaw->element[1]));
    return STATUS_OK;
}

static enum status examine_part(struct redis_connection *c, struct page *p,
                                struct bytes queue, const char *from,
                                int64_t now_ms, struct scrub_cursor *next,
                                struct error *err)
{
    REDIS_REPLY reply = NULL;
    struct last_worker last = {.name = {0}};
    char uptime[24];
    struct text t = text_in(uptime, sizeof(uptime));
    char count[24];
    char stale[24];

    text_add_int(&t, redis_mono_ms() - c->server_start_mono_ms);
    snprintf(count, sizeof(count), "%d", ITEMS);
    snprintf(stale, sizeof(stale), "%d", (int)SCRUB_STALE_MS);
    struct bytes const args[] = {BYTES("examine"), bytes_of(from),
                                 bytes_of(count), bytes_of(uptime),
                                 bytes_of(stale)};
    enum status st =
        redis_admin_ask(c, REDIS_SCRIPT_SCRUB, queue, 5, args, &reply, err);
    if (st != STATUS_OK)
        return st;
    const redisReply *found = reply->element[1];
    for (size_t i = 0; i < found->elements && st == STATUS_OK; i++)
        st = take_flaw(c, p, queue, found->element[i], now_ms, &last, err);
    snprintf(next->text, sizeof(next->text), "q %.*s %s", (int)queue.len,
             queue.at, reply->element[0]->str);
    return st;
}

static enum status examine_strays(struct redis_connection *c, struct page *p,
                                  struct bytes queue, const char *from,
                                  struct scrub_cursor *next, struct error *err)
{
    REDIS_REPLY reply = NULL;
    enum status const st = redis_stray_walk(c, queue, from, ITEMS, &reply, err);

    if (st != STATUS_OK)
        return st;
    const redisReply *found = reply->element[1];
    for (size_t i = 0; i < found->elements; i++) {
        struct bytes subject;
        if (redis_stray_is(found->element[i], queue, &subject))
            add(p, UNREADABLE, queue, subject);
    }
    const char *position = reply->element[0]->str;
    snprintf(next->text, sizeof(next->text), "q %.*s %s%s", (int)queue.len,
             queue.at, position[0] ? "u" : FIRST_PART, position);
    return STATUS_OK;
}

/* The first queue behind name, or absent. */
static struct bytes queue_behind(const redisReply *queues, const char *name)
{
    for (size_t i = 0; i < queues->elements; i++)
        if (strcmp(queues->element[i]->str, name) > 0)
            return redis_reply_text(queues->element[i]);
    return (struct bytes){0};
}

/* from: "QUEUE POSITION"; no position: the queue is through. */
static enum status examine_queue(struct redis_connection *c, struct page *p,
                                 const char *from, int64_t now_ms,
                                 struct scrub_cursor *next, struct error *err)
{
    REDIS_REPLY queues = NULL;
    char name[QUEUE_NAME_MAX + 1];
    struct text t = text_in(name, sizeof(name));
    size_t const len = strcspn(from, " ");
    const char *position = from + len + 1;

    text_add_bytes(&t, (struct bytes){from, len});
    if (*position == 'u')
        return examine_strays(c, p, bytes_of(name), position + 1, next, err);
    if (*position)
        return examine_part(c, p, bytes_of(name), position, now_ms, next, err);
    enum status const st = redis_admin_queues(c, &queues, err);
    if (st != STATUS_OK)
        return st;
    struct bytes const queue = queue_behind(queues, name);
    if (queue.at)
        return examine_strays(c, p, queue, "", next, err);
    *next = (struct scrub_cursor){.text = ""};
    return STATUS_OK;
}

static enum status redis_scrub_examine(void *self, int64_t now_ms,
                                       struct scrub_cursor *cursor,
                                       struct scrub_flaw *flaws, size_t *count,
                                       struct error *err)
{
    struct redis_scrub *s = self;
    struct redis_connection *c = &s->connection;
    struct page p = {flaws, 0};
    struct scrub_cursor next = *cursor;
    enum status st = redis_ready(c, err);

    if (st != STATUS_OK)
        return st;
    if (cursor->text[0] == 'q')
        st = examine_queue(c, &p, cursor->text + 2, now_ms, &next, err);
    else
        st = examine_names(c, &p, cursor->text[0] ? cursor->text + 2 : "0",
                           &next, err);
    if (st != STATUS_OK)
        return st;
    *cursor = next;
    *count = p.count;
    return STATUS_OK;
}

/* Lists a queue, and tells those who serve every queue. */
static enum status list_queue(struct redis_connection *c, const char *queue,
                              struct error *err)
{
    REDIS_REPLY reply = NULL;
    char queues[REDIS_KEY_SIZE];
    char wake[REDIS_KEY_SIZE];
    enum status st = redis_ready(c, err);

    if (st != STATUS_OK)
        return st;
    redis_global_key(c->url->namespace, "queues", queues);
    redis_global_key(c->url->namespace, "wake", wake);
    redis_command(c, 3, (const char *const[]){"SADD", queues, queue});
    st = redis_next_good(c, &reply, err);
    if (st != STATUS_OK || reply->integer == 0)
        return st != STATUS_OK ? st : STATUS_NOT_FOUND;
    redis_command(c, 8,
                  (const char *const[]){"XADD", wake, "MAXLEN", "~",
                                        WAKE_LENGTH, "*", "q", queue});
    return redis_skip(c, 1, err);
}

static enum status redis_scrub_repair(void *self, int64_t now_ms,
                                      const struct scrub_flaw *flaw,
                                      struct error *err)
{
    struct redis_scrub *s = self;
    REDIS_REPLY reply = NULL;
    char now[24];
    struct text t = text_in(now, sizeof(now));
    assert(checks[flaw->check].remedy);

    if (flaw->check == QUEUES)
        return list_queue(&s->connection, flaw->queue, err);
    if (flaw->check == UNREADABLE)
        return redis_stray_repair(
            &s->connection, bytes_of(flaw->queue),
            (struct bytes){flaw->subject, flaw->subject_len}, now_ms, err);
    text_add_int(&t, now_ms);
    struct bytes const args[] = {BYTES("repair"),
                                 bytes_of(checks[flaw->check].name),
                                 {flaw->subject, flaw->subject_len},
                                 bytes_of(now)};
    enum status const st =
        redis_admin_ask(&s->connection, REDIS_SCRIPT_SCRUB,
                        bytes_of(flaw->queue), 4, args, &reply, err);
    if (st != STATUS_OK)
        return st;
    return reply->integer == 1 ? STATUS_OK : STATUS_NOT_FOUND;
}

static void redis_scrub_close(void *self)
{
    struct redis_scrub *s = self;

    if (!s)
        return;
    redis_connection_release(&s->connection);
    free(s);
}

static const struct scrub_ops redis_scrub_ops = {
    .name = "redis",
    .checks = checks,
    .examine = redis_scrub_examine,
    .repair = redis_scrub_repair,
    .close = redis_scrub_close,
};

enum status redis_scrub_open(const struct backend_url *url,
                             struct scrub_port *out, struct error *err)
{
    struct redis_scrub *s = calloc(1, sizeof(*s));
    if (!s)
        return error_set(err, STATUS_NO_MEMORY, NULL, "redis: out of memory");

    redis_connection_init(&s->connection, url);
    enum status const st = redis_ready(&s->connection, err);
    if (st < 0) {
        redis_scrub_close(s);
        return st;
    }
    *out = (struct scrub_port){.ops = &redis_scrub_ops, .self = s};
    return STATUS_OK;
}
