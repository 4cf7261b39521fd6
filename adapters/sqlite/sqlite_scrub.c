/*
 * The walk: the indexes; all tasks, by number; all keys; the counters of one
 * queue a page. The cursor begins with what is walked: "t NUMBER", "k QUEUE
 * HEX", "c NAME". Each page is one statement, and so sees one instant.
 *
 * To check counters is to count: the one thing here whose time grows with the
 * tasks of a queue (by the index alone, and no writer waits for a reader).
 * Only where they are wrong does it happen in a write transaction too.
 *
 * The file as such is checked by health.
 */
#include "adapters/sqlite/sqlite_scrub.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "adapters/sqlite/sqlite_key.h"
#include "adapters/sqlite/sqlite_repair.h"
#include "adapters/sqlite/sqlite_row.h"
#include "adapters/sqlite/sqlite_schema.h"
#include "adapters/sqlite/sqlite_stray.h"
#include "domain/text.h"

static const struct scrub_check checks[] = {
    [CHECK_INDEXES] =
        {"indexes", FINDING_BAD, "made",
         "indexes of tasks that are missing: every call reads all "
         "rows"},
    [CHECK_UNREADABLE] =
        {"unreadable", FINDING_BAD, "made dead letters",
         "rows that can't be read as tasks: nobody can run them"},
    [CHECK_ROWS] =
        {"task rows", FINDING_BAD, NULL,
         "tasks of no queue, or whose id leads elsewhere: nobody can run "
         "or find them; see them with sqlite3"},
    [CHECK_STATES] = {"task states", FINDING_BAD, "made ready",
                      "tasks in no state"},
    [CHECK_LINE] = {"line", FINDING_BAD, "put at the end",
                    "ready tasks that leases passed by"},
    [CHECK_RETENTION] =
        {"retention", FINDING_BAD, "their ends set right",
         "done tasks never forgotten, or others forgotten too soon"},
    [CHECK_STALE] =
        {"stale leases", FINDING_BAD, NULL,
         "leases that ended long ago and nobody took: run a worker"},
    [CHECK_SILENT] =
        {"silent workers", FINDING_WARN, NULL,
         "leases of workers not heard of: their tasks run again once "
         "the leases end"},
    [CHECK_KEYS] = {"keys", FINDING_BAD, "let go", "keys held by no live task"},
    [CHECK_COUNTERS] = {"counters", FINDING_BAD, "counted anew",
                        "queues whose counters disagree with their tasks"},
    {0},
};

struct sqlite_scrub {
    struct store *store;
    struct connection reader;
};

struct page {
    struct sqlite_scrub *scrub;
    int64_t now_ms;
    struct scrub_cursor *cursor;
    struct scrub_flaw *flaws;
    size_t count;
};

static void add(struct page *p, size_t check, struct bytes queue,
                struct bytes subject)
{
    assert(p->count < SCRUB_PAGE_MAX);
    struct scrub_flaw *f = &p->flaws[p->count++];
    struct text name = text_in(f->queue, sizeof(f->queue));

    f->check = check;
    text_add_bytes(&name, queue);
    f->subject_len = subject.len < KEY_MAX ? subject.len : KEY_MAX;
    if (f->subject_len > 0)
        memcpy(f->subject, subject.at, f->subject_len);
    f->subject[f->subject_len] = '\0';
}

/* Columns of SQL_SCRUB_TASKS, behind those of enum task_column. */
enum { T_IS_PASSED_BY = COLUMN_QUEUE + 1, T_IS_RETAINED, T_SPACE, T_SEEN };

static void examine_active(struct page *p, const struct query *q,
                           struct bytes queue, struct bytes id)
{
    if (query_column_int(q, COLUMN_POSITION) < p->now_ms - SCRUB_STALE_MS)
        add(p, CHECK_STALE, queue, id);
    else if (query_column_int(q, T_SEEN) < p->now_ms - SCRUB_SILENT_MS)
        add(p, CHECK_SILENT, queue, id);
}

static void examine_task(struct page *p, const struct query *q,
                         struct bytes queue)
{
    struct bytes const said = query_column_bytes(q, COLUMN_ID);
    struct task_id const id = task_id_unpack((const uint8_t *)said.at);
    struct packed_id const packed = packed_id_of(&id);
    struct bytes const subject = bytes_of(id.text);
    int64_t const state = query_column_int(q, COLUMN_STATE);

