/*
 * admin_port.h - the store of tasks, as an operator sees it.
 *
 * Shares the promises at the top of queue_port.h. Each operation takes
 * bounded time however many tasks there are: it examines at most
 * ADMIN_EXAMINE_MAX of them, so a page may be short, even empty, and still
 * have a cursor behind it.
 */
#ifndef USECASE_ADMIN_PORT_H
#define USECASE_ADMIN_PORT_H

#include "domain/arena.h"
#include "domain/error.h"
#include "domain/task.h"
#include "usecase/task_filter.h"

#define ADMIN_EXAMINE_MAX 1000
#define CURSOR_SIZE 256

/* Names a task: an id is unique within a queue. */
struct task_ref {
    struct bytes queue; /* absent: the first queue by name that has it */
    struct task_id id;
};

/* A stored task with what only the store knows. */
struct task_record {
    struct task task;
    enum task_state state;
    enum reason reason;     /* DEAD */
    int64_t started_at_ms;  /* of the latest attempt; 0: none or not known */
    int64_t finished_at_ms; /* DONE, DEAD; else 0 */
    int64_t lease_until_ms; /* ACTIVE; else 0 */
    struct bytes worker;    /* ACTIVE; else absent */
    struct bytes result;    /* DONE; a JSON value or absent */
};

/* Where a list goes on: opaque text without blanks, "" for the start and, as
 * an answer, for the end. */
struct cursor {
    char text[CURSOR_SIZE];
};

struct list_request {
    struct task_filter filter;
    struct cursor cursor; /* where to go on */
    size_t max;           /* 1 to ADMIN_EXAMINE_MAX */
    int64_t now_ms;
};

struct task_page {
    const struct task_record *records;
    size_t count; /* may be 0 although next goes on */
    struct cursor next;
};

struct queue_stats {
    char queue[QUEUE_NAME_MAX + 1];
    int64_t waiting[TASK_STATES]; /* how many are in each state now; of
                                     TASK_DONE: kept by retain_ms */
    int64_t done;   /* tasks that succeeded since the queue was made */
    int64_t failed; /* attempts that failed since the queue was made */
    bool is_paused;
    int64_t oldest_ready_at_ms; /* when the oldest ready one became ready; 0:
                                   none is ready */
};

struct admin_ops {
    const char *name;

    /* Finds a task. Answers STATUS_NOT_FOUND. */
    MUST_USE enum status (*find)(void *self, int64_t now_ms,
                                 const struct task_ref *ref, struct arena *mem,
                                 struct task_record *out, struct error *err);

    /* Lists up to req->max tasks from the cursor on: state by state in the
     * order of enum task_state, oldest first in each (by run_at for scheduled
     * and retry, by becoming ready, by lease, by finishing). The records of
     * *page live in mem too; mem full ends the page early. Fault
     * STATUS_INVALID: a cursor that is none (field "cursor"). */
    MUST_USE enum status (*list)(void *self, const struct list_request *req,
                                 struct arena *mem, struct task_page *page,
                                 struct error *err);

    /* Removes those of the tasks that are in one of states, which active is
     * not among, freeing the keys that are held until the end. results:
     * STATUS_OK, STATUS_NOT_FOUND, STATUS_WRONG_STATE. */
    MUST_USE enum status (*remove)(void *self, int64_t now_ms, unsigned states,
                                   const struct task_ref *refs, size_t n,
                                   enum status *results, struct error *err);

    /* Makes a scheduled or retrying task ready now. Answers STATUS_NOT_FOUND,
     * STATUS_WRONG_STATE. */
    MUST_USE enum status (*run_now)(void *self, int64_t now_ms,
                                    const struct task_ref *ref,
                                    struct error *err);

    /* Makes dead tasks ready, as task_requeued says. results: STATUS_OK,
     * STATUS_NOT_FOUND, STATUS_WRONG_STATE (not dead), or STATUS_KEY_HELD:
     * another task holds its key, and holders[i] is its id. */
    MUST_USE enum status (*requeue)(void *self, int64_t now_ms,
                                    const struct task_ref *refs, size_t n,
                                    enum status *results,
                                    struct task_id *holders, struct error *err);

    /* Removes up to limit tasks of queue that are in state (not ACTIVE),
     * freeing keys as remove does; *removed < limit: that was all. Answers
     * STATUS_NOT_FOUND if there is no such queue. */
    MUST_USE enum status (*purge)(void *self, int64_t now_ms,
                                  struct bytes queue, enum task_state state,
                                  size_t limit, size_t *removed,
                                  struct error *err);

    /* Pauses or resumes a queue. Pausing makes a queue that does not exist;
     * resuming answers STATUS_NOT_FOUND for it. */
    MUST_USE enum status (*set_paused)(void *self, struct bytes queue,
                                       bool is_paused, struct error *err);

    /* The statistics of up to max queues whose names follow after (absent:
     * from the first), by name. *count < max: that was all. */
    MUST_USE enum status (*stats)(void *self, int64_t now_ms,
                                  struct bytes after, size_t max,
                                  struct queue_stats *rows, size_t *count,
                                  struct error *err);

    void (*close)(void *self);
};

struct admin_port {
    const struct admin_ops *ops;
    void *self;
};

/* Asserts that every operation is set; cmd/ calls it once, when wiring. */
void admin_port_check(struct admin_port admin);

MUST_USE static inline enum status
admin_find(struct admin_port a, int64_t now_ms, const struct task_ref *ref,
           struct arena *mem, struct task_record *out, struct error *err)
{
    return a.ops->find(a.self, now_ms, ref, mem, out, err);
}

MUST_USE static inline enum status
admin_list(struct admin_port a, const struct list_request *req,
           struct arena *mem, struct task_page *page, struct error *err)
{
    return a.ops->list(a.self, req, mem, page, err);
}

MUST_USE static inline enum status admin_remove(struct admin_port a,
                                                int64_t now_ms, unsigned states,
                                                const struct task_ref *refs,
                                                size_t n, enum status *results,
                                                struct error *err)
{
    return a.ops->remove(a.self, now_ms, states, refs, n, results, err);
}

MUST_USE static inline enum status admin_run_now(struct admin_port a,
                                                 int64_t now_ms,
                                                 const struct task_ref *ref,
                                                 struct error *err)
{
    return a.ops->run_now(a.self, now_ms, ref, err);
}

MUST_USE static inline enum status
admin_requeue(struct admin_port a, int64_t now_ms, const struct task_ref *refs,
              size_t n, enum status *results, struct task_id *holders,
              struct error *err)
{
    return a.ops->requeue(a.self, now_ms, refs, n, results, holders, err);
}

MUST_USE static inline enum status
admin_purge(struct admin_port a, int64_t now_ms, struct bytes queue,
            enum task_state state, size_t limit, size_t *removed,
            struct error *err)
{
    return a.ops->purge(a.self, now_ms, queue, state, limit, removed, err);
}

MUST_USE static inline enum status admin_set_paused(struct admin_port a,
                                                    struct bytes queue,
                                                    bool is_paused,
                                                    struct error *err)
{
    return a.ops->set_paused(a.self, queue, is_paused, err);
}

MUST_USE static inline enum status
admin_stats(struct admin_port a, int64_t now_ms, struct bytes after, size_t max,
            struct queue_stats *rows, size_t *count, struct error *err)
{
    return a.ops->stats(a.self, now_ms, after, max, rows, count, err);
}

static inline void admin_close(struct admin_port a)
{
    a.ops->close(a.self);
}

#endif
