/*
 * A list goes state by state. Within one, each queue is a lane whose tasks the
 * index gives in order; of ready tasks, each priority; of active ones, those
 * that were leased together apart from the others. The list merges the lanes,
 * one index look-up a task, by (position, queue, id). Positions of different
 * queues can be compared, since they are made from the time.
 */
#include "adapters/sqlite/sqlite_list.h"

#include <stdlib.h>

#include "adapters/sqlite/sqlite_ledger.h"
#include "adapters/sqlite/sqlite_row.h"
#include "domain/text.h"

/* Where a list stands: the task that was examined last. */
struct place {
    enum task_state state;
    int64_t position; /* all zero: at the start of the state */
    int64_t queue_id;
    uint8_t id[TASK_ID_BYTES];
};

struct lane {
    int64_t queue_id;
    int64_t kind; /* ready: the priority; active: is it leased together */
    bool is_over;
    int64_t number; /* of the next task, and where it stands */
    int64_t position;
    uint8_t id[TASK_ID_BYTES];
};

struct lister {
    struct connection *connection;
    struct bytes namespace;
    const struct list_request *req;
    struct arena *mem;
    struct task_record *records;
    size_t max; /* room in records */
    size_t count;
    size_t examined;
    bool is_full; /* mem takes no more */
    struct place place;
    struct lane *lanes; /* of the state it is in */
    size_t lane_count;
    size_t lane_room;
};

static struct cursor cursor_format(const struct place *place)
{
    struct cursor cursor;
    struct text t = text_in(cursor.text, sizeof(cursor.text));
    struct task_id const id = task_id_unpack(place->id);

    text_add_int(&t, place->state);
    text_add(&t, ".");
    text_add_int(&t, place->position);
    text_add(&t, ".");
    text_add_int(&t, place->queue_id);
    text_add(&t, ".");
    text_add(&t, id.text);
    return cursor;
}

/* The part of *rest up to the next dot, which goes behind it. */
static struct bytes next_part(struct bytes *rest)
{
    const char *dot = rest->len ? memchr(rest->at, '.', rest->len) : NULL;
    size_t const len = dot ? (size_t)(dot - rest->at) : rest->len;
    size_t const used = dot ? len + 1 : len;
    struct bytes const part = {rest->at, len};

    *rest = (struct bytes){rest->at + used, rest->len - used};
    return part;
}

static bool cursor_parse(const struct cursor *cursor, struct place *out)
{
    struct bytes rest = {cursor->text,
                         strnlen(cursor->text, sizeof(cursor->text))};
    int64_t state;
    struct task_id id;

    *out = (struct place){.state = TASK_SCHEDULED};
    if (rest.len == 0)
        return true;
    if (!text_read_int(next_part(&rest), TASK_STATES - 1, &state) ||
        !text_read_int(next_part(&rest), INT64_MAX, &out->position) ||
        !text_read_int(next_part(&rest), INT64_MAX, &out->queue_id) ||
        !task_id_parse(rest, &id))
        return false;
    out->state = (enum task_state)state;
    task_id_pack(&id, out->id);
    return true;
}

/* How many lanes a queue has. */
static int64_t lanes_of(enum task_state state)
{
    switch (state) {
    case TASK_READY:
        return PRIORITIES;
    case TASK_ACTIVE:
        return 2;
    default:
        return 1;
    }
}

/* A query for the tasks of lane, which is still to be told behind which. */
static struct query query_lane(const struct lister *l, const struct lane *lane)
{
    bool const is_ready = l->place.state == TASK_READY;
    bool const is_together = l->place.state == TASK_ACTIVE && lane->kind;
    struct query q = query_on(l->connection, is_together ? SQL_LEASED_AFTER
                                             : is_ready  ? SQL_READY_AFTER
                                                         : SQL_TASK_AFTER);

    query_int(&q, lane->queue_id);
    if (!is_together)
        query_int(&q, is_ready ? lane->kind : (int64_t)l->place.state);
    return q;
}

/* Moves lane on to its first task behind (position, id). An id of no bytes
 * comes before all, one of 17 behind all. */
static enum status lane_seek(struct lister *l, struct lane *lane,
                             int64_t position, struct bytes id,
                             struct error *err)
{
    struct query q = query_lane(l, lane);

    query_int(&q, position);
    query_blob(&q, id);
    enum status const st = query_next(&q, err);
    lane->is_over = st != STATUS_OK;
    if (st != STATUS_OK)
        return st < 0 ? st : STATUS_OK;

