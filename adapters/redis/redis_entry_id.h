/*
 * redis_entry_id.h - the ids of stream entries.
 */
#ifndef ADAPTERS_REDIS_ENTRY_ID_H
#define ADAPTERS_REDIS_ENTRY_ID_H

#include <stdint.h>

#include "domain/bytes.h"
#include "domain/task_id.h"

/* The id of a stream's entry. */
struct redis_entry_id {
    uint64_t ms;
    uint64_t seq;
};

#define REDIS_ENTRY_ID_SIZE 44 /* "MS-SEQ" and the NUL */

bool redis_entry_id_parse(struct bytes text, struct redis_entry_id *out);
void redis_entry_id_format(struct redis_entry_id id,
                           char out[REDIS_ENTRY_ID_SIZE]);

/* As one number that grows with it. */
uint64_t redis_entry_id_fencing(struct redis_entry_id id);

/* Whether an entry lies near enough to its task's time to be found by it. */
bool redis_entry_is_near(struct redis_entry_id entry, const struct task_id *id);

#endif
