#include "adapters/http/http_dispenser.h"

#include <assert.h>
#include <stdlib.h>
#include <time.h>

#include "adapters/http/http_internal.h"
#include "adapters/http/http_thread.h"
#include "adapters/http/http_token.h"
#include "adapters/json/record_json.h"

#define LOOK_EVERY_MS 25 /* for what others have enqueued */
#define LOOK_LEAST_MS 5  /* between two looks, however much is enqueued here */
#define LOOK_SHARE 4     /* a look that takes long makes the pause longer */
#define ROWS 64
#define SIGHT_MAX 256
#define LEASE_ROOM ((size_t)8 * 1024 * 1024)

struct list {
    struct http_exchange *first;
    struct http_exchange **end; /* where the next one is hung */
};

struct http_dispenser {
    struct puller puller;
    uint64_t turn;
    struct arena mem;
    struct lease leases[BATCH_MAX];
    struct list waiting; /* the thread's */
    pthread_t thread;
    bool is_running;

    pthread_mutex_t mutex; /* guards what follows */
    pthread_cond_t changed;
    struct list fresh;
    bool has_waiting;
    bool is_kicked;
    bool is_closing; /* nobody waits any more */
    bool is_ended;
};

/* When the next look is due. */
struct pace {
    int64_t looked_at_ms;
    int64_t took_ms;
};

static void list_append(struct list *list, struct http_exchange *x)
{
    x->next = NULL;
    *list->end = x;
    list->end = &x->next;
}

static void list_clear(struct list *list)
{
    *list = (struct list){NULL, &list->first};
}

static void add_lease(struct json_writer *w, const struct lease *lease,
                      const struct http_wish *wish, int64_t now_ms)
{
    struct task_record const record = {
        .task = lease->task,
        .state = TASK_ACTIVE,
        .started_at_ms = now_ms,
        .lease_until_ms = lease->until_ms,
        .worker = bytes_of(wish->worker),
    };
    struct http_token token = {.leased_at_ms = now_ms,
                               .lease_ms = wish->lease_ms,
                               .inner = lease->token};
    char text[HTTP_TOKEN_SIZE];

    memcpy(token.queue, lease->task.queue.at, lease->task.queue.len);
    memcpy(token.worker, wish->worker, sizeof(token.worker));
    http_token_format(&token, text);
    record_json_lease(w, NULL, &record, bytes_of(text), lease->fencing);
}

static void answer(struct http_dispenser *d, struct http_exchange *x, size_t n)
{
    int64_t const now_ms = clock_now_ms(d->puller.clock);
    struct json_writer *w = &x->text;

    json_begin_object(w, NULL);
    json_begin_array(w, "tasks");
    for (size_t i = 0; i < n; i++)
        add_lease(w, &d->leases[i], x->own, now_ms);
    json_end_array(w);
    json_add_null(w, "cursor");
    json_end_object(w);
    http_answer_json(x, 200);
    http_send(x);
}

/* Leases for x and answers it, if there is something; *leased is how much. */
static bool try(struct http_dispenser *d, struct http_exchange *x,
                size_t *leased)
{
    struct http_wish *wish = x->own;
    struct pull_request const req = {.plan = &wish->plan,
                                     .turn = d->turn,
                                     .max = wish->max,
                                     .lease_ms = wish->lease_ms,
                                     .worker = wish->worker};
    struct error err;

    *leased = 0;
    wish->is_tried = true;
    arena_reset(&d->mem);
    enum status const st =
        pull_lease(&d->puller, &req, &d->mem, d->leases, leased, &err);
    if (st < 0) {
        http_fault(x, st, &err);
        http_send(x);
        return true;
    }
    if (*leased == 0)
        return false;
    d->turn += *leased;
    answer(d, x, *leased);
    return true;
}

/* What a look found: queues that have something to hand out. */
struct sight {
    char names[SIGHT_MAX][QUEUE_NAME_MAX + 1];
    int64_t ready[SIGHT_MAX];
    size_t count;
    bool is_cut; /* there are more: anyone may have something */
};

