#include "adapters/redis/redis_admin_edit.h"

#include <assert.h>

#include "adapters/redis/redis_admin_call.h"
#include "adapters/redis/redis_find.h"
#include "domain/text.h"

/* A task that moves each time we have found it is being worked on. */
#define TRIES 10

#define PURGE_PAGE 200 /* tasks removed by one script */

#define NOTES_MAX 64 /* workers woken at once when a queue is resumed */
#define NOTES_MAX_TEXT "64"

/* Removing, the usual case: all whose queue is told go out together. */
struct removal {
    char states[TASK_STATES + 1]; /* as digits */
    const struct task_ref *refs;
    enum status *results;
};

static void begin_remove(void *self, struct redis_connection *c, size_t i)
{
    const struct removal *r = self;

    redis_admin_begin(c, REDIS_SCRIPT_REMOVE, r->refs[i].queue, 5);
    redis_add_text(c, "task");
    redis_add_text(c, r->refs[i].id.text);
    redis_add_text(c, "");
    redis_add_text(c, "");
    redis_add_text(c, r->states);
}

static enum status removal_result(const redisReply *reply)
{
    struct bytes const answer = redis_reply_text(reply);

    if (bytes_is(answer, "removed"))
        return STATUS_OK;
    return bytes_is(answer, "other") ? STATUS_WRONG_STATE : STATUS_NOT_FOUND;
}

static enum status take_remove(void *self, size_t i, redisReply **reply,
                               struct error *err)
{
    struct removal *r = self;
    (void)err;

    r->results[i] = removal_result(*reply);
    return STATUS_OK;
}

/* Removes one task that must be searched for. */
static enum status remove_found(struct redis_connection *c, const char *states,
                                const struct task_ref *ref,
                                struct redis_found *found, enum status *result,
                                struct error *err)
{
    char entry[REDIS_ENTRY_ID_SIZE];

    *result = STATUS_NOT_FOUND;
    for (int i = 0; i < TRIES && *result == STATUS_NOT_FOUND; i++) {
        REDIS_REPLY reply = NULL;
        enum status st = redis_find_place(c, ref, found, err);
        if (st == STATUS_NOT_FOUND)
            return STATUS_OK;
        if (st != STATUS_OK)
            return st;
        if (found->seen.state == TASK_ACTIVE)
            break;
        redis_entry_id_format(found->seen.entry, entry);
        bool const is_ready = found->seen.state == TASK_READY;
        struct bytes const args[] = {
            BYTES("task"), bytes_of(ref->id.text),
            bytes_of(is_ready ? redis_stream_name(found->seen.stream) : ""),
            bytes_of(is_ready ? entry : ""), bytes_of(states)};
        st = redis_admin_ask(c, REDIS_SCRIPT_REMOVE, found->queue, 5, args,
                             &reply, err);
        if (st != STATUS_OK)
            return st;
        *result = removal_result(reply);
    }
    if (*result == STATUS_NOT_FOUND)
        *result = STATUS_WRONG_STATE;
    return STATUS_OK;
}

/* The runs of refs that tell their queue. */
static enum status remove_known(struct redis_connection *c,
                                const struct removal *all, size_t n,
                                struct error *err)
{
    const struct task_ref *refs = all->refs;
    enum status st = STATUS_OK;

    for (size_t i = 0; i < n && st == STATUS_OK;) {
        size_t run = 0;
        all->results[i] = STATUS_NOT_FOUND;
        while (i + run < n && refs[i + run].queue.at)
            run++;
        struct removal r = *all;
        r.refs += i;
        r.results += i;
        struct redis_round const round = {REDIS_SCRIPT_REMOVE, run,
                                          begin_remove, take_remove, &r};
        if (run > 0)
            st = redis_admin_round(c, &round, err);
        i += run > 0 ? run : 1;
    }
    return st;
}

enum status redis_edit_remove(struct redis_connection *c, unsigned states,
                              const struct task_ref *refs, size_t n,
                              enum status *results, struct error *err)
{
    struct redis_found found = {0};
    struct removal r = {.refs = refs, .results = results};
    size_t digits = 0;

    for (int s = 0; s < TASK_STATES; s++)
        if (states & STATE_SET(s))
            r.states[digits++] = (char)('0' + s);
    enum status st = remove_known(c, &r, n, err);

    for (size_t i = 0; i < n && st == STATUS_OK; i++)
        if (results[i] == STATUS_NOT_FOUND)
            st = remove_found(c, r.states, &refs[i], &found, &results[i], err);
    redis_found_release(&found);
    return st;
}

static enum status run_found_now(struct redis_connection *c, int64_t now_ms,
                                 const struct task_ref *ref,
                                 struct redis_found *found, struct error *err)
{
    char now[24];
    struct text t = text_in(now, sizeof(now));

    text_add_int(&t, now_ms);
    for (int i = 0; i < TRIES; i++) {
        REDIS_REPLY reply = NULL;
        enum status st = redis_find_place(c, ref, found, err);
        if (st != STATUS_OK)
            return st;
        if (found->seen.state != TASK_SCHEDULED &&
            found->seen.state != TASK_RETRY)
            break;
        struct bytes const args[] = {bytes_of(ref->id.text), bytes_of(now)};
        st = redis_admin_ask(c, REDIS_SCRIPT_RUN_NOW, found->queue, 2, args,
                             &reply, err);
        if (st != STATUS_OK)
            return st;
        if (reply->integer == 1)
            return STATUS_OK;
    }
    return STATUS_WRONG_STATE;
}

