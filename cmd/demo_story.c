#include "cmd/demo_story.h"

#include <stdio.h>
#include <string.h>

#include "adapters/json/json_writer.h"
#include "cmd/grid.h"
#include "cmd/output.h"

#define RETAIN_MS 3600000
#define BUSY_TASKS 6
#define RESULT_WIDTH 20

const char *const demo_handlers_of_shell[] = {
    "file.checksum=xargs sha256sum | cut -d' ' -f1",
    "file.compress=xargs gzip -9 -c | wc -c",
    "bank.pay=test -e \"$DEMO_FOLDER/" DEMO_BANK
    "\" || { echo the bank is closed >&2; exit 75; }; echo '\"paid\"'",
    NULL,
};

static struct demo_task *add(struct demo_story *s, const char *type,
                             const char *what, const char *payload)
{
    struct demo_task *task = &s->tasks[s->count++];

    *task = (struct demo_task){.type = type,
                               .max_attempts = DEFAULT_MAX_ATTEMPTS,
                               .wait_ms = 300,
                               .wanted_state = TASK_DONE,
                               .wanted_attempt = 1};
    snprintf(task->what, sizeof(task->what), "%s", what);
    snprintf(task->payload, sizeof(task->payload), "%s", payload);
    return task;
}

static void add_file_tasks(struct demo_story *s,
                           const struct demo_folder *folder)
{
    char payload[DEMO_PATH_SIZE + 8];
    char what[80];

    for (size_t i = 0; i < DEMO_FILES; i++) {
        const char *path = folder->files[i];
        const char *name = strrchr(path, '/') + 1;
        snprintf(payload, sizeof(payload), "\"%s\"", path);
        snprintf(what, sizeof(what), "checksum of %.40s", name);
        add(s, "file.checksum", what, payload);
        snprintf(what, sizeof(what), "bytes of %.40s, packed", name);
        add(s, "file.compress", what, payload);
    }
}

void demo_story_begin(struct demo_story *s, const struct demo_folder *folder,
                      bool is_json)
{
    struct demo_task *task;

    *s = (struct demo_story){.is_json = is_json,
                             .start_ms = demo_monotonic_ms()};
    for (int i = 0; i < BUSY_TASKS; i++)
        add(s, "demo.sleep", "takes 300 ms", "{\"ms\":300}");
    add_file_tasks(s, folder);

    task = add(s, "demo.echo", "not before 2 s have passed", "\"later\"");
    task->delay_ms = 2000;
    task = add(s, "demo.fail", "fails twice, then succeeds", "null");
    task->wanted_attempt = 3;
    task = add(s, "demo.dead", "can't ever succeed", "null");
    task->max_attempts = 2;
    task->wanted_attempt = 2;
    task->wanted_state = TASK_DEAD;
    task = add(s, "bank.pay", "can't succeed while the bank is closed",
               "{\"amount\":42}");
    task->max_attempts = 2;
    task->is_revived = true;
    s->left = s->count;
}

static struct task_spec spec_of(const struct demo_task *task)
{
    struct task_spec spec = {.task = task_default(),
                             .delay_ms = task->delay_ms};

    spec.task.type = bytes_of(task->type);
    spec.task.payload = bytes_of(task->payload);
    spec.task.max_attempts = task->max_attempts;
    spec.task.retain_ms = RETAIN_MS;
    spec.task.backoff.kind = BACKOFF_CONSTANT;
    spec.task.backoff.jitter = JITTER_NONE;
    spec.task.backoff.base_ms = task->wait_ms;
    return spec;
}

enum status demo_story_enqueue(struct demo_story *s, struct producer *producer,
                               struct error *err)
{
    struct task_spec specs[DEMO_TASKS_MAX];
    struct new_task room[DEMO_TASKS_MAX];
    struct enqueued results[DEMO_TASKS_MAX];
    char text[80];

