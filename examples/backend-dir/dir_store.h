/*
 * dir_store.h - the files of a folder, and what they say, in memory.
 *
 *     FOLDER/NAMESPACE/tasks/QUEUE,ID     one task, with all that goes with it
 *     FOLDER/NAMESPACE/queues/QUEUE       its totals, and whether it is paused
 *     FOLDER/NAMESPACE/workers/NAME       one worker
 *     FOLDER/NAMESPACE/generation         a number: grows before each change
 *
 * A file is written beside its place and then renamed, so that a kill leaves
 * the old one or the new one. Whatever becomes of a task is one such file: a
 * kill between two tasks of a call leaves each as it was or as it is to be. A
 * kill between a task's file and its queue's leaves the totals one short.
 *
 * One process at a time has the folder, by a lock on `generation`; one that
 * finds the number it left there trusts its memory, and otherwise reads all
 * files anew. Every look is a walk over all tasks. So this is slow with many
 * tasks, and slower with many processes: it is here to be read.
 */
#ifndef DIR_STORE_H
#define DIR_STORE_H

#include <pthread.h>

#include "usecase/admin_port.h"
#include "usecase/queue_port.h"

#define PATH_SIZE 512
#define STATE_GONE TASK_STATES /* removed, but its key is still held */

struct entry {
    struct task task; /* its bytes, and those of result, are in block */
    struct bytes result;
    char *block;
    int state; /* enum task_state, or STATE_GONE */
    enum reason reason;
    int64_t number;   /* order of becoming ready, leased, over; fences */
    int64_t until_ms; /* when it is due, its lease or its retention ends */
    int64_t ready_at_ms;
    int64_t leased_at_ms;
    int64_t started_at_ms;
    int64_t finished_at_ms;
    bool is_started;
    char worker[WORKER_NAME_MAX + 1];
};

struct dir_queue {
    char name[QUEUE_NAME_MAX + 1];
    int64_t done;
    int64_t failed;
    bool is_paused;
};

struct dir_store {
    char path[PATH_SIZE]; /* FOLDER/NAMESPACE */
    int fd;               /* of generation */
    pthread_mutex_t lock; /* between threads: the file's is between processes */
    int64_t generation;   /* that the memory is of; -1: of none */
    int64_t given;        /* numbers, in this generation */
    bool is_writing;      /* the generation has grown since the lock */
    struct entry **entries;
    size_t count;
    size_t room;
    struct dir_queue *queues; /* by name */
    size_t queue_count;
};

enum status dir_store_open(const char *folder, const char *namespace,
                           struct dir_store **out, struct error *err);
void dir_store_close(struct dir_store *s);

/* Takes the folder, and sees to it that the memory is what the files say.
 * Gives it back: after a fault, for the memory to be read anew. */
enum status dir_store_lock(struct dir_store *s, struct error *err);
void dir_store_unlock(struct dir_store *s, enum status status);

/* Under the lock. All that can be NULL is NULL where there is none. */
struct entry *dir_find(const struct dir_store *s, struct bytes queue,
                       const struct task_id *id, int64_t now_ms);
struct dir_queue *dir_queue_find(const struct dir_store *s, struct bytes name);
bool dir_entry_is_in(const struct entry *e, struct bytes queue);

/* Whether it is there for anybody: not gone, nor done and to be forgotten. */
bool dir_entry_is_there(const struct entry *e, int64_t now_ms);

/* Whether it holds a key, by the rules of task.h. */
bool dir_entry_holds(const struct entry *e, struct bytes key, int64_t now_ms);

/* Grows for ever, and is never given twice. */
int64_t dir_next_number(struct dir_store *s);

/* Each writes a file, or removes one. */
enum status dir_queue_need(struct dir_store *s, struct bytes name,
                           struct dir_queue **out, struct error *err);
enum status dir_queue_save(struct dir_store *s, const struct dir_queue *q,
                           struct error *err);
enum status dir_entry_add(struct dir_store *s, const struct entry *from,
                          struct error *err);
enum status dir_entry_save(struct dir_store *s, struct entry *e,
                           struct error *err);
enum status dir_entry_remove(struct dir_store *s, struct entry *e,
                             int64_t now_ms, struct error *err);

/* Makes it a new generation; the calls above and below do so by themselves. */
enum status dir_touch(struct dir_store *s, struct error *err);

/* Writes size bytes as the file FOLDER/NAMESPACE/name. */
enum status dir_write(struct dir_store *s, const char *name, const void *bytes,
                      size_t size, struct error *err);

/* For dir_store.c: an entry out of the bytes of its file, which become its
 * block (NULL: it is none), and its end. */
struct entry *dir_entry_understand(char *file, size_t size);
void dir_entry_free(struct entry *e);
bool dir_keep(struct dir_store *s, struct entry *e);

/* What errno means. */
enum status dir_fault(const struct dir_store *s, struct error *err);

/* The instant of the monotonic clock, for waits. */
int64_t dir_monotonic_ms(void);

#endif
