/*
 * backend_test.c - backends of others, whole and broken: around the memory
 * backend, with one operation exchanged.
 */
#include <millrace-backend.h>

#include "adapters/memory/memory_backend.h"
#include "tests/library/workplace.h"

static struct backend_port inner;
static struct backend_ops backend_ops;
static struct queue_ops queue_ops;
static const struct queue_ops *true_ops;
static struct admin_ops admin_ops;
static bool lacks_admin;

/* The ports are those of memory, but for the table. */
static enum status open_queue(void *self, struct queue_port *out,
                              struct error *why)
{
    enum status const st = inner.ops->open_queue(self, out, why);

    out->ops = &queue_ops;
    return st;
}

static enum status open_admin(void *self, struct admin_port *out,
                              struct error *why)
{
    enum status const st = inner.ops->open_admin(self, out, why);

    if (lacks_admin)
        out->ops = &admin_ops;
    return st;
}

static void open_inner(void)
{
    struct backend_url const url = {.namespace = "test"};
    struct queue_port queue;
    struct error why;

    cr_assert(memory_backend_open(&url, &inner, &why) == STATUS_OK);
    cr_assert(inner.ops->open_queue(inner.self, &queue, &why) == STATUS_OK);
    true_ops = queue.ops;
    queue_ops = *true_ops;
    queue_close(queue);
    backend_ops = *inner.ops;
    backend_ops.name = "broken";
    backend_ops.open_queue = open_queue;
    backend_ops.open_admin = open_admin;
}

TestSuite(backend, .init = open_inner, .timeout = 60);

static enum mr_code open_client(void)
{
    struct backend_port const backend = {&backend_ops, inner.self};

    return mr_client_open_backend(&backend, MR_BACKEND_ABI, "broken:", &client,
                                  &err);
}

static enum mr_outcome nothing(struct mr_task *task, void *context)
{
    (void)task;
    (void)context;
    return MR_DONE;
}

Test(backend, a_whole_one_serves_a_client_and_a_worker)
{
    struct mr_worker_config const config = {.is_draining = true};
    struct mr_worker *worker;
    FINE(open_client());
    const char *id = given("a");

    FINE(mr_worker_new(client, &config, &worker, &err));
    FINE(mr_worker_handle(worker, "a", nothing, NULL, &err));
    FINE(mr_worker_run(worker, &err));

    cr_assert(state_of(id) == MR_STATE_DONE);
    cr_assert(eq(str, (char *)mr_client_url(client), "broken:"));
    mr_worker_free(worker);
    mr_client_free(client);
}

Test(backend, what_is_missing_or_of_another_abi_is_refused_and_stays_ones_own)
{
    struct backend_port const none = {NULL, NULL};
    struct backend_port const backend = {&backend_ops, inner.self};

    REFUSED(mr_client_open_backend(NULL, 1, "x", &client, &err), MR_MISUSE);
    REFUSED(mr_client_open_backend(&backend, 1, NULL, &client, &err),
            MR_MISUSE);
    REFUSED(mr_client_open_backend(&backend, 1, "x", NULL, &err), MR_MISUSE);
    REFUSED(mr_client_open_backend(&backend, MR_BACKEND_ABI + 1, "x", &client,
                                   &err),
            MR_ABI_MISMATCH);
    REFUSED(mr_client_open_backend(&none, MR_BACKEND_ABI, "x", &client, &err),
            MR_CONTRACT);
    backend_ops.open_scrub = NULL;
    REFUSED(open_client(), MR_CONTRACT);

    inner.ops->close(inner.self);
}

Test(backend, a_port_that_lacks_an_operation_is_refused_when_it_is_opened)
{
    struct mr_queues *queues;
    struct mr_task_spec const spec = {.type = "a"};
    FINE(open_client());
    queue_ops.extend = NULL;
    lacks_admin = true;

    REFUSED(mr_enqueue(client, &spec, NULL, &err), MR_CONTRACT);
    cr_assert(strstr(err.message, "broken") != NULL);
    REFUSED(mr_stats(client, &queues, &err), MR_CONTRACT);

    mr_client_free(client);
}

static enum status answer_nonsense(void *self, int64_t now_ms,
                                   const struct new_task *tasks, size_t n,
                                   struct enqueued *results, struct error *why)
{
    (void)self;
    (void)now_ms;
    (void)tasks;
    (void)n;
    (void)results;
    (void)why;
    return (enum status)99;
}

static enum status fail_unheard_of(void *self, int64_t now_ms,
                                   const struct new_task *tasks, size_t n,
                                   struct enqueued *results, struct error *why)
{
    (void)answer_nonsense(self, now_ms, tasks, n, results, why);
    why->text[0] = '\0';
    return (enum status) - 99;
}

