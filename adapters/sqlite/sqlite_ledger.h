/*
 * sqlite_ledger.h - the queues that one transaction touches.
 *
 * A queue's row is read on first use and written back once, with the sum of
 * what happened to its counters.
 *
 * position orders the tasks of a queue. One is given out when a task becomes
 * ready, and when it ends: the time in ms times POSITIONS_PER_MS, or one more
 * than the last where that is not larger. So it grows always, also when the
 * clock steps back; ties go by arrival; and tasks of different queues can be
 * compared. fencing is given out to leases, and grows for ever too.
 */
#ifndef ADAPTERS_SQLITE_LEDGER_H
#define ADAPTERS_SQLITE_LEDGER_H

#include "adapters/sqlite/sqlite_connection.h"
#include "domain/task.h"

#define POSITIONS_PER_MS 32768
#define LEDGER_QUEUES BATCH_MAX

struct queue_row {
    int64_t id;
    char name[QUEUE_NAME_MAX + 1];
    bool is_paused;
    bool is_changed;
    int64_t ready; /* how many, when it was read */
    int64_t position;
    int64_t fencing;
    int64_t moved[TASK_STATES]; /* what has come to each state, less what has
                                   left it */
    int64_t succeeded;
    int64_t failed;
};

struct ledger {
    struct connection *connection;
    struct bytes namespace;
    bool has_news; /* something may be there now that workers wait for */
    size_t count;
    struct queue_row queues[LEDGER_QUEUES];
};

void ledger_begin(struct ledger *l);

/* Finds a queue. Answers STATUS_NOT_FOUND. The row lives until
 * ledger_begin(); no more than LEDGER_QUEUES may be asked for in between. */
MUST_USE enum status ledger_find(struct ledger *l, struct bytes name,
                                 struct queue_row **out, struct error *err);
MUST_USE enum status ledger_find_id(struct ledger *l, int64_t id,
                                    struct queue_row **out, struct error *err);

/* Finds a queue, or makes it. */
MUST_USE enum status ledger_need(struct ledger *l, struct bytes name,
                                 struct queue_row **out, struct error *err);

/* Writes all changes and begins anew with the page of queues, by name, whose
 * names follow after; after becomes the last one's. list is one of
 * SQL_QUEUES_READY, _WAITING, _ACTIVE. Answers STATUS_EMPTY: no more. */
MUST_USE enum status ledger_page(struct ledger *l, enum sql list,
                                 char after[QUEUE_NAME_MAX + 1],
                                 struct error *err);

/* Writes all changes. */
MUST_USE enum status ledger_flush(struct ledger *l, struct error *err);

int64_t queue_row_next_position(struct queue_row *q, int64_t now_ms);
int64_t queue_row_next_fencing(struct queue_row *q);
void queue_row_add(struct queue_row *q, enum task_state state);
void queue_row_take(struct queue_row *q, enum task_state state);

#endif
