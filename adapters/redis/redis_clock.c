/*
 * The monotonic clock plus an offset, measured when the clock is opened and
 * about every minute that it is used. Whoever finds it old measures, while the
 * others go on with what there is; a server that does not answer leaves the
 * offset as it was.
 */
#include "adapters/redis/redis_clock.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "adapters/redis/redis_connection.h"

#define MEASURE_EVERY_MS 60000

struct redis_clock {
    struct redis_connection connection; /* behind the lock */
    pthread_mutex_t lock;
    _Atomic int64_t offset_ms;
    _Atomic int64_t measured_mono_ms;
};

static int64_t microseconds(const redisReply *time)
{
    return strtoll(time->element[0]->str, NULL, 10) * 1000000 +
           strtoll(time->element[1]->str, NULL, 10);
}

/* Half the way there and back is taken to be one way. */
static enum status measure(struct redis_clock *clock, struct error *err)
{
    struct redis_connection *c = &clock->connection;
    REDIS_REPLY reply = NULL;
    enum status st = redis_ready(c, err);

    if (st != STATUS_OK)
        return st;
    int64_t const before = redis_mono_ms();
    redis_command(c, 1, (const char *const[]){"TIME"});
    st = redis_next_good(c, &reply, err);
    if (st != STATUS_OK)
        return st;
    if (reply->type != REDIS_REPLY_ARRAY || reply->elements != 2)
        return redis_fault(c, "ERR TIME answers nonsense", err);
    int64_t const after = redis_mono_ms();
    int64_t const middle = before + (after - before) / 2;
    atomic_store(&clock->offset_ms, microseconds(reply) / 1000 - middle);
    return STATUS_OK;
}

static int64_t redis_clock_now(void *self)
{
    struct redis_clock *clock = self;
    int64_t const mono = redis_mono_ms();
    struct error ignored;

    if (mono - atomic_load(&clock->measured_mono_ms) >= MEASURE_EVERY_MS &&
        pthread_mutex_trylock(&clock->lock) == 0) {
        atomic_store(&clock->measured_mono_ms, mono);
        if (measure(clock, &ignored) != STATUS_OK)
            redis_disconnect(&clock->connection); /* next minute, then */
        pthread_mutex_unlock(&clock->lock);
    }
    return redis_mono_ms() + atomic_load(&clock->offset_ms);
}

static void redis_clock_close(void *self)
{
    struct redis_clock *clock = self;

    redis_connection_release(&clock->connection);
    pthread_mutex_destroy(&clock->lock);
    free(clock);
}

static const struct clock_ops redis_clock_ops = {
    .name = "redis",
    .now_ms = redis_clock_now,
    .close = redis_clock_close,
};

enum status redis_clock_open(const struct backend_url *url,
                             struct clock_port *out, struct error *err)
{
    struct redis_clock *clock = calloc(1, sizeof(*clock));
    if (!clock || pthread_mutex_init(&clock->lock, NULL) != 0) {
        free(clock);
        return error_set(err, STATUS_NO_MEMORY, NULL, "redis: no memory");
    }

    redis_connection_init(&clock->connection, url);
    enum status const st = measure(clock, err);
    if (st != STATUS_OK) {
        redis_clock_close(clock);
        return st;
    }
    atomic_store(&clock->measured_mono_ms, redis_mono_ms());
    *out = (struct clock_port){&redis_clock_ops, clock};
    return STATUS_OK;
}
