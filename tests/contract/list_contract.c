/*
 * list_contract.c - what admin_port.h promises about lists and their cursors.
 */
#include <stdlib.h>
#include <string.h>

#include "tests/contract/walk.h"

CONTRACT(list, an_empty_store_is_one_empty_page)
{
    const struct walk *w = walk(f, (struct task_filter){0}, 10);

    THEN(eq(sz, w->count, 0));
    THEN(eq(sz, w->pages, 1));
}

CONTRACT(list, it_goes_state_by_state)
{
    struct task_id ids[TASK_STATES];
    static const enum task_state order[] = {TASK_DEAD,  TASK_DONE,
                                            TASK_RETRY, TASK_ACTIVE,
                                            TASK_READY, TASK_SCHEDULED};
    for (size_t i = 0; i < TASK_STATES; i++)
        ids[order[i]] = given_a_task_in(f, "a", order[i]);

    for (size_t max = 1; max <= 7; max++) {
        const struct walk *w = walk(f, any_of("a"), max);
        then_walk_is(f, w, ids, TASK_STATES);
        for (int state = 0; state < TASK_STATES; state++)
            THEN(eq(int, w->states[state], state));
    }
}

CONTRACT(list, states_come_before_queues)
{
    given_a_task_in(f, "a", TASK_DEAD);
    given_a_task_in(f, "b", TASK_READY);
    given_a_task_in(f, "c", TASK_SCHEDULED);
    given_a_task_in(f, "d", TASK_ACTIVE);
    given_a_task_in(f, "b", TASK_SCHEDULED);

    const struct walk *w = walk(f, (struct task_filter){0}, 2);

    THEN(eq(sz, w->count, 5));
    for (size_t i = 1; i < w->count; i++)
        THEN(w->states[i - 1] <= w->states[i]);
}

/* A task of queue a that is due ms from now; its id. */
static struct task_id given_due_in(struct fixture *f, int64_t ms)
{
    struct new_task task = a_task(f, "a");

    task.task.run_at_ms += ms;
    return given(f, &task);
}

CONTRACT(list, scheduled_tasks_come_by_their_time)
{
    struct task_id ids[4];
    ids[2] = given_due_in(f, 3000);
    ids[0] = given_due_in(f, 1000);
    ids[3] = given_due_in(f, 4000);
    ids[1] = given_due_in(f, 2000);

    for (size_t max = 1; max <= 4; max++)
        then_walk_is(f, walk(f, any_of("a"), max), ids, 4);
}

CONTRACT(list, many_tasks_of_one_time_are_all_listed_once)
{
    enum { MANY = 25 };
    struct task_id ids[MANY];
    for (size_t i = 0; i < MANY; i++)
        ids[i] = given_due_in(f, 5000);

    for (size_t max = 1; max <= MANY + 1; max += 6)
        then_walk_is(f, walk(f, any_of("a"), max), ids, MANY);
}

CONTRACT(list, retrying_tasks_come_by_their_time)
{
    static const int64_t waits[3] = {3000, 1000, 2000};
    static const size_t place[3] = {2, 0, 1};
    struct task_id ids[3];
    for (size_t i = 0; i < 3; i++) {
        ids[place[i]] = given_a_task(f, "a");
        struct lease const lease = given_a_lease(f, "a");
        THEN(eq(int, settle(f, retry_at(f, &lease, f->now_ms + waits[i])),
                STATUS_OK));
    }

    for (size_t max = 1; max <= 3; max++)
        then_walk_is(f, walk(f, in_state(TASK_RETRY), max), ids, 3);
}

CONTRACT(list, ready_tasks_come_by_becoming_ready)
{
    struct task_id ids[4];
    ids[3] = given_a_task(f, "a");
    struct lease const lease = given_a_lease(f, "a");
    for (size_t i = 0; i < 3; i++)
        ids[i] = given_a_task(f, "a");
    advance(f, 5);
    THEN(eq(int, settle(f, released(f, &lease)), STATUS_OK));

    for (size_t max = 1; max <= 4; max++)
        then_walk_is(f, walk(f, in_state(TASK_READY), max), ids, 4);
}

