/*
 * worker.c - the library's worker: the engine, told what to do by atomics that
 * a signal handler may set.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "adapters/system/system_random.h"
#include "adapters/system/system_wake.h"
#include "cmd/library/client.h"
#include "cmd/library/engine.h"
#include "cmd/library/registry.h"
#include "cmd/library/worker_config.h"
#include "domain/text.h"

enum life {
    LIFE_NEW,
    LIFE_RUNNING,
    LIFE_OVER,
};

/* What handlers use. The worker holds it, and so do its threads while it runs:
 * a handler that does not end keeps it beyond the worker's life. */
struct workshop {
    atomic_int holders;
    struct observer observer;
    struct registry registry;
};

struct mr_worker {
    struct home *home;
    struct engine_config config;
    struct workshop *workshop;
    struct wake wake;
    atomic_int stops;
    atomic_bool is_quiet;
    pid_t owner;

    pthread_mutex_t lock; /* guards what follows, and registering */
    enum life life;
    bool is_unwanted; /* to be freed by whoever runs it */
};

static struct workshop *workshop_new(const struct mr_worker_config *config)
{
    struct workshop *shop = calloc(1, sizeof(*shop));

    if (!shop)
        return NULL;
    atomic_init(&shop->holders, 1);
    observer_init(&shop->observer, config->observe, config->observe_context);
    shop->registry.observer = &shop->observer;
    return shop;
}

static void workshop_let_go(void *self)
{
    struct workshop *shop = self;

    if (!shop || atomic_fetch_sub(&shop->holders, 1) > 1)
        return;
    observer_release(&shop->observer);
    free(shop);
}

static void worker_release(struct mr_worker *worker)
{
    if (worker->workshop)
        observer_mute(&worker->workshop->observer);
    workshop_let_go(worker->workshop);
    system_wake_close(&worker->wake);
    home_let_go(worker->home);
    pthread_mutex_destroy(&worker->lock);
    free(worker);
}

static struct mr_worker *worker_alloc(struct mr_client *client,
                                      const struct engine_config *config)
{
    struct mr_worker *worker = calloc(1, sizeof(*worker));

    if (!worker)
        return NULL;
    worker->config = *config;
    worker->wake = WAKE_NEVER;
    worker->home = home_hold(client->home);
    worker->owner = client->owner;
    pthread_mutex_init(&worker->lock, NULL);
    return worker;
}

/* Between enter and leave of the client. */
static enum status make_worker(struct mr_client *client,
                               const struct mr_worker_config *config,
                               struct mr_worker **out, struct error *err)
{
    struct engine_config read;
    enum status st = worker_config_read(config, &read, err);
    if (st < 0)
        return st;

    struct mr_worker *worker = worker_alloc(client, &read);
    if (!worker)
        return error_set(err, STATUS_NO_MEMORY, NULL, "no memory for a worker");
    st = system_wake_open(&worker->wake, err);
    if (st == STATUS_OK) {
        worker->workshop = workshop_new(config);
        if (!worker->workshop)
            st = error_set(err, STATUS_NO_MEMORY, NULL,
                           "no memory for a worker");
    }
    if (st < 0) {
        worker_release(worker);
        return st;
    }
    *out = worker;
    return STATUS_OK;
}

enum mr_code mr_worker_new(struct mr_client *client,
                           const struct mr_worker_config *config,
                           struct mr_worker **out, struct mr_error *err)
{
    struct mr_worker_config const defaults = {0};
    struct error why;

    if (!out)
        return refuse(err, MR_MISUSE, "out", "mr_worker_new: out is NULL");
    enum mr_code const code = client_enter(client, err);
    if (code != MR_OK)
        return code;
    enum status const st =
        make_worker(client, config ? config : &defaults, out, &why);
    client_leave(client);
    return failure(err, st, &why);
}

/* Whether there is a worker, of this process. */
static enum mr_code check_worker(const struct mr_worker *worker,
                                 struct mr_error *err)
{
    if (!worker)
        return refuse(err, MR_MISUSE, "worker", "the worker is NULL");
    if (worker->owner != getpid())
        return refuse(err, MR_WRONG_THREAD, "worker",
                      "the worker belongs to the process that forked this one");
    return MR_OK;
}

/* Begins to register: the worker is locked after MR_OK. */
static enum mr_code lock_new(struct mr_worker *worker, struct mr_error *err)
{
    enum mr_code const code = check_worker(worker, err);
    if (code != MR_OK)
        return code;

    pthread_mutex_lock(&worker->lock);
    if (worker->life == LIFE_NEW)
        return MR_OK;
    pthread_mutex_unlock(&worker->lock);
    return refuse(err, MR_MISUSE, "worker",
                  "handlers are registered before the worker runs");
}

enum mr_code mr_worker_handle(struct mr_worker *worker, const char *type,
                              mr_handler handler, void *context,
                              struct mr_error *err)
{
    struct error why;

    if (!type || !handler)
        return refuse(err, MR_MISUSE, type ? "handler" : "type",
                      type ? "the handler is NULL" : "the type is NULL");
    enum mr_code const code = lock_new(worker, err);
    if (code != MR_OK)
        return code;
    enum status const st =
        registry_add(&worker->workshop->registry, type, handler, context, &why);
    pthread_mutex_unlock(&worker->lock);
    return failure(err, st, &why);
}

enum mr_code mr_worker_load_plugin(struct mr_worker *worker, const char *path,
                                   struct mr_error *err)
{
    struct error why;
    bool is_other_abi;

