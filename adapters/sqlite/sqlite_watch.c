#include "adapters/sqlite/sqlite_watch.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/inotify.h>
#include <time.h>
#include <unistd.h>

#include "domain/text.h"

#define LOOK_US 1000000
#define LOOK_BLIND_US 20000 /* without inotify */
#define LIKELY_US 1000000   /* how long a commit is looked for */
#define UNLIKELY_US 50000
#define STEP_US 500

int64_t watch_now_us(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static int64_t smaller(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

/* Watches the log, which is there as long as a connection is open that has
 * read from the file once. */
static int open_inotify(const struct watch *w)
{
    const char *file = sqlite3_db_filename(w->reader->db, "main");
    int const fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
    char path[BACKEND_PATH_SIZE * 5];
    struct text t = text_in(path, sizeof(path));

    if (fd < 0)
        return -1;
    text_add(&t, file);
    text_add(&t, "-wal");
    if (t.is_cut || inotify_add_watch(fd, path, IN_MODIFY) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

/* Asks for the version; *is_new: it is another one than before. */
static enum status ask(struct watch *w, bool *is_new, struct error *err)
{
    struct query q = query_on(w->reader, SQL_DATA_VERSION);
    enum status const st = query_next(&q, err);

    if (st < 0)
        return st;
    int64_t const version = query_column_int(&q, 0);
    query_end(&q);
    *is_new = version != w->version;
    w->version = version;
    if (*is_new)
        w->suspected_us = 0;
    return STATUS_OK;
}

enum status watch_open(struct watch *w, struct store *s,
                       struct connection *reader, struct error *err)
{
    *w = (struct watch){.store = s, .reader = reader, .inotify_fd = -1};
    w->waiter.fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (w->waiter.fd < 0)
        return connection_refuse(reader, STATUS_UNAVAILABLE,
                                 "no descriptor left to wait with", err);
    store_add_waiter(s, &w->waiter);
    return STATUS_OK;
}

void watch_rest(struct watch *w)
{
    if (w->inotify_fd >= 0)
        close(w->inotify_fd);
    w->inotify_fd = -1;
}

void watch_close(struct watch *w)
{
    if (!w->store)
        return;
    if (w->waiter.fd >= 0) {
        store_remove_waiter(w->store, &w->waiter);
        close(w->waiter.fd);
    }
    watch_rest(w);
}

/* Reads all that fd has; false if that was nothing. */
static bool drain(int fd)
{
    char room[4096];
    bool has_read = false;

    while (fd >= 0 && read(fd, room, sizeof(room)) > 0)
        has_read = true;
    return has_read;
}

enum status watch_begin(struct watch *w, struct error *err)
{
    bool is_new;

    drain(w->waiter.fd);
    store_set_waiting(w->store, &w->waiter, true);
    enum status st = connection_check_place(w->reader, err);
    if (st == STATUS_OK)
        st = ask(w, &is_new, err);
    if (st < 0 || w->inotify_fd >= 0)
        return st;

    /* A commit that began before this may not be to be seen yet. */
    w->inotify_fd = open_inotify(w);
    w->suspected_us = watch_now_us();
    w->suspect_until_us = w->suspected_us + UNLIKELY_US;
    return ask(w, &is_new, err);
}

/* How long to sleep before the version is asked for again. */
static int64_t next_look_us(const struct watch *w, int64_t now_us)
{
    if (w->suspected_us > 0) {
        int64_t const since_us = now_us - w->suspected_us;
        return since_us / 16 > STEP_US ? since_us / 16 : STEP_US;
    }
    return w->inotify_fd >= 0 ? LOOK_US : LOOK_BLIND_US;
}

/* Sleeps once. */
static void sleep_on(const struct watch *w, struct wake wake, int64_t us,
                     struct pollfd fds[3])
{
    struct timespec const timeout = {
        .tv_sec = us / 1000000,
        .tv_nsec = us % 1000000 * 1000,
    };

    fds[0] = (struct pollfd){.fd = wake.fd, .events = POLLIN};
    fds[1] = (struct pollfd){.fd = w->waiter.fd, .events = POLLIN};
    fds[2] = (struct pollfd){.fd = w->inotify_fd, .events = POLLIN};
    /* Interrupted or failed: nothing is readable, and the caller looks. */
    if (ppoll(fds, 3, &timeout, NULL) < 0)
        fds[0].revents = fds[1].revents = fds[2].revents = 0;
}

/* Looks whether a commit is to be seen. After an event one that is not may be
 * on its way, even if another is, but only one, as commits don't overlap. So
 * what is seen now is where the suspicion begins, and ask() ends it. */
static enum status look(struct watch *w, enum watch_event *event,
                        struct error *err)
{
    bool const has_event = drain(w->inotify_fd);
    bool is_new;
    enum status const st = ask(w, &is_new, err);
    if (st < 0)
        return st;

    int64_t const now_us = watch_now_us();
    if (is_new)
        *event = WATCH_CHANGE;
    if (has_event) {
        w->suspected_us = now_us;
        w->suspect_until_us = now_us + (is_new ? UNLIKELY_US : LIKELY_US);
    } else if (now_us >= w->suspect_until_us) {
        w->suspected_us = 0;
    }
    return STATUS_OK;
}

enum status watch_wait(struct watch *w, struct wake wake, int64_t timeout_us,
                       enum watch_event *event, struct error *err)
{
    int64_t const end_us = watch_now_us() + timeout_us;
    enum status st = STATUS_OK;
    int64_t now_us;

    *event = WATCH_TIMEOUT;
    while (st == STATUS_OK && *event == WATCH_TIMEOUT &&
           (now_us = watch_now_us()) < end_us) {
        struct pollfd fds[3];
        sleep_on(w, wake, smaller(next_look_us(w, now_us), end_us - now_us),
                 fds);
        if (fds[0].revents) {
            *event = WATCH_WAKE;
        } else if (fds[1].revents) {
            *event = WATCH_CHANGE;
        } else {
            st = look(w, event, err);
        }
    }
    return st;
}

void watch_end(struct watch *w)
{
    store_set_waiting(w->store, &w->waiter, false);
}
