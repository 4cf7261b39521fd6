/*
 * millrace.h - libmillrace: puts tasks into a queue, and runs them.
 *
 *     cc app.c $(pkg-config --cflags --libs millrace)
 *
 * A client reaches the place where tasks live, by its URL; with it a program
 * adds tasks, looks at them, and makes workers, which run them by handlers.
 * What tasks, queues, leases and dead letters are, `man millrace` tells.
 *
 * What holds for every function, unless its own comment says otherwise:
 *
 * Errors   A function that can fail returns an enum mr_code, and fills *err,
 *          the caller's own, if that is not MR_OK; err may be NULL. Nothing
 *          but *err is written then, and nothing was changed. Null pointers,
 *          closed handles and impossible values are such errors. The library
 *          never prints, exits, or leaves anything in errno for you.
 * Memory   What you pass stays yours and may go when the call has returned.
 *          What is handed out through **out is yours, until its _free().
 *          Each _free() takes NULL. Text ends in a NUL and is UTF-8.
 * Threads  A client, and what it hands out, may be used by any number of
 *          threads at once; after fork(), only by the parent. A call may block
 *          while it talks to the backend: seconds if that does not answer.
 * Time     In milliseconds: instants, "_at_ms", since the epoch (UTC), by the
 *          backend's clock; durations, "_ms", up to ten years.
 * Growth   In the structs that you fill, 0 means the default; new members come
 *          in place of `reserved`, which must be 0: a library that is older
 *          than a member refuses it. The structs that the library makes for
 *          you are handed out by pointer, and may grow at their end. Values of
 *          enums stay as they are, and there may be new ones.
 */
#ifndef MILLRACE_H
#define MILLRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

#define MR_MUST_USE __attribute__((warn_unused_result))

/* Grows when a program or plugin built before could no longer work. */
#define MR_ABI 1

/* A duration of zero, where 0 itself would mean the default. */
#define MR_NONE (-1)

#define MR_ID_SIZE 27 /* of a task's id, a ULID, with its NUL */

/* The version of the library that runs, such as "0.1.0". */
const char *mr_version(void);

/* ---- Errors ------------------------------------------------------------- */

/* How a call went. */
enum mr_code {
    MR_OK = 0,
    MR_INVALID = 1,       /* a value breaks a rule; err.field names it */
    MR_MISUSE = 2,        /* a null pointer, or not now: see the message */
    MR_CLOSED = 3,        /* the handle was closed, or the worker has run */
    MR_WRONG_THREAD = 4,  /* only the thread, or process, it belongs to may */
    MR_UNAVAILABLE = 5,   /* the backend does not answer; may pass by itself */
    MR_FULL = 6,          /* the backend takes no more; may pass by itself */
    MR_REFUSED = 7,       /* wrong password, newer schema, no database: stays */
    MR_CORRUPT = 8,       /* what is stored can't be understood */
    MR_NO_MEMORY = 9,     /* or no thread, or no descriptor */
    MR_NOT_FOUND = 10,    /* no such task or queue */
    MR_WRONG_STATE = 11,  /* the task is there, but not in such a state */
    MR_KEY_HELD = 12,     /* another task holds the key */
    MR_CANCELLED = 13,    /* the attempt is to end: see mr_task_cancelled */
    MR_STUCK = 14,        /* handlers did not end in time */
    MR_ABI_MISMATCH = 15, /* a plugin or backend for another libmillrace */
    MR_CONTRACT = 16      /* a backend broke its contract: a bug in it */
};

/* Why it did not go well. */
struct mr_error {
    enum mr_code code;
    char field[32];    /* the member at fault, such as "timeout_ms"; or "" */
    char message[476]; /* one line for people, without secrets */
};

/* "invalid", "misuse", ...; "unknown" for what is no code. */
const char *mr_code_name(enum mr_code code);

/* ---- The client --------------------------------------------------------- */

struct mr_client;

/* Opens the backend at url: "sqlite:PATH", "redis://HOST/DB", "memory:", with
 * the options that `man millrace` names. NULL: the URL that MILLRACE_URL has
 * in the environment, else the user's own SQLite file. MR_INVALID (field
 * "url"), or why the backend can't be used. */
MR_MUST_USE enum mr_code mr_client_open(const char *url, struct mr_client **out,
                                        struct mr_error *err);

/* The URL with its password masked; lives as long as the client. */
const char *mr_client_url(const struct mr_client *client);

/* Ends it: waits for the calls that are under way, and lets go of the backend
 * unless workers still use it. Any call after that answers MR_CLOSED. */
void mr_client_close(struct mr_client *client);

/* Closes it and frees it: no other thread may use it any more. */
void mr_client_free(struct mr_client *client);

