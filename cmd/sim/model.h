/*
 * model.h - a queue that is obviously right: plain arrays, every rule spelt
 * out once.
 *
 * It is told each call of a real store together with its answer, checks that
 * the answer is one that the ports promise, and then does the same to its own
 * tasks. The first thing that is wrong becomes its complaint; after that it
 * means nothing any more.
 */
#ifndef CMD_SIM_MODEL_H
#define CMD_SIM_MODEL_H

#include "usecase/admin_port.h"
#include "usecase/queue_port.h"

#define MODEL_TASKS_MAX 1024
#define MODEL_QUEUES_MAX 16
#define MODEL_TEXT_MAX 63 /* bytes of a key, a payload, an error, a result */
#define MODEL_COMPLAINT_SIZE 300

/* Short bytes, kept by value. */
struct model_text {
    bool is_there;
    uint8_t len;
    char at[MODEL_TEXT_MAX + 1];
};

struct model_task {
    struct task task; /* attempt as before the lease; its type and payload
                         are those below, and other bytes it has none */
    struct model_queue *queue;
    struct model_text type;
    struct model_text payload;
    struct model_text key;
    struct model_text error;
    struct model_text result;
    enum task_state state;
    enum reason reason;
    bool is_gone;
    int64_t finished_at_ms;
    uint64_t order; /* among the ready ones: in which they became so */

    /* Of the lease, where it is active. */
    struct lease_token token;
    int64_t until_ms;
    bool is_taken;    /* from one whose lease had ended */
    bool is_recorded; /* the start is */
    bool is_begun;    /* the handler has really been called */
    bool is_answered; /* and has come to an end, like this: */
    enum outcome_kind answer;

    uint64_t fencing; /* of the latest lease */
    size_t runs;      /* how often its handler was called */
    uint64_t seen;    /* by the latest comparison of that number */
};

struct model_queue {
    char name[QUEUE_NAME_MAX + 1];
    bool is_paused;
    int64_t done;
    int64_t failed;
};

/* Who holds a key. */
struct model_hold {
    struct model_task *holder;
    struct model_text key;
    int64_t until_ms; /* INT64_MAX: until the task ends */
};

struct model {
    struct model_task tasks[MODEL_TASKS_MAX];
    size_t count;
    uint16_t table[2 * MODEL_TASKS_MAX]; /* by id: index + 1; 0: free */
    struct model_queue queues[MODEL_QUEUES_MAX];
    size_t queue_count;
    struct model_hold holds[MODEL_TASKS_MAX];
    size_t hold_count;
    uint64_t last_order;
    size_t live; /* how many tasks are not gone */
    uint64_t comparisons;
    int64_t latest_ms; /* that any call told: what was over then, may be gone
                          for calls that come with an older time */

    bool is_timed_apart; /* leases end by a clock of the store's own, */
    int64_t there_ms;    /* which shows this, */
    int64_t early_ms;    /* or up to so much more */
    bool is_ordered;     /* check the order in which tasks are leased */

    char complaint[MODEL_COMPLAINT_SIZE]; /* "": all is well */
};

/* An empty store; NULL: no memory. */
struct model *model_new(void);
void model_free(struct model *m);

/* Whether all was well so far. */
bool model_is_fine(const struct model *m);

/* Says what is wrong, unless something has been before. id may be NULL. */
void model_complain(struct model *m, const struct task_id *id,
                    const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The task, also when it is gone; NULL: there never was one. */
struct model_task *model_find(struct model *m, struct bytes queue,
                              const struct task_id *id);

/* Whether it is still kept at now_ms. */
bool model_is_there(const struct model_task *t, int64_t now_ms);

/* Whether it is done and its retention over at now_ms, but nobody has
 * promoted since: it may still be there, or not. */
bool model_may_linger(const struct model_task *t, int64_t now_ms);

/* The task whose current lease has that token, or NULL. */
struct model_task *model_leased(struct model *m, const struct lease *lease);

/* Whether something could be leased by plan. */
const struct model_task *model_leasable(const struct model *m,
                                        const struct queue_plan *plan);

/* The earliest instant at which a task is due; INT64_MAX: none is. */
int64_t model_next_due_ms(const struct model *m);

/* What the operations of the ports did; the answers are theirs. */
void model_enqueued(struct model *m, int64_t now_ms,
                    const struct new_task *tasks, size_t n,
                    const struct enqueued *results);
void model_was_leased(struct model *m, const struct lease_request *req,
                      const struct lease *leases, size_t n);
void model_settled(struct model *m, int64_t now_ms,
                   const struct settlement *items, size_t n,
                   const enum status *results);
void model_extended(struct model *m, int64_t now_ms, int64_t lease_ms,
                    const struct renewal *items, size_t n,
                    const enum status *results);
void model_promoted(struct model *m, int64_t now_ms, size_t limit, size_t moved,
                    int64_t next_due_ms);
void model_was_taken(struct model *m, const struct reap_request *req,
                     const struct lease *leases, size_t n);
void model_removed(struct model *m, int64_t now_ms, unsigned states,
                   const struct task_ref *refs, size_t n,
                   const enum status *results);
void model_ran_now(struct model *m, int64_t now_ms, const struct task_ref *ref,
                   enum status result);
void model_requeued(struct model *m, int64_t now_ms,
                    const struct task_ref *refs, size_t n,
                    const enum status *results, const struct task_id *holders);
void model_purged(struct model *m, int64_t now_ms, struct bytes queue,
                  enum task_state state, enum status result, size_t removed);
void model_paused(struct model *m, struct bytes queue, bool is_paused,
                  enum status result);

/* Compares the whole store with the model: every task is in its state and
 * only there, and the statistics add up. mem is reset. */
void model_compare(struct model *m, struct admin_port admin, int64_t now_ms,
                   struct arena *mem);

/* Compares what find tells of one task. */
void model_compare_one(struct model *m, struct admin_port admin, int64_t now_ms,
                       const struct model_task *t, struct arena *mem);

#endif
