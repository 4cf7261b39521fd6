/*
 * record_json.h - what Millrace tells about its tasks, queues and workers, in
 * JSON.
 *
 * Each adds one object, as a member called name or, where name is NULL, as an
 * element or the whole text. What does not apply is null, so that an object
 * has the same members every time.
 */
#ifndef ADAPTERS_JSON_RECORD_JSON_H
#define ADAPTERS_JSON_RECORD_JSON_H

#include "adapters/json/json_writer.h"
#include "usecase/admin_port.h"
#include "usecase/fleet_port.h"
#include "usecase/queue_port.h"

void record_json_task(struct json_writer *w, const char *name,
                      const struct task_record *record);

/* The same with what its holder needs: the token, and the number that grows
 * with every lease of the task. */
void record_json_lease(struct json_writer *w, const char *name,
                       const struct task_record *record, struct bytes token,
                       uint64_t fencing);

/* queue: of the task that was sent. */
void record_json_enqueued(struct json_writer *w, const char *name,
                          const struct enqueued *enqueued, struct bytes queue);

/* now_ms: from which the age of the oldest ready task is taken. */
void record_json_queue(struct json_writer *w, const char *name,
                       const struct queue_stats *stats, int64_t now_ms);

void record_json_worker(struct json_writer *w, const char *name,
                        const struct worker_info *worker);

#endif
