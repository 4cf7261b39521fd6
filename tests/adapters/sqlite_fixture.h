/*
 * sqlite_fixture.h - a real SQLite file in a folder of its own.
 */
#ifndef TESTS_ADAPTERS_SQLITE_FIXTURE_H
#define TESTS_ADAPTERS_SQLITE_FIXTURE_H

#include <sqlite3.h>
#include <sys/types.h>

#include "adapters/sqlite/sqlite_store.h"
#include "usecase/backend_port.h"

#define NOW_MS INT64_C(1700000000000)

struct fixture {
    char folder[64];
    char path[96];
    struct backend_url url;
    struct backend_port backend;
    struct queue_port queue;
    struct admin_port admin;
    struct task_id_source ids;
    struct error err;
    char room[1 << 21];
    struct arena mem;
};

/* Makes the folder, and no file yet. */
void fixture_init(struct fixture *f);

/* Opens the backend, and a queue and an admin port; all must go well. */
void fixture_open(struct fixture *f);
void fixture_close(struct fixture *f);

/* Removes the folder and all in it. */
void fixture_release(struct fixture *f);

/* A plain task for the queue "default", with an id of its own. */
struct new_task fixture_task(struct fixture *f, int64_t now_ms);

/* Stores n plain tasks. */
void fixture_enqueue(struct fixture *f, size_t n, int64_t now_ms);

/* Leases up to max tasks of every queue for 10 s, without waiting. */
size_t fixture_lease(struct fixture *f, size_t max, int64_t now_ms,
                     struct lease *leases);

/* Settles leases as done; returns how many of them were still held. */
size_t fixture_settle_done(struct fixture *f, size_t n, int64_t now_ms,
                           const struct lease *leases);

/* Changes the file from outside, with a connection of its own. */
void fixture_sql(struct fixture *f, const char *sql);

/* One number asked from outside. */
int64_t fixture_number(struct fixture *f, const char *sql);

/* Whether the counters of all queues agree with their tasks. */
bool fixture_counters_are_right(struct fixture *f);

/* Starts the peer program (sqlite_peer.c) on the file. It reads *to and writes
 * *from. */
pid_t fixture_peer(struct fixture *f, const char *what, int *to, int *from);

#endif