    if (!path)
        return refuse(err, MR_MISUSE, "path", "the path is NULL");
    enum mr_code const code = lock_new(worker, err);
    if (code != MR_OK)
        return code;
    enum status const st =
        registry_load(&worker->workshop->registry, path, &is_other_abi, &why);
    pthread_mutex_unlock(&worker->lock);
    if (is_other_abi)
        return refuse(err, MR_ABI_MISMATCH, why.field, why.text);
    return failure(err, st, &why);
}

/* The ports of one run. */
static void close_ports(struct engine_ports *ports)
{
    if (ports->fleet.ops)
        fleet_close(ports->fleet);
    if (ports->admin.ops)
        admin_close(ports->admin);
    if (ports->queue.ops)
        queue_close(ports->queue);
    if (ports->random.ops)
        ports->random.ops->close(ports->random.self);
}

static enum status open_ports(struct mr_worker *worker,
                              struct engine_ports *ports, struct error *err)
{
    enum status st = system_random_open(&ports->random, err);

    if (st == STATUS_OK)
        st = home_open_queue(worker->home, &ports->queue, err);
    if (st == STATUS_OK)
        st = home_open_admin(worker->home, &ports->admin, err);
    if (st == STATUS_OK)
        st = home_open_fleet(worker->home, &ports->fleet, err);
    ports->clock = worker->home->place.clock;
    ports->metrics = observer_metrics(&worker->workshop->observer);
    return st;
}

/* Its threads hold the workshop until the last of them has left it. */
static enum status open_engine(struct mr_worker *worker, struct engine *e,
                               struct error *err)
{
    struct workshop *const shop = worker->workshop;

    atomic_fetch_add(&shop->holders, 1);
    e->config.left = workshop_let_go;
    e->config.context = shop;
    enum status const st = engine_open(e, err);
    if (!e->executor.ops)
        workshop_let_go(shop);
    return st;
}

static enum status loop(struct mr_worker *worker, struct engine *e,
                        size_t *stuck, struct error *err)
{
    for (;;) {
        system_wake_drain(worker->wake);
        engine_heed(e, atomic_load(&worker->stops),
                    atomic_load(&worker->is_quiet));
        if (engine_is_over(e))
            break;
        engine_step(e);
    }
    return engine_end(e, stuck, err);
}

static enum mr_code say_stuck(size_t stuck, struct mr_error *err)
{
    char line[120];
    struct text t = text_in(line, sizeof(line));

    text_add_int(&t, (int64_t)stuck);
    text_add(&t, stuck == 1 ? " handler has" : " handlers have");
    text_add(&t, " not ended: the tasks were given back");
    return refuse(err, MR_STUCK, NULL, line);
}

static enum mr_code run(struct mr_worker *worker, struct mr_error *err)
{
    struct registry *const registry = &worker->workshop->registry;
    struct error why;
    size_t stuck = 0;
    struct engine *e = calloc(1, sizeof(*e));
    if (!e)
        return refuse(err, MR_NO_MEMORY, NULL, "no memory for a worker");

    e->config = worker->config;
    e->config.handlers = (struct handlers){registry->table, registry->count};
    e->wake = worker->wake;
    enum status st = open_ports(worker, &e->ports, &why);
    if (st == STATUS_OK)
        st = open_engine(worker, e, &why);
    if (st == STATUS_OK)
        st = loop(worker, e, &stuck, &why);
    engine_close(e);
    close_ports(&e->ports);
    free(e);
    if (st == STATUS_OK && stuck > 0)
        return say_stuck(stuck, err);
    return failure(err, st, &why);
}

/* Whether it may run now, which it then does. */
static enum mr_code begin(struct mr_worker *worker, struct mr_error *err)
{
    enum mr_code const code = check_worker(worker, err);
    if (code != MR_OK)
        return code;

    pthread_mutex_lock(&worker->lock);
    enum life const life = worker->life;
    bool const has_handlers = worker->workshop->registry.count > 0;
    if (life == LIFE_NEW && has_handlers)
        worker->life = LIFE_RUNNING;
    pthread_mutex_unlock(&worker->lock);

    if (life == LIFE_RUNNING)
        return refuse(err, MR_MISUSE, "worker", "the worker runs already");
    if (life == LIFE_OVER)
        return refuse(err, MR_CLOSED, "worker",
                      "the worker has run: make another one");
    if (!has_handlers)
        return refuse(err, MR_MISUSE, "worker", "the worker has no handlers");
    return MR_OK;
}

enum mr_code mr_worker_run(struct mr_worker *worker, struct mr_error *err)
{
    enum mr_code code = begin(worker, err);
    if (code != MR_OK)
        return code;
    code = run(worker, err);

    pthread_mutex_lock(&worker->lock);
    worker->life = LIFE_OVER;
    bool const is_unwanted = worker->is_unwanted;
    pthread_mutex_unlock(&worker->lock);
    if (is_unwanted)
        worker_release(worker);
    return code;
}

void mr_worker_stop(struct mr_worker *worker)
{
    if (!worker)
        return;
    atomic_fetch_add(&worker->stops, 1);
    system_wake_signal(worker->wake);
}

void mr_worker_set_quiet(struct mr_worker *worker, bool is_quiet)
{
    if (!worker)
        return;
    atomic_store(&worker->is_quiet, is_quiet);
    system_wake_signal(worker->wake);
}

void mr_worker_free(struct mr_worker *worker)
{
    if (!worker || worker->owner != getpid())
        return;
    pthread_mutex_lock(&worker->lock);
    bool const is_running = worker->life == LIFE_RUNNING;
    worker->is_unwanted = true;
    if (is_running) /* still locked: once it may end, it may be free */
        mr_worker_stop(worker);
    pthread_mutex_unlock(&worker->lock);
    if (!is_running)
        worker_release(worker);
}
