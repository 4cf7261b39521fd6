#include "dir_store.h"
#include "domain/text.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define NAMES_SIZE 160 /* of the longest name below */
#define NEW ".new"     /* ends the name of a file that is not there yet */

int64_t dir_monotonic_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

enum status dir_fault(const struct dir_store *s, struct error *err)
{
    int const cause = errno;
    bool const is_full = cause == ENOSPC || cause == EDQUOT;
    struct bytes const parts[] = {BYTES("dir: "), bytes_of(s->path),
                                  BYTES(": "), bytes_of(strerror(cause))};

    return error_join(err, is_full ? STATUS_FULL : STATUS_UNAVAILABLE, NULL,
                      parts, 4);
}

static void join(const struct dir_store *s, const char *name, const char *end,
                 char out[PATH_SIZE])
{
    struct text path = text_in(out, PATH_SIZE);

    text_add(&path, s->path);
    text_add(&path, "/");
    text_add(&path, name);
    text_add(&path, end);
}

/* Before the first change: whoever comes next reads what there is, however far
 * this call gets. */
enum status dir_touch(struct dir_store *s, struct error *err)
{
    if (s->is_writing)
        return STATUS_OK;
    s->generation++;
    if (pwrite(s->fd, &s->generation, sizeof(s->generation), 0) !=
        sizeof(s->generation))
        return dir_fault(s, err);
    s->is_writing = true;
    return STATUS_OK;
}

enum status dir_write(struct dir_store *s, const char *name, const void *bytes,
                      size_t size, struct error *err)
{
    char path[PATH_SIZE], new[PATH_SIZE];
    enum status const st = dir_touch(s, err);

    if (st < 0)
        return st;
    join(s, name, "", path);
    join(s, name, NEW, new);
    int const fd = open(new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return dir_fault(s, err);
    ssize_t const written = write(fd, bytes, size);
    if (written >= 0 && (size_t)written < size)
        errno = ENOSPC;
    bool const is_whole = written == (ssize_t)size;
    if (close(fd) != 0 || !is_whole || rename(new, path) != 0)
        return dir_fault(s, err);
    return STATUS_OK;
}

static void forget_all(struct dir_store *s)
{
    for (size_t i = 0; i < s->count; i++)
        dir_entry_free(s->entries[i]);
    free(s->queues);
    s->queues = NULL;
    s->count = s->queue_count = 0;
}

bool dir_keep(struct dir_store *s, struct entry *e)
{
    if (s->count == s->room) {
        size_t const room = s->room * 2 + 64;
        void *more = reallocarray(s->entries, room, sizeof(*s->entries));
        if (!more)
            return false;
        s->entries = more;
        s->room = room;
    }
    s->entries[s->count++] = e;
    return true;
}

/* The bytes of a file; NULL: it can't be read. */
static char *read_file(int folder, const char *name, size_t *size)
{
    int const fd = openat(folder, name, O_RDONLY | O_CLOEXEC);
    struct stat st;
    char *bytes = NULL;

    if (fd >= 0 && fstat(fd, &st) == 0 &&
        (bytes = malloc((size_t)st.st_size + 1)) != NULL) {
        *size = (size_t)st.st_size;
        if (read(fd, bytes, *size) != (ssize_t)*size) {
            free(bytes);
            bytes = NULL;
        }
    }
    if (fd >= 0)
        close(fd);
    return bytes;
}

static bool take_task(struct dir_store *s, char *file, size_t size)
{
    struct entry *e = dir_entry_understand(file, size);

    if (e && dir_keep(s, e))
        return true;
    free(e);
    free(file);
    return false;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct dir_queue *)a)->name,
                  ((const struct dir_queue *)b)->name);
}

static bool take_queue(struct dir_store *s, char *file, size_t size)
{
    struct dir_queue *more =
        reallocarray(s->queues, s->queue_count + 1, sizeof(*more));
    bool const is_one = more && size == sizeof(*more);

    if (more)
        s->queues = more;
    if (is_one) {
        memcpy(&s->queues[s->queue_count++], file, size);
        qsort(s->queues, s->queue_count, sizeof(*s->queues), by_name);
    }
    free(file);
    return is_one;
}

static bool is_new(const char *name)
{
    size_t const len = strlen(name);

    return len > 4 && strcmp(name + len - 4, NEW) == 0;
}

static enum status read_folder(struct dir_store *s, const char *name,
                               bool (*take)(struct dir_store *, char *, size_t),
                               struct error *err)
{
    char path[PATH_SIZE];
    enum status st = STATUS_OK;
    struct dirent *file;
    size_t size;

    join(s, name, "", path);
    DIR *folder = opendir(path);
    if (!folder)
        return dir_fault(s, err);
    while (st == STATUS_OK && (file = readdir(folder))) {
        if (file->d_name[0] == '.' || is_new(file->d_name))
            continue;
        char *bytes = read_file(dirfd(folder), file->d_name, &size);
        if (!bytes || !take(s, bytes, size))
            st = error_set(err, STATUS_CORRUPT, NULL,
                           "dir: a file can't be understood");
    }
    closedir(folder);
    return st;
}

static enum status read_all(struct dir_store *s, struct error *err)
{
    forget_all(s);
    enum status const st = read_folder(s, "queues", take_queue, err);

    return st < 0 ? st : read_folder(s, "tasks", take_task, err);
}

enum status dir_store_lock(struct dir_store *s, struct error *err)
{
    int64_t generation = 0;
    enum status st = STATUS_OK;

    pthread_mutex_lock(&s->lock);
    while (flock(s->fd, LOCK_EX) != 0 && errno == EINTR)
        ;
    if (pread(s->fd, &generation, sizeof(generation), 0) < 0)
        st = dir_fault(s, err);
    s->is_writing = false;
    s->given = 0;
    if (st == STATUS_OK && generation != s->generation)
        st = read_all(s, err);
    s->generation = generation;
    if (st < 0)
        dir_store_unlock(s, st);
    return st;
}

void dir_store_unlock(struct dir_store *s, enum status status)
{
    if (status < 0)
        s->generation = -1;
    flock(s->fd, LOCK_UN);
    pthread_mutex_unlock(&s->lock);
}

enum status dir_store_open(const char *folder, const char *namespace,
                           struct dir_store **out, struct error *err)
{
    static const char *const parts[] = {"", "/tasks", "/queues", "/workers"};
    struct dir_store *s = calloc(1, sizeof(*s));
    char path[PATH_SIZE];

    if (!s)
        return error_set(err, STATUS_NO_MEMORY, NULL, "dir: out of memory");
    s->fd = -1;
    s->generation = -1;
    pthread_mutex_init(&s->lock, NULL);
    struct text home = text_in(s->path, sizeof(s->path) - NAMES_SIZE);
    text_add(&home, folder);
    text_add(&home, "/");
    text_add(&home, namespace);
    if (home.is_cut) {
        errno = ENAMETOOLONG;
        goto failed;
    }
    for (size_t i = 0; i < 4; i++) {
        join(s, "", parts[i], path);
        if (mkdir(path, 0700) != 0 && errno != EEXIST)
            goto failed;
    }
    join(s, "generation", "", path);
    s->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (s->fd < 0)
        goto failed;
    *out = s;
    return STATUS_OK;

failed:;
    enum status const st = dir_fault(s, err);
    dir_store_close(s);
    return st;
}

void dir_store_close(struct dir_store *s)
{
    forget_all(s);
    free(s->entries);
    if (s->fd >= 0)
        close(s->fd);
    pthread_mutex_destroy(&s->lock);
    free(s);
}
