/*
 * redis_token.h - lease tokens: which entry of which stream is leased.
 *
 * QUEUE:STREAM:MS-SEQ:ID, with ":p" behind it where the entry has a pointer.
 * The entry is the fence: every lease of a task is an entry of its own. ID is
 * the task's, so that a token is good for no other task.
 */
#ifndef ADAPTERS_REDIS_TOKEN_H
#define ADAPTERS_REDIS_TOKEN_H

#include "adapters/redis/redis_task.h"
#include "usecase/queue_port.h"

struct redis_token {
    struct bytes queue; /* in the text it was read from */
    enum redis_stream stream;
    struct redis_entry_id entry;
    struct task_id id;
    bool has_pointer;
};

_Static_assert(LEASE_TOKEN_SIZE >=
                   QUEUE_NAME_MAX + 8 + REDIS_ENTRY_ID_SIZE + TASK_ID_LEN + 2,
               "a token has room for its longest parts");

void redis_token_write(const struct redis_token *token,
                       struct lease_token *out);

/* False: it is none of ours, or not for the task with that id. */
bool redis_token_read(const struct lease_token *text, const struct task_id *id,
                      struct redis_token *out);

/* Makes a lease of a delivered entry whose bytes are those of stored. */
void redis_lease_name(const struct redis_task *stored, enum redis_stream stream,
                      struct redis_entry_id entry, struct lease *out);

/* Makes a lease that runs until until_ms of a delivered entry, copying into
 * mem; false when that is full. */
bool redis_lease_make(const struct redis_task *stored, enum redis_stream stream,
                      struct redis_entry_id entry, int64_t until_ms,
                      struct arena *mem, struct lease *out);

#endif
