#include "cmd/record_text.h"

#include <stdio.h>

#include "adapters/json/record_json.h"
#include "cmd/output.h"
#include "domain/duration.h"
#include "domain/instant.h"

#define NAME_WIDTH 14

static void begin(const char *name)
{
    printf("%-*s", NAME_WIDTH, name);
}

static void print_text(const char *name, struct bytes text)
{
    if (!text.at)
        return;
    begin(name);
    output_text(text);
    putchar('\n');
}

static void print_time(const char *name, int64_t at_ms)
{
    char text[INSTANT_TEXT_SIZE];

    if (at_ms == 0)
        return;
    instant_format(at_ms, text);
    print_text(name, bytes_of(text));
}

static void print_duration(const char *name, int64_t ms, const char *if_zero)
{
    char buffer[64];
    struct text text = text_in(buffer, sizeof(buffer));

    duration_add(&text, ms);
    print_text(name, bytes_of(ms == 0 ? if_zero : buffer));
}

static void print_backoff(const struct backoff *backoff)
{
    char buffer[160];
    struct text text = text_in(buffer, sizeof(buffer));

    text_add(&text, backoff_kind_name(backoff->kind));
    text_add(&text, " from ");
    duration_add(&text, backoff->base_ms);
    text_add(&text, " to ");
    duration_add(&text, backoff->max_ms);
    text_add(&text, ", jitter ");
    text_add(&text, jitter_name(backoff->jitter));
    print_text("backoff", bytes_of(buffer));
}

static void print_progress(const struct task_record *record)
{
    const struct task *task = &record->task;

    begin("attempt");
    printf("%d of %d\n", task->attempt, task->max_attempts);
    begin("crashes");
    printf("%d of %d\n", task->crashes, task->max_crashes);
    print_time("created", task->created_at_ms);
    print_time("run at", task->run_at_ms);
    print_time("started", record->started_at_ms);
    print_time("finished", record->finished_at_ms);
    if (record->state == TASK_ACTIVE)
        print_text("worker", record->worker);
    print_time("lease until", record->lease_until_ms);
    if (record->reason != REASON_NONE)
        print_text("reason", bytes_of(reason_name(record->reason)));
    print_text("last error", record->task.last_error);
    print_text("result", record->result);
}

static void print_people(const struct task_record *record)
{
    const struct task *task = &record->task;

    print_text("id", bytes_of(task->id.text));
    print_text("type", task->type);
    print_text("queue", task->queue);
    print_text("state", bytes_of(task_state_name(record->state)));
    print_progress(record);
    print_text("priority", bytes_of(priority_name(task->priority)));
    print_backoff(&task->backoff);
    print_duration("timeout", task->timeout_ms, "none");
    print_duration("retain", task->retain_ms, "no");
    print_duration("expires", task->expires_ms, "never");
    print_text("key", task->key);
    if (task->key_ttl_ms > 0)
        print_duration("key ttl", task->key_ttl_ms, "");
    print_text("headers", task->headers);
    print_text("payload", task->payload);
}

void record_print(const struct globals *globals,
                  const struct task_record *record)
{
    struct json_writer json = {0};

    if (!globals->is_json) {
        print_people(record);
        return;
    }
    record_json_task(&json, NULL, record);
    output_json(&json);
    json_writer_release(&json);
}

enum exit_code no_such_task(const struct task_id *id)
{
    complain("millrace: %s: no such task", id->text);
    return CODE_UNKNOWN;
}
