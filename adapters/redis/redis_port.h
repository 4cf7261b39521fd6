/*
 * redis_port.h - the inside of the queue port: shared by the files that make
 * it up, and by nobody else.
 *
 * A lane is what the port knows of one queue. Lanes stay for the life of the
 * port, in order of their names.
 */
#ifndef ADAPTERS_REDIS_PORT_H
#define ADAPTERS_REDIS_PORT_H

#include "adapters/redis/redis_connection.h"
#include "adapters/redis/redis_entry_id.h"
#include "adapters/redis/redis_keys.h"
#include "adapters/redis/redis_script.h"
#include "adapters/redis/redis_task.h"
#include "usecase/queue_port.h"

/* An entry that was delivered to us and could not be handed out yet. */
struct redis_kept {
    struct redis_kept *next;
    redisReply *entry; /* owned */
};

struct redis_lane {
    char name[QUEUE_NAME_MAX + 1];
    char keys[REDIS_QUEUE_KEYS][REDIS_KEY_SIZE];
    bool is_listed;            /* was in NS:queues at the latest look */
    uint64_t announced_to;     /* the connection by which we last added it
                                  there; 0: none */
    int64_t announced_mono_ms; /* and when */
    bool has_groups;           /* as far as we know: to wait on its streams */

    /* What a promote has found out, in this call; INT64_MAX: nothing. */
    int64_t next_due_ms; /* a task */
    int64_t soonest_ms;  /* anything to do */

    /* What a lease has found out, in this call. */
    bool is_paused;
    bool is_inexact[PRIORITIES]; /* ready counts active ones too */
    bool had_entries[PRIORITIES];
    bool is_dry[PRIORITIES]; /* nothing came, whatever is counted: others were
                                quicker, or somebody has acknowledged by hand */
    int64_t ready[PRIORITIES];
    size_t take[PRIORITIES];    /* how many to hand out */
    size_t claimed[PRIORITIES]; /* of them, kept ones */
    bool lacks_group[PRIORITIES];
    bool has_group[PRIORITIES]; /* as far as we know: to read from */
    size_t entry_bytes;         /* about so many each; 0: not known yet */

    struct redis_kept *kept[PRIORITIES]; /* oldest first */
    size_t kept_count[PRIORITIES];

    struct redis_kept *strays[REDIS_STREAMS]; /* to be moved, see below */
};

/* Which items of a call go together: the same lane and kind. */
struct redis_class {
    struct redis_lane *lane; /* NULL: the item goes nowhere */
    int kind;
    size_t bytes;
};

struct redis_group {
    struct redis_lane *lane;
    int kind;
    size_t first; /* in order[] */
    size_t count;
};

enum redis_fate {
    REDIS_UNSENT,
    REDIS_SENT, /* no answer yet: if the line breaks, nobody knows */
    REDIS_STORED,
};

/* The latest enqueue, kept until it has succeeded: a call that is repeated
 * after a fault goes on where this one stopped. */
struct redis_outbox {
    bool is_open;
    size_t n;
    size_t group_count;
    char run_id[REDIS_RUN_ID_SIZE]; /* where and by whom it was sent */
    int64_t client_id;
    int64_t sent_mono_ms;
    struct task_id ids[BATCH_MAX];
    struct enqueued results[BATCH_MAX];
    bool is_known[BATCH_MAX]; /* was sent before: look whether it exists */
    uint16_t order[BATCH_MAX];
    struct redis_group groups[BATCH_MAX];
    enum redis_fate fates[BATCH_MAX]; /* of groups */
    uint64_t numbers[BATCH_MAX];      /* of groups, see sent in redis_keys.h */
};

/* One enqueue on its way. */
struct redis_sending {
    struct redis_port *p; /* whose outbox it is */
    const struct new_task *tasks;
    int64_t now_ms;

    /* Entries far from the time in their task's id: they need pointers. */
    size_t far_count;
    uint16_t far[BATCH_MAX]; /* which tasks */
    struct redis_entry_id far_at[BATCH_MAX];
};

/* Where to go on with what the latest promote left due (redis_promote.c). */
struct redis_ahead {
    struct redis_lane *lane; /* NULL: nowhere */
    int64_t now_ms;
    bool is_sent;
};