    if (!queue.at ||
        !packed_id_leads_to(&packed, query_column_int(q, COLUMN_NUMBER)))
        add(p, CHECK_ROWS, queue, subject);
    else if (state < 0 || state >= TASK_STATES)
        add(p, CHECK_STATES, queue, subject);
    else if (query_column_int(q, T_IS_PASSED_BY))
        add(p, CHECK_LINE, queue, subject);
    else if (!query_column_int(q, T_IS_RETAINED))
        add(p, CHECK_RETENTION, queue, subject);
    else if (state == TASK_ACTIVE)
        examine_active(p, q, queue, subject);
}

/* One that is leased is left to its lease: who takes it then, makes it a dead
 * letter. */
static void examine_stray(struct page *p, const struct query *q,
                          struct bytes queue)
{
    char name[32];

    stray_name(query_column_int(q, COLUMN_NUMBER), name, sizeof(name));
    if (!queue.at)
        add(p, CHECK_ROWS, queue, bytes_of(name));
    else if (query_column_int(q, COLUMN_STATE) == TASK_ACTIVE)
        examine_active(p, q, queue, bytes_of(name));
    else
        add(p, CHECK_UNREADABLE, queue, bytes_of(name));
}

static void examine_row(struct page *p, const struct query *q)
{
    struct bytes const space = query_column_bytes(q, T_SPACE);
    struct bytes const queue = query_column_bytes(q, COLUMN_QUEUE);

    if (space.at && !bytes_is(space, p->scrub->store->namespace))
        return;
    if (row_is_readable(q))
        examine_task(p, q, queue);
    else
        examine_stray(p, q, queue);
}

static enum status examine_tasks(struct page *p, int64_t after,
                                 struct error *err)
{
    struct query q = query_on(&p->scrub->reader, SQL_SCRUB_TASKS);
    size_t n = 0;
    enum status st;

    query_int(&q, after);
    query_int(&q, SCRUB_PAGE_MAX);
    for (; (st = query_next(&q, err)) == STATUS_OK; n++) {
        after = query_column_int(&q, COLUMN_NUMBER);
        examine_row(p, &q);
    }
    if (st < 0)
        return st;
    snprintf(p->cursor->text, sizeof(p->cursor->text),
             n < SCRUB_PAGE_MAX ? "k -1 " : "t %lld", (long long)after);
    return STATUS_OK;
}

/* Reads hexadecimal digits as SQLite writes them; how many bytes they are. */
static size_t read_hex(const char *hex, char out[KEY_MAX])
{
    size_t n = 0;

    for (; hex[0] && hex[1] && n < KEY_MAX; hex += 2) {
        char const pair[] = {hex[0], hex[1], '\0'};
        out[n++] = (char)strtoul(pair, NULL, 16);
    }
    return n;
}

/* Columns of SQL_SCRUB_KEYS. */
enum { K_QUEUE_ID, K_KEY, K_HEX, K_SPACE, K_QUEUE, K_IS_EMPTY };

static enum status examine_keys(struct page *p, const char *from,
                                struct error *err)
{
    struct query q = query_on(&p->scrub->reader, SQL_SCRUB_KEYS);
    char *hex;
    int64_t const queue_id = strtoll(from, &hex, 10);
    char key[KEY_MAX];
    size_t n = 0;
    enum status st;

    query_int(&q, queue_id);
    query_blob(&q, (struct bytes){key, read_hex(hex + 1, key)});
    query_int(&q, SCRUB_PAGE_MAX);
    for (; (st = query_next(&q, err)) == STATUS_OK; n++) {
        struct text next = text_in(p->cursor->text, sizeof(p->cursor->text));
        text_add(&next, "k ");
        text_add_int(&next, query_column_int(&q, K_QUEUE_ID));
        text_add(&next, " ");
        text_add_bytes(&next, query_column_bytes(&q, K_HEX));
        if (bytes_is(query_column_bytes(&q, K_SPACE),
                     p->scrub->store->namespace) &&
            query_column_int(&q, K_IS_EMPTY))
            add(p, CHECK_KEYS, query_column_bytes(&q, K_QUEUE),
                query_column_bytes(&q, K_KEY));
    }
    if (st == STATUS_EMPTY && n < SCRUB_PAGE_MAX)
        *p->cursor = (struct scrub_cursor){.text = "c "};
    return st < 0 ? st : STATUS_OK;
}