    struct bytes const found = query_column_bytes(&q, 2);
    lane->number = query_column_int(&q, 0);
    lane->position = query_column_int(&q, 1);
    memset(lane->id, 0, sizeof(lane->id));
    memcpy(lane->id, found.at,
           found.len < sizeof(lane->id) ? found.len : sizeof(lane->id));
    query_end(&q);
    return STATUS_OK;
}

/* Moves lane to its first task behind the place where the list stands. */
static enum status lane_start(struct lister *l, struct lane *lane,
                              struct error *err)
{
    static const char highest[TASK_ID_BYTES + 1] =
        "\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377";
    const struct place *place = &l->place;
    struct bytes id = {(const char *)place->id, sizeof(place->id)};

    if (lane->queue_id < place->queue_id)
        id = (struct bytes){highest, sizeof(highest)};
    else if (lane->queue_id > place->queue_id)
        id = BYTES("");
    return lane_seek(l, lane, place->position, id, err);
}

/* Makes room for more lanes. */
static enum status grow(struct lister *l, struct error *err)
{
    size_t const room = l->lane_room ? l->lane_room * 2 : 16;
    struct lane *lanes = realloc(l->lanes, room * sizeof(*lanes));

    if (!lanes)
        return error_set(err, STATUS_NO_MEMORY, NULL, "sqlite: out of memory");
    l->lanes = lanes;
    l->lane_room = room;
    return STATUS_OK;
}

/* Opens the lanes of one queue in the state the list is in. */
static enum status open_queue(struct lister *l, int64_t queue_id,
                              struct error *err)
{
    int64_t const lanes = lanes_of(l->place.state);
    enum status st = STATUS_OK;

    for (int64_t i = 0; i < lanes && st == STATUS_OK; i++) {
        if (l->lane_count == l->lane_room)
            st = grow(l, err);
        if (st < 0)
            return st;
        struct lane *lane = &l->lanes[l->lane_count++];
        *lane = (struct lane){.queue_id = queue_id, .kind = i};
        st = lane_start(l, lane, err);
    }
    return st;
}

/* Opens the lanes of all queues that the list is about. */
static enum status open_lanes(struct lister *l, struct error *err)
{
    struct query q = query_on(l->connection, SQL_QUEUES_HOLDING);
    enum status st;

    query_text(&q, l->namespace);
    query_int(&q, l->place.state);
    query_text(&q, l->req->filter.queue);
    l->lane_count = 0;
    while ((st = query_next(&q, err)) == STATUS_OK) {
        st = open_queue(l, query_column_int(&q, 0), err);
        if (st < 0)
            break;
    }
    query_end(&q);
    return st < 0 ? st : STATUS_OK;
}

static bool comes_first(const struct lane *a, const struct lane *b)
{
    if (a->position != b->position)
        return a->position < b->position;
    if (a->queue_id != b->queue_id)
        return a->queue_id < b->queue_id;
    return memcmp(a->id, b->id, sizeof(a->id)) < 0;
}

/* The lane with the next task; NULL: the state is over. */
static struct lane *first_lane(const struct lister *l)
{
    struct lane *first = NULL;

    for (size_t i = 0; i < l->lane_count; i++) {
        struct lane *lane = &l->lanes[i];
        if (!lane->is_over && (!first || comes_first(lane, first)))
            first = lane;
    }
    return first;
}

static bool matches(const struct list_request *req, const struct query *q)
{
    return !row_is_over(q, req->now_ms) &&
           task_filter_wants(&req->filter, query_column_bytes(q, COLUMN_TYPE),
                             (enum reason)query_column_int(q, COLUMN_REASON),
                             query_column_int(q, COLUMN_SINCE));
}

/* Looks at the next task of lane, and adds it to the page if it matches. One
 * that can't be read is passed by: the others are to be seen. */
static enum status examine(struct lister *l, const struct lane *lane,
                           struct error *err)
{
    size_t const used = l->mem->used;
    struct query q = query_on(l->connection, SQL_TASK_BY_NUMBER);

    query_int(&q, lane->number);
    enum status st = query_next(&q, err);
    if (st != STATUS_OK)
        return st < 0 ? st : STATUS_OK;
    if (matches(l->req, &q) && row_is_readable(&q)) {
        st = row_read_record(&q, l->mem, &l->records[l->count], err);
        if (st == STATUS_OK)
            l->count++;
        l->is_full = st == STATUS_EMPTY;
        if (l->is_full)
            l->mem->used = used;
    }
    query_end(&q);
    return st < 0 ? st : STATUS_OK;
}

