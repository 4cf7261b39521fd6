/*
 * demo.c - the whole story in some seconds, on a file that is thrown away.
 *
 * Real workers, real commands on real files, and the very calls that other
 * producers and operators make; what is told comes from the workers' logs,
 * and is checked against the queue in the end.
 */
#include <stdio.h>
#include <string.h>

#include "adapters/system/system_wake.h"
#include "cmd/arguments.h"
#include "cmd/demo_story.h"
#include "cmd/library/place.h"
#include "cmd/options.h"
#include "cmd/output.h"
#include "cmd/signals.h"

#define STORY_MS 13000

struct demo {
    struct demo_folder folder;
    struct demo_fleet fleet;
    struct demo_story story;
    struct producer producer;
    struct wire admin;
    struct arena mem;
    struct wake wake;
    int64_t deadline_ms;
};

static enum exit_code given_up(const struct demo *d)
{
    if (signals_stops() > 0)
        complain("millrace: demo: interrupted");
    else
        complain("millrace: demo: %zu tasks have not ended in time",
                 d->story.left);
    return CODE_FAILED;
}

/* Tells what happens until every worker has said that it has started. */
static enum exit_code await_workers(struct demo *d)
{
    struct demo_event event;
    size_t started = 0;

    while (started < DEMO_WORKERS) {
        if (!demo_fleet_next(&d->fleet, d->wake, d->deadline_ms, &event)) {
            complain("millrace: demo: the workers have not started");
            return CODE_FAILED;
        }
        started += strcmp(event.what, "worker started") == 0 ? 1 : 0;
        demo_story_tell(&d->story, &d->fleet, &event);
    }
    return CODE_FINE;
}

/* What an operator does with a dead task whose cause is gone. */
static enum exit_code revive(struct demo *d, const struct demo_task *task)
{
    struct task_ref const ref = {.id = task->id};
    struct task_id holder;
    struct error err;
    enum status result;

    if (!demo_folder_touch(&d->folder, DEMO_BANK))
        return CODE_FAILED;
    enum status const st =
        admin_requeue(d->admin.admin, clock_now_ms(d->admin.clock), &ref, 1,
                      &result, &holder, &err);
    if (st < 0)
        return wire_fault(&d->admin, st, &err);
    if (result != STATUS_OK) {
        complain("millrace: demo: %s could not be requeued", task->type);
        return CODE_FAILED;
    }
    demo_story_print(&d->story, "demo", "requeue", task->type,
                     "the bank is open again: out of the dead-letter queue");
    return CODE_FINE;
}

static enum exit_code follow(struct demo *d)
{
    struct demo_event event;
    enum exit_code code = CODE_FINE;

    while (d->story.left > 0 && code == CODE_FINE) {
        if (!demo_fleet_next(&d->fleet, d->wake, d->deadline_ms, &event))
            return given_up(d);
        const struct demo_task *dead =
            demo_story_tell(&d->story, &d->fleet, &event);
        if (dead)
            code = revive(d, dead);
    }
    return code;
}

static enum exit_code open_all(struct demo *d, const char *url, bool is_json)
{
    struct globals const globals = {.url = url, .is_json = is_json};
    struct error err;

    enum exit_code code = producer_open(&d->producer, &globals);
    if (code == CODE_FINE)
        code = wire_open(&globals, WIRE_ADMIN, &d->admin);
    if (code == CODE_FINE && record_room_open(&d->mem, &err) < 0) {
        complain("millrace: demo: %s", err.text);
        return CODE_FAILED;
    }
    return code;
}

static enum exit_code tell_story(struct demo *d, const char *url, bool is_json)
{
    struct error err;

    demo_story_begin(&d->story, &d->folder, is_json);
    d->deadline_ms = demo_monotonic_ms() + STORY_MS;
    if (!demo_fleet_start(&d->fleet, url, demo_handlers_of_shell,
                          d->folder.path))
        return CODE_FAILED;

    enum exit_code code = await_workers(d);
    if (code == CODE_FINE)
        code = open_all(d, url, is_json);
    if (code != CODE_FINE)
        return code;
    enum status const st = demo_story_enqueue(&d->story, &d->producer, &err);
    if (st < 0)
        return wire_fault(&d->producer.wire, st, &err);

    code = follow(d);
    if (signals_stops() > 0)
        return code;
    enum exit_code const end =
        demo_story_end(&d->story, &d->fleet, &d->admin, &d->mem);
    return code == CODE_FINE ? end : code;
}

/* Leaves nothing behind, however far it got. */
static enum exit_code clean_up(struct demo *d, bool is_started,
                               enum exit_code code)
{
    record_room_close(&d->mem);
    wire_close(&d->admin);
    producer_close(&d->producer);
    if (is_started && !demo_fleet_stop(&d->fleet) && code == CODE_FINE) {
        complain("millrace: demo: a worker did not stop as it should");
        code = CODE_FAILED;
    }
    demo_folder_close(&d->folder);
    return code;
}

enum exit_code command_demo(struct invocation *inv)
{
    struct option_set const set = {
        NULL, NULL,
        "Shows the whole story on a throw-away SQLite file: tasks that run at "
        "once, later, again after a failure, that die and are requeued, and "
        "three worker processes that share the load. Takes some seconds."};
    struct demo demo = {.wake = WAKE_NEVER};
    char path[DEMO_PATH_SIZE];
    char url[BACKEND_URL_MAX + 1];
    struct error err;
    enum exit_code code;

    if (!options_read(inv, &set, NULL, &code))
        return code;
    if (system_wake_open(&demo.wake, &err) < 0) {
        complain("millrace: demo: %s", err.text);
        return CODE_FAILED;
    }
    signals_begin(demo.wake, false);
    bool const is_open = demo_folder_open(&demo.folder) &&
                         demo_folder_join(&demo.folder, "demo.db", path) &&
                         place_file_url(path, url, sizeof(url));
    code = is_open ? tell_story(&demo, url, inv->globals.is_json) : CODE_FAILED;
    return clean_up(&demo, is_open, code);
}