/* Columns of SQL_SCRUB_COUNTERS. */
enum { C_ID, C_QUEUE, C_IS_RIGHT };

/* By id: a name that foreign hands have written may be any. */
static enum status examine_counters(struct page *p, int64_t after,
                                    struct error *err)
{
    struct query q = query_on(&p->scrub->reader, SQL_SCRUB_COUNTERS);
    struct text next = text_in(p->cursor->text, sizeof(p->cursor->text));
    char name[QUEUE_NAME_MAX + 1];

    query_text(&q, bytes_of(p->scrub->store->namespace));
    query_int(&q, after);
    enum status const st = query_next(&q, err);
    if (st == STATUS_EMPTY)
        *p->cursor = (struct scrub_cursor){.text = ""};
    if (st != STATUS_OK)
        return st < 0 ? st : STATUS_OK;
    text_add(&next, "c ");
    text_add_int(&next, query_column_int(&q, C_ID));
    query_column_text(&q, C_QUEUE, name, sizeof(name));
    if (!query_column_int(&q, C_IS_RIGHT))
        add(p, CHECK_COUNTERS, bytes_of(name), bytes_of(name));
    query_end(&q);
    return STATUS_OK;
}

static enum status examine_indexes(struct page *p, struct error *err)
{
    bool is_whole = false;
    enum status const st =
        schema_has_indexes(&p->scrub->reader, &is_whole, err);

    if (st != STATUS_OK)
        return st;
    if (!is_whole)
        add(p, CHECK_INDEXES, BYTES(""), BYTES("millrace_tasks"));
    *p->cursor = (struct scrub_cursor){.text = "t -9223372036854775808"};
    return STATUS_OK;
}

static enum status sqlite_scrub_examine(void *self, int64_t now_ms,
                                        struct scrub_cursor *cursor,
                                        struct scrub_flaw *flaws, size_t *count,
                                        struct error *err)
{
    struct page p = {self, now_ms, cursor, flaws, 0};
    struct scrub_cursor const from = *cursor;
    enum status st;

    switch (from.text[0]) {
    case '\0':
        st = examine_indexes(&p, err);
        break;
    case 't':
        st = examine_tasks(&p, strtoll(from.text + 2, NULL, 10), err);
        break;
    case 'k':
        st = examine_keys(&p, from.text + 2, err);
        break;
    default:
        st = examine_counters(&p, strtoll(from.text + 2, NULL, 10), err);
    }
    if (st == STATUS_OK)
        *count = p.count;
    else
        *cursor = from;
    return st;
}

static enum status sqlite_scrub_repair(void *self, int64_t now_ms,
                                       const struct scrub_flaw *flaw,
                                       struct error *err)
{
    struct sqlite_scrub *s = self;
    assert(checks[flaw->check].remedy);

    return sqlite_repair(s->store, now_ms, flaw, err);
}

static void sqlite_scrub_close(void *self)
{
    struct sqlite_scrub *s = self;

    if (!s)
        return;
    connection_close(&s->reader);
    free(s);
}

static const struct scrub_ops sqlite_scrub_ops = {
    .name = "sqlite",
    .checks = checks,
    .examine = sqlite_scrub_examine,
    .repair = sqlite_scrub_repair,
    .close = sqlite_scrub_close,
};

enum status sqlite_scrub_open(struct store *store, struct scrub_port *out,
                              struct error *err)
{
    struct sqlite_scrub *s = calloc(1, sizeof(*s));
    if (!s)
        return error_set(err, STATUS_NO_MEMORY, NULL, "sqlite: out of memory");

    s->store = store;
    enum status const st = store_open_reader(store, &s->reader, err);
    if (st < 0) {
        sqlite_scrub_close(s);
        return st;
    }
    *out = (struct scrub_port){.ops = &sqlite_scrub_ops, .self = s};
    return STATUS_OK;
}
