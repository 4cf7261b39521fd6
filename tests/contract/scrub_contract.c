/*
 * What every scrubber promises of a store that is sound: not a word.
 */
#include <stdio.h>
#include <string.h>

#include "tests/contract/fixture.h"

static struct scrub_port a_scrubber(struct fixture *f)
{
    struct scrub_port scrub;

    THEN(eq(int, f->backend.ops->open_scrub(f->backend.self, &scrub, &f->err),
            STATUS_OK));
    scrub_port_check(scrub);
    return scrub;
}

/* Walks through the store; how many flaws there are. The first is kept. */
static size_t flaws_in(struct fixture *f, struct scrub_port scrub,
                       struct scrub_flaw *first)
{
    static struct scrub_flaw flaws[SCRUB_PAGE_MAX];
    struct scrub_cursor cursor = {.text = ""};
    size_t total = 0;

    do {
        size_t n;
        THEN(eq(int,
                scrub_examine(scrub, f->now_ms, &cursor, flaws, &n, &f->err),
                STATUS_OK));
        if (total == 0 && n > 0)
            *first = flaws[0];
        total += n;
    } while (cursor.text[0]);
    return total;
}

static void then_it_is_sound(struct fixture *f, struct scrub_port scrub)
{
    struct scrub_flaw first = {0};
    size_t const n = flaws_in(f, scrub, &first);

    cr_assert(eq(sz, n, 0), "on %s: %zu flaws: %s of %s", f->name, n,
              scrub.ops->checks[first.check].name, first.subject);
}

static void given_a_live_worker(struct fixture *f, const char *name)
{
    struct worker_info info = {.pid = 1, .concurrency = 1};

    snprintf(info.name, sizeof(info.name), "%s", name);
    THEN(eq(int, fleet_beat(f->fleet, f->now_ms, 60000, &info, &f->err),
            STATUS_OK));
}

static struct task_id given_a_key(struct fixture *f, const char *queue,
                                  const char *key, int64_t ttl_ms)
{
    struct new_task task = a_task(f, queue);

    task.task.key = bytes_of(key);
    task.task.key_ttl_ms = ttl_ms;
    return given(f, &task);
}

/* Tasks in every state in two queues, keys of every kind, a lease that was
 * taken from its worker. */
static void given_some_of_everything(struct fixture *f)
{
    for (int state = 0; state < TASK_STATES; state++) {
        given_a_task_in(f, "a", (enum task_state)state);
        given_a_task_in(f, "b", (enum task_state)state);
        while (lease_up_to(f, "a", 10) > 0)
            ;
        while (lease_up_to(f, "b", 10) > 0)
            ;
    }
    given_a_key(f, "a", "plain", 0);
    given_a_key(f, "a", "window", 60000);
    given_a_key(f, "k", "leased", 0);
    given_a_lease(f, "k");
    given_a_key(f, "k", "done", 0);
    struct lease const lease = given_a_lease(f, "k");
    THEN(eq(int, settle(f, done(f, &lease)), STATUS_OK));
    given_a_task(f, "t");
    given_an_ended_lease(f, "t");
    THEN(eq(sz, take_up_to(f, 1, LONG_LEASE_MS), 1));
    given_tasks(f, "many", 1500, NULL);
    given_a_live_worker(f, "worker");
    given_a_live_worker(f, "reaper");
}

CONTRACT(scrub, an_empty_store_has_no_flaws)
{
    struct scrub_port const scrub = a_scrubber(f);

    then_it_is_sound(f, scrub);

    scrub_close(scrub);
}

CONTRACT(scrub, a_store_with_some_of_everything_has_no_flaws)
{
    struct scrub_port const scrub = a_scrubber(f);

    given_some_of_everything(f);

    then_it_is_sound(f, scrub);
    scrub_close(scrub);
}

CONTRACT(scrub, what_has_moved_on_leaves_no_flaws)
{
    struct scrub_port const scrub = a_scrubber(f);
    given_some_of_everything(f);

    advance(f, 100000);
    promote(f);
    given_a_live_worker(f, "worker");
    given_a_live_worker(f, "reaper");

    then_it_is_sound(f, scrub);
    scrub_close(scrub);
}

CONTRACT(scrub, a_repair_changes_nothing_that_is_well)
{
    struct scrub_port const scrub = a_scrubber(f);
    struct scrub_flaw flaw = {.queue = "a"};
    given_some_of_everything(f);
    struct queue_stats const before = stats_of(f, "a");
    struct task_id const id = given_a_key(f, "a", "held", 0);
    const char *const subjects[] = {id.text, "held", "plain", "window"};

    for (; scrub.ops->checks[flaw.check].name; flaw.check++) {
        if (!scrub.ops->checks[flaw.check].remedy)
            continue;
        for (size_t i = 0; i < 4; i++) {
            flaw.subject_len = strlen(subjects[i]);
            memcpy(flaw.subject, subjects[i], flaw.subject_len + 1);
            THEN(eq(int, scrub_repair(scrub, f->now_ms, &flaw, &f->err),
                    STATUS_NOT_FOUND));
        }
    }

    struct queue_stats const after = stats_of(f, "a");
    for (int s = 0; s < TASK_STATES; s++)
        THEN(eq(i64, after.waiting[s], before.waiting[s] + (s == TASK_READY)));
    struct new_task again = a_task(f, "a");
    again.task.key = BYTES("held");
    THEN(enqueue_one(f, &again).is_duplicate);
    then_it_is_sound(f, scrub);
    scrub_close(scrub);
}

CONTRACT(scrub, a_lease_of_a_worker_not_heard_of_is_told)
{
    struct scrub_port const scrub = a_scrubber(f);
    struct scrub_flaw flaw;
    given_a_task(f, "a");

    given_a_lease(f, "a");

    THEN(eq(sz, flaws_in(f, scrub, &flaw), 1));
    THEN(eq(int, scrub.ops->checks[flaw.check].level, FINDING_WARN));
    THEN(eq(ptr, (void *)scrub.ops->checks[flaw.check].remedy, NULL));
    THEN(eq(str, flaw.queue, "a"));
    scrub_close(scrub);
}

CONTRACT(scrub, a_lease_that_ended_long_ago_is_bad)
{
    struct scrub_port const scrub = a_scrubber(f);
    struct scrub_flaw flaw;
    given_a_task(f, "a");
    THEN(eq(sz, lease_for(f, "a", 1, 10), 1));

    advance(f, 10 + SCRUB_STALE_MS + 1000);
    given_a_live_worker(f, "worker");

    THEN(eq(sz, flaws_in(f, scrub, &flaw), 1));
    THEN(eq(int, scrub.ops->checks[flaw.check].level, FINDING_BAD));
    scrub_close(scrub);
}
