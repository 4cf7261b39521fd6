#include "adapters/memory/memory_fleet.h"

#include <stdlib.h>

/* Where worker is in the list, or belongs. */
static struct member **place_of(struct store *s, const char *worker)
{
    struct member **at = &s->members;

    while (*at && strcmp((*at)->info.name, worker) < 0)
        at = &(*at)->next;
    return at;
}

static bool is_at(struct member *const *at, const char *worker)
{
    return *at && strcmp((*at)->info.name, worker) == 0;
}

static void remove_at(struct member **at)
{
    struct member *gone = *at;

    *at = gone->next;
    free(gone);
}

static void forget_before(struct store *s, int64_t before_ms)
{
    struct member **at = &s->members;

    while (*at) {
        if ((*at)->info.seen_at_ms < before_ms)
            remove_at(at);
        else
            at = &(*at)->next;
    }
}

/* The record of worker, made if need be; NULL: no memory. */
static struct member *member_made(struct store *s, const char *worker)
{
    struct member **at = place_of(s, worker);

    if (is_at(at, worker))
        return *at;
    struct member *m = calloc(1, sizeof(*m));
    if (!m)
        return NULL;
    m->next = *at;
    *at = m;
    return m;
}

static enum status memory_fleet_beat(void *self, int64_t now_ms,
                                     int64_t forget_ms,
                                     const struct worker_info *info,
                                     struct error *err)
{
    struct store *s = self;

    store_lock(s);
    struct member *m = member_made(s, info->name);
    if (m) {
        m->info = *info;
        m->info.seen_at_ms = now_ms;
        forget_before(s, now_ms - forget_ms);
    }
    store_unlock(s);
    return m ? STATUS_OK : store_no_memory(err);
}

static enum status memory_fleet_leave(void *self, const char *worker,
                                      struct error *err)
{
    struct store *s = self;
    (void)err;

    store_lock(s);
    struct member **at = place_of(s, worker);
    if (is_at(at, worker))
        remove_at(at);
    store_unlock(s);
    return STATUS_OK;
}

static enum status memory_fleet_workers(void *self, int64_t since_ms,
                                        const char *after, size_t max,
                                        struct worker_info *out, size_t *count,
                                        struct error *err)
{
    struct store *s = self;
    size_t n = 0;
    (void)err;

    store_lock(s);
    for (const struct member *m = s->members; m && n < max; m = m->next)
        if (strcmp(m->info.name, after) > 0 && m->info.seen_at_ms >= since_ms)
            out[n++] = m->info;
    store_unlock(s);
    *count = n;
    return STATUS_OK;
}

/* The port has nothing of its own. */
static void memory_fleet_close(void *self)
{
    (void)self;
}

static const struct fleet_ops memory_fleet_ops = {
    .name = "memory",
    .beat = memory_fleet_beat,
    .leave = memory_fleet_leave,
    .workers = memory_fleet_workers,
    .close = memory_fleet_close,
};

void memory_fleet_open(struct store *store, struct fleet_port *out)
{
    *out = (struct fleet_port){&memory_fleet_ops, store};
}

void members_free(struct member *first)
{
    while (first)
        remove_at(&first);
}
