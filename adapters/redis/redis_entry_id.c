#include "adapters/redis/redis_entry_id.h"

#include "adapters/redis/redis_keys.h"
#include "domain/text.h"

#define FENCING_SEQ_BITS 20

bool redis_entry_id_parse(struct bytes text, struct redis_entry_id *out)
{
    const char *dash = text.len ? memchr(text.at, '-', text.len) : NULL;
    int64_t ms, seq;

    if (!dash)
        return false;
    size_t const len = (size_t)(dash - text.at);
    struct bytes const tail = {dash + 1, text.len - len - 1};
    if (!text_read_int((struct bytes){text.at, len}, INT64_MAX, &ms) ||
        !text_read_int(tail, INT64_MAX, &seq))
        return false;
    *out = (struct redis_entry_id){(uint64_t)ms, (uint64_t)seq};
    return true;
}

void redis_entry_id_format(struct redis_entry_id id,
                           char out[REDIS_ENTRY_ID_SIZE])
{
    struct text t = text_in(out, REDIS_ENTRY_ID_SIZE);

    text_add_int(&t, (int64_t)id.ms);
    text_add(&t, "-");
    text_add_int(&t, (int64_t)id.seq);
}

uint64_t redis_entry_id_fencing(struct redis_entry_id id)
{
    return (id.ms << FENCING_SEQ_BITS) + id.seq;
}

bool redis_entry_is_near(struct redis_entry_id entry, const struct task_id *id)
{
    int64_t const off = (int64_t)entry.ms - task_id_time_ms(id);

    return off >= -REDIS_NEAR_MS && off <= REDIS_NEAR_MS;
}