CONTRACT(list, ready_tasks_of_every_priority_are_listed_once)
{
    enum { MANY = 30 };
    const struct walk *w;
    struct task_id ids[MANY];
    for (size_t i = 0; i < MANY; i++) {
        struct new_task task = a_task(f, "a");
        task.task.priority = (enum priority)(i % PRIORITIES);
        ids[i] = given(f, &task);
    }

    for (size_t max = 1; max <= MANY; max += 7) {
        w = walk(f, any_of("a"), max);
        THEN(eq(sz, w->count, MANY));
        for (size_t i = 0; i < MANY; i++) {
            size_t times = 0;
            for (size_t j = 0; j < MANY; j++)
                times += same_id(w->ids[j], ids[i]);
            THEN(eq(sz, times, 1));
        }
    }
}

CONTRACT(list, active_tasks_come_by_their_lease)
{
    struct task_id ids[3];
    for (size_t i = 0; i < 3; i++) {
        ids[i] = given_a_task(f, "a");
        given_a_lease(f, "a");
        advance(f, 10);
    }

    for (size_t max = 1; max <= 3; max++)
        then_walk_is(f, walk(f, in_state(TASK_ACTIVE), max), ids, 3);
}

CONTRACT(list, a_taken_task_is_listed_as_active)
{
    given_a_task(f, "a");
    given_an_ended_lease(f, "a");
    THEN(eq(sz, take_up_to(f, 1, LONG_LEASE_MS), 1));

    THEN(eq(sz, walk(f, in_state(TASK_ACTIVE), 10)->count, 1));
}

static void then_finished_in_order(struct fixture *f, enum task_state state)
{
    struct task_id ids[5];
    for (size_t i = 0; i < 5; i++) {
        ids[i] = given_a_task_in(f, "a", state);
        advance(f, 10);
    }

    for (size_t max = 1; max <= 5; max++)
        then_walk_is(f, walk(f, in_state(state), max), ids, 5);
}

CONTRACT(list, done_tasks_come_by_finishing)
{
    then_finished_in_order(f, TASK_DONE);
}

CONTRACT(list, dead_tasks_come_by_finishing)
{
    then_finished_in_order(f, TASK_DEAD);
}

CONTRACT(list, a_record_tells_what_find_tells)
{
    struct list_request req = {
        .filter = in_state(TASK_DEAD), .max = 10, .now_ms = f->now_ms};
    struct task_id const id = given_a_dead_task(f, "a", REASON_REJECTED);
    struct arena mem = page_room();
    struct task_page page;

    THEN(eq(int, admin_list(f->admin, &req, &mem, &page, &f->err), STATUS_OK));

    struct task_record const found = find(f, "a", id);
    const struct task_record *listed = &page.records[0];
    THEN(eq(sz, page.count, 1));
    THEN(IS_ID(listed->task.id, id));
    THEN(eq(int, listed->state, found.state));
    THEN(eq(int, listed->reason, REASON_REJECTED));
    THEN(eq(i64, listed->started_at_ms, found.started_at_ms));
    THEN(eq(i64, listed->finished_at_ms, found.finished_at_ms));
    THEN(eq(i32, listed->task.attempt, found.task.attempt));
    THEN(IS_BYTES(listed->task.queue, found.task.queue));
    THEN(IS_BYTES(listed->task.type, found.task.type));
    THEN(IS_BYTES(listed->task.payload, found.task.payload));
    THEN(IS_BYTES(listed->task.last_error, found.task.last_error));
}

static int compare_ids(const void *a, const void *b)
{
    return strcmp(a, b);
}

CONTRACT(list, every_task_is_listed_exactly_once)
{
    enum { QUEUES = 5, EACH = 437 };
    static struct task_id ids[QUEUES * EACH];
    char queue[] = "a";
    for (size_t i = 0; i < QUEUES; i++) {
        queue[0] = (char)('a' + i);
        given_tasks(f, queue, EACH, ids + i * EACH);
    }
    THEN(eq(sz, lease_up_to(f, "*", 700), 700));

    static const size_t sizes[] = {100, 333, 1000};
    qsort(ids, QUEUES * EACH, sizeof(ids[0]), compare_ids);
    for (size_t i = 0; i < 3; i++) {
        static struct walk w;
        w = *walk(f, (struct task_filter){0}, sizes[i]);
        THEN(eq(sz, w.count, QUEUES * EACH));
        qsort(w.ids, w.count, sizeof(w.ids[0]), compare_ids);
        THEN(eq(int, memcmp(w.ids, ids, sizeof(ids)), 0));
    }
}

