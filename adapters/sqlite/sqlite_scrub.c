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
#include "adapters/sqlite/sqlite_row.h"
#include "adapters/sqlite/sqlite_schema.h"
#include "adapters/sqlite/sqlite_stray.h"
#include "domain/text.h"

#define TASK_INDEXES 4

enum {
    INDEXES,
    UNREADABLE,
    ROWS,
    STATES,
    LINE,
    RETENTION,
    STALE,
    SILENT,
    KEYS,
    COUNTERS
};

static const struct scrub_check checks[] = {
    [INDEXES] = {"indexes", FINDING_BAD, true,
                 "indexes of tasks that are missing: every call reads all "
                 "rows"},
    [UNREADABLE] = {"unreadable", FINDING_BAD, true,
                    "rows that can't be read as tasks: nobody can run them; "
                    "--fix makes them dead letters"},
    [ROWS] = {"task rows", FINDING_BAD, false,
              "tasks of no queue, or whose id leads elsewhere: nobody can run "
              "or find them; see them with sqlite3"},
    [STATES] = {"task states", FINDING_BAD, true,
                "tasks in no state; --fix makes them ready"},
    [LINE] = {"line", FINDING_BAD, true,
              "ready tasks that leases passed by; --fix puts them at the end"},
    [RETENTION] = {"retention", FINDING_BAD, true,
                   "done tasks never forgotten, or others forgotten too soon"},
    [STALE] = {"stale leases", FINDING_BAD, false,
               "leases that ended long ago and nobody took: run a worker"},
    [SILENT] = {"silent workers", FINDING_WARN, false,
                "leases of workers not heard of: their tasks run again once "
                "the leases end"},
    [KEYS] = {"keys", FINDING_BAD, true, "keys held by no live task"},
    [COUNTERS] = {"counters", FINDING_BAD, true,
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
        add(p, STALE, queue, id);
    else if (query_column_int(q, T_SEEN) < p->now_ms - SCRUB_SILENT_MS)
        add(p, SILENT, queue, id);
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
        add(p, ROWS, queue, subject);
    else if (state < 0 || state >= TASK_STATES)
        add(p, STATES, queue, subject);
    else if (query_column_int(q, T_IS_PASSED_BY))
        add(p, LINE, queue, subject);
    else if (!query_column_int(q, T_IS_RETAINED))
        add(p, RETENTION, queue, subject);
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
        add(p, ROWS, queue, bytes_of(name));
    else if (query_column_int(q, COLUMN_STATE) == TASK_ACTIVE)
        examine_active(p, q, queue, bytes_of(name));
    else
        add(p, UNREADABLE, queue, bytes_of(name));
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
            add(p, KEYS, query_column_bytes(&q, K_QUEUE),
                query_column_bytes(&q, K_KEY));
    }
    if (st == STATUS_EMPTY && n < SCRUB_PAGE_MAX)
        *p->cursor = (struct scrub_cursor){.text = "c "};
    return st < 0 ? st : STATUS_OK;
}

static enum status examine_counters(struct page *p, const char *after,
                                    struct error *err)
{
    struct query q = query_on(&p->scrub->reader, SQL_SCRUB_COUNTERS);
    char name[QUEUE_NAME_MAX + 1];

    query_text(&q, bytes_of(p->scrub->store->namespace));
    query_text(&q, bytes_of(after));
    enum status const st = query_next(&q, err);
    if (st == STATUS_EMPTY)
        *p->cursor = (struct scrub_cursor){.text = ""};
    if (st != STATUS_OK)
        return st < 0 ? st : STATUS_OK;
    query_column_text(&q, 0, name, sizeof(name));
    if (!query_column_int(&q, 1))
        add(p, COUNTERS, bytes_of(name), bytes_of(name));
    query_end(&q);
    snprintf(p->cursor->text, sizeof(p->cursor->text), "c %s", name);
    return STATUS_OK;
}

static enum status count_indexes(struct connection *c, int64_t *out,
                                 struct error *err)
{
    return connection_number(
        c,
        "SELECT count(*) FROM pragma_index_list('millrace_tasks')"
        " WHERE name IN ('millrace_task_ids', 'millrace_task_line',"
        " 'millrace_task_order', 'millrace_task_retention')",
        out, err);
}

static enum status examine_indexes(struct page *p, struct error *err)
{
    int64_t n = 0;
    enum status const st = count_indexes(&p->scrub->reader, &n, err);

