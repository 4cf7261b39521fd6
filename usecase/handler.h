/*
 * handler.h - the code that does a task's work.
 *
 * A handler table maps types to functions; "*" catches what no other entry
 * names. Executors look handlers up and call them; a type without a handler
 * is a failed attempt with the error "no handler for type T".
 */
#ifndef USECASE_HANDLER_H
#define USECASE_HANDLER_H

#include "usecase/queue_port.h"

/* The least room in the arena of a call: a result twice, as it came and as it
 * goes, and an error with much to spare. Untouched room costs nothing. */
#define HANDLER_ROOM (2 * (RESULT_JSON_MAX + ERROR_TAIL_MAX) + 16384)

/* What a handler gets. The bytes of its outcome live in mem, in the lease, or
 * as long as the handler table. */
struct handler_call {
    const struct lease *lease;
    struct arena *mem;  /* HANDLER_ROOM or more of it is free */
    struct wake cancel; /* readable once the handler should end early; -1
                           where only is_cancelled tells */
    bool (*is_cancelled)(const struct handler_call *call);

    /* Gives an attempt with a timeout ms > 0 from now on, in place of what was
     * left of it; false: it is cancelled already. Only in the handler's own
     * thread. */
    bool (*extend)(const struct handler_call *call, int64_t ms);
    void *self; /* the executor's own */
};

struct handler {
    const char *type; /* a task type, or "*" */
    struct outcome (*run)(const struct handler_call *call, void *context);
    void *context;
};

struct handlers {
    const struct handler *table; /* lives longer than its users */
    size_t count;
};

/* The handler for type: the one of that name, else "*", else NULL. */
const struct handler *handlers_find(const struct handlers *handlers,
                                    struct bytes type);

/* The outcome for a type without a handler; its error lives in mem. */
struct outcome handler_missing(struct bytes type, struct arena *mem);

/* Runs the handler that call->lease's type asks for, and gives back an outcome
 * that may be settled:
 *   - a failure once the call was cancelled is OUTCOME_RELEASE: it says
 *     nothing about the task;
 *   - a result that is no JSON or longer than RESULT_MAX (a string:
 *     RESULT_JSON_MAX) is OUTCOME_REJECT saying so, since what was done must
 *     not be done again;
 *   - of an error only the last ERROR_TAIL_MAX bytes are left. */
struct outcome handlers_run(const struct handlers *handlers,
                            const struct handler_call *call);

/* What handlers_run gave back for a call that was cancelled because its time
 * was over: what it then released has failed, "timed out after 30s". */
struct outcome handler_timed_out(struct outcome outcome,
                                 const struct task *task, struct arena *mem);

#endif
