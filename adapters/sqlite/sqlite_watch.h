/*
 * sqlite_watch.h - how a port learns that the file has changed.
 *
 * A commit of this process signals an eventfd. One of another process writes
 * to the log (PATH-wal), which inotify tells; but that is before the commit
 * can be seen, so from then on the watch asks SQLite, every half millisecond
 * at first and less and less often, until it can be. Behind both stands a
 * look every second.
 */
#ifndef ADAPTERS_SQLITE_WATCH_H
#define ADAPTERS_SQLITE_WATCH_H

#include "adapters/sqlite/sqlite_store.h"
#include "usecase/wake.h"

struct watch {
    struct store *store;
    struct connection *reader; /* borrowed; asked for the version */
    struct waiter waiter;
    int inotify_fd; /* -1: none, at rest or because the system gives none */
    int64_t version;
    int64_t suspected_us; /* when an event came whose commit may not be to be
                             seen yet; 0: none */
    int64_t suspect_until_us;
};

/* Opens a watch; *w may not move while it is open. */
MUST_USE enum status watch_open(struct watch *w, struct store *s,
                                struct connection *reader, struct error *err);
void watch_close(struct watch *w);

/* Takes note of the present: watch_wait() ends at the first change after it.
 * So first this, then look, then wait; and watch_end() when all is over. */
MUST_USE enum status watch_begin(struct watch *w, struct error *err);

enum watch_event {
    WATCH_TIMEOUT,
    WATCH_CHANGE, /* something may have changed: look again */
    WATCH_WAKE,   /* wake has been signalled */
};

void watch_end(struct watch *w);

/* Lets go of the log until the next watch_begin(): for a port that is busy,
 * whose own commits would tell it nothing. */
void watch_rest(struct watch *w);

/* Sleeps until one of them, for at most timeout_us. */
MUST_USE enum status watch_wait(struct watch *w, struct wake wake,
                                int64_t timeout_us, enum watch_event *event,
                                struct error *err);

/* Microseconds on the monotonic clock. */
int64_t watch_now_us(void);

#endif
