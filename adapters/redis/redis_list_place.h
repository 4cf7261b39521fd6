/*
 * redis_list_place.h - where a list stands, and the cursor that says so.
 *
 * Tasks of one state are in order by a time, then by a number (the second half
 * of an entry's id) or by their id, then by queue and stream. The place is
 * that of the task looked at last; a list goes on behind it, whether or not
 * that task is still there.
 */
#ifndef ADAPTERS_REDIS_LIST_PLACE_H
#define ADAPTERS_REDIS_LIST_PLACE_H

#include "adapters/redis/redis_sighting.h"

struct redis_place {
    enum task_state state;
    bool is_start; /* before all of that state; the rest is not set */
    struct redis_entry_id entry; /* its ms alone where tasks wait by a time */
    struct task_id id;           /* "" where they stand in a stream */
    enum redis_stream stream;
    char queue[QUEUE_NAME_MAX + 1];
};

/* Reads a cursor; false if it is none. */
bool redis_place_parse(const struct cursor *cursor, struct redis_place *out);

struct cursor redis_place_cursor(const struct redis_place *place);

/* Where a task stands. */
struct redis_place redis_place_of(const struct redis_sighting *seen);

/* < 0, 0, > 0: by time, number and id. */
int redis_place_compare(const struct redis_place *a,
                        const struct redis_place *b);

/* < 0, 0, > 0: by queue and stream. */
int redis_place_compare_lane(const struct redis_place *a, struct bytes queue,
                             enum redis_stream stream);

#endif
