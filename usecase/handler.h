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

/* What a handler gets; all of it lives until the handler returns. */
struct handler_call {
    const struct lease *lease;
    struct arena *mem;  /* the outcome's bytes may live here */
    struct wake cancel; /* readable once the handler should end early */
    bool (*is_cancelled)(const struct handler_call *call);
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

#endif
