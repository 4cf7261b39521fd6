/*
 * dir_port.h - what the ports over a folder share.
 */
#ifndef DIR_PORT_H
#define DIR_PORT_H

#include "dir_store.h"
#include "usecase/fleet_port.h"
#include "usecase/scrub_port.h"

/* Copies a task, or a record, into mem; false: it is full, and as it was. */
bool dir_copy_task(const struct entry *e, struct arena *mem, struct task *out);
bool dir_copy_record(const struct entry *e, struct arena *mem,
                     struct task_record *out);

/* Moves e to a state that it is in until until_ms, and saves it. */
enum status dir_move(struct dir_store *s, struct entry *e,
                     enum task_state state, int64_t now_ms, int64_t until_ms,
                     struct error *err);

/* The other holder of e's key; NULL: none, or it has no key. */
const struct entry *dir_holder(const struct dir_store *s, struct bytes queue,
                               struct bytes key, const struct entry *besides,
                               int64_t now_ms);

/* When the next scheduled or retrying task is due; INT64_MAX: there is none. */
int64_t dir_next_due_ms(const struct dir_store *s);

enum status dir_queue_open(struct dir_store *s, struct queue_port *out,
                           struct error *err);
void dir_admin_open(struct dir_store *s, struct admin_port *out);

void dir_scrub_open(struct dir_store *s, struct scrub_port *out);

/* What a worker last said of itself; false: nothing. */
bool dir_worker(const struct dir_store *s, const char *name,
                struct worker_info *out);

/* dir_lease.c, for the queue port; watch is an inotify descriptor. */
enum status dir_lease(struct dir_store *s, int watch,
                      const struct lease_request *req, struct arena *mem,
                      struct lease *leases, size_t *count, struct error *err);
enum status dir_take_expired(struct dir_store *s,
                             const struct reap_request *req, struct arena *mem,
                             struct lease *leases, size_t *count,
                             struct error *err);

/* The task that is leased under that token; NULL: none. */
struct entry *dir_leased(const struct dir_store *s, const struct task_id *id,
                         const struct lease_token *token);

#endif
