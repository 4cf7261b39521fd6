/*
 * task_id.h - ids: ULIDs that also tell which queue they were made for.
 *
 * A ULID (github.com/ulid/spec) is 48 bits of Unix time in ms and 80 random
 * bits, written as 26 characters of Crockford's base32, which sort by time.
 * In an id made here the last 16 bits are a hash of the queue's name and the
 * 112 bits before them, so that whoever looks for an id need only ask the
 * queues that match (one in 65,536 others does by chance).
 */
#ifndef DOMAIN_TASK_ID_H
#define DOMAIN_TASK_ID_H

#include <stdint.h>

#include "domain/bytes.h"

#define TASK_ID_LEN 26
#define TASK_ID_BYTES 16

struct task_id {
    char text[TASK_ID_LEN + 1]; /* upper case; "" where there is none */
};

/* Makes ids that grow strictly within one source, also when the clock stands
 * or steps back. Zeroed is fresh. One thread at a time. */
struct task_id_source {
    int64_t last_ms;
    uint64_t last_random; /* the 64 random bits */
};

/* The next id for queue at now_ms from 64 random bits. */
struct task_id task_id_next(struct task_id_source *source, int64_t now_ms,
                            uint64_t random, struct bytes queue);

/* Reads text of either case into *out; false if it is no ULID (26 characters
 * of the alphabet, the first at most '7'). */
bool task_id_parse(struct bytes text, struct task_id *out);

/* The time in a valid id, in ms. */
int64_t task_id_time_ms(const struct task_id *id);

/* Whether id could have been made here for queue. */
bool task_id_matches(const struct task_id *id, struct bytes queue);

/* The same 128 bits, most significant first; from any 16 bytes back. */
void task_id_pack(const struct task_id *id, uint8_t out[TASK_ID_BYTES]);
struct task_id task_id_unpack(const uint8_t bytes[TASK_ID_BYTES]);

#endif
