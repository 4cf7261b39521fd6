#include "adapters/redis/redis_keys.h"

#include "domain/text.h"

static const char *const stream_names[REDIS_STREAMS] = {
    [REDIS_HIGH] = "high",
    [REDIS_NORMAL] = "normal",
    [REDIS_LOW] = "low",
    [REDIS_TAKEN] = "taken",
};

static const char *const suffixes[REDIS_QUEUE_KEYS] = {
    [REDIS_KEY_HIGH] = "ready:high",     [REDIS_KEY_NORMAL] = "ready:normal",
    [REDIS_KEY_LOW] = "ready:low",       [REDIS_KEY_TAKEN] = "taken",
    [REDIS_KEY_SCHEDULED] = "scheduled", [REDIS_KEY_RETRY] = "retry",
    [REDIS_KEY_BODIES] = "bodies",       [REDIS_KEY_DONE] = "done",
    [REDIS_KEY_EXPIRY] = "expiry",       [REDIS_KEY_DEAD] = "dead",
    [REDIS_KEY_DEADINDEX] = "deadindex", [REDIS_KEY_COUNTERS] = "counters",
    [REDIS_KEY_KEYS] = "keys",           [REDIS_KEY_WINDOWS] = "windows",
    [REDIS_KEY_POINTERS] = "pointers",   [REDIS_KEY_WAKE] = "wake",
};

const char *redis_stream_name(enum redis_stream stream)
{
    return stream_names[stream];
}

bool redis_stream_from(struct bytes name, enum redis_stream *out)
{
    for (int i = 0; i < REDIS_STREAMS; i++) {
        if (bytes_is(name, stream_names[i])) {
            *out = (enum redis_stream)i;
            return true;
        }
    }
    return false;
}

void redis_global_key(const char *namespace, const char *suffix,
                      char out[REDIS_KEY_SIZE])
{
    struct text t = text_in(out, REDIS_KEY_SIZE);

    text_add(&t, namespace);
    text_add(&t, ":");
    text_add(&t, suffix);
}

static void add_tag(struct text *t, const char *namespace, struct bytes queue)
{
    text_add(t, "{");
    text_add(t, namespace);
    text_add(t, ":");
    text_add_bytes(t, queue);
    text_add(t, "}:");
}

void redis_queue_key(const char *namespace, struct bytes queue,
                     enum redis_queue_key which, char out[REDIS_KEY_SIZE])
{
    struct text t = text_in(out, REDIS_KEY_SIZE);

    add_tag(&t, namespace, queue);
    text_add(&t, suffixes[which]);
}

void redis_sent_key(const char *namespace, struct bytes queue,
                    const char *producer, size_t slot,
                    char out[REDIS_SENT_KEY_SIZE])
{
    struct text t = text_in(out, REDIS_SENT_KEY_SIZE);

    add_tag(&t, namespace, queue);
    text_add(&t, "sent:");
    text_add(&t, producer);
    text_add(&t, ".");
    text_add_int(&t, (int64_t)slot);
}

void redis_consumer_name(int64_t lease_ms, const char *worker,
                         char out[REDIS_CONSUMER_SIZE])
{
    struct text t = text_in(out, REDIS_CONSUMER_SIZE);

    text_add_int(&t, lease_ms);
    text_add(&t, "/");
    text_add(&t, worker);
}

bool redis_consumer_parse(struct bytes name, int64_t *lease_ms,
                          struct bytes *worker)
{
    const char *slash = name.len ? memchr(name.at, '/', name.len) : NULL;

    if (!slash)
        return false;
    size_t const digits = (size_t)(slash - name.at);
    *worker = (struct bytes){slash + 1, name.len - digits - 1};
    return text_read_int((struct bytes){name.at, digits}, DURATION_MAX_MS,
                         lease_ms);
}

bool redis_lease_is_started(int64_t deliveries)
{
    return deliveries > 0 && deliveries % 2 == 0;
}

int64_t redis_lease_age_ms(int64_t deliveries, int64_t idle_ms)
{
    return deliveries > 0 ? (deliveries - 1) / 2 + idle_ms : idle_ms;
}
