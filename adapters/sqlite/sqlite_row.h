/*
 * sqlite_row.h - tasks to and from rows.
 */
#ifndef ADAPTERS_SQLITE_ROW_H
#define ADAPTERS_SQLITE_ROW_H

#include "adapters/sqlite/sqlite_ledger.h"
#include "domain/arena.h"
#include "usecase/admin_port.h"
#include "usecase/queue_port.h"

/* Whether the task in the current row of q, which gives all of enum
 * task_column, was done so long ago that it is only there because nobody has
 * forgotten it yet: then it does not count any more. */
bool row_is_over(const struct query *q, int64_t now_ms);

/* Reads the task in the current row of q, which gives the first of enum
 * task_column, into *out. Answers STATUS_EMPTY when mem is full; fault
 * STATUS_CORRUPT. Does not fill in the queue's name. */
MUST_USE enum status row_read_task(const struct query *q, struct arena *mem,
                                   struct task *out, struct error *err);

/* The same for the whole record; q gives all columns. */
MUST_USE enum status row_read_record(const struct query *q, struct arena *mem,
                                     struct task_record *out,
                                     struct error *err);

/* Whether row_read_record() can read the current row of q, but for its state:
 * that may be none that there is. */
bool row_is_readable(const struct query *q);

/* A token tells queue, number and fencing of the task. */
struct token {
    int64_t queue_id;
    int64_t number;
    int64_t fencing;
};

struct lease_token token_format(struct token token);

/* False if the text is no token of ours. */
bool token_parse(const struct lease_token *text, struct token *out);

#endif
