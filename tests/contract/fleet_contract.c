/*
 * fleet_contract.c - what fleet_port.h promises.
 */
#include <stdio.h>
#include <string.h>

#include "tests/contract/fixture.h"

#define FORGET_MS 60000

static struct worker_info a_worker(struct fixture *f, const char *name)
{
    struct worker_info info = {
        .pid = 4242,
        .busy = 3,
        .concurrency = 16,
        .started_at_ms = f->now_ms - 12345,
    };

    snprintf(info.name, sizeof(info.name), "%s", name);
    snprintf(info.host, sizeof(info.host), "host-%s", name);
    snprintf(info.queues, sizeof(info.queues), "a=6,b=3");
    return info;
}

static void beat(struct fixture *f, const struct worker_info *info)
{
    THEN(eq(int, fleet_beat(f->fleet, f->now_ms, FORGET_MS, info, &f->err),
            STATUS_OK));
}

static void given_a_worker(struct fixture *f, const char *name)
{
    struct worker_info const info = a_worker(f, name);

    beat(f, &info);
}

static size_t workers(struct fixture *f, int64_t since_ms, const char *after,
                      size_t max, struct worker_info *out)
{
    size_t count;

    THEN(eq(int,
            fleet_workers(f->fleet, since_ms, after, max, out, &count, &f->err),
            STATUS_OK));
    THEN(count <= max);
    return count;
}

CONTRACT(fleet, an_empty_fleet_has_no_workers)
{
    struct worker_info out[4];

    THEN(eq(sz, workers(f, 0, "", 4, out), 0));
}

CONTRACT(fleet, a_beat_is_told_with_all_it_says)
{
    struct worker_info out[4];
    struct worker_info const info = a_worker(f, "w1");
    beat(f, &info);

    THEN(eq(sz, workers(f, 0, "", 4, out), 1));

    THEN(eq(str, out[0].name, "w1"));
    THEN(eq(str, out[0].host, "host-w1"));
    THEN(eq(str, out[0].queues, "a=6,b=3"));
    THEN(eq(i64, out[0].pid, 4242));
    THEN(eq(i64, out[0].busy, 3));
    THEN(eq(i64, out[0].concurrency, 16));
    THEN(eq(i64, out[0].started_at_ms, info.started_at_ms));
    THEN(eq(i64, out[0].seen_at_ms, f->now_ms));
}

CONTRACT(fleet, the_longest_texts_survive)
{
    struct worker_info out[4];
    struct worker_info info = a_worker(f, "");
    memset(info.name, 'n', WORKER_NAME_MAX);
    memset(info.host, 'h', HOST_NAME_MAX_LEN);
    memset(info.queues, 'q', PLAN_TEXT_SIZE - 1);
    beat(f, &info);

    THEN(eq(sz, workers(f, 0, "", 4, out), 1));

    THEN(eq(str, out[0].name, info.name));
    THEN(eq(str, out[0].host, info.host));
    THEN(eq(str, out[0].queues, info.queues));
}

CONTRACT(fleet, the_next_beat_takes_the_place_of_the_last)
{
    struct worker_info out[4];
    struct worker_info info = a_worker(f, "w1");
    beat(f, &info);
    advance(f, 2000);
    info.busy = 9;

    beat(f, &info);

    THEN(eq(sz, workers(f, 0, "", 4, out), 1));
    THEN(eq(i64, out[0].busy, 9));
    THEN(eq(i64, out[0].seen_at_ms, f->now_ms));
}

CONTRACT(fleet, when_it_was_seen_is_not_the_workers_to_say)
{
    struct worker_info out[4];
    struct worker_info info = a_worker(f, "w1");
    info.seen_at_ms = 1;

    beat(f, &info);

    THEN(eq(sz, workers(f, 0, "", 4, out), 1));
    THEN(eq(i64, out[0].seen_at_ms, f->now_ms));
}

CONTRACT(fleet, who_was_seen_too_long_ago_is_left_out)
{
    struct worker_info out[4];
    int64_t const first_ms = f->now_ms;
    given_a_worker(f, "w1");
    advance(f, 5000);
    given_a_worker(f, "w2");

    THEN(eq(sz, workers(f, first_ms, "", 4, out), 2));
    THEN(eq(sz, workers(f, first_ms + 1, "", 4, out), 1));
    THEN(eq(str, out[0].name, "w2"));
    THEN(eq(sz, workers(f, f->now_ms + 1, "", 4, out), 0));
}

CONTRACT(fleet, a_beat_forgets_who_was_seen_too_long_ago)
{
    struct worker_info out[4];
    given_a_worker(f, "w1");
    advance(f, FORGET_MS);
    given_a_worker(f, "w2");
    THEN(eq(sz, workers(f, 0, "", 4, out), 2));

    advance(f, 1);
    given_a_worker(f, "w2");

    THEN(eq(sz, workers(f, 0, "", 4, out), 1));
    THEN(eq(str, out[0].name, "w2"));
}

CONTRACT(fleet, who_leaves_is_forgotten)
{
    struct worker_info out[4];
    given_a_worker(f, "w1");
    given_a_worker(f, "w2");

    THEN(eq(int, fleet_leave(f->fleet, "w1", &f->err), STATUS_OK));

    THEN(eq(sz, workers(f, 0, "", 4, out), 1));
    THEN(eq(str, out[0].name, "w2"));
}

CONTRACT(fleet, a_stranger_may_leave)
{
    struct worker_info out[4];
    given_a_worker(f, "w1");

    THEN(eq(int, fleet_leave(f->fleet, "nobody", &f->err), STATUS_OK));

    THEN(eq(sz, workers(f, 0, "", 4, out), 1));
}

CONTRACT(fleet, workers_come_by_name)
{
    struct worker_info out[8];
    static const char *const order[] = {"A", "B", "a", "b-1", "b.1", "b_1"};
    static const size_t made[] = {3, 0, 5, 1, 4, 2};
    for (size_t i = 0; i < 6; i++)
        given_a_worker(f, order[made[i]]);

    THEN(eq(sz, workers(f, 0, "", 8, out), 6));

    for (size_t i = 0; i < 6; i++)
        THEN(eq(str, out[i].name, (char *)order[i]));
}

CONTRACT(fleet, workers_go_on_after_a_name)
{
    struct worker_info out[4];
    given_a_worker(f, "w1");
    given_a_worker(f, "w2");
    given_a_worker(f, "w4");

    THEN(eq(sz, workers(f, 0, "", 2, out), 2));
    THEN(eq(str, out[1].name, "w2"));
    THEN(eq(sz, workers(f, 0, "w2", 2, out), 1));
    THEN(eq(str, out[0].name, "w4"));
    THEN(eq(sz, workers(f, 0, "w3", 2, out), 1));
    THEN(eq(sz, workers(f, 0, "w4", 2, out), 0));
}

CONTRACT(fleet, other_ports_see_the_same_fleet)
{
    struct fleet_port other;
    struct worker_info out[4];
    size_t count;
    given_a_worker(f, "w1");
    THEN(eq(int, f->backend.ops->open_fleet(f->backend.self, &other, &f->err),
            STATUS_OK));

    THEN(eq(int, fleet_workers(other, 0, "", 4, out, &count, &f->err),
            STATUS_OK));

    THEN(eq(sz, count, 1));
    fleet_close(other);
}
