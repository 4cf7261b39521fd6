#include "usecase/lease.h"

#include <assert.h>

/* arena_copy adds a NUL. */
static size_t room_of(struct bytes b)
{
    return b.at ? b.len + 1 : 0;
}

size_t lease_room(const struct lease *lease)
{
    const struct task *t = &lease->task;

    return room_of(t->queue) + room_of(t->type) + room_of(t->payload) +
           room_of(t->headers) + room_of(t->key) + room_of(t->last_error);
}

void lease_copy(const struct lease *lease, struct arena *mem, struct lease *out)
{
    const struct task *from = &lease->task;
    struct task *to = &out->task;

    *out = *lease;
    bool const fits = arena_copy(mem, from->queue, &to->queue) &&
                      arena_copy(mem, from->type, &to->type) &&
                      arena_copy(mem, from->payload, &to->payload) &&
                      arena_copy(mem, from->headers, &to->headers) &&
                      arena_copy(mem, from->key, &to->key) &&
                      arena_copy(mem, from->last_error, &to->last_error);
    assert(fits);
}
