#include "cmd/bench/bench_producers.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <time.h>

#include "adapters/system/system_wake.h"
#include "domain/text.h"
#include "usecase/enqueue.h"

#define SECOND_NS INT64_C(1000000000)

/* The batches of one producer. Only numbers and times change between two. */
struct pouring {
    const struct bench_load *load;
    struct enqueuer *enqueuer;
    struct task_spec *specs;  /* [load->batch] */
    struct new_task *room;    /* [load->batch] */
    struct enqueued *results; /* [load->batch] */
    char *payloads;           /* [load->batch][payload + 1] */
    size_t payload;
};

static bool pouring_open(struct pouring *p, const struct bench_producer *of,
                         struct enqueuer *enqueuer)
{
    const struct bench_load *load = &of->all->load;
    size_t const batch = (size_t)load->batch;

    *p = (struct pouring){.load = load,
                          .enqueuer = enqueuer,
                          .payload = (size_t)of->all->payload};
    p->specs = calloc(batch, sizeof(*p->specs));
    p->room = calloc(batch, sizeof(*p->room));
    p->results = calloc(batch, sizeof(*p->results));
    p->payloads = malloc(batch * (p->payload + 1));
    if (!p->specs || !p->room || !p->results || !p->payloads)
        return false;

    memset(p->payloads, 'x', batch * (p->payload + 1));
    for (size_t i = 0; i < batch; i++) {
        char *payload = p->payloads + i * (p->payload + 1);
        payload[0] = payload[p->payload - 1] = '"';
        p->specs[i].task = task_default();
        p->specs[i].task.queue = bytes_of(load->queue);
        p->specs[i].task.type = BYTES(BENCH_TYPE);
        p->specs[i].task.payload = (struct bytes){payload, p->payload};
    }
    return true;
}

static void pouring_close(struct pouring *p)
{
    free(p->specs);
    free(p->room);
    free(p->results);
    free(p->payloads);
}

/* Writes the number behind the opening quote. */
static void write_number(char *payload, int64_t number)
{
    for (size_t at = BENCH_PAYLOAD_MIN - 2; at > 0; at--) {
        payload[at] = (char)('0' + number % 10);
        number /= 10;
    }
}

static enum status pour(struct pouring *p, int64_t first, size_t n,
                        struct error *err)
{
    const struct bench_load *load = p->load;

    for (size_t i = 0; i < n; i++) {
        int64_t const number = first + (int64_t)i;
        write_number(p->payloads + i * (p->payload + 1), number);
        if (load->due_at_ms > 0)
            p->specs[i].task.run_at_ms =
                load->due_at_ms + number * load->apart_ms;
        if (load->sent_ns)
            load->sent_ns[number] = bench_now_ns();
    }
    enum status const st =
        enqueue(p->enqueuer, p->specs, n, p->room, p->results, NULL, err);
    int64_t const now_ns = load->kept_ns ? bench_now_ns() : 0;
    for (size_t i = 0; i < n && load->kept_ns; i++)
        load->kept_ns[first + (int64_t)i] = now_ns;
    return st;
}

static void sleep_until(int64_t at_ns)
{
    struct timespec const at = {at_ns / SECOND_NS, at_ns % SECOND_NS};

    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR)
        ;
}

static enum status pour_all(struct bench_producer *producer, struct pouring *p,
                            struct error *err)
{
    struct bench_producers *all = producer->all;
    const struct bench_load *load = p->load;
    int64_t next_ns = bench_now_ns();
    enum status st = STATUS_OK;

    for (int64_t at = producer->first;
         at < producer->end && st == STATUS_OK &&
         !atomic_load_explicit(&all->is_stopping, memory_order_relaxed);
         at += load->batch) {
        int64_t const left = producer->end - at;
        int64_t const n = left < load->batch ? left : load->batch;
        if (load->every_ns > 0)
            sleep_until(next_ns);
        next_ns += load->every_ns;
        st = pour(p, at, (size_t)n, err);
        atomic_fetch_add_explicit(&all->sent, n, memory_order_relaxed);
    }
    return st;
}

static void wait_for_gate(const struct bench_producers *all)
{
    struct pollfd gate = {.fd = all->gate.fd, .events = POLLIN};

    while (gate.revents == 0)
        poll(&gate, 1, -1);
}

static void *produce(void *argument)
{
    struct bench_producer *producer = argument;
    struct bench_producers *all = producer->all;
    struct enqueuer enqueuer = {.queue = producer->ports.queue,
                                .clock = producer->ports.clock,
                                .random = producer->ports.random};
    struct pouring p;
    struct error err;
    enum status st = STATUS_OK;

    if (!pouring_open(&p, producer, &enqueuer))
        st = error_set(&err, STATUS_NO_MEMORY, NULL,
                       "bench: no memory for a batch");
    wait_for_gate(all);
    if (st == STATUS_OK)
        st = pour_all(producer, &p, &err);
    pouring_close(&p);
    if (st < 0)
        bench_board_fail(all->board, &err);
    if (atomic_fetch_sub(&all->left, 1) == 1)
        atomic_store(&all->end_ns, bench_now_ns());
    system_wake_signal(all->board->news);
    return NULL;
}

static enum status start_one(struct bench_producers *all, int64_t count,
                             struct backend_port backend, struct error *err)
{
    int64_t const index = (int64_t)all->count;
    struct bench_producer *producer = &all->producers[all->count++];

    *producer = (struct bench_producer){
        .all = all,
        .first = all->load.tasks * index / count,
        .end = all->load.tasks * (index + 1) / count,
    };
    enum status const st = bench_ports_open(backend, &producer->ports, err);
    if (st < 0)
        return st;
    int const why = pthread_create(&producer->thread, NULL, produce, producer);
    if (why != 0) {
        struct bytes const parts[] = {BYTES("bench: can't start a producer: "),
                                      bytes_of(strerror(why))};
        return error_join(err, STATUS_NO_MEMORY, NULL, parts, 2);
    }
    producer->is_running = true;
    atomic_fetch_add(&all->left, 1);
    return STATUS_OK;
}

enum status bench_producers_start(struct bench_producers *out,
                                  const struct bench_config *config,
                                  const struct bench_load *load,
                                  struct bench_board *board,
                                  struct backend_port backend,
                                  struct error *err)
{
    *out = (struct bench_producers){
        .load = *load, .board = board, .payload = config->payload};
    enum status st = system_wake_open(&out->gate, err);

    for (int64_t i = 0; i < config->producers && st == STATUS_OK; i++)
        st = start_one(out, config->producers, backend, err);
    return st;
}

void bench_producers_go(struct bench_producers *producers)
{
    system_wake_signal(producers->gate);
}

bool bench_producers_are_done(const struct bench_producers *producers)
{
    return atomic_load(&producers->end_ns) != 0;
}

void bench_producers_stop(struct bench_producers *producers)
{
    if (producers->count == 0)
        return;
    atomic_store(&producers->is_stopping, true);
    system_wake_signal(producers->gate);
    for (size_t i = 0; i < producers->count; i++) {
        struct bench_producer *p = &producers->producers[i];
        if (p->is_running)
            pthread_join(p->thread, NULL);
        bench_ports_close(&p->ports);
    }
    system_wake_close(&producers->gate);
    producers->count = 0;
}
