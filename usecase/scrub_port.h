/*
 * scrub_port.h - looks for what a sound store never has, and repairs it.
 *
 * A store is sound when all that is written about a task agrees. Crashes do
 * not harm it, since every step is atomic; foreign hands, restored backups
 * and bugs do. A scrubber walks through the store page by page, so that
 * nobody waits for it, however large the store is. All that belongs to one
 * flaw is seen in one instant, and again, before anything is changed, in the
 * instant of its repair: live workers are neither accused nor disturbed.
 *
 * What a repair may do: a repair never loses a task, and never runs one again
 * that is known to be done. Where it is not known, losing would be worse than
 * running twice, and Millrace promises "at least once" anyway. So a task that
 * has lost its place goes back to where it waited, or becomes ready (not dead:
 * it has not failed, and dead letters wait for people); it ends as done only
 * if its record says so. What leads to no task is removed. What lies among
 * tasks and can't be read as one is made a dead letter with all that it holds,
 * or left: people may know what it was. Where the task itself is gone, nothing
 * is repaired: that is for people to know.
 */
#ifndef USECASE_SCRUB_PORT_H
#define USECASE_SCRUB_PORT_H

#include <stddef.h>
#include <stdint.h>

#include "domain/error.h"
#include "domain/limits.h"
#include "usecase/health_port.h"

#define SCRUB_PAGE_MAX 512 /* items that one call looks at */
#define SCRUB_CHECKS_MAX 24

/* A lease that ended so long ago should have been taken by a worker. */
#define SCRUB_STALE_MS 60000

/* A worker that was not seen for so long is silent: so long may pass between
 * two beats of a live one. */
#define SCRUB_SILENT_MS 10000

struct scrub_check {
    const char *name;         /* a word or two, unlike those of health */
    enum finding_level level; /* WARN or BAD where there is a flaw */
    const char *remedy;       /* what repair() has done to them then, such as
                           "removed"; NULL: it can't deal with them */
    const char *text; /* what is wrong; and what to do, without a remedy */
};

struct scrub_flaw {
    size_t check;                   /* in ops->checks */
    char queue[QUEUE_NAME_MAX + 1]; /* "": of no queue that is known */
    char subject[KEY_MAX + 1];      /* a task's id, a key, ...: NUL-ended, but
                                       it may hold any byte */
    size_t subject_len;
};

/* Where the walk goes on: opaque, "" at the start, and again at the end. */
struct scrub_cursor {
    char text[QUEUE_NAME_MAX + KEY_MAX * 2 + 64];
};

struct scrub_ops {
    const char *name;
    const struct scrub_check *checks; /* ends with one whose name is NULL */

    /* Looks at the next page, which may have no flaws although the walk goes
     * on, and moves the cursor. What changes during the walk may be missed. */
    MUST_USE enum status (*examine)(void *self, int64_t now_ms,
                                    struct scrub_cursor *cursor,
                                    struct scrub_flaw flaws[SCRUB_PAGE_MAX],
                                    size_t *count, struct error *err);

    /* Repairs a flaw of a check that has a remedy. Answers STATUS_NOT_FOUND
     * when it is no flaw (any more): then nothing is changed. */
    MUST_USE enum status (*repair)(void *self, int64_t now_ms,
                                   const struct scrub_flaw *flaw,
                                   struct error *err);

    void (*close)(void *self);
};

struct scrub_port {
    const struct scrub_ops *ops;
    void *self;
};

void scrub_port_check(struct scrub_port scrub);

MUST_USE static inline enum status
scrub_examine(struct scrub_port s, int64_t now_ms, struct scrub_cursor *cursor,
              struct scrub_flaw flaws[SCRUB_PAGE_MAX], size_t *count,
              struct error *err)
{
    return s.ops->examine(s.self, now_ms, cursor, flaws, count, err);
}

MUST_USE static inline enum status scrub_repair(struct scrub_port s,
                                                int64_t now_ms,
                                                const struct scrub_flaw *flaw,
                                                struct error *err)
{
    return s.ops->repair(s.self, now_ms, flaw, err);
}

static inline void scrub_close(struct scrub_port s)
{
    s.ops->close(s.self);
}

#endif