static enum status give_no_id(void *self, int64_t now_ms,
                              const struct new_task *tasks, size_t n,
                              struct enqueued *results, struct error *why)
{
    enum status const st =
        true_ops->enqueue(self, now_ms, tasks, n, results, why);

    memset(results[0].id.text, 'x', sizeof(results[0].id.text));
    return st;
}

static enum status give_another_id(void *self, int64_t now_ms,
                                   const struct new_task *tasks, size_t n,
                                   struct enqueued *results, struct error *why)
{
    enum status const st =
        true_ops->enqueue(self, now_ms, tasks, n, results, why);

    memcpy(results[0].id.text, "01ARZ3NDEKTSV4RRFFQ69G5FAV", 27);
    return st;
}

static enum status give_no_state(void *self, int64_t now_ms,
                                 const struct new_task *tasks, size_t n,
                                 struct enqueued *results, struct error *why)
{
    enum status const st =
        true_ops->enqueue(self, now_ms, tasks, n, results, why);

    results[0].state = (enum task_state)42;
    return st;
}

Test(backend, an_enqueue_that_breaks_a_promise_is_told)
{
    enum status (*const wrongs[])(void *, int64_t, const struct new_task *,
                                  size_t, struct enqueued *, struct error *) = {
        answer_nonsense, fail_unheard_of, give_no_id, give_another_id,
        give_no_state};
    struct mr_task_spec const spec = {.type = "a"};
    FINE(open_client());

    for (size_t i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++) {
        queue_ops.enqueue = wrongs[i];
        REFUSED(mr_enqueue(client, &spec, NULL, &err), MR_CONTRACT);
        cr_assert(strstr(err.message, "breaks its contract") != NULL,
                  "case %zu: %s", i, err.message);
    }

    mr_client_free(client);
}

/* How a lease is bent before it is handed on. */
static void (*bend)(struct lease *leases, size_t *count);

static enum status lease_bent(void *self, const struct lease_request *req,
                              struct arena *mem, struct lease *leases,
                              size_t *count, struct error *why)
{
    enum status const st = true_ops->lease(self, req, mem, leases, count, why);

    if (st == STATUS_OK)
        bend(leases, count);
    return st;
}

static void give_none(struct lease *leases, size_t *count)
{
    (void)leases;
    *count = 0;
}

static void give_more(struct lease *leases, size_t *count)
{
    (void)leases;
    *count = 5000;
}

static void give_blank_token(struct lease *leases, size_t *count)
{
    (void)count;
    memcpy(leases[0].token.text, "a b", 4);
}

static void give_endless_token(struct lease *leases, size_t *count)
{
    (void)count;
    memset(leases[0].token.text, 'x', sizeof(leases[0].token.text));
}

static void give_no_attempt(struct lease *leases, size_t *count)
{
    (void)count;
    leases[0].task.attempt = 0;
}

static void give_no_type(struct lease *leases, size_t *count)
{
    (void)count;
    leases[0].task.type = (struct bytes){0};
}

static void give_other_queue(struct lease *leases, size_t *count)
{
    (void)count;
    leases[0].task.queue = BYTES("other");
}

static struct mr_worker *worker;
static char told[512];

static void stop_at_failure(const struct mr_event *event, void *context)
{
    (void)context;
    if (event->kind != MR_EVENT_BACKEND_FAILED)
        return;
    strncpy(told, event->text, sizeof(told) - 1);
    mr_worker_stop(worker);
    mr_worker_stop(worker);
}

Test(backend, a_lease_that_breaks_a_promise_is_told_and_nothing_runs)
{
    void (*const bends[])(struct lease *, size_t *) = {
        give_none,       give_more,    give_blank_token, give_endless_token,
        give_no_attempt, give_no_type, give_other_queue};
    struct mr_worker_config const config = {.queues = "default",
                                            .observe = stop_at_failure};
    FINE(open_client());
    queue_ops.lease = lease_bent;

    for (size_t i = 0; i < sizeof(bends) / sizeof(bends[0]); i++) {
        bend = bends[i];
        told[0] = '\0';
        given("a");
        FINE(mr_worker_new(client, &config, &worker, &err));
        FINE(mr_worker_handle(worker, "*", nothing, NULL, &err));
        FINE(mr_worker_run(worker, &err));
        mr_worker_free(worker);
        cr_assert(strstr(told, "breaks its contract") != NULL, "case %zu: %s",
                  i, told);
    }

    mr_client_free(client);
}
