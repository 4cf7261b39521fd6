#include "adapters/threads/job.h"

#include <stdint.h>
#include <stdlib.h>

#include "usecase/lease.h"

enum {
    BLOCK_MIN = 1024,
    BLOCK_SPARE = 256,     /* for a short outcome */
    BLOCK_KEPT_MAX = 8192, /* larger ones are freed with their task */
};

static bool make_room(struct job *job, size_t size)
{
    if (job->mem.size >= size)
        return true;
    if (size < BLOCK_MIN)
        size = BLOCK_MIN;

    char *base = malloc(size);
    if (!base)
        return false;
    free(job->mem.base);
    job->mem = (struct arena){.base = base, .size = size};
    return true;
}

bool job_take(struct job *job, const struct lease *lease)
{
    if (!make_room(job, lease_room(lease) + BLOCK_SPARE))
        return false;
    lease_copy(lease, &job->mem, &job->lease);
    job->finished = (struct finished){.lease = &job->lease, .job = job};
    atomic_store_explicit(&job->is_cancelled, false, memory_order_relaxed);
    atomic_store_explicit(&job->is_timed_out, false, memory_order_relaxed);
    return true;
}

/* Where a handler made it in scratch, the next one would write over it. */
static size_t room_in(const struct arena *scratch, struct bytes b)
{
    uintptr_t const at = (uintptr_t)b.at;
    uintptr_t const base = (uintptr_t)scratch->base;

    return at >= base && at < base + scratch->size ? b.len + 1 : 0;
}

void job_end(struct job *job, struct outcome outcome,
             const struct arena *scratch)
{
    size_t const of_result = room_in(scratch, outcome.result);
    size_t const of_error = room_in(scratch, outcome.error);
    size_t const room = of_result + of_error;
    struct arena own = {0};
    struct arena *to = &job->mem;

    if (room > to->size - to->used) {
        job->overflow = malloc(room);
        own = (struct arena){.base = job->overflow, .size = room};
        to = &own;
    }
    if (room > 0 && !to->base)
        outcome = (struct outcome){.kind = OUTCOME_RETRY,
                                   .after_ms = -1,
                                   .error = BYTES("no memory for the outcome")};
    else if ((of_result && !arena_copy(to, outcome.result, &outcome.result)) ||
             (of_error && !arena_copy(to, outcome.error, &outcome.error)))
        abort(); /* room was counted wrongly */
    job->finished.outcome = outcome;
}

void job_forget(struct job *job)
{
    free(job->overflow);
    job->overflow = NULL;
    arena_reset(&job->mem);
    if (job->mem.size > BLOCK_KEPT_MAX) {
        free(job->mem.base);
        job->mem = (struct arena){0};
    }
}

void job_release(struct job *job)
{
    free(job->overflow);
    free(job->mem.base);
}

void job_list_add(struct job_list *list, struct job *job)
{
    job->next = NULL;
    if (list->last)
        list->last->next = job;
    else
        list->first = job;
    list->last = job;
}

struct job *job_list_take(struct job_list *list)
{
    struct job *job = list->first;

    if (!job)
        return NULL;
    list->first = job->next;
    if (!list->first)
        list->last = NULL;
    return job;
}

void job_list_move(struct job_list *from, struct job_list *to)
{
    if (!from->first)
        return;
    if (to->last)
        to->last->next = from->first;
    else
        to->first = from->first;
    to->last = from->last;
    *from = (struct job_list){0};
}
