/*
 * A list goes state by state. Within one, each queue, and where tasks stand in
 * streams each stream of it, is a lane that the server keeps in order; the
 * list merges the heads of the lanes. Lanes are read a few tasks at a time, by
 * list.lua, all at once to begin with.
 */
#include "adapters/redis/redis_list.h"

#include <assert.h>
#include <stdlib.h>

#include "adapters/redis/redis_admin_call.h"
#include "adapters/redis/redis_list_place.h"

#define CHUNK_MAX 32 /* tasks read from a lane at once */
#define SIFT 256     /* how many to expect when most do not match */

struct lane {
    struct bytes queue;
    enum redis_stream stream;
    struct redis_place from; /* what comes next is behind it, */
    bool is_from_included;   /* or is it */
    redisReply *tasks;       /* sightings read ahead */
    size_t at;
    struct redis_sighting head; /* of tasks[at] */
    struct redis_place place;   /* of the head */
    bool is_readable;           /* the head is; else it is passed by */
    bool is_over;
};

struct lister {
    struct redis_connection *c;
    const struct list_request *req;
    struct arena *mem;
    const redisReply *queues; /* NULL: the filter's alone */
    struct lane *lanes;       /* of the state it is in */
    size_t lane_count;
    size_t chunk;
    struct task_record *records;
    size_t max; /* room in records */
    size_t count;
    size_t examined;
    bool is_full;             /* mem takes no more */
    struct redis_place place; /* examined last */
};

/* Lanes that are read together. */
struct reading {
    const struct lister *l;
    struct lane *lanes;
};

static void begin_lane(void *self, struct redis_connection *c, size_t i)
{
    const struct reading *r = self;
    const struct lister *l = r->l;
    const struct lane *lane = &r->lanes[i];
    enum task_state const state = l->place.state;
    bool const is_stream = state == TASK_READY || state == TASK_ACTIVE;
    bool const has_number = is_stream || state == TASK_DEAD;

    redis_admin_begin(c, REDIS_SCRIPT_LIST, lane->queue, 6);
    redis_add_int(c, state);
    redis_add_text(c, is_stream ? redis_stream_name(lane->stream) : "");
    redis_add_int(c, (int64_t)lane->from.entry.ms);
    if (has_number)
        redis_add_int(c, (int64_t)lane->from.entry.seq);
    else
        redis_add_text(c, lane->from.id.text);
    redis_add_int(c, !lane->is_from_included);
    redis_add_int(c, (int64_t)l->chunk);
}

/* Reads the head of lane, if there is one. */
static enum status read_head(struct lane *lane, struct error *err)
{
    struct redis_sighting *head = &lane->head;
    struct error ignored;

    lane->is_over = lane->at >= lane->tasks->elements;
    if (lane->is_over)
        return STATUS_OK;
    const redisReply *task = lane->tasks->element[lane->at];
    enum status const st = redis_sighting_locate(task, lane->queue, head, err);
    if (st != STATUS_OK)
        return st;
    /* Where dead ones are listed there is one lane a queue. */
    if (head->state == TASK_DEAD)
        head->stream = lane->stream;
    lane->place = redis_place_of(head);
    lane->is_readable =
        redis_sighting_read(task, lane->queue, head, &ignored) == STATUS_OK;
    return STATUS_OK;
}

static enum status take_lane(void *self, size_t i, redisReply **reply,
                             struct error *err)
{
    const struct reading *r = self;
    struct lane *lane = &r->lanes[i];

    if ((*reply)->type != REDIS_REPLY_ARRAY)
        return error_set(err, STATUS_CORRUPT, NULL,
                         "redis: a script answers no list");
    redis_reply_freep(&lane->tasks);
    lane->tasks = *reply;
    *reply = NULL;
    lane->at = 0;
    return read_head(lane, err);
}

static enum status read_lanes(const struct lister *l, struct lane *lanes,
                              size_t n, struct error *err)
{
    struct reading r = {l, lanes};
    struct redis_round const round = {REDIS_SCRIPT_LIST, n, begin_lane,
                                      take_lane, &r};

    return redis_admin_round(l->c, &round, err);
}

/* Moves lane on to its next task, reading more where it has to. */
static enum status lane_next(const struct lister *l, struct lane *lane,
                             struct error *err)
{
    lane->from = lane->place;
    lane->is_from_included = false;
    lane->at++;
    if (lane->at < lane->tasks->elements || lane->tasks->elements < l->chunk)
        return read_head(lane, err);
    return read_lanes(l, lane, 1, err);
}

static void close_lanes(struct lister *l)
{
    for (size_t i = 0; i < l->lane_count; i++)
        redis_reply_freep(&l->lanes[i].tasks);
    free(l->lanes);
    l->lanes = NULL;
    l->lane_count = 0;
}

static size_t streams_of(enum task_state state)
{
    if (state == TASK_READY)
        return PRIORITIES;
    return state == TASK_ACTIVE ? REDIS_STREAMS : 1;
}

