/*
 * What became of the groups whose answers were lost.
 *
 * Each group writes its number to a key of its own, in the same step that
 * stores its tasks (redis_keys.h: sent). So after reconnecting the key tells;
 * but not before the old connection is gone, or what it still has to say could
 * arrive after we asked. Looking for the ids instead would run a task twice
 * when a worker was quicker than we are.
 */
#include <string.h>

#include "adapters/redis/redis_port.h"
#include "domain/text.h"

/* How long `sent` can be believed: a bit less than it lives. */
#define BELIEVED_MS (9 * 60 * 1000)

static struct bytes take_word(struct bytes *rest)
{
    const char *blank = rest->len ? memchr(rest->at, ' ', rest->len) : NULL;
    size_t const len = blank ? (size_t)(blank - rest->at) : rest->len;
    struct bytes const word = {rest->at, len};

    rest->at += blank ? len + 1 : len;
    rest->len -= blank ? len + 1 : len;
    return word;
}

/* An answer is STATE or STATE:ID (see enqueue.lua). */
static bool read_answer(struct bytes word, const struct task_id *own,
                        struct enqueued *out)
{
    if (word.len == 0 || word.at[0] < '0' ||
        word.at[0] >= '0' + (char)TASK_STATES)
        return false;
    out->state = (enum task_state)(word.at[0] - '0');
    out->id = *own;
    out->is_duplicate = word.len > 1;
    if (!out->is_duplicate)
        return true;
    return word.at[1] == ':' &&
           task_id_parse((struct bytes){word.at + 2, word.len - 2}, &out->id);
}

bool redis_outbox_answers(struct redis_outbox *o, size_t group,
                          struct bytes text)
{
    const struct redis_group *g = &o->groups[group];
    int64_t number;

    if (!text_read_int(take_word(&text), INT64_MAX, &number) ||
        (uint64_t)number != o->numbers[group])
        return false;
    for (size_t k = 0; k < g->count; k++) {
        size_t const i = o->order[g->first + k];
        if (!read_answer(take_word(&text), &o->ids[i], &o->results[i]))
            return false;
    }
    return text.len == 0;
}

/* A plain group leaves its number alone: all were stored, and ready. */
static bool is_stored(struct redis_outbox *o, size_t group, struct bytes text)
{
    const struct redis_group *g = &o->groups[group];
    struct bytes rest = text;
    int64_t number;

    if (!text_read_int(take_word(&rest), INT64_MAX, &number) ||
        (uint64_t)number != o->numbers[group])
        return false;
    if (rest.len > 0)
        return redis_outbox_answers(o, group, text);
    for (size_t k = 0; k < g->count; k++) {
        size_t const i = o->order[g->first + k];
        o->results[i] = (struct enqueued){o->ids[i], TASK_READY, false};
    }
    return true;
}

static bool has_unknown(const struct redis_outbox *o)
{
    for (size_t g = 0; g < o->group_count; g++)
        if (o->fates[g] == REDIS_SENT)
            return true;
    return false;
}

static enum status end_old_connection(struct redis_port *p, struct error *err)
{
    struct redis_outbox const *o = &p->outbox;
    struct redis_connection *c = &p->main;
    REDIS_REPLY reply = NULL;

    if (strcmp(o->run_id, c->run_id) != 0 || o->client_id == c->client_id)
        return STATUS_OK; /* it ended with its server, or is ours */
    redis_begin(c, 4);
    redis_add_text(c, "CLIENT");
    redis_add_text(c, "KILL");
    redis_add_text(c, "ID");
    redis_add_int(c, o->client_id);
    return redis_next_good(c, &reply, err);
}

static enum status ask(struct redis_port *p, struct error *err)
{
    struct redis_outbox *o = &p->outbox;

    for (size_t g = 0; g < o->group_count; g++) {
        char key[REDIS_SENT_KEY_SIZE];
        if (o->fates[g] != REDIS_SENT)
            continue;
        redis_sent_key(p->namespace, bytes_of(o->groups[g].lane->name),
                       p->producer, g, key);
        redis_command(&p->main, 2, (const char *const[]){"GET", key});
    }
    for (size_t g = 0; g < o->group_count; g++) {
        REDIS_REPLY reply = NULL;
        if (o->fates[g] != REDIS_SENT)
            continue;
        enum status const st = redis_next_good(&p->main, &reply, err);
        if (st != STATUS_OK)
            return st;
        struct bytes const text = {reply->str, reply->len};
        o->fates[g] = reply->type == REDIS_REPLY_STRING && is_stored(o, g, text)
                          ? REDIS_STORED
                          : REDIS_UNSENT;
    }
    return STATUS_OK;
}

/* Too long ago for `sent` to tell: look for the tasks themselves. */
static void look_for_all(struct redis_outbox *o)
{
    for (size_t g = 0; g < o->group_count; g++) {
        if (o->fates[g] != REDIS_SENT)
            continue;
        o->fates[g] = REDIS_UNSENT;
        for (size_t k = 0; k < o->groups[g].count; k++)
            o->is_known[o->order[o->groups[g].first + k]] = true;
    }
}

static void note_line(struct redis_port *p)
{
    struct redis_outbox *o = &p->outbox;

    memcpy(o->run_id, p->main.run_id, sizeof(o->run_id));
    o->client_id = p->main.client_id;
    o->sent_mono_ms = redis_mono_ms();
}

enum status redis_outbox_resolve(struct redis_port *p, struct error *err)
{
    struct redis_outbox *o = &p->outbox;
    enum status st = STATUS_OK;

    if (has_unknown(o)) {
        st = end_old_connection(p, err);
        if (st == STATUS_OK && redis_mono_ms() - o->sent_mono_ms > BELIEVED_MS)
            look_for_all(o);
        else if (st == STATUS_OK)
            st = ask(p, err);
    }
    if (st == STATUS_OK)
        note_line(p);
    return st;
}
