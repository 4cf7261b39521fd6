/*
 * demo_story.h - the tasks of a demo: what is to become of them, and what did.
 */
#ifndef CMD_DEMO_STORY_H
#define CMD_DEMO_STORY_H

#include "cmd/command.h"
#include "cmd/demo_fleet.h"
#include "cmd/demo_folder.h"
#include "cmd/enqueue.h"
#include "usecase/admin_port.h"

/* The handlers of the demo's workers, for --exec; up to a NULL. */
extern const char *const demo_handlers_of_shell[];

/* The file in the demo's folder whose being there lets the payment succeed. */
#define DEMO_BANK "bank-is-open"

#define DEMO_TASKS_MAX 32

struct demo_task {
    char what[80]; /* for people */
    const char *type;
    char payload[DEMO_PATH_SIZE + 8];
    int64_t delay_ms;
    int32_t max_attempts;
    int64_t wait_ms; /* between attempts */
    struct task_id id;

    enum task_state wanted_state; /* in the end */
    int32_t wanted_attempt;
    bool is_revived; /* it is to die once, and be requeued */

    bool is_over;
    size_t worker; /* who had it last */
};

struct demo_story {
    struct demo_task tasks[DEMO_TASKS_MAX];
    size_t count;
    size_t left;      /* not over yet */
    int64_t start_ms; /* by the monotonic clock */
    int64_t attempts[DEMO_WORKERS];
    int64_t failures[DEMO_WORKERS];
    bool is_json;
};

void demo_story_begin(struct demo_story *story,
                      const struct demo_folder *folder, bool is_json);

/* Adds all tasks to the queue. */
MUST_USE enum status demo_story_enqueue(struct demo_story *story,
                                        struct producer *producer,
                                        struct error *err);

/* Prints one line of the timeline: actor and event, words; the rest may be
 * NULL or "". */
void demo_story_print(const struct demo_story *story, const char *actor,
                      const char *event, const char *type, const char *text);

/* Tells what a worker did. Gives back the task that has died and is now to be
 * requeued, or NULL. */
struct demo_task *demo_story_tell(struct demo_story *story,
                                  const struct demo_fleet *fleet,
                                  const struct demo_event *event);

/* Prints who ran what, and complains about what didn't go as it should. */
enum exit_code demo_story_end(const struct demo_story *story,
                              const struct demo_fleet *fleet,
                              const struct wire *wire, struct arena *mem);

#endif
