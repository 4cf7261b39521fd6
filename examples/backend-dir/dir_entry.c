/*
 * dir_entry.c - tasks and queues in the memory of a store, and their files.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "dir_store.h"

#define NUMBERS_PER_GENERATION 65536
#define BYTES_OF_A_TASK 7

/* A task as a file: the numbers, then the bytes. */
struct image {
    struct entry entry; /* its pointers mean nothing */
    size_t lengths[BYTES_OF_A_TASK];
    bool is_there[BYTES_OF_A_TASK];
};

static void list_bytes(struct entry *e, struct bytes *out[BYTES_OF_A_TASK])
{
    struct bytes *const all[] = {
        &e->task.queue, &e->task.type,       &e->task.payload, &e->task.headers,
        &e->task.key,   &e->task.last_error, &e->result};

    memcpy(out, all, sizeof(all));
}

static void name_of(const struct entry *e, char out[PATH_SIZE])
{
    snprintf(out, PATH_SIZE, "tasks/%.*s,%s%s", (int)e->task.queue.len,
             e->task.queue.at, e->task.id.text,
             e->state == STATE_GONE ? ",gone" : "");
}

/* The bytes of e, one after the other behind an image; NULL: no memory. */
static char *draw(const struct entry *from, size_t *size)
{
    struct image image = {.entry = *from};
    struct bytes *parts[BYTES_OF_A_TASK];
    size_t at = sizeof(image);

    list_bytes(&image.entry, parts);
    for (size_t i = 0; i < BYTES_OF_A_TASK; i++) {
        image.lengths[i] = parts[i]->len;
        image.is_there[i] = parts[i]->at != NULL;
        at += parts[i]->len;
    }
    char *file = malloc(at);
    if (!file)
        return NULL;
    *size = at;
    at = sizeof(image);
    for (size_t i = 0; i < BYTES_OF_A_TASK; i++) {
        if (parts[i]->len > 0)
            memcpy(file + at, parts[i]->at, parts[i]->len);
        at += parts[i]->len;
    }
    memcpy(file, &image, sizeof(image));
    return file;
}

/* The entry of a file, which becomes its block; NULL: it is none. */
struct entry *dir_entry_understand(char *file, size_t size)
{
    struct image image;
    struct bytes *parts[BYTES_OF_A_TASK];
    size_t at = sizeof(image);
    struct entry *e = malloc(sizeof(*e));

    if (!e || size < sizeof(image)) {
        free(e);
        return NULL;
    }
    memcpy(&image, file, sizeof(image));
    *e = image.entry;
    e->block = file;
    list_bytes(e, parts);
    for (size_t i = 0; i < BYTES_OF_A_TASK; i++) {
        if (image.lengths[i] > size - at) {
            free(e);
            return NULL;
        }
        *parts[i] = image.is_there[i]
                        ? (struct bytes){file + at, image.lengths[i]}
                        : (struct bytes){0};
        at += image.lengths[i];
    }
    return e;
}

void dir_entry_free(struct entry *e)
{
    free(e->block);
    free(e);
}

int64_t dir_next_number(struct dir_store *s)
{
    /* What is given out is used in a change, which makes it a generation. */
    int64_t const generation = s->generation + (s->is_writing ? 0 : 1);

    return generation * NUMBERS_PER_GENERATION + s->given++;
}

bool dir_entry_is_in(const struct entry *e, struct bytes queue)
{
    return bytes_equal(e->task.queue, queue);
}

bool dir_entry_is_there(const struct entry *e, int64_t now_ms)
{
    return e->state != STATE_GONE &&
           (e->state != TASK_DONE || e->until_ms > now_ms);
}

bool dir_entry_holds(const struct entry *e, struct bytes key, int64_t now_ms)
{
    const struct task *t = &e->task;

    if (!t->key.at || !bytes_equal(t->key, key))
        return false;
    if (t->key_ttl_ms > 0)
        return now_ms < t->created_at_ms + t->key_ttl_ms;
    return e->state < TASK_DONE;
}