/* ---- Adding tasks ------------------------------------------------------- */

/* Which of a queue's ready tasks come first. */
enum mr_priority {
    MR_PRIORITY_NORMAL = 0,
    MR_PRIORITY_HIGH = 1,
    MR_PRIORITY_LOW = 2
};

/* How the n-th wait follows from the base: doubled each time (or by another
 * factor), n times the base, the base. */
enum mr_backoff {
    MR_BACKOFF_EXPONENTIAL = 0,
    MR_BACKOFF_LINEAR = 1,
    MR_BACKOFF_CONSTANT = 2
};

/* How long a wait then is, by chance, so that not all come back at once. */
enum mr_jitter {
    MR_JITTER_FULL = 0,  /* anything from no wait to the whole wait */
    MR_JITTER_EQUAL = 1, /* half of it, and anything up to the whole */
    MR_JITTER_NONE = 2
};

/* Where a task stands. */
enum mr_state {
    MR_STATE_ANY = 0, /* in a filter */
    MR_STATE_SCHEDULED = 1,
    MR_STATE_READY = 2,
    MR_STATE_ACTIVE = 3,
    MR_STATE_RETRY = 4,
    MR_STATE_DONE = 5,
    MR_STATE_DEAD = 6
};

/* A task to be added: {.type = "email.send"} is one. Borrows its texts. */
struct mr_task_spec {
    const char *type;    /* [A-Za-z0-9][A-Za-z0-9._:-]{0,127} */
    const char *payload; /* a JSON value, at most 1 MiB; NULL: null */
    size_t payload_len;  /* 0: up to its NUL */
    const char *queue;   /* NULL: "default" */
    const char *id;      /* a ULID, if adding it again is to be safe; NULL: a
                            new one */
    const char *headers; /* a JSON object of strings, at most 16 KiB; or NULL */
    const char *key;     /* at most one task of the queue with this key is
                            waiting or running; or NULL */
    int64_t key_ttl_ms;  /* > 0: the key is held so long, whatever becomes of
                            the task; 0: until it is done or dead */
    int64_t delay_ms;    /* ready after that; not with run_at_ms */
    int64_t run_at_ms;   /* ready then; 0: now */
    int64_t timeout_ms;  /* of one attempt; 0: 30 min; MR_NONE: none */
    int64_t retain_ms;   /* how long it is kept when done; 0: not at all */
    int64_t expires_ms;  /* dead if not started within that; 0: never */
    int32_t max_attempts; /* 1 to 1,000,000; 0: 10 */
    int32_t max_crashes;  /* 1 to 1,000; 0: 3 */
    enum mr_priority priority;
    enum mr_backoff backoff;      /* how the waits between attempts grow */
    enum mr_jitter jitter;        /* and how they are spread */
    int32_t backoff_factor_milli; /* exponential: 1000 to 100000; 0: 2000 */
    int64_t backoff_base_ms;      /* the first wait; 0: 1 s; MR_NONE: none */
    int64_t backoff_max_ms;       /* the longest wait; 0: 1 h, or the base */
    uint64_t reserved[8];
};

/* Which task stands for the one that was sent. */
struct mr_enqueued {
    char id[MR_ID_SIZE];
    bool is_duplicate; /* the id exists or the key is held: nothing was added,
                          and this is the holder */
    enum mr_state state;
    uint64_t reserved[2];
};

/* Adds a task, durably when it returns; *out may be NULL. Threads that call at
 * the same time are served by one trip to the backend. A backend that does not
 * answer is asked again for some seconds; after MR_UNAVAILABLE or MR_FULL the
 * task may have been added all the same, and out->id is set: to add it again
 * with that id is safe. */
MR_MUST_USE enum mr_code mr_enqueue(struct mr_client *client,
                                    const struct mr_task_spec *spec,
                                    struct mr_enqueued *out,
                                    struct mr_error *err);

/* Adds specs[n]; results[n] may be NULL. Where one is MR_INVALID none is
 * added, and *culprit (may be NULL) is its index. After another error any of
 * them may have been added; those without a results[i].id were not sent. */
MR_MUST_USE enum mr_code mr_enqueue_many(struct mr_client *client,
                                         const struct mr_task_spec *specs,
                                         size_t n, struct mr_enqueued *results,
                                         size_t *culprit, struct mr_error *err);

/* Checks a spec as mr_enqueue does, and asks nobody. */
MR_MUST_USE enum mr_code mr_task_spec_check(const struct mr_task_spec *spec,
                                            struct mr_error *err);

/* ---- SQLite: tasks in your own transaction ------------------------------ */

struct sqlite3;

/* Puts the tables into the database behind db, or brings them up to date, and
 * turns it to WAL mode; once, say at start. Not inside a transaction:
 * MR_MISUSE. They are the tables that a client of "sqlite:PATH" uses. */