    if (st != STATUS_OK)
        return st;
    if (n < TASK_INDEXES)
        add(p, INDEXES, BYTES(""), BYTES("millrace_tasks"));
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
        st = examine_counters(&p, from.text + 2, err);
    }
    if (st == STATUS_OK)
        *count = p.count;
    else
        *cursor = from;
    return st;
}

/* A repair on its way into a write transaction. */
struct fix {
    int64_t now_ms;
    const struct scrub_flaw *flaw;
};

/* Runs a statement; answers STATUS_NOT_FOUND if it changed nothing. */
static enum status run_fix(struct ledger *l, struct query *q, struct error *err)
{
    enum status const st = query_run(q, err);

    if (st != STATUS_OK)
        return st;
    return sqlite3_changes(l->connection->db) > 0 ? STATUS_OK
                                                  : STATUS_NOT_FOUND;
}

static enum status fix_task(struct ledger *l, const struct fix *fix,
                            struct queue_row *row, struct error *err)
{
    static const enum sql statements[] = {
        [STATES] = SQL_FIX_STATE,
        [LINE] = SQL_FIX_PLACE,
        [RETENTION] = SQL_FIX_RETENTION,
    };
    size_t const check = fix->flaw->check;
    struct task_id id;

    if (!task_id_parse(bytes_of(fix->flaw->subject), &id))
        return STATUS_NOT_FOUND;
    struct packed_id const packed = packed_id_of(&id);
    struct query q = query_on(l->connection, statements[check]);
    query_int(&q, packed_id_number(&packed));
    query_blob(&q, packed_id_bytes(&packed));
    query_int(&q, row->id);
    if (check == STATES || check == LINE) {
        query_int(&q, queue_row_next_position(row, fix->now_ms));
        query_int(&q, fix->now_ms);
    }
    enum status const st = run_fix(l, &q, err);
    if (st == STATUS_OK && check == STATES)
        queue_row_add(row, TASK_READY);
    return st;
}

static enum status fix_key(struct ledger *l, const struct scrub_flaw *flaw,
                           const struct queue_row *row, struct error *err)
{
    struct query q = query_on(l->connection, SQL_FIX_KEY);

    query_int(&q, row->id);
    query_blob(&q, (struct bytes){flaw->subject, flaw->subject_len});
    return run_fix(l, &q, err);
}

static enum status fix_counters(struct ledger *l, const struct scrub_flaw *flaw,
                                struct error *err)
{
    /* What others moved in this transaction is to be in the row first. */
    enum status const st = ledger_flush(l, err);
    if (st < 0)
        return st;
    ledger_begin(l);

    struct query q = query_on(l->connection, SQL_FIX_COUNTERS);
    query_text(&q, l->namespace);
    query_text(&q, bytes_of(flaw->queue));
    return run_fix(l, &q, err);
}

/* All others wait until they are made: some seconds for a million tasks. */
static enum status fix_indexes(struct connection *c, struct error *err)
{
    int64_t n = 0;
    enum status const st = count_indexes(c, &n, err);

    if (st != STATUS_OK)
        return st;
    return n < TASK_INDEXES ? schema_add_indexes(c, err) : STATUS_NOT_FOUND;
}

static enum status run(struct ledger *l, void *self, struct error *err)
{
    const struct fix *fix = self;
    struct queue_row *row;

    if (fix->flaw->check == INDEXES)
        return fix_indexes(l->connection, err);
    if (fix->flaw->check == COUNTERS)
        return fix_counters(l, fix->flaw, err);
    enum status const st =
        ledger_find(l, bytes_of(fix->flaw->queue), &row, err);
    if (st != STATUS_OK)
        return st;
    if (fix->flaw->check == UNREADABLE)
        return stray_repair(l, row, bytes_of(fix->flaw->subject), fix->now_ms,
                            err);
    return fix->flaw->check == KEYS ? fix_key(l, fix->flaw, row, err)
                                    : fix_task(l, fix, row, err);
}

static enum status sqlite_scrub_repair(void *self, int64_t now_ms,
                                       const struct scrub_flaw *flaw,
                                       struct error *err)
{
    struct sqlite_scrub *s = self;
    struct fix fix = {now_ms, flaw};
    assert(checks[flaw->check].is_fixable);

    return store_write(s->store, run, &fix, err);
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