    for (size_t i = 0; i < s->count; i++)
        specs[i] = spec_of(&s->tasks[i]);
    enum status const st = enqueue_patiently(
        &producer->enqueuer, specs, s->count, room, results, NULL, err);
    if (st < 0)
        return st;
    for (size_t i = 0; i < s->count; i++)
        s->tasks[i].id = results[i].id;
    snprintf(text, sizeof(text), "%zu tasks, one of them to run in 2 s",
             s->count);
    demo_story_print(s, "demo", "enqueue", "", text);
    return STATUS_OK;
}

void demo_story_print(const struct demo_story *s, const char *actor,
                      const char *event, const char *type, const char *text)
{
    int64_t const at_ms = demo_monotonic_ms() - s->start_ms;
    struct json_writer json = {0};

    if (s->is_json) {
        json_begin_object(&json, NULL);
        json_add_int(&json, "at_ms", at_ms);
        json_add_string(&json, "actor", bytes_of(actor));
        json_add_string(&json, "event", bytes_of(event));
        json_add_string(&json, "type", bytes_of(*type ? type : NULL));
        json_add_string(&json, "text", bytes_of(text));
        json_end_object(&json);
        output_json(&json);
        json_writer_release(&json);
    } else {
        printf("%3lld.%03lld s  %-8s %-8s %-14s ", (long long)at_ms / 1000,
               (long long)at_ms % 1000, actor, event, type);
        output_text(bytes_of(text));
        putchar('\n');
    }
    output_flush();
}

static struct demo_task *find(struct demo_story *s, const struct task_id *id)
{
    for (size_t i = 0; i < s->count; i++)
        if (strcmp(s->tasks[i].id.text, id->text) == 0)
            return &s->tasks[i];
    return NULL;
}

static void end_task(struct demo_story *s, struct demo_task *task)
{
    if (!task->is_over)
        s->left--;
    task->is_over = true;
}

static struct demo_task *tell_attempt(struct demo_story *s, const char *actor,
                                      const struct demo_event *e,
                                      struct demo_task *task)
{
    bool const is_dead = strcmp(e->what, "task dead") == 0;
    bool const is_done = strcmp(e->what, "task done") == 0;
    char text[320];

    task->worker = e->worker;
    s->attempts[e->worker]++;
    s->failures[e->worker] += is_done ? 0 : 1;
    if (is_done)
        snprintf(text, sizeof(text), "%s: attempt %lld, %lld ms", task->what,
                 (long long)e->attempt, (long long)e->duration_ms);
    else if (is_dead)
        snprintf(text, sizeof(text), "%s: attempt %lld was the last: %s",
                 task->what, (long long)e->attempt, e->error);
    else
        snprintf(text, sizeof(text), "%s: attempt %lld: %s; again in %lld ms",
                 task->what, (long long)e->attempt, e->error,
                 (long long)e->retry_in_ms);
    demo_story_print(s, actor,
                     is_done   ? "done"
                     : is_dead ? "dead"
                               : "retry",
                     task->type, text);

    if (is_dead && task->is_revived) {
        task->is_revived = false;
        return task;
    }
    if (is_done || is_dead)
        end_task(s, task);
    return NULL;
}

struct demo_task *demo_story_tell(struct demo_story *s,
                                  const struct demo_fleet *fleet,
                                  const struct demo_event *e)
{
    const struct demo_worker *worker = &fleet->workers[e->worker];
    struct demo_task *task = find(s, &e->task);
    char text[32];

    if (strcmp(e->what, "worker started") == 0) {
        snprintf(text, sizeof(text), "pid %ld", (long)worker->pid);
        demo_story_print(s, worker->name, "start", "", text);
        return NULL;
    }
    if (task && (strcmp(e->what, "task done") == 0 ||
                 strcmp(e->what, "task failed") == 0 ||
                 strcmp(e->what, "task dead") == 0))
        return tell_attempt(s, worker->name, e, task);
    if (e->error[0])
        demo_story_print(s, worker->name, e->what, e->type, e->error);
    return NULL;
}

static const struct column task_columns[] = {
    {"TYPE", false},    {"TASK", false},   {"STATE", false},
    {"ATTEMPTS", true}, {"RUN BY", false}, {"RESULT", false},
};

