/*
 * dir_scrub.c - the scrub_port over a folder: leases that nobody looks after,
 * and what a kill between write and rename leaves lying about.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "dir_port.h"
#include "domain/text.h"

enum check {
    CHECK_FILE,
    CHECK_SILENT,
    CHECK_STALE,
};

static const struct scrub_check dir_checks[] = {
    [CHECK_FILE] = {"left-over file", FINDING_WARN, "removed",
                    "a file was begun and never put in its place"},
    [CHECK_SILENT] = {"silent worker", FINDING_WARN, NULL,
                      "a task is leased to a worker that is not heard of"},
    [CHECK_STALE] =
        {"stale lease", FINDING_BAD, NULL,
         "a lease ended long ago, and no worker took it: start one"},
    {NULL, FINDING_OK, NULL, NULL},
};

static bool is_left_over(const char *name)
{
    size_t const len = strlen(name);

    return len > 4 && strcmp(name + len - 4, ".new") == 0;
}

static void add(struct scrub_flaw *flaws, size_t *n, enum check check,
                struct bytes queue, const char *subject)
{
    struct scrub_flaw *flaw = &flaws[(*n)++];
    struct text text = text_in(flaw->subject, sizeof(flaw->subject));
    struct text name = text_in(flaw->queue, sizeof(flaw->queue));

    text_add(&text, subject);
    text_add_bytes(&name, queue);
    flaw->check = check;
    flaw->subject_len = text.len;
}

/* One page at most: there are as many as processes were killed. */
static void look_at_files(const struct dir_store *s, struct scrub_flaw *flaws,
                          size_t *n)
{
    char path[PATH_SIZE + 16];
    struct dirent *file;

    snprintf(path, sizeof(path), "%s/tasks", s->path);
    DIR *folder = opendir(path);
    while (folder && *n < SCRUB_PAGE_MAX && (file = readdir(folder)))
        if (is_left_over(file->d_name))
            add(flaws, n, CHECK_FILE, (struct bytes){0}, file->d_name);
    if (folder)
        closedir(folder);
}

static void look_at_task(const struct dir_store *s, const struct entry *e,
                         int64_t now_ms, struct scrub_flaw *flaws, size_t *n)
{
    struct worker_info worker;

    if (e->state != TASK_ACTIVE)
        return;
    if (e->until_ms + SCRUB_STALE_MS < now_ms)
        add(flaws, n, CHECK_STALE, e->task.queue, e->task.id.text);
    else if (!dir_worker(s, e->worker, &worker) ||
             worker.seen_at_ms + SCRUB_SILENT_MS < now_ms)
        add(flaws, n, CHECK_SILENT, e->task.queue, e->task.id.text);
}

/* First the files, then the tasks, a page at a time: the cursor counts. */
static enum status dir_scrub_examine(void *self, int64_t now_ms,
                                     struct scrub_cursor *cursor,
                                     struct scrub_flaw flaws[SCRUB_PAGE_MAX],
                                     size_t *count, struct error *err)
{
    struct dir_store *s = self;
    bool const is_first = cursor->text[0] == '\0';
    size_t from = is_first ? 0 : strtoul(cursor->text, NULL, 10);
    size_t n = 0;
    enum status const st = dir_store_lock(s, err);

    if (st < 0)
        return st;
    if (is_first)
        look_at_files(s, flaws, &n);
    for (size_t i = 0; !is_first && i < SCRUB_PAGE_MAX && from < s->count;
         i++, from++)
        look_at_task(s, s->entries[from], now_ms, flaws, &n);
    cursor->text[0] = '\0';
    if (from < s->count)
        snprintf(cursor->text, sizeof(cursor->text), "%zu", from);
    dir_store_unlock(s, st);
    *count = n;
    return STATUS_OK;
}

static enum status dir_scrub_repair(void *self, int64_t now_ms,
                                    const struct scrub_flaw *flaw,
                                    struct error *err)
{
    struct dir_store *s = self;
    char path[PATH_SIZE + sizeof(flaw->subject) + 16];
    enum status st = dir_store_lock(s, err);
    (void)now_ms;

    if (st < 0)
        return st;
    snprintf(path, sizeof(path), "%s/tasks/%s", s->path, flaw->subject);
    if (!is_left_over(flaw->subject) || strchr(flaw->subject, '/') ||
        unlink(path) != 0)
        st = STATUS_NOT_FOUND;
    dir_store_unlock(s, st);
    return st;
}

static void close_nothing(void *self)
{
    (void)self;
}

static const struct scrub_ops dir_scrub_ops = {
    .name = "dir",
    .checks = dir_checks,
    .examine = dir_scrub_examine,
    .repair = dir_scrub_repair,
    .close = close_nothing,
};

void dir_scrub_open(struct dir_store *s, struct scrub_port *out)
{
    *out = (struct scrub_port){&dir_scrub_ops, s};
}
