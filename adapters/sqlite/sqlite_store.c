#include "adapters/sqlite/sqlite_store.h"

#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

#include "adapters/sqlite/sqlite_schema.h"
#include "domain/text.h"

/* In pages of the log: fewer and longer checkpoints than SQLite's 1000. */
#define SETTINGS                                                               \
    "PRAGMA wal_autocheckpoint = 4000;"                                        \
    "PRAGMA journal_size_limit = 67108864;"                                    \
    "PRAGMA cache_size = -16384;"                                              \
    "PRAGMA secure_delete = FAST;"

static enum status open_writer(struct store *s, struct error *err)
{
    enum status st = connection_open(
        &s->writer, s->path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, err);
    if (st < 0)
        return st;
    st = schema_prepare(&s->writer, err);
    if (st == STATUS_OK)
        st = connection_script(&s->writer, SETTINGS, err);
    if (st == STATUS_OK)
        st = connection_script(&s->writer,
                               s->sync == SYNC_FULL
                                   ? "PRAGMA synchronous = FULL"
                                   : "PRAGMA synchronous = NORMAL",
                               err);
    return st;
}

enum status store_open(const struct backend_url *url, struct store **out,
                       struct error *err)
{
    struct store *s = calloc(1, sizeof(*s));
    if (!s)
        return error_set(err, STATUS_NO_MEMORY, NULL, "sqlite: out of memory");

    /* Never a name that means something special to SQLite, like :memory: */
    struct text path = text_in(s->path, sizeof(s->path));
    text_add(&path, url->path[0] == '/' ? "" : "./");
    text_add(&path, url->path);
    struct text name = text_in(s->namespace, sizeof(s->namespace));
    text_add(&name, url->namespace);
    s->sync = url->sync;
    s->end = &s->first;
    s->ledger.connection = &s->writer;
    s->ledger.namespace = bytes_of(s->namespace);
    pthread_mutex_init(&s->lock, NULL);

    enum status const st = open_writer(s, err);
    if (st < 0) {
        store_close(s);
        return st;
    }
    *out = s;
    return STATUS_OK;
}