CONTRACT(list, a_rare_match_is_found_behind_many_others)
{
    enum { MANY = 3500 };
    struct task_filter const filter = {.type = BYTES("rare")};
    struct new_task rare = a_task(f, "a");
    rare.task.type = BYTES("rare");
    given_tasks(f, "a", MANY, NULL);
    given(f, &rare);

    const struct walk *w = walk(f, filter, 10);

    then_walk_is(f, w, &rare.task.id, 1);
    THEN(w->pages > MANY / ADMIN_EXAMINE_MAX);
}

CONTRACT(list, a_walk_goes_on_past_what_is_removed_meanwhile)
{
    enum { MANY = 50 };
    struct list_request req = {
        .filter = any_of("a"), .max = 7, .now_ms = f->now_ms};
    struct task_page page;
    size_t total = 0;
    given_tasks(f, "a", MANY, NULL);

    do {
        struct arena mem = page_room();
        THEN(eq(int, admin_list(f->admin, &req, &mem, &page, &f->err),
                STATUS_OK));
        for (size_t i = 0; i < page.count; i++) {
            struct task_ref const ref = {BYTES("a"), page.records[i].task.id};
            enum status result;
            THEN(eq(int,
                    admin_remove(f->admin, f->now_ms, STATES_INACTIVE, &ref, 1,
                                 &result, &f->err),
                    STATUS_OK));
            THEN(eq(int, result, STATUS_OK));
        }
        total += page.count;
        req.cursor = page.next;
    } while (page.next.text[0] != '\0');

    THEN(eq(sz, total, MANY));
}

CONTRACT(list, a_full_arena_ends_the_page_early)
{
    enum { SIZE = 300000, MANY = 8 };
    static char payload[SIZE];
    static char room[PAYLOAD_MAX + 2 * HEADERS_MAX + 2 * RESULT_JSON_MAX];
    struct list_request req = {
        .filter = any_of("a"), .max = 10, .now_ms = f->now_ms};
    struct task_page page;
    size_t total = 0;
    memset(payload, 'x', SIZE);
    for (int i = 0; i < MANY; i++) {
        struct new_task task = a_task(f, "a");
        task.task.payload = (struct bytes){payload, SIZE};
        given(f, &task);
    }

    do {
        struct arena mem = {.base = room, .size = sizeof(room)};
        THEN(eq(int, admin_list(f->admin, &req, &mem, &page, &f->err),
                STATUS_OK));
        THEN(page.count < MANY);
        for (size_t i = 0; i < page.count; i++)
            THEN(eq(sz, page.records[i].task.payload.len, SIZE));
        total += page.count;
        req.cursor = page.next;
    } while (page.next.text[0] != '\0');

    THEN(eq(sz, total, MANY));
}

CONTRACT(list, a_cursor_that_is_none_is_refused)
{
    static const char *const texts[] = {"x",    "nonsense", ":::::", "99",
                                        "-1",   "9:9:9:9",  "....",  "1.x",
                                        "\x7f", "%n%n%n%n"};
    given_tasks(f, "a", 3, NULL);

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct list_request req = {
            .filter = any_of("a"), .max = 10, .now_ms = f->now_ms};
        struct arena mem = page_room();
        struct task_page page;
        strcpy(req.cursor.text, texts[i]);
        f->err = (struct error){.field = NULL};

        THEN(eq(int, admin_list(f->admin, &req, &mem, &page, &f->err),
                STATUS_INVALID));

        THEN(f->err.field != NULL);
        THEN(eq(str, (char *)f->err.field, "cursor"));
        THEN(f->err.text[0] != '\0');
    }
}
