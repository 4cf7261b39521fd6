#include <stdlib.h>
#include <string.h>

#include "adapters/redis/redis_port.h"
#include "domain/text.h"

#define REFRESH_MS 1000

static int compare(struct bytes name, const struct redis_lane *lane)
{
    size_t const len = strlen(lane->name);
    size_t const common = name.len < len ? name.len : len;
    int const order = common ? memcmp(name.at, lane->name, common) : 0;

    if (order != 0)
        return order;
    return name.len < len ? -1 : name.len > len;
}

/* The place of name among the lanes; true if it is taken by that very one. */
static bool place(const struct redis_port *p, struct bytes name, size_t *at)
{
    size_t low = 0;
    size_t high = p->lane_count;

    while (low < high) {
        size_t const middle = low + (high - low) / 2;
        int const order = compare(name, p->lanes[middle]);
        if (order == 0) {
            *at = middle;
            return true;
        }
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    *at = low;
    return false;
}

struct redis_lane *redis_lane_find(const struct redis_port *p,
                                   struct bytes name)
{
    size_t at;

    return place(p, name, &at) ? p->lanes[at] : NULL;
}

static struct redis_lane *lane_new(const char *namespace, struct bytes name)
{
    struct redis_lane *lane = calloc(1, sizeof(*lane));
    if (!lane)
        return NULL;

    struct text t = text_in(lane->name, sizeof(lane->name));
    text_add_bytes(&t, name);
    for (int i = 0; i < REDIS_QUEUE_KEYS; i++)
        redis_queue_key(namespace, name, (enum redis_queue_key)i,
                        lane->keys[i]);
    return lane;
}

static bool make_room(struct redis_port *p)
{
    if (p->lane_count < p->lane_room)
        return true;

    size_t const room = p->lane_room ? 2 * p->lane_room : 8;
    struct redis_lane **lanes = realloc(p->lanes, room * sizeof(*lanes));
    if (!lanes)
        return false;
    p->lanes = lanes;
    p->lane_room = room;
    return true;
}

struct redis_lane *redis_lane_get(struct redis_port *p, struct bytes name)
{
    size_t at;

    if (place(p, name, &at))
        return p->lanes[at];
    if (!make_room(p))
        return NULL;
    struct redis_lane *lane = lane_new(p->namespace, name);
    if (!lane)
        return NULL;
    memmove(p->lanes + at + 1, p->lanes + at,
            (p->lane_count - at) * sizeof(*p->lanes));
    p->lanes[at] = lane;
    p->lane_count++;
    return lane;
}

enum status redis_lanes_refresh(struct redis_port *p, struct error *err)
{
    REDIS_REPLY reply = NULL;

    redis_command(&p->main, 2,
                  (const char *const[]){"SMEMBERS", p->queues_key});
    enum status const st = redis_next_good(&p->main, &reply, err);
    if (st != STATUS_OK)
        return st;
    for (size_t i = 0; i < p->lane_count; i++)
        p->lanes[i]->is_listed = false;
    p->listed_count = 0;
    for (size_t i = 0; i < reply->elements; i++) {
        const redisReply *name = reply->element[i];
        struct bytes const bytes = {name->str, name->len};
        p->listed_count++;
        if (!queue_name_is_valid(bytes))
            continue; /* not ours */
        struct redis_lane *lane = redis_lane_get(p, bytes);
        if (!lane)
            return redis_no_memory(err);
        lane->is_listed = true;
    }
    p->listed_mono_ms = redis_mono_ms();
    return STATUS_OK;
}

enum status redis_lane_of(struct redis_port *p, struct bytes name,
                          struct redis_lane **out, struct error *err)
{
    *out = redis_lane_find(p, name);
    if (*out)
        return STATUS_OK;
    enum status const st = redis_lanes_refresh(p, err);
    if (st == STATUS_OK)
        *out = redis_lane_find(p, name);
    return st;
}

void redis_lanes_ask(struct redis_port *p)
{
    redis_command(&p->main, 2, (const char *const[]){"SCARD", p->queues_key});
}

/* Names are only ever added, so an equal number means the same names; but
 * somebody may have emptied the database: hence a look each second. */
enum status redis_lanes_hear(struct redis_port *p, bool *is_new,
                             struct error *err)
{
    REDIS_REPLY reply = NULL;
    enum status const st = redis_next_good(&p->main, &reply, err);

    if (st != STATUS_OK)
        return st;
    *is_new = p->listed_mono_ms == 0 ||
              (size_t)reply->integer != p->listed_count ||
              redis_mono_ms() - p->listed_mono_ms >= REFRESH_MS;
    return STATUS_OK;
}

void redis_add_keys(struct redis_connection *c, const struct redis_lane *lane)
{
    for (int i = 0; i < REDIS_QUEUE_KEYS; i++)
        redis_add_text(c, lane->keys[i]);
}

void redis_group_begin(struct redis_connection *c, const char *key)
{
    redis_command(c, 6,
                  (const char *const[]){"XGROUP", "CREATE", key, REDIS_GROUP,
                                        "0", "MKSTREAM"});
}

enum status redis_group_heard(struct redis_connection *c, struct error *err)
{
    REDIS_REPLY reply = NULL;
    enum status const st = redis_next(c, &reply, err);

    if (st == STATUS_OK && reply->type == REDIS_REPLY_ERROR &&
        !redis_is_error(reply, "BUSYGROUP"))
        return redis_fault(c, reply->str, err);
    return st;
}

enum status redis_lane_keep(struct redis_lane *lane, enum priority priority,
                            redisReply *entry, struct error *err)
{
    struct redis_kept *kept = malloc(sizeof(*kept));

    if (!kept) {
        freeReplyObject(entry); /* its lease will end */
        return redis_no_memory(err);
    }
    *kept = (struct redis_kept){.entry = entry};
    struct redis_kept **at = &lane->kept[priority];
    while (*at)
        at = &(*at)->next;
    *at = kept;
    lane->kept_count[priority]++;
    return STATUS_OK;
}

void redis_lane_drop(struct redis_lane *lane, enum priority priority,
                     struct redis_kept **at)
{
    struct redis_kept *kept = *at;

    *at = kept->next;
    lane->kept_count[priority]--;
    freeReplyObject(kept->entry);
    free(kept);
}

enum status redis_lanes_make_groups(struct redis_leasing *l, bool *has_made,
                                    struct error *err)
{
    for (size_t i = 0; i < l->lane_count; i++) {
        struct redis_lane *lane = l->p->chosen[i];
        for (int k = 0; k < PRIORITIES; k++) {
            if (!lane->lacks_group[k])
                continue;
            redis_group_begin(&l->p->main, lane->keys[k]);
            enum status const st = redis_group_heard(&l->p->main, err);
            if (st != STATUS_OK)
                return st;
            lane->lacks_group[k] = false;
            lane->has_group[k] = true;
            *has_made = true;
        }
    }
    return STATUS_OK;
}

/* Left to the read to find out, a lower priority would be taken in place of one
 * that has no group yet. A full server refuses even for a group that exists,
 * and must be emptied all the same: then the read finds out. */
enum status redis_lanes_meet_groups(struct redis_leasing *l, struct error *err)
{
    bool ignored = false;

    for (size_t i = 0; i < l->lane_count; i++) {
        struct redis_lane *lane = l->p->chosen[i];
        for (int k = 0; k < PRIORITIES; k++)
            lane->lacks_group[k] = lane->ready[k] > 0 && !lane->has_group[k];
    }
    enum status const st = redis_lanes_make_groups(l, &ignored, err);
    if (st != STATUS_FULL)
        return st;
    for (size_t i = 0; i < l->lane_count; i++)
        for (int k = 0; k < PRIORITIES; k++)
            l->p->chosen[i]->lacks_group[k] = false;
    return STATUS_OK;
}