static void note(struct sight *sight, const struct queue_stats *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (rows[i].is_paused || rows[i].waiting[TASK_READY] == 0)
            continue;
        if (sight->count == SIGHT_MAX) {
            sight->is_cut = true;
            return;
        }
        memcpy(sight->names[sight->count], rows[i].queue,
               sizeof(rows[i].queue));
        sight->ready[sight->count++] = rows[i].waiting[TASK_READY];
    }
}

static enum status look(struct http_dispenser *d, struct sight *sight,
                        struct error *err)
{
    struct queue_stats rows[ROWS];
    char last[QUEUE_NAME_MAX + 1];
    struct bytes after = {0};
    size_t n = ROWS;

    sight->count = 0;
    sight->is_cut = false;
    while (n == ROWS) {
        enum status const st =
            admin_stats(d->puller.admin, clock_now_ms(d->puller.clock), after,
                        ROWS, rows, &n, err);
        if (st < 0)
            return st;
        note(sight, rows, n);
        if (n > 0)
            memcpy(last, rows[n - 1].queue, sizeof(last));
        after = bytes_of(last);
    }
    return STATUS_OK;
}

/* A queue of the plan for which something is left; NULL: none. */
static int64_t *find_ready(struct sight *sight, const struct queue_plan *plan)
{
    for (size_t i = 0; i < sight->count; i++)
        if (sight->ready[i] > 0 &&
            queue_plan_has(plan, bytes_of(sight->names[i])))
            return &sight->ready[i];
    return NULL;
}

/* Whether x need not wait any longer; then it has been answered. */
static bool serve(struct http_dispenser *d, struct http_exchange *x,
                  struct sight *sight, int64_t now_ms)
{
    const struct http_wish *wish = x->own;
    int64_t *ready = sight ? find_ready(sight, &wish->plan) : NULL;
    size_t leased = 0;

    if (!wish->is_tried || ready || (sight && sight->is_cut)) {
        if (http_is_gone(x)) {
            answer(d, x, 0); /* to nobody, for whom nothing is leased */
            return true;
        }
        bool const is_answered = try(d, x, &leased);
        /* Nothing, although there was: others were quicker. */
        if (ready && (leased == 0 || leased > (size_t)*ready))
            *ready = 0;
        else if (ready)
            *ready -= (int64_t)leased;
        if (is_answered)
            return true;
    }
    if (now_ms < wish->until_ms)
        return false;
    answer(d, x, 0);
    return true;
}

/* The list is taken apart: next is read before the exchange may be gone. */
static void serve_all(struct http_dispenser *d, struct sight *sight,
                      int64_t now_ms)
{
    struct http_exchange *x = d->waiting.first;

    list_clear(&d->waiting);
    while (x) {
        struct http_exchange *next = x->next;

        if (!serve(d, x, sight, now_ms))
            list_append(&d->waiting, x);
        x = next;
    }
}

/* Without a backend nobody waits. */
static void fail_all(struct http_dispenser *d, enum status st,
                     const struct error *err)
{
    struct http_exchange *x = d->waiting.first;

    list_clear(&d->waiting);
    while (x) {
        struct http_exchange *next = x->next;

        http_fault(x, st, err);
        http_send(x);
        x = next;
    }
}

static int64_t next_look_ms(const struct http_dispenser *d,
                            const struct pace *pace)
{
    int64_t const pause_ms = d->is_kicked ? LOOK_LEAST_MS : LOOK_EVERY_MS;
    int64_t const fair_ms = LOOK_SHARE * pace->took_ms;

    return pace->looked_at_ms + (pause_ms > fair_ms ? pause_ms : fair_ms);
}

/* Sleeps until somebody comes, or it is time for a look; the mutex is held. */
static bool sleep_until_due(struct http_dispenser *d, const struct pace *pace)
{
    while (!d->fresh.first && !d->is_ended &&
           !(d->waiting.first && d->is_closing)) {
        if (!d->waiting.first) {
            pthread_cond_wait(&d->changed, &d->mutex);
            continue;
        }
        int64_t const at_ms = next_look_ms(d, pace);
        struct timespec const until = {.tv_sec = at_ms / 1000,
                                       .tv_nsec = at_ms % 1000 * 1000000};
        if (http_monotonic_ms() >= at_ms)
            return true;
        pthread_cond_timedwait(&d->changed, &d->mutex, &until);
    }
    return false;
}

