/*
 * page.c - the calls that look at tasks.
 *
 * What the port hands over lives in an arena that is as large as a page may
 * become; the caller gets a copy in one block that is as large as it is.
 */
#include <stdlib.h>

#include "cmd/library/client.h"
#include "cmd/library/spec.h"

#define ROOM_BYTES ((size_t)4 * 1024 * 1024)

/* One block: the page, its pointers, its records, then the texts. */
struct block {
    struct mr_page page;
    struct arena mem;
};

/* An arena copies with a NUL behind. */
static size_t room_of(struct bytes b)
{
    return b.at ? b.len + 1 : 0;
}

static size_t texts_of(const struct task_record *r)
{
    const struct task *t = &r->task;

    return sizeof(t->id.text) + room_of(t->queue) + room_of(t->type) +
           room_of(t->payload) + room_of(t->headers) + room_of(t->key) +
           room_of(t->last_error) + room_of(r->worker) + room_of(r->result);
}

static const char *copy(struct arena *mem, struct bytes from)
{
    struct bytes to = {0};

    if (!arena_copy(mem, from, &to))
        abort(); /* the room was counted wrongly */
    return to.at;
}

static enum mr_reason reason_shown(enum reason reason)
{
    switch (reason) {
    case REASON_NONE:
        return MR_REASON_NONE;
    case REASON_EXHAUSTED:
        return MR_REASON_EXHAUSTED;
    case REASON_REJECTED:
        return MR_REASON_REJECTED;
    case REASON_EXPIRED:
        return MR_REASON_EXPIRED;
    case REASON_LOST:
        return MR_REASON_LOST;
    }
    return MR_REASON_NONE;
}

static enum mr_priority priority_shown(enum priority priority)
{
    switch (priority) {
    case PRIORITY_HIGH:
        return MR_PRIORITY_HIGH;
    case PRIORITY_LOW:
        return MR_PRIORITY_LOW;
    case PRIORITY_NORMAL:
        break;
    }
    return MR_PRIORITY_NORMAL;
}

static void write_record(const struct task_record *from, struct arena *mem,
                         struct mr_record *to)
{
    const struct task *t = &from->task;

    *to = (struct mr_record){
        .id = copy(mem, bytes_of(t->id.text)),
        .queue = copy(mem, t->queue),
        .type = copy(mem, t->type),
        .payload = copy(mem, t->payload),
        .payload_len = t->payload.len,
        .headers = copy(mem, t->headers),
        .key = copy(mem, t->key),
        .state = state_shown(from->state),
        .reason = reason_shown(from->reason),
        .priority = priority_shown(t->priority),
        .attempt = t->attempt,
        .max_attempts = t->max_attempts,
        .crashes = t->crashes,
        .max_crashes = t->max_crashes,
        .created_at_ms = t->created_at_ms,
        .run_at_ms = t->run_at_ms,
        .started_at_ms = from->started_at_ms,
        .finished_at_ms = from->finished_at_ms,
        .lease_until_ms = from->lease_until_ms,
        .worker = copy(mem, from->worker),
        .last_error = copy(mem, t->last_error),
        .result = copy(mem, from->result),
        .timeout_ms = t->timeout_ms,
    };
}

/* A copy of records[n] and the cursor; NULL: no memory. */
static struct mr_page *page_new(const struct task_record *records, size_t n,
                                const char *cursor)
{
    size_t const head = sizeof(struct block) + n * (sizeof(struct mr_record *) +
                                                    sizeof(struct mr_record));
    size_t texts = strlen(cursor) + 1;

    for (size_t i = 0; i < n; i++)
        texts += texts_of(&records[i]);
    struct block *block = calloc(1, head + texts);
    if (!block)
        return NULL;

    struct mr_record *to = (struct mr_record *)(block + 1);
    const struct mr_record **list = (const struct mr_record **)(to + n);
    block->mem = (struct arena){.base = (char *)block + head, .size = texts};
    for (size_t i = 0; i < n; i++) {
        write_record(&records[i], &block->mem, &to[i]);
        list[i] = &to[i];
    }
    block->page = (struct mr_page){.count = n, .records = list};
    if (*cursor)
        block->page.cursor = copy(&block->mem, bytes_of(cursor));
    return &block->page;
}