struct redis_port {
    struct redis_connection main;
    struct redis_connection waiter; /* blocks; connected when first needed */
    const char *namespace;
    char queues_key[REDIS_KEY_SIZE];
    char paused_key[REDIS_KEY_SIZE];
    char wake_key[REDIS_KEY_SIZE];
    bool has_wake_group;

    struct redis_lane **lanes;
    size_t lane_count;
    size_t lane_room;
    size_t listed_count;
    int64_t listed_mono_ms; /* when NS:queues was last read; 0: never */

    struct redis_ahead ahead;

    char producer[20];
    uint64_t last_number;
    struct redis_outbox outbox;
    struct redis_sending sending;

    char consumer[REDIS_CONSUMER_SIZE]; /* of the latest lease */
    int64_t swept_mono_ms; /* when consumers were last forgotten; 0: never */

    size_t entry_bytes;         /* as in a lane, over all of them */
    struct redis_lane **chosen; /* scratch: the lanes of a lease's plan */
    size_t chosen_room;
    struct bytes *names; /* scratch: those that have something */
    size_t *quota;
    size_t *sequence;

    char *scratch; /* for x and bodies */
    size_t scratch_size;

    /* Scratch of one call. */
    struct redis_class classes[BATCH_MAX];
    uint16_t order[BATCH_MAX];
    struct redis_group groups[BATCH_MAX];
    enum status results[BATCH_MAX];
};

/* One lease on its way. */
struct redis_leasing {
    struct redis_port *p; /* its chosen lanes are those of the plan */
    const struct lease_request *req;
    int64_t now_ms;
    size_t lane_count;
    struct arena *mem;
    struct lease *leases;
    size_t count;
    size_t stray_count; /* moved out of the way */
    bool is_full;       /* mem is */
    bool is_limited;    /* in this pass, less was read than shared out */
    bool is_dry;        /* in this pass, a read brought nothing */
    size_t budget;      /* in this pass, bytes of mem not yet spoken for */
};

/* redis_lanes.c */

/* The lane of that name, made if need be; NULL: no memory. */
struct redis_lane *redis_lane_get(struct redis_port *p, struct bytes name);

/* The lane of that name if there is one. */
struct redis_lane *redis_lane_find(const struct redis_port *p,
                                   struct bytes name);

/* Reads the names of all queues. */
MUST_USE enum status redis_lanes_refresh(struct redis_port *p,
                                         struct error *err);

/* The lane a token speaks of; NULL: there is no such queue. Never makes one: a
 * token may say anything. */
MUST_USE enum status redis_lane_of(struct redis_port *p, struct bytes name,
                                   struct redis_lane **out, struct error *err);

/* Begins the question whether that is still all; with the answer, reads them
 * again if not. *is_new: there may be lanes that there were not before. */
void redis_lanes_ask(struct redis_port *p);
MUST_USE enum status redis_lanes_hear(struct redis_port *p, bool *is_new,
                                      struct error *err);

/* Adds all keys of the lane to the script call that was begun. */
void redis_add_keys(struct redis_connection *c, const struct redis_lane *lane);

/* Begins to make the consumer group of a stream, and the stream if need be.
 * That it exists already is as good. */
void redis_group_begin(struct redis_connection *c, const char *key);
MUST_USE enum status redis_group_heard(struct redis_connection *c,
                                       struct error *err);

/* Makes the groups that the chosen lanes lack; *has_made: there were some. */
MUST_USE enum status redis_lanes_make_groups(struct redis_leasing *l,
                                             bool *has_made, struct error *err);

/* Makes sure of the groups of streams that have something and that we have not
 * read from before. */
MUST_USE enum status redis_lanes_meet_groups(struct redis_leasing *l,
                                             struct error *err);

/* Keeps an entry for later, behind those that are kept already; takes it. */
MUST_USE enum status redis_lane_keep(struct redis_lane *lane,
                                     enum priority priority, redisReply *entry,
                                     struct error *err);

/* Forgets the kept entry *at of that priority; *at is then the next. */
void redis_lane_drop(struct redis_lane *lane, enum priority priority,
                     struct redis_kept **at);

/* redis_strays.c: entries that can't be read (redis_stray.h). They are kept
 * until nothing is awaited and they can be moved; takes entry. */
MUST_USE enum status redis_stray_keep(struct redis_lane *lane,
                                      enum redis_stream stream,
                                      redisReply *entry, struct error *err);