/* Where a lane goes on, given where the list stands. */
static void place_lane(const struct lister *l, struct lane *lane)
{
    lane->is_from_included = true;
    if (l->place.is_start)
        return;
    lane->from = l->place;
    lane->is_from_included =
        redis_place_compare_lane(&l->place, lane->queue, lane->stream) < 0;
}

/* How many tasks to read from each of so many lanes. */
static size_t chunk_for(const struct lister *l, size_t lanes)
{
    const struct task_filter *f = &l->req->filter;
    bool const is_sifted =
        f->type.at || f->before_ms > 0 || f->reason != REASON_NONE;
    size_t const wanted = is_sifted && l->req->max < SIFT ? SIFT : l->req->max;
    size_t const chunk = wanted / (lanes > 0 ? lanes : 1) + 1;

    return chunk < CHUNK_MAX ? chunk : CHUNK_MAX;
}

static enum status open_lanes(struct lister *l, struct error *err)
{
    size_t const streams = streams_of(l->place.state);
    size_t const queues = l->queues ? l->queues->elements : 1;
    size_t const n = queues * streams;

    if (n == 0)
        return STATUS_OK;
    l->lanes = calloc(n, sizeof(*l->lanes));
    if (!l->lanes)
        return error_set(err, STATUS_NO_MEMORY, NULL, "redis: out of memory");
    for (size_t i = 0; i < n; i++) {
        struct lane *lane = &l->lanes[i];
        lane->queue = l->queues
                          ? redis_reply_text(l->queues->element[i / streams])
                          : l->req->filter.queue;
        lane->stream = (enum redis_stream)(i % streams);
        place_lane(l, lane);
    }
    l->lane_count = n;
    l->chunk = chunk_for(l, n);
    return read_lanes(l, l->lanes, n, err);
}

/* The lane with the next task; NULL: the state is over. */
static struct lane *first_lane(const struct lister *l)
{
    struct lane *first = NULL;

    for (size_t i = 0; i < l->lane_count; i++) {
        struct lane *lane = &l->lanes[i];
        if (!lane->is_over &&
            (!first || redis_place_compare(&lane->place, &first->place) < 0))
            first = lane;
    }
    return first;
}

/* Goes over the state from the place on; *has_more: the page ended first. */
static enum status list_state(struct lister *l, bool *has_more,
                              struct error *err)
{
    struct lane *lane;
    enum status st = open_lanes(l, err);

    while (st == STATUS_OK && (lane = first_lane(l))) {
        *has_more = l->count == l->max || l->examined == ADMIN_EXAMINE_MAX;
        if (*has_more)
            break;
        const struct redis_task *t = &lane->head.stored;
        if (lane->is_readable &&
            task_filter_wants(&l->req->filter, t->task.type, t->reason,
                              t->finished_at_ms)) {
            l->is_full = !redis_sighting_record(&lane->head, l->req->now_ms,
                                                l->mem, &l->records[l->count]);
            *has_more = l->is_full;
            if (l->is_full)
                break;
            l->count++;
        }
        l->examined++;
        l->place = lane->place;
        st = lane_next(l, lane, err);
    }
    close_lanes(l);
    return st;
}

static enum status list_states(struct lister *l, struct task_page *page,
                               struct error *err)
{
    bool has_more = false;
    enum status st = STATUS_OK;

    for (int s = (int)l->place.state; s < TASK_STATES && !has_more; s++) {
        if ((int)l->place.state != s)
            l->place = (struct redis_place){.state = (enum task_state)s,
                                            .is_start = true};
        if (task_filter_wants_state(&l->req->filter, l->place.state))
            st = list_state(l, &has_more, err);
        if (st < 0)
            return st;
    }
    if (l->is_full && l->examined == 0)
        return error_set(err, STATUS_NO_MEMORY, NULL,
                         "redis: no room for a single task");
    *page = (struct task_page){.records = l->records, .count = l->count};
    if (has_more)
        page->next = redis_place_cursor(&l->place);
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
                                  "redis: no room for a single task");
}

enum status redis_list(struct redis_connection *c,
                       const struct list_request *req, struct arena *mem,
                       struct task_page *page, struct error *err)
{
    REDIS_REPLY queues = NULL;
    struct lister l = {.c = c, .req = req, .mem = mem};
    assert(req->max > 0 && req->max <= ADMIN_EXAMINE_MAX);

    if (!redis_place_parse(&req->cursor, &l.place))
        return error_set(err, STATUS_INVALID, "cursor",
                         "cursor: is not one that a list gave");
    enum status st = take_room(&l, err);
    if (st == STATUS_OK && !req->filter.queue.at)
        st = redis_admin_queues(c, &queues, err);
    if (st != STATUS_OK)
        return st;
    l.queues = queues;
    return list_states(&l, page, err);
}
