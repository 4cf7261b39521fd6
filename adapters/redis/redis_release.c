/*
 * Release: what was fetched and never handed out goes back, unrun, as a task
 * whose lease is settled by its worker.
 */
#include "adapters/redis/redis_port.h"
#include "adapters/redis/redis_token.h"

/* The first that is kept of a priority. */
static enum status release_first(struct redis_port *p, struct redis_lane *lane,
                                 enum priority k, int64_t now_ms,
                                 struct error *err)
{
    struct redis_kept *kept = lane->kept[k];
    enum redis_stream const stream = (enum redis_stream)k;
    struct redis_entry_id entry;
    struct redis_task stored;
    struct lease lease;
    enum status result;
    enum status st = redis_task_read_entry(kept->entry, bytes_of(lane->name),
                                           stream, &entry, &stored, err);

    if (st == STATUS_CORRUPT) { /* nothing to give back: its lease ends */
        redis_lane_drop(lane, k, &lane->kept[k]);
        return STATUS_OK;
    }
    redis_lease_name(&stored, stream, entry, &lease);
    struct settlement const item = {
        .lease = &lease,
        .verdict = {.action = VERDICT_RELEASE,
                    .attempt = stored.task.attempt,
                    .crashes = stored.task.crashes},
    };
    st = redis_settle(p, now_ms, &item, 1, &result, err);
    if (st == STATUS_OK)
        redis_lane_drop(lane, k, &lane->kept[k]);
    return st;
}

enum status redis_release_kept(struct redis_port *p, struct redis_lane *lane,
                               int64_t now_ms, struct error *err)
{
    for (int k = 0; k < PRIORITIES; k++) {
        while (lane->kept[k]) {
            enum status const st =
                release_first(p, lane, (enum priority)k, now_ms, err);
            if (st != STATUS_OK)
                return st;
        }
    }
    return STATUS_OK;
}