static const struct column worker_columns[] = {
    {"WORKER", false}, {"PID", true}, {"ATTEMPTS", true}, {"FAILED", true}};

static void print_tasks(const struct demo_story *s,
                        const struct demo_fleet *fleet, struct grid *grid,
                        const struct task_record *record,
                        const struct demo_task *task)
{
    struct bytes result = record->result;
    struct json_writer json = {0};
    struct bytes const by = bytes_of(fleet->workers[task->worker].name);
    struct bytes const state = bytes_of(task_state_name(record->state));

    if (s->is_json) {
        json_begin_object(&json, NULL);
        json_add_string(&json, "id", bytes_of(task->id.text));
        json_add_string(&json, "type", bytes_of(task->type));
        json_add_string(&json, "state", state);
        json_add_int(&json, "attempt", record->task.attempt);
        json_add_string(&json, "worker", by);
        json_add_raw(&json, "result", result);
        json_end_object(&json);
        output_json(&json);
        json_writer_release(&json);
        return;
    }
    if (result.len > RESULT_WIDTH)
        result.len = RESULT_WIDTH;
    grid_add(grid, bytes_of(task->type));
    grid_add(grid, bytes_of(task->what));
    grid_add(grid, state);
    grid_add_int(grid, record->task.attempt);
    grid_add(grid, by);
    grid_add(grid, result);
}

/* Compares what became of a task with what should have. */
static bool check(const struct demo_task *task,
                  const struct task_record *record)
{
    if (record->state == task->wanted_state &&
        record->task.attempt == task->wanted_attempt &&
        record->started_at_ms >= record->task.created_at_ms + task->delay_ms)
        return true;
    complain("millrace: demo: %s (%s) should be %s after attempt %d, but is %s "
             "after attempt %d",
             task->type, task->what, task_state_name(task->wanted_state),
             task->wanted_attempt, task_state_name(record->state),
             record->task.attempt);
    return false;
}

static bool print_workers(const struct demo_story *s,
                          const struct demo_fleet *fleet)
{
    struct grid grid = {.columns = worker_columns, .count = 4};
    bool is_fine = true;

    for (size_t i = 0; i < DEMO_WORKERS; i++) {
        grid_add(&grid, bytes_of(fleet->workers[i].name));
        grid_add_int(&grid, fleet->workers[i].pid);
        grid_add_int(&grid, s->attempts[i]);
        grid_add_int(&grid, s->failures[i]);
        if (s->attempts[i] > 0)
            continue;
        complain("millrace: demo: %s should have run something",
                 fleet->workers[i].name);
        is_fine = false;
    }
    if (!s->is_json) {
        putchar('\n');
        grid_print(&grid);
    }
    grid_release(&grid);
    return is_fine;
}

enum exit_code demo_story_end(const struct demo_story *s,
                              const struct demo_fleet *fleet,
                              const struct wire *wire, struct arena *mem)
{
    struct grid grid = {.columns = task_columns, .count = 6};
    bool is_fine = true;
    struct error err;

    for (size_t i = 0; i < s->count; i++) {
        struct task_ref const ref = {.id = s->tasks[i].id};
        struct task_record record;
        arena_reset(mem);
        enum status const st = admin_find(
            wire->admin, clock_now_ms(wire->clock), &ref, mem, &record, &err);
        if (st != STATUS_OK) {
            complain("millrace: demo: %s (%s) is lost: %s", s->tasks[i].type,
                     s->tasks[i].what, st < 0 ? err.text : "not found");
            is_fine = false;
            continue;
        }
        print_tasks(s, fleet, &grid, &record, &s->tasks[i]);
        is_fine = check(&s->tasks[i], &record) && is_fine;
    }
    if (!s->is_json) {
        printf("\nWho ran what:\n\n");
        grid_print(&grid);
    }
    grid_release(&grid);
    is_fine = print_workers(s, fleet) && is_fine;
    return is_fine ? CODE_FINE : CODE_FAILED;
}