void mr_page_free(struct mr_page *page)
{
    free(page); /* the first member of its block */
}

static enum status hand_out(const struct task_record *records, size_t n,
                            const char *cursor, struct mr_page **out,
                            struct error *err)
{
    struct mr_page *page = page_new(records, n, cursor);

    if (!page)
        return error_set(err, STATUS_NO_MEMORY, NULL, "no memory for a page");
    *out = page;
    return STATUS_OK;
}

static enum status find(const struct mr_client *client,
                        const struct task_ref *ref, struct mr_page **out,
                        struct error *err)
{
    struct arena mem = {.base = malloc(ROOM_BYTES), .size = ROOM_BYTES};
    struct task_record record;
    enum status st;

    if (!mem.base)
        return error_set(err, STATUS_NO_MEMORY, NULL, "no memory for a page");
    st = admin_find(client->admin, client_now_ms(client), ref, &mem, &record,
                    err);
    if (st == STATUS_OK)
        st = hand_out(&record, 1, "", out, err);
    free(mem.base);
    return st;
}

enum mr_code mr_find(struct mr_client *client, const char *queue,
                     const char *id, struct mr_page **out, struct mr_error *err)
{
    struct task_ref ref;
    struct error why;

    if (!out)
        return refuse(err, MR_MISUSE, "out", "mr_find: out is NULL");
    enum mr_code const code = client_enter_admin(client, err);
    if (code != MR_OK)
        return code;
    enum status st = ref_read(queue, id, &ref, &why);
    if (st == STATUS_OK)
        st = find(client, &ref, out, &why);
    client_leave_admin(client);
    return failure_about(err, st, &why, ref.id.text);
}

static enum status list(const struct mr_client *client,
                        struct list_request *req, struct mr_page **out,
                        struct error *err)
{
    struct arena mem = {.base = malloc(ROOM_BYTES), .size = ROOM_BYTES};
    struct task_page page;
    enum status st;

    if (!mem.base)
        return error_set(err, STATUS_NO_MEMORY, NULL, "no memory for a page");
    req->now_ms = client_now_ms(client);
    st = admin_list(client->admin, req, &mem, &page, err);
    if (st == STATUS_OK)
        st = hand_out(page.records, page.count, page.next.text, out, err);
    free(mem.base);
    return st;
}

static enum status read_list(const struct mr_filter *filter, const char *cursor,
                             size_t max, struct list_request *out,
                             struct error *err)
{
    size_t const len = cursor ? strlen(cursor) : 0;

    *out = (struct list_request){.max = max};
    if (max < 1 || max > ADMIN_EXAMINE_MAX)
        return error_out_of_range(err, "max",
                                  max > INT64_MAX ? INT64_MAX : (int64_t)max, 1,
                                  ADMIN_EXAMINE_MAX);
    if (len >= sizeof(out->cursor.text))
        return error_too_large(err, "cursor", len,
                               sizeof(out->cursor.text) - 1);
    if (cursor)
        memcpy(out->cursor.text, cursor, len + 1);
    return filter_read(filter, &out->filter, err);
}

enum mr_code mr_list(struct mr_client *client, const struct mr_filter *filter,
                     const char *cursor, size_t max, struct mr_page **out,
                     struct mr_error *err)
{
    struct list_request req;
    struct error why;

    if (!out)
        return refuse(err, MR_MISUSE, "out", "mr_list: out is NULL");
    enum mr_code const code = client_enter_admin(client, err);
    if (code != MR_OK)
        return code;
    enum status st = read_list(filter, cursor, max, &req, &why);
    if (st == STATUS_OK)
        st = list(client, &req, out, &why);
    client_leave_admin(client);
    return failure(err, st, &why);
}
