/*
 * threads_contract.c - what queue_port.h promises about ports side by side.
 */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "tests/contract/fixture.h"

enum { DRAINERS = 4, DRAINED = 2000 };

struct drainer {
    pthread_t thread;
    struct queue_port queue;
    struct lease_request req;
    struct task_id ids[DRAINED];
    size_t count;
    bool has_failed;
};

/* Asserts nothing itself: Criterion wants that from the test's own thread. */
static void *drain(void *self)
{
    static _Thread_local struct lease leases[7];
    struct drainer *d = self;
    char room[8192];
    struct error err;
    size_t count;
    enum status st = STATUS_OK;

    while (st == STATUS_OK) {
        struct arena mem = {.base = room, .size = sizeof(room)};
        st = queue_lease(d->queue, &d->req, &mem, leases, &count, &err);
        for (size_t i = 0; st == STATUS_OK && i < count; i++)
            d->ids[d->count++] = leases[i].task.id;
    }
    d->has_failed = st != STATUS_EMPTY;
    return NULL;
}

static int compare_ids(const void *a, const void *b)
{
    return strcmp(a, b);
}

CONTRACT(lease, ports_on_several_threads_never_get_the_same_task)
{
    static struct task_id ids[DRAINED];
    static struct task_id got[DRAINED];
    static struct drainer drainers[DRAINERS];
    size_t total = 0;
    given_tasks(f, "a", DRAINED, ids);
    struct lease_request req = a_request(f, "a");
    req.max = 7;

    for (size_t i = 0; i < DRAINERS; i++) {
        drainers[i].queue = another_queue(f);
        drainers[i].req = req;
        pthread_create(&drainers[i].thread, NULL, drain, &drainers[i]);
    }
    for (size_t i = 0; i < DRAINERS; i++) {
        struct drainer *d = &drainers[i];
        pthread_join(d->thread, NULL);
        queue_close(d->queue);
        THEN(not(d->has_failed));
        THEN(total + d->count <= DRAINED);
        memcpy(got + total, d->ids, d->count * sizeof(d->ids[0]));
        total += d->count;
    }

    THEN(eq(sz, total, DRAINED));
    qsort(got, DRAINED, sizeof(got[0]), compare_ids);
    qsort(ids, DRAINED, sizeof(ids[0]), compare_ids);
    THEN(eq(int, memcmp(got, ids, sizeof(ids)), 0));
}
