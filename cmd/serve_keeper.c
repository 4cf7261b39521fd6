#include "cmd/serve_keeper.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "adapters/system/system_wake.h"
#include "adapters/threads/thread_executor.h"
#include "usecase/consume.h"

#define NAME "serve"
#define LOOK_EVERY_MS 100 /* nobody tells of what others have scheduled */

/* How long it has to settle what it has taken back; a quarter of it is how
 * often it looks for more. */
#define LEASE_MS 4000

struct keeper {
    struct keeper_ports ports;
    struct executor_port executor;
    struct wake wake;
    char *room;
    struct consumer consumer;
    pthread_t thread;
    bool is_running;
    atomic_bool is_ending;
};

static void *run(void *self)
{
    struct keeper *k = self;

    while (!atomic_load(&k->is_ending)) {
        system_wake_drain(k->wake);
        consumer_step(&k->consumer,
                      clock_now_ms(k->ports.clock) + LOOK_EVERY_MS);
    }
    return NULL;
}

static enum status set_up(struct keeper *k, struct error *err)
{
    struct thread_executor_config const executor = {
        .clock = k->ports.clock,
        .wake = k->wake,
        .concurrency = 1,
        .capacity = consumer_capacity(1),
    };
    struct consumer_config const config = {.plan = {.kind = PLAN_EVERY},
                                           .worker = NAME,
                                           .concurrency = 1,
                                           .lease_ms = LEASE_MS,
                                           .wake = k->wake};
    struct arena room = {.size = consumer_room_bytes(1)};

    k->room = malloc(room.size);
    if (!k->room)
        return error_set(err, STATUS_NO_MEMORY, NULL, "no memory for tasks");
    room.base = k->room;
    enum status const st = thread_executor_open(&executor, &k->executor, err);
    if (st < 0)
        return st;
    struct consumer_ports const ports = {.queue = k->ports.queue,
                                         .executor = k->executor,
                                         .clock = k->ports.clock,
                                         .random = k->ports.random,
                                         .metrics = k->ports.metrics};
    consumer_init(&k->consumer, &config, ports, &room);
    consumer_set_quiet(&k->consumer, true);
    return STATUS_OK;
}

/* Signals are the main thread's. */
static enum status start(struct keeper *k, struct error *err)
{
    sigset_t all;
    sigset_t before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    k->is_running = pthread_create(&k->thread, NULL, run, k) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return k->is_running ? STATUS_OK
                         : error_set(err, STATUS_UNAVAILABLE, NULL,
                                     "can't start a thread");
}

enum status keeper_open(const struct keeper_ports *ports, struct keeper **out,
                        struct error *err)
{
    struct keeper *k = calloc(1, sizeof(*k));

    if (!k)
        return error_set(err, STATUS_NO_MEMORY, NULL, "no memory");
    k->ports = *ports;
    k->wake = WAKE_NEVER;
    enum status st = system_wake_open(&k->wake, err);
    if (st == STATUS_OK)
        st = set_up(k, err);
    if (st == STATUS_OK)
        st = start(k, err);
    if (st < 0) {
        keeper_close(k);
        return st;
    }
    *out = k;
    return STATUS_OK;
}

void keeper_kick(struct keeper *k)
{
    system_wake_signal(k->wake);
}

void keeper_close(struct keeper *k)
{
    if (!k)
        return;
    atomic_store(&k->is_ending, true);
    if (k->is_running) {
        system_wake_signal(k->wake);
        pthread_join(k->thread, NULL);
    }
    if (k->executor.ops)
        executor_close(k->executor);
    system_wake_close(&k->wake);
    free(k->room);
    free(k);
}