MR_MUST_USE enum mr_code mr_sqlite_prepare(struct sqlite3 *db,
                                           struct mr_error *err);

/* Adds specs[n], up to 1,000, as part of the transaction that is open on db,
 * best begun with BEGIN IMMEDIATE: they exist exactly if it is committed.
 * Without one: MR_MISUSE. ns is the URL's ?namespace=; NULL: "millrace". An
 * error leaves the transaction as it was, unless SQLite itself had to roll it
 * back, which the message then says. db must be of the same libsqlite3, and is
 * used by one thread at a time. */
MR_MUST_USE enum mr_code mr_sqlite_enqueue(struct sqlite3 *db, const char *ns,
                                           const struct mr_task_spec *specs,
                                           size_t n,
                                           struct mr_enqueued *results,
                                           struct mr_error *err);

/* ---- Workers ------------------------------------------------------------ */

struct mr_worker;
struct mr_task;

/* How an attempt ended. What is none of these is a failed attempt. */
enum mr_outcome {
    MR_DONE = 1,
    MR_RETRY = 2,  /* failed; again after the backoff, if attempts are left */
    MR_REJECT = 3, /* failed for good: dead at once */
    MR_SNOOZE = 4  /* again later; no attempt is used */
};

/* Runs one task. Called by several threads at once, each with 1 MiB of stack
 * and all signals blocked. */
typedef enum mr_outcome (*mr_handler)(struct mr_task *task, void *context);

/* What happened to a task, or to the backend. */
enum mr_event_kind {
    MR_EVENT_DONE = 1,
    MR_EVENT_FAILED = 2, /* and will be tried again */
    MR_EVENT_DEAD = 3,
    MR_EVENT_SNOOZED = 4,
    MR_EVENT_RELEASED = 5,   /* given back without an attempt */
    MR_EVENT_LEASE_LOST = 6, /* another worker has it: this outcome is void */
    MR_EVENT_PROGRESS = 7,   /* of mr_task_progress */
    MR_EVENT_BACKEND_FAILED = 8,
    MR_EVENT_BACKEND_RECOVERED = 9
};

/* What an observer is told. */
struct mr_event {
    enum mr_event_kind kind;
    const char *text; /* error or progress; "" where there is none */
    const char *id;   /* of the task; this and the next two NULL where the
                         event is about the backend */
    const char *queue;
    const char *type;
    int32_t attempt;
    int64_t started_at_ms; /* of the attempt; 0: it was not */
    int64_t ended_at_ms;   /* 0: it has not */
    bool is_of_other; /* settled for a worker that died or lost its lease */
};

/* What a worker is to be like: {0} is all defaults. */
struct mr_worker_config {
    const char *queues;  /* "a=6,b=3,c": of ten tasks 6, 3 and 1; NULL: all */
    const char *strict;  /* or "a,b,c": b only when a is empty */
    const char *name;    /* [A-Za-z0-9][A-Za-z0-9._-]{0,63}; NULL: made up */
    int32_t concurrency; /* tasks at once, 1 to 1024; 0: 10 */
    bool is_draining;    /* ends when its queues have nothing left to do */
    int64_t lease_ms;    /* without a sign of life for so long, its tasks go to
                            others; from 100; 0: 30 s */
    int64_t shutdown_ms; /* how long handlers may go on once it has been told to
                            stop; 0: 25 s; MR_NONE: not at all */
    /* Is told what happens, from several threads, one at a time. It must not
     * block. Event and texts live for the call. NULL: nobody is. */
    void (*observe)(const struct mr_event *event, void *context);
    void *observe_context;
    uint64_t reserved[8];
};

/* Makes a worker over the client's backend. It goes on if the client is
 * closed. config NULL: all defaults. */
MR_MUST_USE enum mr_code mr_worker_new(struct mr_client *client,
                                       const struct mr_worker_config *config,
                                       struct mr_worker **out,
                                       struct mr_error *err);

/* Registers the handler of a type, or with "*" of all that have none. A type
 * twice is MR_INVALID; once it runs, MR_MISUSE. context goes to the handler,
 * and must live until the worker is free. */
MR_MUST_USE enum mr_code mr_worker_handle(struct mr_worker *worker,
                                          const char *type, mr_handler handler,
                                          void *context, struct mr_error *err);

/* Runs tasks, in this thread's time, until it is stopped or drained: then all
 * that it held is settled or given back, and this is MR_OK. A backend that
 * fails is tried again for ever. Handlers that do not end within shutdown_ms
 * are cancelled, and have 7 s more; then MR_STUCK: their tasks are given back,
 * they themselves can't be ended and go on with what they were given until
 * the process ends. A worker runs once (MR_CLOSED), and with handlers only
 * (MR_MISUSE). */