enum status redis_edit_run_now(struct redis_connection *c, int64_t now_ms,
                               const struct task_ref *ref, struct error *err)
{
    struct redis_found found = {0};
    enum status const st = run_found_now(c, now_ms, ref, &found, err);

    redis_found_release(&found);
    return st;
}

/* Removes up to limit tasks by one script. */
static enum status purge_page(struct redis_connection *c, struct bytes queue,
                              enum task_state state, size_t limit,
                              size_t *removed, struct error *err)
{
    REDIS_REPLY reply = NULL;
    char room[2][24];
    struct text number = text_in(room[0], sizeof(room[0]));
    struct text count = text_in(room[1], sizeof(room[1]));

    text_add_int(&number, state);
    text_add_int(&count, (int64_t)limit);
    struct bytes const args[] = {BYTES("state"), bytes_of(room[0]),
                                 bytes_of(room[1])};
    enum status const st =
        redis_admin_ask(c, REDIS_SCRIPT_REMOVE, queue, 3, args, &reply, err);
    if (st == STATUS_OK)
        *removed = (size_t)reply->integer;
    return st;
}

enum status redis_edit_purge(struct redis_connection *c, struct bytes queue,
                             enum task_state state, size_t limit,
                             size_t *removed, struct error *err)
{
    bool is_known = false;
    size_t total = 0;
    size_t page = 0;
    assert(state != TASK_ACTIVE);

    enum status st = redis_admin_knows(c, queue, &is_known, err);
    if (st == STATUS_OK && !is_known)
        return STATUS_NOT_FOUND;
    while (st == STATUS_OK && total < limit) {
        size_t const left = limit - total;
        size_t const wanted = left < PURGE_PAGE ? left : PURGE_PAGE;
        st = purge_page(c, queue, state, wanted, &page, err);
        if (st == STATUS_OK)
            total += page;
        if (page < wanted)
            break;
    }
    if (st == STATUS_OK)
        *removed = total;
    return st;
}

static void begin_member(struct redis_connection *c, const char *command,
                         const char *suffix, struct bytes queue)
{
    char key[REDIS_KEY_SIZE];

    redis_global_key(c->url->namespace, suffix, key);
    redis_begin(c, 3);
    redis_add_text(c, command);
    redis_add_text(c, key);
    redis_add(c, queue);
}

static enum status pause_queue(struct redis_connection *c, struct bytes queue,
                               struct error *err)
{
    char key[REDIS_KEY_SIZE];
    enum status const st = redis_ready(c, err);

    if (st != STATUS_OK)
        return st;
    redis_global_key(c->url->namespace, "schema", key);
    redis_command(c, 4,
                  (const char *const[]){"SET", key, REDIS_SCHEMA_TEXT, "NX"});
    begin_member(c, "SADD", "queues", queue);
    begin_member(c, "SADD", "paused", queue);
    return redis_skip(c, 3, err);
}

/* How many workers may be asleep over the queue. */
static enum status count_sleepers(struct redis_connection *c, const char *key,
                                  size_t *count, struct error *err)
{
    REDIS_REPLY reply = NULL;

    redis_command(
        c, 4, (const char *const[]){"XINFO", "CONSUMERS", key, REDIS_GROUP});
    enum status const st = redis_next(c, &reply, err);
    if (st == STATUS_OK)
        *count = reply->type == REDIS_REPLY_ARRAY ? reply->elements : 0;
    return st;
}

/* Those who sleep find out by a note in the queue's wake stream. Each note
 * wakes one, and all of them may have work now. */
static enum status resume_queue(struct redis_connection *c, struct bytes queue,
                                struct error *err)
{
    char key[REDIS_KEY_SIZE];
    size_t sleepers = 0;

    redis_queue_key(c->url->namespace, queue, REDIS_KEY_WAKE, key);
    begin_member(c, "SREM", "paused", queue);
    enum status st = redis_skip(c, 1, err);
    if (st == STATUS_OK)
        st = count_sleepers(c, key, &sleepers, err);
    if (st != STATUS_OK)
        return st;

    size_t const notes = sleepers < 1           ? 1
                         : sleepers < NOTES_MAX ? sleepers
                                                : NOTES_MAX;
    for (size_t i = 0; i < notes; i++)
        redis_command(c, 7,
                      (const char *const[]){"XADD", key, "MAXLEN",
                                            NOTES_MAX_TEXT, "*", "w", "1"});
    return redis_skip(c, notes, err);
}

enum status redis_edit_pause(struct redis_connection *c, struct bytes queue,
                             bool is_paused, struct error *err)
{
    bool is_known = false;

    if (is_paused)
        return pause_queue(c, queue, err);
    enum status const st = redis_admin_knows(c, queue, &is_known, err);
    if (st != STATUS_OK)
        return st;
    return is_known ? resume_queue(c, queue, err) : STATUS_NOT_FOUND;
}