struct entry *dir_find(const struct dir_store *s, struct bytes queue,
                       const struct task_id *id, int64_t now_ms)
{
    struct entry *first = NULL;

    for (size_t i = 0; i < s->count; i++) {
        struct entry *e = s->entries[i];
        if (strcmp(e->task.id.text, id->text) != 0 ||
            !dir_entry_is_there(e, now_ms) ||
            (queue.at && !dir_entry_is_in(e, queue)))
            continue;
        size_t const len = e->task.queue.len;
        if (!first ||
            strncmp(e->task.queue.at, first->task.queue.at,
                    len < first->task.queue.len ? len : first->task.queue.len) <
                0)
            first = e;
    }
    return first;
}

struct dir_queue *dir_queue_find(const struct dir_store *s, struct bytes name)
{
    for (size_t i = 0; i < s->queue_count; i++)
        if (bytes_is(name, s->queues[i].name))
            return &s->queues[i];
    return NULL;
}

enum status dir_queue_save(struct dir_store *s, const struct dir_queue *q,
                           struct error *err)
{
    char name[PATH_SIZE];

    snprintf(name, sizeof(name), "queues/%s", q->name);
    return dir_write(s, name, q, sizeof(*q), err);
}

enum status dir_queue_need(struct dir_store *s, struct bytes name,
                           struct dir_queue **out, struct error *err)
{
    struct dir_queue made = {.done = 0};
    size_t at = 0;

    *out = dir_queue_find(s, name);
    if (*out)
        return STATUS_OK;
    void *more = reallocarray(s->queues, s->queue_count + 1, sizeof(made));
    if (!more)
        return error_set(err, STATUS_NO_MEMORY, NULL, "dir: out of memory");
    s->queues = more;
    memcpy(made.name, name.at, name.len);
    while (at < s->queue_count && strcmp(s->queues[at].name, made.name) < 0)
        at++;
    memmove(&s->queues[at + 1], &s->queues[at],
            (s->queue_count++ - at) * sizeof(made));
    s->queues[at] = made;
    *out = &s->queues[at];
    return dir_queue_save(s, *out, err);
}

/* Its bytes come to live in a block of its own, which is what was written. */
enum status dir_entry_save(struct dir_store *s, struct entry *e,
                           struct error *err)
{
    char name[PATH_SIZE];
    size_t size = 0;
    char *file = draw(e, &size);

    if (!file)
        return error_set(err, STATUS_NO_MEMORY, NULL, "dir: out of memory");
    name_of(e, name);
    enum status const st = dir_write(s, name, file, size, err);
    struct entry *fresh =
        st == STATUS_OK ? dir_entry_understand(file, size) : NULL;
    if (!fresh) {
        free(file);
        return st < 0 ? st
                      : error_set(err, STATUS_NO_MEMORY, NULL,
                                  "dir: out of memory");
    }
    free(e->block);
    *e = *fresh;
    free(fresh);
    return STATUS_OK;
}

enum status dir_entry_add(struct dir_store *s, const struct entry *from,
                          struct error *err)
{
    struct entry *e = malloc(sizeof(*e));

    if (!e)
        return error_set(err, STATUS_NO_MEMORY, NULL, "dir: out of memory");
    *e = *from;
    e->block = NULL;
    enum status st = dir_entry_save(s, e, err);
    if (st == STATUS_OK && !dir_keep(s, e))
        st = error_set(err, STATUS_NO_MEMORY, NULL, "dir: out of memory");
    if (st < 0)
        dir_entry_free(e);
    return st;
}

static void take_out(struct dir_store *s, struct entry *e)
{
    for (size_t i = 0; i < s->count; i++) {
        if (s->entries[i] != e)
            continue;
        s->entries[i] = s->entries[--s->count];
        break;
    }
    dir_entry_free(e);
}

/* Where its key is held for a time, that outlives the task. */
enum status dir_entry_remove(struct dir_store *s, struct entry *e,
                             int64_t now_ms, struct error *err)
{
    bool const is_held = e->state != STATE_GONE && e->task.key_ttl_ms > 0 &&
                         dir_entry_holds(e, e->task.key, now_ms);
    char name[PATH_SIZE], path[2 * PATH_SIZE];

    name_of(e, name);
    snprintf(path, sizeof(path), "%s/%s", s->path, name);
    enum status st = dir_touch(s, err);
    if (st == STATUS_OK && is_held) {
        e->state = STATE_GONE;
        st = dir_entry_save(s, e, err);
    }
    if (st == STATUS_OK && unlink(path) != 0 && errno != ENOENT)
        st = dir_fault(s, err);
    if (st == STATUS_OK && !is_held)
        take_out(s, e);
    return st;
}