/* Takes over who has come, once somebody has, or a look is due. False: the
 * end. */
static bool wait_turn(struct http_dispenser *d, const struct pace *pace,
                      bool *is_due, bool *is_closing)
{
    pthread_mutex_lock(&d->mutex);
    *is_due = sleep_until_due(d, pace);
    while (d->fresh.first) {
        struct http_exchange *x = d->fresh.first;
        d->fresh.first = x->next;
        list_append(&d->waiting, x);
    }
    list_clear(&d->fresh);
    d->has_waiting = d->waiting.first != NULL;
    if (*is_due)
        d->is_kicked = false;
    *is_closing = d->is_closing;
    bool const goes_on = !d->is_ended;
    pthread_mutex_unlock(&d->mutex);
    return goes_on;
}

static void *run(void *self)
{
    struct http_dispenser *d = self;
    struct pace pace = {0};
    bool is_due;
    bool is_closing;

    while (wait_turn(d, &pace, &is_due, &is_closing)) {
        int64_t const now_ms = is_closing ? INT64_MAX : http_monotonic_ms();
        struct sight sight;
        struct error err;

        if (!is_due) {
            serve_all(d, NULL, now_ms);
            continue;
        }
        pace.looked_at_ms = http_monotonic_ms();
        enum status const st = look(d, &sight, &err);
        pace.took_ms = http_monotonic_ms() - pace.looked_at_ms;
        if (st < 0)
            fail_all(d, st, &err);
        else
            serve_all(d, &sight, now_ms);
    }
    return NULL;
}

enum status http_dispenser_open(const struct puller *ports,
                                struct http_dispenser **out, struct error *err)
{
    struct http_dispenser *d = calloc(1, sizeof(*d));

    if (!d)
        return error_set(err, STATUS_NO_MEMORY, NULL, "http: no memory");
    d->puller = *ports;
    list_clear(&d->waiting);
    list_clear(&d->fresh);
    pthread_mutex_init(&d->mutex, NULL);
    http_condition_init(&d->changed);
    d->mem = (struct arena){.base = malloc(LEASE_ROOM), .size = LEASE_ROOM};
    enum status const st =
        d->mem.base ? http_thread_start(&d->thread, run, d, err)
                    : error_set(err, STATUS_NO_MEMORY, NULL, "http: no memory");
    d->is_running = st == STATUS_OK;
    if (st < 0) {
        http_dispenser_close(d);
        return st;
    }
    *out = d;
    return STATUS_OK;
}

void http_dispenser_submit(struct http_dispenser *d, struct http_exchange *x)
{
    struct http_wish *wish = x->own;

    wish->until_ms = http_monotonic_ms() + wish->wait_ms;
    wish->is_tried = false;
    pthread_mutex_lock(&d->mutex);
    list_append(&d->fresh, x);
    pthread_cond_signal(&d->changed);
    pthread_mutex_unlock(&d->mutex);
}

/* Who does not wait, need not be woken: most of the time there is nobody. */
void http_dispenser_kick(struct http_dispenser *d)
{
    pthread_mutex_lock(&d->mutex);
    if (d->has_waiting && !d->is_kicked) {
        d->is_kicked = true;
        pthread_cond_signal(&d->changed);
    }
    pthread_mutex_unlock(&d->mutex);
}

void http_dispenser_quiesce(struct http_dispenser *d)
{
    pthread_mutex_lock(&d->mutex);
    d->is_closing = true;
    pthread_cond_signal(&d->changed);
    pthread_mutex_unlock(&d->mutex);
}

void http_dispenser_close(struct http_dispenser *d)
{
    if (!d)
        return;
    pthread_mutex_lock(&d->mutex);
    d->is_ended = true;
    pthread_cond_signal(&d->changed);
    pthread_mutex_unlock(&d->mutex);
    if (d->is_running)
        pthread_join(d->thread, NULL);
    assert(!d->waiting.first && !d->fresh.first);
    pthread_cond_destroy(&d->changed);
    pthread_mutex_destroy(&d->mutex);
    free(d->mem.base);
    free(d);
}
