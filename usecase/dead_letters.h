/*
 * dead_letters.h - sends dead tasks back, or away, by what they have in common.
 */
#ifndef USECASE_DEAD_LETTERS_H
#define USECASE_DEAD_LETTERS_H

#include "usecase/admin_port.h"
#include "usecase/clock_port.h"

enum dead_letter_action {
    DEAD_LETTER_REQUEUE,
    DEAD_LETTER_DELETE,
};

struct dead_letter_run {
    enum dead_letter_action action;
    struct task_filter filter; /* its state is taken to be dead */
    /* Told about each task that was left dead, and why: STATUS_KEY_HELD with
     * its holder. May be NULL. */
    void (*refused)(void *context, const struct task_record *record,
                    enum status why, const struct task_id *holder);
    void *context;
};

/* Does so with all dead tasks that match and died before the call, page by
 * page through mem (reset each time), which needs room for a page of largest
 * tasks at best, for one at least. *changed counts, also after a fault. */
MUST_USE enum status dead_letters_run(struct admin_port admin,
                                      struct clock_port clock,
                                      const struct dead_letter_run *run,
                                      struct arena *mem, size_t *changed,
                                      struct error *err);

#endif
