/*
 * library_race.c - one client in many threads, with a worker at work on what
 * they add, somebody who looks on, and one who closes it under their feet.
 */
#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "cmd/library/millrace.h"

enum { PRODUCERS = 4, EACH = 300, TASKS = PRODUCERS * EACH };

static struct mr_client *client;
static struct mr_worker *worker;
static atomic_int handled;
static atomic_int events;
static atomic_bool is_over;

static void must(enum mr_code code)
{
    if (code != MR_OK)
        abort();
}

static void *produce(void *self)
{
    struct mr_task_spec const spec = {.type = "a", .payload = "1"};
    struct mr_enqueued added;
    (void)self;

    for (int i = 0; i < EACH; i++) {
        must(mr_enqueue(client, &spec, &added, NULL));
        assert(!added.is_duplicate);
    }
    return NULL;
}

static void *look_on(void *self)
{
    struct mr_queues *queues;
    struct mr_page *page;
    (void)self;

    while (!atomic_load(&is_over)) {
        must(mr_stats(client, &queues, NULL));
        mr_queues_free(queues);
        must(mr_list(client, NULL, NULL, 100, &page, NULL));
        mr_page_free(page);
        mr_worker_set_quiet(worker, true);
        mr_worker_set_quiet(worker, false);
    }
    return NULL;
}

static enum mr_outcome handle(struct mr_task *task, void *context)
{
    (void)context;
    mr_task_progress(task, "here", NULL);
    if (mr_task_cancelled(task))
        return mr_task_retry(task, "cancelled");
    if (atomic_fetch_add(&handled, 1) + 1 == TASKS) {
        atomic_store(&is_over, true);
        mr_worker_stop(worker);
    }
    return mr_task_done(task, NULL);
}

static void observe(const struct mr_event *event, void *context)
{
    (void)context;
    atomic_fetch_add(&events, event->kind == MR_EVENT_PROGRESS);
}

static void *use_until_closed(void *self)
{
    struct mr_task_spec const spec = {.type = "a"};
    struct mr_queues *queues;
    enum mr_code code = MR_OK;
    (void)self;

    while (code == MR_OK) {
        code = mr_enqueue(client, &spec, NULL, NULL);
        if (code == MR_OK && (code = mr_stats(client, &queues, NULL)) == MR_OK)
            mr_queues_free(queues);
    }
    assert(code == MR_CLOSED);
    return NULL;
}

static void start(pthread_t *threads, size_t n, void *(*run)(void *))
{
    for (size_t i = 0; i < n; i++)
        if (pthread_create(&threads[i], NULL, run, NULL) != 0)
            abort();
}

static void join(const pthread_t *threads, size_t n)
{
    for (size_t i = 0; i < n; i++)
        pthread_join(threads[i], NULL);
}

int main(void)
{
    struct mr_worker_config const config = {.concurrency = 4,
                                            .observe = observe};
    pthread_t producers[PRODUCERS], watcher, users[PRODUCERS];

    must(mr_client_open(getenv("RACE_URL"), &client, NULL));
    must(mr_worker_new(client, &config, &worker, NULL));
    must(mr_worker_handle(worker, "a", handle, NULL, NULL));
    start(producers, PRODUCERS, produce);
    start(&watcher, 1, look_on);
    must(mr_worker_run(worker, NULL));
    join(producers, PRODUCERS);
    join(&watcher, 1);
    assert(atomic_load(&handled) >= TASKS);
    assert(atomic_load(&events) >= TASKS);
    mr_worker_free(worker);

    start(users, PRODUCERS, use_until_closed);
    mr_client_close(client);
    join(users, PRODUCERS);
    mr_client_free(client);
    return 0;
}