/* Goes over the state from the place on; *has_more: the page ended first. */
static enum status list_state(struct lister *l, bool *has_more,
                              struct error *err)
{
    struct lane *lane;
    enum status st = open_lanes(l, err);

    *has_more = false;
    while (st == STATUS_OK && (lane = first_lane(l))) {
        *has_more = l->count == l->max || l->examined == ADMIN_EXAMINE_MAX;
        if (*has_more)
            break;
        st = examine(l, lane, err);
        *has_more = l->is_full;
        if (st < 0 || l->is_full)
            break;
        l->examined++;
        l->place.position = lane->position;
        l->place.queue_id = lane->queue_id;
        memcpy(l->place.id, lane->id, sizeof(lane->id));
        struct bytes const id = {(const char *)lane->id, sizeof(lane->id)};
        st = lane_seek(l, lane, lane->position, id, err);
    }
    return st;
}

static enum status list_states(struct lister *l, struct task_page *page,
                               struct error *err)
{
    bool has_more = false;
    enum status st = STATUS_OK;

    for (int s = (int)l->place.state; s < TASK_STATES && !has_more; s++) {
        if ((int)l->place.state != s)
            l->place = (struct place){.state = (enum task_state)s};
        if (task_filter_wants_state(&l->req->filter, l->place.state))
            st = list_state(l, &has_more, err);
        if (st < 0)
            return st;
    }
    if (l->is_full && l->examined == 0)
        return error_set(err, STATUS_NO_MEMORY, NULL,
                         "sqlite: no room for a single task");
    *page = (struct task_page){.records = l->records, .count = l->count};
    if (has_more)
        page->next = cursor_format(&l->place);
    return STATUS_OK;
}

/* Takes room for as many records as asked for, or for what half of mem holds:
 * the rest is for what is in them. */
static enum status take_room(struct lister *l, struct error *err)
{
    size_t const fitting =
        (l->mem->size - l->mem->used) / 2 / sizeof(*l->records);

    l->max = l->req->max < fitting ? l->req->max : fitting;
    l->records =
        l->max > 0 ? arena_alloc(l->mem, l->max * sizeof(*l->records)) : NULL;
    return l->records ? STATUS_OK
                      : error_set(err, STATUS_NO_MEMORY, NULL,
                                  "sqlite: no room for a single task");
}

enum status list_tasks(struct connection *c, struct bytes namespace,
                       const struct list_request *req, struct arena *mem,
                       struct task_page *page, struct error *err)
{
    struct lister l = {
        .connection = c, .namespace = namespace, .req = req, .mem = mem};

    if (!cursor_parse(&req->cursor, &l.place))
        return error_set(err, STATUS_INVALID, "cursor",
                         "cursor: is not one that a list gave");
    enum status st = take_room(&l, err);
    if (st < 0)
        return st;

    struct query begin = query_on(c, SQL_BEGIN_READ);
    st = query_run(&begin, err);
    if (st < 0)
        return st;
    st = list_states(&l, page, err);
    struct query end = query_on(c, SQL_COMMIT);
    struct error late;
    if (query_run(&end, &late) < 0 && st == STATUS_OK) {
        *err = late;
        st = STATUS_UNAVAILABLE;
    }
    free(l.lanes);
    return st;
}

static void read_stats(const struct query *q, struct queue_stats *out)
{
    int64_t const oldest_ms = query_column_int(q, 10);

    *out = (struct queue_stats){
        .is_paused = query_column_int(q, 1) != 0,
        .done = query_column_int(q, 8),
        .failed = query_column_int(q, 9),
        .oldest_ready_at_ms = oldest_ms == INT64_MAX ? 0 : oldest_ms,
    };
    query_column_text(q, 0, out->queue, sizeof(out->queue));
    for (int state = 0; state < TASK_STATES; state++)
        out->waiting[state] = query_column_int(q, 2 + state);
}

enum status list_stats(struct connection *c, struct bytes namespace,
                       struct bytes after, size_t max, struct queue_stats *rows,
                       size_t *count, struct error *err)
{
    struct query q = query_on(c, SQL_QUEUES_STATS);
    size_t n = 0;
    enum status st;

    query_text(&q, namespace);
    query_text(&q, after.at ? after : BYTES(""));
    query_int(&q, (int64_t)max);
    while ((st = query_next(&q, err)) == STATUS_OK)
        read_stats(&q, &rows[n++]);
    if (st < 0)
        return st;
    *count = n;
    return STATUS_OK;
}
