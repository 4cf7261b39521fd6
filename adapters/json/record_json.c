#include "adapters/json/record_json.h"

#include "domain/text.h"

/* A factor in thousandths as a number, without zeros at its end. */
static void add_factor(struct json_writer *w, int32_t milli)
{
    char buffer[16];
    struct text number = text_in(buffer, sizeof(buffer));

    text_add_int(&number, milli / 1000);
    if (milli % 1000 != 0) {
        text_add(&number, ".");
        text_add_padded(&number, milli % 1000, 3);
        while (number.at[number.len - 1] == '0')
            number.len--;
    }
    json_add_raw(w, "factor", (struct bytes){number.at, number.len});
}

static void add_backoff(struct json_writer *w, const struct backoff *backoff)
{
    json_begin_object(w, "backoff");
    json_add_string(w, "kind", bytes_of(backoff_kind_name(backoff->kind)));
    json_add_int(w, "base_ms", backoff->base_ms);
    add_factor(w, backoff->factor_milli);
    json_add_int(w, "max_ms", backoff->max_ms);
    json_add_string(w, "jitter", bytes_of(jitter_name(backoff->jitter)));
    json_end_object(w);
}

static void add_request(struct json_writer *w, const struct task *task)
{
    json_add_string(w, "priority", bytes_of(priority_name(task->priority)));
    json_add_int(w, "max_attempts", task->max_attempts);
    json_add_int(w, "max_crashes", task->max_crashes);
    json_add_int(w, "timeout_ms", task->timeout_ms);
    add_backoff(w, &task->backoff);
    json_add_string(w, "key", task->key);
    json_add_int(w, "key_ttl_ms", task->key_ttl_ms);
    json_add_int(w, "retain_ms", task->retain_ms);
    json_add_int(w, "expires_ms", task->expires_ms);
    json_add_raw(w, "headers", task->headers);
}

static void add_progress(struct json_writer *w,
                         const struct task_record *record)
{
    const char *reason = reason_name(record->reason);

    json_add_int(w, "attempt", record->task.attempt);
    json_add_int(w, "crashes", record->task.crashes);
    json_add_time(w, "created_at", record->task.created_at_ms);
    json_add_time(w, "run_at", record->task.run_at_ms);
    json_add_time(w, "started_at", record->started_at_ms);
    json_add_time(w, "finished_at", record->finished_at_ms);
    json_add_string(w, "last_error", record->task.last_error);
    json_add_string(w, "reason", bytes_of(*reason ? reason : NULL));
    json_add_string(w, "worker", record->worker);
    json_add_time(w, "lease_until", record->lease_until_ms);
    json_add_raw(w, "result", record->result);
}

static void add_members(struct json_writer *w, const struct task_record *record)
{
    const struct task *task = &record->task;

    json_add_string(w, "id", bytes_of(task->id.text));
    json_add_string(w, "type", task->type);
    json_add_string(w, "queue", task->queue);
    json_add_string(w, "state", bytes_of(task_state_name(record->state)));
    json_add_raw(w, "payload", task->payload);
    add_request(w, task);
    add_progress(w, record);
}

void record_json_task(struct json_writer *w, const char *name,
                      const struct task_record *record)
{
    json_begin_object(w, name);
    add_members(w, record);
    json_end_object(w);
}

void record_json_lease(struct json_writer *w, const char *name,
                       const struct task_record *record, struct bytes token,
                       uint64_t fencing)
{
    json_begin_object(w, name);
    add_members(w, record);
    json_add_string(w, "lease", token);
    json_add_int(w, "fencing_token", (int64_t)fencing);
    json_end_object(w);
}

void record_json_enqueued(struct json_writer *w, const char *name,
                          const struct enqueued *enqueued, struct bytes queue)
{
    json_begin_object(w, name);
    json_add_string(w, "id", bytes_of(enqueued->id.text));
    json_add_string(w, "queue", queue);
    json_add_string(w, "state", bytes_of(task_state_name(enqueued->state)));
    json_add_bool(w, "duplicate", enqueued->is_duplicate);
    json_end_object(w);
}

void record_json_queue(struct json_writer *w, const char *name,
                       const struct queue_stats *stats, int64_t now_ms)
{
    int64_t const oldest_at_ms = stats->oldest_ready_at_ms;

    json_begin_object(w, name);
    json_add_string(w, "queue", bytes_of(stats->queue));
    json_add_int(w, "ready", stats->waiting[TASK_READY]);
    json_add_int(w, "active", stats->waiting[TASK_ACTIVE]);
    json_add_int(w, "scheduled", stats->waiting[TASK_SCHEDULED]);
    json_add_int(w, "retry", stats->waiting[TASK_RETRY]);
    json_add_int(w, "dead", stats->waiting[TASK_DEAD]);
    json_add_int(w, "done", stats->done);
    json_add_int(w, "failed", stats->failed);
    json_add_bool(w, "paused", stats->is_paused);
    if (oldest_at_ms == 0)
        json_add_null(w, "oldest_ready_ms");
    else
        json_add_int(w, "oldest_ready_ms",
                     now_ms > oldest_at_ms ? now_ms - oldest_at_ms : 0);
    json_end_object(w);
}

void record_json_worker(struct json_writer *w, const char *name,
                        const struct worker_info *worker)
{
    json_begin_object(w, name);
    json_add_string(w, "name", bytes_of(worker->name));
    json_add_string(w, "host", bytes_of(worker->host));
    json_add_int(w, "pid", worker->pid);
    json_add_string(w, "queues", bytes_of(worker->queues));
    json_add_int(w, "busy", worker->busy);
    json_add_int(w, "concurrency", worker->concurrency);
    json_add_time(w, "started_at", worker->started_at_ms);
    json_add_time(w, "last_seen_at", worker->seen_at_ms);
    json_end_object(w);
}
