/*
 * Strays that came with the answers to a lease or a reap: their lanes remember
 * them until all those answers are read, since a move is a question of its own.
 */
#include <stdlib.h>

#include "adapters/redis/redis_port.h"
#include "adapters/redis/redis_stray.h"

enum status redis_stray_keep(struct redis_lane *lane, enum redis_stream stream,
                             redisReply *entry, struct error *err)
{
    struct redis_kept *kept = malloc(sizeof(*kept));

    if (!kept) {
        freeReplyObject(entry); /* its lease will end */
        return redis_no_memory(err);
    }
    *kept = (struct redis_kept){lane->strays[stream], entry};
    lane->strays[stream] = kept;
    return STATUS_OK;
}

void redis_stray_drop(struct redis_lane *lane, enum redis_stream stream)
{
    struct redis_kept *kept = lane->strays[stream];

    lane->strays[stream] = kept->next;
    freeReplyObject(kept->entry);
    free(kept);
}

/* Moves the first of them; that somebody else has done so is as good. */
static enum status move_first(struct redis_port *p, struct redis_lane *lane,
                              enum redis_stream stream, int64_t now_ms,
                              struct error *err)
{
    const redisReply *entry = lane->strays[stream]->entry;
    struct redis_stray const stray = {
        .queue = bytes_of(lane->name),
        .from = bytes_of(redis_stream_name(stream)),
        .place = {entry->element[0]->str, entry->element[0]->len},
        .fields = entry->element[1],
    };
    enum status const st = redis_stray_move(&p->main, &stray, now_ms, err);

    if (st < 0)
        return st;
    redis_stray_drop(lane, stream);
    return STATUS_OK;
}

enum status redis_strays_move(struct redis_port *p, struct redis_lane *lane,
                              int64_t now_ms, size_t *moved, struct error *err)
{
    for (int k = 0; k < REDIS_STREAMS; k++) {
        while (lane->strays[k]) {
            enum status const st =
                move_first(p, lane, (enum redis_stream)k, now_ms, err);
            if (st != STATUS_OK)
                return st;
            ++*moved;
        }
    }
    return STATUS_OK;
}

enum status redis_strays_move_all(struct redis_port *p, int64_t now_ms,
                                  size_t *moved, struct error *err)
{
    enum status st = STATUS_OK;

    for (size_t i = 0; i < p->lane_count && st == STATUS_OK; i++)
        st = redis_strays_move(p, p->lanes[i], now_ms, moved, err);
    return st;
}
