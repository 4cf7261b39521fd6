/*
 * millrace-admin.h - the second half of millrace.h: look at tasks, queues and
 * workers, and change what waits. Not to be included by itself.
 */
#ifndef MILLRACE_ADMIN_H
#define MILLRACE_ADMIN_H

#ifdef __cplusplus
extern "C" {
#endif
#pragma GCC visibility push(default)

/* ---- Looking ------------------------------------------------------------ */

/* Why a task is dead. */
enum mr_reason {
    MR_REASON_NONE = 0, /* in a filter: any */
    MR_REASON_EXHAUSTED = 1,
    MR_REASON_REJECTED = 2,
    MR_REASON_EXPIRED = 3,
    MR_REASON_LOST = 4
};

/* A task as it is stored. Texts are NULL where there is none, times 0. */
struct mr_record {
    const char *id;
    const char *queue;
    const char *type;
    const char *payload;
    size_t payload_len;
    const char *headers;
    const char *key;
    enum mr_state state;
    enum mr_reason reason; /* of a dead one */
    enum mr_priority priority;
    int32_t attempt; /* starts that were used up */
    int32_t max_attempts;
    int32_t crashes;
    int32_t max_crashes;
    int64_t created_at_ms;
    int64_t run_at_ms;
    int64_t started_at_ms; /* of the latest attempt */
    int64_t finished_at_ms;
    int64_t lease_until_ms; /* of an active one, as is worker */
    const char *worker;
    const char *last_error;
    const char *result; /* of a done one */
    int64_t timeout_ms; /* 0: none */
};

/* A part of a list of tasks. */
struct mr_page {
    size_t count;
    const struct mr_record *const *records; /* [count] */
    const char *cursor; /* where the list goes on; NULL: this was the end */
};

/* All that are set must hold. */
struct mr_filter {
    const char *queue;
    const char *type;
    enum mr_state state;
    enum mr_reason reason;
    int64_t before_ms; /* only those that died or were done before; 0: any */
    uint64_t reserved[4];
};

/* Looks for a task; queue NULL: in all. MR_NOT_FOUND. A page of one record. */
MR_MUST_USE enum mr_code mr_find(struct mr_client *client, const char *queue,
                                 const char *id, struct mr_page **out,
                                 struct mr_error *err);

/* Lists up to max tasks (1 to 1,000), state by state, the oldest first in
 * each, from cursor on (NULL: the start). A page may be short, even empty, and
 * have a cursor: a call looks at no more than 1,000 tasks. filter NULL: all. */
MR_MUST_USE enum mr_code mr_list(struct mr_client *client,
                                 const struct mr_filter *filter,
                                 const char *cursor, size_t max,
                                 struct mr_page **out, struct mr_error *err);

/* Frees it, with its records. */
void mr_page_free(struct mr_page *page);

/* How a queue is doing. */
struct mr_queue {
    const char *name;
    bool is_paused;
    int64_t scheduled, ready, active, retry, dead; /* how many there are now */
    int64_t done;   /* tasks that succeeded since the queue was made */
    int64_t failed; /* attempts that failed since then */
    int64_t oldest_ready_at_ms; /* when it became ready; 0: none is */
};

/* All queues. */
struct mr_queues {
    size_t count;
    const struct mr_queue *const *queues; /* [count], by name */
};

/* Asks how all queues are doing. */
MR_MUST_USE enum mr_code mr_stats(struct mr_client *client,
                                  struct mr_queues **out, struct mr_error *err);
/* Frees them all. */
void mr_queues_free(struct mr_queues *queues);

/* A live worker, of this or another process. */
struct mr_worker_info {
    const char *name;
    const char *host;
    const char *queues;
    int64_t pid;
    int64_t busy; /* handlers that run */
    int64_t concurrency;
    int64_t started_at_ms;
    int64_t seen_at_ms; /* when it last said that it is alive */
};

/* All live workers. */
struct mr_workers {
    size_t count;
    const struct mr_worker_info *const *workers; /* [count], by name */
};

/* The workers that were seen in the last 10 s. */
MR_MUST_USE enum mr_code mr_workers_list(struct mr_client *client,
                                         struct mr_workers **out,
                                         struct mr_error *err);
/* Frees them all. */
void mr_workers_free(struct mr_workers *workers);

/* ---- Changing ----------------------------------------------------------- */

/* For one task; queue NULL: look in all. MR_NOT_FOUND, MR_WRONG_STATE.
 *   cancel   removes one that waits: scheduled, ready or retry
 *   run_now  makes a scheduled or retrying one ready
 *   requeue  makes a dead one ready, its attempts counted anew; MR_KEY_HELD
 *            names in err who holds its key by now
 *   delete   removes a dead one */
MR_MUST_USE enum mr_code mr_cancel(struct mr_client *client, const char *queue,
                                   const char *id, struct mr_error *err);
MR_MUST_USE enum mr_code mr_run_now(struct mr_client *client, const char *queue,
                                    const char *id, struct mr_error *err);
MR_MUST_USE enum mr_code mr_requeue(struct mr_client *client, const char *queue,
                                    const char *id, struct mr_error *err);
MR_MUST_USE enum mr_code mr_delete(struct mr_client *client, const char *queue,
                                   const char *id, struct mr_error *err);

/* For all dead tasks that match and died before the call; filter NULL: all of
 * them. *changed (may be NULL) counts, also after an error. What can't be
 * requeued since its key is held stays dead. */
MR_MUST_USE enum mr_code mr_requeue_all(struct mr_client *client,
                                        const struct mr_filter *filter,
                                        size_t *changed, struct mr_error *err);
MR_MUST_USE enum mr_code mr_delete_all(struct mr_client *client,
                                       const struct mr_filter *filter,
                                       size_t *changed, struct mr_error *err);

/* Removes all tasks of a queue that are in state, which may not be active; of
 * MR_STATE_ANY all but the active and the dead. *removed (may be NULL) counts,
 * also after an error. MR_NOT_FOUND: no such queue. */
MR_MUST_USE enum mr_code mr_purge(struct mr_client *client, const char *queue,
                                  enum mr_state state, size_t *removed,
                                  struct mr_error *err);

/* A paused queue takes tasks and hands out none. Pausing makes a queue that is
 * not there; resuming that is MR_NOT_FOUND. */
MR_MUST_USE enum mr_code mr_pause(struct mr_client *client, const char *queue,
                                  struct mr_error *err);
MR_MUST_USE enum mr_code mr_resume(struct mr_client *client, const char *queue,
                                   struct mr_error *err);

#pragma GCC visibility pop
#ifdef __cplusplus
}
#endif

#endif