MR_MUST_USE enum mr_code mr_worker_run(struct mr_worker *worker,
                                       struct mr_error *err);

/* Makes it lease nothing more and return when its handlers have ended; called
 * again: cancels them at once. From any thread, handlers, and signal handlers;
 * also before it runs. NULL: nothing. */
void mr_worker_stop(struct mr_worker *worker);

/* Quiet, it leases nothing more and goes on with what it has. As mr_worker_stop
 * from anywhere. */
void mr_worker_set_quiet(struct mr_worker *worker, bool is_quiet);

/* Frees it. While it runs, this stops it, and it is free once mr_worker_run
 * returns. No signal handler may stop it any more. */
void mr_worker_free(struct mr_worker *worker);

/* ---- In a handler ------------------------------------------------------- */

/* The task and what belongs to it, until the handler returns; from any thread.
 * NULL or 0 for a NULL task. */
const char *mr_task_id(const struct mr_task *task);
const char *mr_task_queue(const struct mr_task *task);
const char *mr_task_type(const struct mr_task *task);

/* The JSON as it was sent; *len (may be NULL) without its NUL. */
const char *mr_task_payload(const struct mr_task *task, size_t *len);
const char *mr_task_headers(const struct mr_task *task);  /* or NULL */
const char *mr_task_key(const struct mr_task *task);      /* or NULL */
int32_t mr_task_attempt(const struct mr_task *task);      /* from 1 */
int32_t mr_task_max_attempts(const struct mr_task *task); /* the last one */

/* Grows with every lease of the task, so that a handler can guard its own
 * writes: whoever comes with a smaller one is late. */
uint64_t mr_task_fencing_token(const struct mr_task *task);

/* Names this lease, for logs. The worker renews it as long as it lives. */
const char *mr_task_lease_token(const struct mr_task *task);

/* When the attempt times out, by the machine's clock; 0: never. */
int64_t mr_task_deadline_at_ms(const struct mr_task *task);

/* Whether the handler should end early: the time is over, the lease is lost,
 * or the worker is to stop. A failure is then no attempt used, unless the time
 * was over. mr_task_cancel_fd is readable at the same time, for poll(); do not
 * read from it; -1 where there is none. From any thread. */
bool mr_task_cancelled(const struct mr_task *task);
int mr_task_cancel_fd(const struct mr_task *task);

/* The rest is for the thread that the handler runs in: MR_WRONG_THREAD. */

/* Gives the attempt ms (1 to ten years) from now on in place of what was left
 * of its timeout. MR_CANCELLED: too late. */
MR_MUST_USE enum mr_code mr_task_extend(struct mr_task *task, int64_t ms,
                                        struct mr_error *err);

/* Tells the worker's observer, as MR_EVENT_PROGRESS. It is not stored. */
enum mr_code mr_task_progress(struct mr_task *task, const char *text,
                              struct mr_error *err);

/* Each says how the attempt ends, for the handler to return. The texts are
 * copied. result: a JSON value of at most 64 KiB, kept as long as the task's
 * retain_ms, or NULL; of error the last 4 KiB are kept. */
enum mr_outcome mr_task_done(struct mr_task *task, const char *result);
enum mr_outcome mr_task_retry(struct mr_task *task, const char *error);
enum mr_outcome mr_task_retry_after(struct mr_task *task, int64_t ms,
                                    const char *error);
enum mr_outcome mr_task_reject(struct mr_task *task, const char *error);
enum mr_outcome mr_task_snooze(struct mr_task *task, int64_t ms);

/* ---- Plugins: handlers for `millrace worker --plugin FILE` -------------- */

/* One handler of a plugin. */
struct mr_plugin_handler {
    const char *type; /* or "*" */
    mr_handler run;
    void *context;
};

/* What a plugin tells about itself; const, it lives as long as the process. */
struct mr_plugin {
    uint32_t abi;   /* MR_ABI, as it was when the plugin was built */
    uint32_t count; /* of handlers */
    const char *name;
    const struct mr_plugin_handler *handlers;
    uint64_t reserved[4];
};

/* The one function that a plugin must define, and this library does not. */
const struct mr_plugin *mr_plugin_register(void);

/* Loads the shared object at path, as dlopen() finds it, and registers its
 * handlers. MR_REFUSED: it can't be loaded, or is no plugin;
 * MR_ABI_MISMATCH; MR_INVALID: a bad type, or one that is taken: then none of
 * them is registered. It stays loaded until the process ends. */
MR_MUST_USE enum mr_code mr_worker_load_plugin(struct mr_worker *worker,
                                               const char *path,
                                               struct mr_error *err);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#include "millrace-admin.h"

#endif