void store_close(struct store *s)
{
    if (!s)
        return;
    connection_close(&s->writer);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

enum status store_open_reader(struct store *s, struct connection *out,
                              struct error *err)
{
    const char *path = sqlite3_db_filename(s->writer.db, "main");
    enum status st = connection_open(out, path, SQLITE_OPEN_READWRITE, err);

    if (st < 0)
        return st;
    st = connection_script(out, "PRAGMA query_only = ON", err);
    if (st < 0)
        connection_close(out);
    return st;
}

static void roll_back(struct store *s)
{
    /* After some faults SQLite has done so by itself. */
    if (!sqlite3_get_autocommit(s->writer.db))
        sqlite3_exec(s->writer.db, "ROLLBACK", NULL, NULL, NULL);
}

static enum status run_one(struct store *s, struct write *w)
{
    ledger_begin(&s->ledger);
    w->status = w->run(&s->ledger, w->self, w->err);
    if (w->status < 0)
        return w->status;

    enum status const st = ledger_flush(&s->ledger, w->err);
    if (st < 0)
        w->status = st;
    return st;
}

/* Executes the writes from first on in one transaction; false: one has failed
 * and all were rolled back. *err then says why if it was not a write's own
 * fault. */
static enum status run_together(struct store *s, struct write *first,
                                struct error *err)
{
    struct query begin = query_on(&s->writer, SQL_BEGIN_WRITE);
    enum status st = query_run(&begin, err);

    if (st == STATUS_OK)
        st = connection_check_place(&s->writer, err);
    s->ledger.has_news = false;
    for (struct write *w = first; st == STATUS_OK && w; w = w->next) {
        st = run_one(s, w);
        if (st < 0)
            *err = *w->err;
        else
            st = STATUS_OK;
    }
    if (st == STATUS_OK) {
        struct query commit = query_on(&s->writer, SQL_COMMIT);
        st = query_run(&commit, err);
    }
    if (st < 0)
        roll_back(s);
    return st;
}

static void signal_waiters(struct store *s)
{
    uint64_t const one = 1;

    pthread_mutex_lock(&s->lock);
    for (struct waiter *w = s->waiters; w; w = w->next) {
        if (!w->is_waiting)
            continue;
        /* Fails only if the counter is full: then it is readable anyway. */
        ssize_t const written = write(w->fd, &one, sizeof(one));
        (void)written;
    }
    pthread_mutex_unlock(&s->lock);
}

/* One write alone: its fault is its own. */
static void run_alone(struct store *s, struct write *w)
{
    struct error err;
    struct write *const next = w->next;

    w->next = NULL;
    enum status const st = run_together(s, w, &err);
    w->next = next;
    if (st < 0) {
        w->status = st;
        *w->err = err;
    } else if (s->ledger.has_news) {
        signal_waiters(s);
    }
}

/* Together if all goes well. If not, each by itself, so that one that fails
 * does not spoil the others: faults are rare, and a savepoint around each
 * write would cost all of them. */
static void run_all(struct store *s, struct write *first)
{
    struct error err;

    if (first->next && run_together(s, first, &err) == STATUS_OK) {
        if (s->ledger.has_news)
            signal_waiters(s);
        return;
    }
    for (struct write *w = first; w; w = w->next)
        run_alone(s, w);
}

/* Takes all writes that are handed in; the caller writes. Those who were let
 * go together are likely to come back together: without a chance to, each half
 * of them would wait for a transaction of the other half, for ever. So a
 * leader who was not alone lets other threads run once. A timer would make all
 * wait, also for threads that never come; this is over at once if nobody has
 * anything to do. */
static struct write *take_all(struct store *s)
{
    if (s->is_shared)
        sched_yield();
    pthread_mutex_lock(&s->lock);
    struct write *const first = s->first;
    s->first = NULL;
    s->end = &s->first;
    pthread_mutex_unlock(&s->lock);
    s->is_shared = first->next;
    return first;
}

/* Ends the caller's writing: the first of those who have come too late goes
 * on, as the only one who is woken for it. */
static void pass_on(struct store *s)
{
    pthread_mutex_lock(&s->lock);
    struct write *const next = s->first;
    s->is_writing = next;
    pthread_mutex_unlock(&s->lock);
    if (next)
        sem_post(&next->turn);
}

/* Executes all writes that are handed in, own among them, and lets their
 * owners go. */
static void lead(struct store *s, const struct write *own)
{
    struct write *const first = take_all(s);

    run_all(s, first);
    pass_on(s);
    for (struct write *w = first, *next; w; w = next) {
        next = w->next; /* w is its owner's again once it is done */
        if (w == own)
            continue;
        w->is_done = true;
        sem_post(&w->turn);
    }
}

enum status store_write(struct store *s,
                        enum status (*run)(struct ledger *, void *,
                                           struct error *),
                        void *self, struct error *err)
{
    struct write w = {.run = run, .self = self, .err = err};

    sem_init(&w.turn, 0, 0);
    pthread_mutex_lock(&s->lock);
    *s->end = &w;
    /* cppcheck-suppress autoVariables ; off the list before this returns */
    s->end = &w.next;
    bool const must_wait = s->is_writing;
    s->is_writing = true;
    pthread_mutex_unlock(&s->lock);

    while (must_wait && sem_wait(&w.turn) != 0)
        ; /* a signal came */
    if (!w.is_done)
        lead(s, &w);
    sem_destroy(&w.turn);
    return w.status;
}

void store_add_waiter(struct store *s, struct waiter *w)
{
    pthread_mutex_lock(&s->lock);
    w->next = s->waiters;
    s->waiters = w;
    pthread_mutex_unlock(&s->lock);
}

void store_remove_waiter(struct store *s, struct waiter *w)
{
    pthread_mutex_lock(&s->lock);
    for (struct waiter **at = &s->waiters; *at; at = &(*at)->next) {
        if (*at == w) {
            *at = w->next;
            break;
        }
    }
    pthread_mutex_unlock(&s->lock);
}

void store_set_waiting(struct store *s, struct waiter *w, bool is_waiting)
{
    pthread_mutex_lock(&s->lock);
    w->is_waiting = is_waiting;
    pthread_mutex_unlock(&s->lock);
}
