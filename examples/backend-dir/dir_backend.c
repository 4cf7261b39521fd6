/*
 * dir_backend.c - the backend_port, and the small ports: who is alive, what is
 * amiss, what time it is.
 */
#include "dir_backend.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "dir_port.h"
#include "domain/text.h"

/* The ports below have nothing of their own. */
static void close_nothing(void *self)
{
    (void)self;
}

/* ---- Workers: one file each, with what the last beat said. ---- */

static void worker_path(const struct dir_store *s, const char *name,
                        char out[PATH_SIZE])
{
    struct text path = text_in(out, PATH_SIZE);

    text_add(&path, s->path);
    text_add(&path, "/workers/");
    text_add(&path, name);
}

bool dir_worker(const struct dir_store *s, const char *name,
                struct worker_info *out)
{
    char path[PATH_SIZE];

    worker_path(s, name, path);
    FILE *file = fopen(path, "re");
    bool const is_read = file && fread(out, sizeof(*out), 1, file) == 1;
    if (file)
        fclose(file);
    return is_read;
}

/* The live ones, by name, as scandir lists them; < 0: errno tells why. */
static int list_workers(const struct dir_store *s, struct dirent ***out)
{
    char path[PATH_SIZE];

    worker_path(s, "", path);
    return scandir(path, out, NULL, alphasort);
}

static void forget_worker(const struct dir_store *s, const char *name)
{
    char path[PATH_SIZE];

    worker_path(s, name, path);
    unlink(path); /* another one may have been quicker */
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct worker_info *)a)->name,
                  ((const struct worker_info *)b)->name);
}

/* Those seen at since_ms or later whose names follow after, in any order; the
 * others go if they are to be forgotten. */
static size_t look_at_workers(const struct dir_store *s, int64_t since_ms,
                              const char *after, bool forgets, size_t max,
                              struct worker_info *out)
{
    struct dirent **files;
    struct worker_info info;
    size_t found = 0;
    int const n = list_workers(s, &files);

    for (int i = 0; i < n; i++) {
        if (files[i]->d_name[0] != '.' &&
            dir_worker(s, files[i]->d_name, &info)) {
            if (info.seen_at_ms < since_ms && forgets)
                forget_worker(s, info.name);
            else if (info.seen_at_ms >= since_ms && found < max &&
                     strcmp(info.name, after) > 0)
                out[found++] = info;
        }
        free(files[i]);
    }
    if (n >= 0)
        free(files);
    return found;
}

static enum status dir_fleet_beat(void *self, int64_t now_ms, int64_t forget_ms,
                                  const struct worker_info *info,
                                  struct error *err)
{
    struct dir_store *s = self;
    struct worker_info seen = *info;
    char name[128];
    enum status st = dir_store_lock(s, err);

    if (st < 0)
        return st;
    seen.seen_at_ms = now_ms;
    snprintf(name, sizeof(name), "workers/%s", seen.name);
    st = dir_write(s, name, &seen, sizeof(seen), err);
    look_at_workers(s, now_ms - forget_ms, "", true, 0, NULL);
    dir_store_unlock(s, st);
    return st;
}

static enum status dir_fleet_leave(void *self, const char *worker,
                                   struct error *err)
{
    (void)err;
    forget_worker(self, worker);
    return STATUS_OK;
}

static enum status dir_fleet_workers(void *self, int64_t since_ms,
                                     const char *after, size_t max,
                                     struct worker_info *out, size_t *count,
                                     struct error *err)
{
    (void)err;
    *count = look_at_workers(self, since_ms, after, false, max, out);
    qsort(out, *count, sizeof(*out), by_name);
    return STATUS_OK;
}

static const struct fleet_ops dir_fleet_ops = {
    .name = "dir",
    .beat = dir_fleet_beat,
    .leave = dir_fleet_leave,
    .workers = dir_fleet_workers,
    .close = close_nothing,
};

/* ---- Health: whether the folder can be written to. ---- */

static enum status dir_health_check(void *self, int64_t local_now_ms,
                                    size_t max, struct finding *out,
                                    size_t *count, struct error *err)
{
    const struct dir_store *s = self;
    bool const is_fine = access(s->path, R_OK | W_OK | X_OK) == 0;
    (void)local_now_ms;
    (void)err;

    *count = max > 0;
    if (max == 0)
        return STATUS_OK;
    *out = (struct finding){.check = "folder",
                            .level = is_fine ? FINDING_OK : FINDING_BAD};
    snprintf(out->text, sizeof(out->text), "%s",
             is_fine ? "can be written to" : "can't be written to");
    return STATUS_OK;
}

static const struct health_ops dir_health_ops = {
    .name = "dir", .check = dir_health_check, .close = close_nothing};

/* ---- The clock of this machine: who shares a folder shares it. ---- */

static int64_t dir_clock_now_ms(void *self)
{
    struct timespec now;
    (void)self;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static const struct clock_ops dir_clock_ops = {
    .name = "dir", .now_ms = dir_clock_now_ms, .close = close_nothing};

/* ---- The backend. ---- */

static enum status open_queue(void *self, struct queue_port *out,
                              struct error *err)
{
    return dir_queue_open(self, out, err);
}

static enum status open_admin(void *self, struct admin_port *out,
                              struct error *err)
{
    (void)err;
    dir_admin_open(self, out);
    return STATUS_OK;
}

static enum status open_fleet(void *self, struct fleet_port *out,
                              struct error *err)
{
    (void)err;
    *out = (struct fleet_port){&dir_fleet_ops, self};
    return STATUS_OK;
}

static enum status open_health(void *self, struct health_port *out,
                               struct error *err)
{
    (void)err;
    *out = (struct health_port){&dir_health_ops, self};
    return STATUS_OK;
}

static enum status open_scrub(void *self, struct scrub_port *out,
                              struct error *err)
{
    (void)err;
    dir_scrub_open(self, out);
    return STATUS_OK;
}

static enum status open_clock(void *self, struct clock_port *out,
                              struct error *err)
{
    (void)err;
    *out = (struct clock_port){&dir_clock_ops, self};
    return STATUS_OK;
}

static void backend_close(void *self)
{
    dir_store_close(self);
}

static const struct backend_ops dir_backend_ops = {
    .name = "dir",
    .open_queue = open_queue,
    .open_admin = open_admin,
    .open_fleet = open_fleet,
    .open_health = open_health,
    .open_scrub = open_scrub,
    .open_clock = open_clock,
    .close = backend_close,
};

enum status dir_backend_open(const char *folder, const char *namespace,
                             struct backend_port *out, struct error *err)
{
    struct dir_store *s;
    enum status const st = dir_store_open(folder, namespace, &s, err);

    if (st == STATUS_OK)
        *out = (struct backend_port){&dir_backend_ops, s};
    return st;
}