/* Makes those of the lane dead letters; adds to *moved how many. */
MUST_USE enum status redis_strays_move(struct redis_port *p,
                                       struct redis_lane *lane, int64_t now_ms,
                                       size_t *moved, struct error *err);

/* The same for all lanes. */
MUST_USE enum status redis_strays_move_all(struct redis_port *p, int64_t now_ms,
                                           size_t *moved, struct error *err);

/* Forgets the first of them. */
void redis_stray_drop(struct redis_lane *lane, enum redis_stream stream);

/* redis_groups.c */

#define REDIS_GROUP_MAX 250           /* items of one script */
#define REDIS_WINDOW_BYTES (8U << 20) /* sent before answers are read */
#define REDIS_GROUP_BYTES (4U << 20)  /* and their bytes, unless it is one */

/* Sorts the items classes[n] into groups, of at most max, keeping their order
 * in each; returns how many groups. order[n] holds the items' indexes, group by
 * group. */
size_t redis_group_items(const struct redis_class *classes, size_t n,
                         size_t max, uint16_t *order,
                         struct redis_group *groups);

/* The time that a score stands for: what is no time, or an empty text, is
 * never. Servers write large ones in another form, such as 1e+17. */
int64_t redis_time_of(const redisReply *score);

/* Room for size bytes in p->scratch; NULL: no memory. */
char *redis_scratch(struct redis_port *p, size_t size);

enum status redis_no_memory(struct error *err);

/* The operations, one file each. */
enum status redis_enqueue(void *self, int64_t now_ms,
                          const struct new_task *tasks, size_t n,
                          struct enqueued *results, struct error *err);
enum status redis_lease(void *self, const struct lease_request *req,
                        struct arena *mem, struct lease *leases, size_t *count,
                        struct error *err);
enum status redis_settle(void *self, int64_t now_ms,
                         const struct settlement *items, size_t n,
                         enum status *results, struct error *err);
enum status redis_extend(void *self, int64_t now_ms, int64_t lease_ms,
                         const char *worker, const struct renewal *items,
                         size_t n, enum status *results, struct error *err);
enum status redis_promote(void *self, int64_t now_ms, size_t limit,
                          size_t *moved, int64_t *next_due_ms,
                          struct error *err);
enum status redis_take_expired(void *self, const struct reap_request *req,
                               struct arena *mem, struct lease *leases,
                               size_t *count, struct error *err);

/* redis_promote.c: where the latest promote left something due, begins to move
 * some of it, without waiting for the answer. */
void redis_promote_ahead(struct redis_port *p);

/* redis_survey.c: the lanes of the plan, into p->chosen[*n]. */
MUST_USE enum status redis_choose_lanes(struct redis_port *p,
                                        const struct queue_plan *plan,
                                        size_t *n, struct error *err);

/* Counts what is ready there. With a plan of every queue, asks whether those
 * are all; *is_new: they may not be. */
MUST_USE enum status redis_count_ready(struct redis_leasing *l, bool *is_new,
                                       struct error *err);

/* Decides, by the plan, how many to take of each lane and priority, into
 * lane->take. Returns of how many lanes; p->names[p->sequence[i]] is the name
 * of the i-th to take from. */
size_t redis_share_out(struct redis_leasing *l);

/* redis_wait.c: sleeps until something may be ready in the chosen lanes, the
 * wake, a due time or until; what arrives is kept. Answers STATUS_OK: look
 * again; STATUS_EMPTY: the wait is over. */
MUST_USE enum status redis_wait(struct redis_leasing *l, struct error *err);

/* redis_sending.c: sends the groups of the outbox that are not stored, and
 * takes their answers. A group whose script the server had forgotten is left
 * unsent, without a fault. */
MUST_USE enum status redis_send_round(struct redis_sending *s,
                                      struct error *err);

/* redis_outbox.c: after a lost line, finds out which groups were stored. */
MUST_USE enum status redis_outbox_resolve(struct redis_port *p,
                                          struct error *err);

/* Reads "NUMBER ANSWER...", filling in the results of a group; false if the
 * number is another one or the answers are not as many. */
bool redis_outbox_answers(struct redis_outbox *o, size_t group,
                          struct bytes text);

/* redis_release.c: gives back all that is kept in the lane. */
MUST_USE enum status redis_release_kept(struct redis_port *p,
                                        struct redis_lane *lane, int64_t now_ms,
                                        struct error *err);

#endif
