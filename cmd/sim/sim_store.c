#include "cmd/sim/sim_store.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifdef MILLRACE_HAVE_REDIS
#include "adapters/redis/redis_namespace.h"
#endif
#include "cmd/backends.h"
#include "domain/text.h"

static bool is_file(const struct sim_store *store)
{
    return strncmp(store->text, "sqlite:", 7) == 0;
}

static bool is_server(const struct sim_store *store)
{
    return strncmp(store->text, "redis", 5) == 0;
}

static int remove_one(const char *path, const struct stat *st, int flag,
                      struct FTW *ftw)
{
    (void)st;
    (void)flag;
    (void)ftw;
    return remove(path);
}

static enum status make_folder(struct sim_store *store, struct error *err)
{
    const char *parent = getenv("TMPDIR");

    snprintf(store->folder, sizeof(store->folder), "%s/millrace-sim-XXXXXX",
             parent && strlen(parent) < 40 ? parent : "/tmp");
    if (!mkdtemp(store->folder)) {
        store->folder[0] = '\0';
        return error_set(err, STATUS_UNAVAILABLE, NULL,
                         "sim: no folder for a database");
    }
    snprintf(store->text, sizeof(store->text), "sqlite:%s/sim.db",
             store->folder);
    return STATUS_OK;
}

/* Opens the store of another namespace, in which nothing is. */
static enum status open_next(void *context, struct backend_port *out,
                             struct error *err)
{
    struct sim_store *store = context;
    char text[BACKEND_URL_MAX + 64];

    snprintf(text, sizeof(text), "%s?namespace=sim-%ld-%zu%s", store->text,
             (long)getpid(), store->runs++,
             is_file(store) ? "&sync=normal" : "");
    enum status const st = backend_url_parse(bytes_of(text), &store->url, err);
    return st < 0 ? st : backend_open(&store->url, out, err);
}

/* Whose file it is, must be clear: ours goes. */
static enum status claim_file(struct sim_store *store, struct error *err)
{
    struct backend_url url;
    enum status const st = backend_url_parse(bytes_of(store->text), &url, err);

    if (st < 0)
        return st;
    if (access(url.path, F_OK) == 0) {
        struct bytes const parts[] = {
            BYTES("backend: "), bytes_of(url.masked),
            BYTES(" is there already: the simulation wants a file of its own")};
        return error_join(err, STATUS_INVALID, "backend", parts, 3);
    }
    store->is_own_file = true;
    return STATUS_OK;
}

/* Removes the file of url and those that SQLite keeps beside it. */
static void remove_file(const struct backend_url *url)
{
    static const char *const endings[] = {"", "-wal", "-shm"};
    char path[BACKEND_PATH_SIZE + 8];

    for (size_t i = 0; i < 3; i++) {
        struct text t = text_in(path, sizeof(path));
        text_add(&t, url->path);
        text_add(&t, endings[i]);
        unlink(path);
    }
}

enum status sim_store_open(const char *text, struct sim_store *out,
                           struct error *err)
{
    enum status st = STATUS_OK;

    *out = (struct sim_store){.shown = text};
    struct text kept = text_in(out->text, sizeof(out->text));
    text_add(&kept, text);
    if (kept.is_cut || strchr(text, '?'))
        return error_set(err, STATUS_INVALID, "backend",
                         "backend: a URL too long, or with options");
    if (strcmp(text, "sqlite:") == 0)
        st = make_folder(out, err);
    else if (is_file(out))
        st = claim_file(out, err);
    else /* before it has a namespace: a complaint repeats what was typed */
        st = backend_url_parse(bytes_of(text), &out->url, err);
    if (st == STATUS_OK)
        st = open_next(out, &out->keeper, err);
    if (st == STATUS_OK)
        st = out->keeper.ops->open_queue(out->keeper.self, &out->keeper_queue,
                                         err);
    if (st < 0)
        sim_store_close(out);
    return st;
}

void sim_store_close(struct sim_store *store)
{
    if (store->keeper_queue.ops)
        queue_close(store->keeper_queue);
    if (store->keeper.ops)
        store->keeper.ops->close(store->keeper.self);
    if (store->is_own_file)
        remove_file(&store->url);
    if (store->folder[0] != '\0')
        nftw(store->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    *store = (struct sim_store){.runs = 0};
}

#ifdef MILLRACE_HAVE_REDIS
static enum status age_on_server(void *context, int64_t ms, struct error *err)
{
    const struct sim_store *store = context;

    return redis_namespace_age(&store->url, ms, err);
}

static void clean_server(void *context)
{
    const struct sim_store *store = context;
    struct error ignored;
    enum status const st = redis_namespace_remove(&store->url, &ignored);

    (void)st; /* a server that is gone can't be cleaned */
}
#else
#define age_on_server NULL
#define clean_server NULL
#endif

/* What time it is where the store is. */
static int64_t time_there(const struct sim_store *store)
{
    struct clock_port clock;
    struct error ignored;

    if (store->keeper.ops->open_clock(store->keeper.self, &clock, &ignored) !=
        STATUS_OK)
        return 0;
    int64_t const now_ms = clock_now_ms(clock);
    clock.ops->close(clock.self);
    return now_ms;
}

struct sim_place sim_store_place(struct sim_store *store)
{
    struct sim_place place = {
        .open = open_next, .context = store, .is_ordered = true};

    if (is_server(store)) {
        place.age = age_on_server;
        place.clean = clean_server;
        place.start_ms = time_there(store);
    }
    return place;
}
