/*
 * sqlite_key.h - who holds an idempotency key.
 */
#ifndef ADAPTERS_SQLITE_KEY_H
#define ADAPTERS_SQLITE_KEY_H

#include "adapters/sqlite/sqlite_ledger.h"

/* An id as it is stored. The number that a task stands at is made from it: 42
 * bits of its time, and the lowest 21 of its random bits, which count up where
 * ids are made, so that tasks lie in the file as they came. */
struct packed_id {
    uint8_t at[TASK_ID_BYTES];
};

static inline struct packed_id packed_id_of(const struct task_id *id)
{
    struct packed_id packed;

    task_id_pack(id, packed.at);
    return packed;
}

static inline struct bytes packed_id_bytes(const struct packed_id *id)
{
    return (struct bytes){(const char *)id->at, sizeof(id->at)};
}

static inline int64_t packed_id_number(const struct packed_id *id)
{
    uint64_t time = 0, random = 0;

    for (int i = 0; i < 6; i++)
        time = time << 8 | id->at[i];
    for (int i = 11; i < 14; i++)
        random = random << 8 | id->at[i];
    return (int64_t)((time & ((UINT64_C(1) << 42) - 1)) << 21 |
                     (random & ((1U << 21) - 1)));
}

/* Whether a task of this id is found where it stands: at number. */
static inline bool packed_id_leads_to(const struct packed_id *id,
                                      int64_t number)
{
    return number < 0 || number == packed_id_number(id);
}

/* Who holds key in queue_id at now_ms. Answers STATUS_NOT_FOUND. */
MUST_USE enum status key_holder(struct ledger *l, int64_t queue_id,
                                struct bytes key, int64_t now_ms,
                                struct task_id *out, struct error *err);

/* Gives task, which stands at number, its key, which nobody holds; fine if it
 * has none. */
MUST_USE enum status key_take(struct ledger *l, int64_t queue_id,
                              int64_t number, const struct task *task,
                              struct error *err);

/* Frees the key of a task that is done, dead or removed, unless it is held
 * for a time of its own. */
MUST_USE enum status key_free(struct ledger *l, int64_t queue_id,
                              const struct task *task, struct error *err);

#endif
