/*
 * produce.c - the calls that add tasks.
 */
#include <stdlib.h>

#include "adapters/system/system_random.h"
#include "cmd/library/client.h"
#include "cmd/library/spec.h"

/* Specs and results as the inner rings have them, for one call. */
struct produce {
    struct task_spec *specs;
    struct enqueued *results;
};

static void produce_release(struct produce *p)
{
    free(p->specs);
    free(p->results);
}

static enum status produce_open(struct produce *p, size_t n, struct error *err)
{
    p->specs = calloc(n, sizeof(*p->specs));
    p->results = calloc(n, sizeof(*p->results));
    if (p->specs && p->results)
        return STATUS_OK;
    produce_release(p);
    return error_set(err, STATUS_NO_MEMORY, NULL, "no memory for the tasks");
}

/* Opens what is needed to send, once. */
static enum status need_sender(struct mr_client *client, struct error *err)
{
    enum status st = STATUS_OK;

    pthread_mutex_lock(&client->sender_lock);
    if (!client->random.ops)
        st = system_random_open(&client->random, err);
    if (st == STATUS_OK && !client->queue.ops)
        st = home_open_queue(client->home, &client->queue, err);
    if (st == STATUS_OK && !client->has_sender) {
        struct enqueuer const enqueuer = {.queue = client->queue,
                                          .clock = client->home->place.clock,
                                          .random = client->random};
        st = sender_init(&client->sender, &enqueuer, err);
        client->sender.is_hasty = client->is_hasty;
        client->has_sender = st == STATUS_OK;
    }
    pthread_mutex_unlock(&client->sender_lock);
    return st;
}

static enum status read_all(const struct mr_task_spec *specs, size_t n,
                            struct task_spec *out, size_t *culprit,
                            struct error *err)
{
    for (size_t i = 0; i < n; i++) {
        enum status const st = spec_read(&specs[i], &out[i], err);
        if (st < 0) {
            *culprit = i;
            return st;
        }
    }
    return STATUS_OK;
}

static enum status send_all(struct mr_client *client, const struct produce *p,
                            size_t n, struct error *err)
{
    enum status st = need_sender(client, err);

    for (size_t at = 0; st == STATUS_OK && at < n; at += BATCH_MAX) {
        struct sending sending = {
            .specs = p->specs + at,
            .n = n - at < BATCH_MAX ? n - at : BATCH_MAX,
            .results = p->results + at,
            .err = err,
        };
        st = sender_send(&client->sender, &sending);
    }
    return st;
}

/* Between enter and leave. */
static enum status add_tasks(struct mr_client *client,
                             const struct mr_task_spec *specs, size_t n,
                             struct mr_enqueued *results, size_t *culprit,
                             struct error *err)
{
    struct produce p = {0};
    enum status st = produce_open(&p, n, err);

    if (st < 0)
        return st;
    st = read_all(specs, n, p.specs, culprit, err);
    if (st == STATUS_OK) {
        st = send_all(client, &p, n, err);
        for (size_t i = 0; results && i < n; i++)
            enqueued_write(&p.results[i], &results[i]);
    }
    produce_release(&p);
    return st;
}

enum mr_code mr_enqueue_many(struct mr_client *client,
                             const struct mr_task_spec *specs, size_t n,
                             struct mr_enqueued *results, size_t *culprit,
                             struct mr_error *err)
{
    struct error why;
    size_t ignored;
    enum mr_code const code = client_enter(client, err);

    if (code != MR_OK)
        return code;
    if (!specs && n > 0) {
        client_leave(client);
        return refuse(err, MR_MISUSE, "specs", "specs is NULL");
    }
    enum status const st = n > 0 ? add_tasks(client, specs, n, results,
                                             culprit ? culprit : &ignored, &why)
                                 : STATUS_OK;
    client_leave(client);
    return failure(err, st, &why);
}

enum mr_code mr_enqueue(struct mr_client *client,
                        const struct mr_task_spec *spec,
                        struct mr_enqueued *out, struct mr_error *err)
{
    if (!spec)
        return refuse(err, MR_MISUSE, "spec", "spec is NULL");
    return mr_enqueue_many(client, spec, 1, out, NULL, err);
}

enum mr_code mr_task_spec_check(const struct mr_task_spec *spec,
                                struct mr_error *err)
{
    struct task_spec ignored;
    struct error why;

    if (!spec)
        return refuse(err, MR_MISUSE, "spec", "spec is NULL");
    return failure(err, spec_read(spec, &ignored, &why), &why);
}
