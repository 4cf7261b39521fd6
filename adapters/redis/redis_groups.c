#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "adapters/redis/redis_port.h"
#include "domain/limits.h"

/* Gathers the items from i on that are alike, up to what a group may hold;
 * those that are left over begin one of their own later. */
static size_t gather(const struct redis_class *classes, size_t n, size_t i,
                     size_t max, bool *is_placed, uint16_t *order)
{
    size_t count = 0;
    size_t bytes = 0;

    for (size_t j = i; j < n && count < max; j++) {
        if (is_placed[j] || classes[j].lane != classes[i].lane ||
            classes[j].kind != classes[i].kind)
            continue;
        bytes += classes[j].bytes;
        if (count > 0 && bytes > REDIS_GROUP_BYTES)
            break;
        is_placed[j] = true;
        order[count++] = (uint16_t)j;
    }
    return count;
}

size_t redis_group_items(const struct redis_class *classes, size_t n,
                         size_t max, uint16_t *order,
                         struct redis_group *groups)
{
    bool is_placed[BATCH_MAX] = {false};
    size_t group_count = 0;
    size_t placed = 0;

    for (size_t i = 0; i < n; i++) {
        if (is_placed[i] || !classes[i].lane)
            continue;
        groups[group_count] = (struct redis_group){
            .lane = classes[i].lane,
            .kind = classes[i].kind,
            .first = placed,
            .count = gather(classes, n, i, max, is_placed, order + placed),
        };
        placed += groups[group_count++].count;
    }
    return group_count;
}

int64_t redis_time_of(const redisReply *score)
{
    double const at_ms = score->len > 0 ? strtod(score->str, NULL) : INFINITY;

    if (at_ms < 0)
        return 0;
    return at_ms <= (double)INSTANT_MAX_MS ? (int64_t)at_ms : INT64_MAX;
}

char *redis_scratch(struct redis_port *p, size_t size)
{
    if (size <= p->scratch_size)
        return p->scratch;

    char *scratch = realloc(p->scratch, size);
    if (!scratch)
        return NULL;
    p->scratch = scratch;
    p->scratch_size = size;
    return scratch;
}

enum status redis_no_memory(struct error *err)
{
    return error_set(err, STATUS_NO_MEMORY, NULL, "redis: no memory");
}
