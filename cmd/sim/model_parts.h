/*
 * model_parts.h - what the files of the model share.
 */
#ifndef CMD_SIM_MODEL_PARTS_H
#define CMD_SIM_MODEL_PARTS_H

#include "cmd/sim/model.h"

struct model_text model_text_of(struct bytes b);
bool model_text_is(const struct model_text *text, struct bytes b);

/* The queue of that name; made if it isn't there. */
struct model_queue *model_queue_made(struct model *m, struct bytes name);
struct model_queue *model_queue(struct model *m, struct bytes name);

/* A call has told that time. */
void model_see_time(struct model *m, int64_t now_ms);

/* A new task, made from *task; NULL: there is no room, which is a complaint. */
struct model_task *model_add(struct model *m, const struct task *task);

/* Makes t ready, behind all others. */
void model_make_ready(struct model *m, struct model_task *t);

/* Takes t out; what it holds until its end is free. */
void model_remove(struct model *m, struct model_task *t);

/* Forgets done tasks that need not be kept any more. */
void model_forget(struct model *m, int64_t now_ms);

/* Who holds key in q at now_ms; NULL: it is free. */
struct model_hold *model_hold_find(struct model *m, const struct model_queue *q,
                                   const struct model_text *key,
                                   int64_t now_ms);

/* Lets t hold its key, if it has one and its window is not over. */
void model_hold_take(struct model *m, struct model_task *t, int64_t now_ms);

/* Ends the hold of t unless it is a window. */
void model_hold_end(struct model *m, const struct model_task *t);

/* The task that ref names, for an operation that was answered with result;
 * NULL: it is not kept. */
struct model_task *model_of_ref(struct model *m, const struct task_ref *ref,
                                int64_t now_ms, enum status result);

#endif
