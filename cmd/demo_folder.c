#include "cmd/demo_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/options.h"
#include "cmd/output.h"

#define FILE_SIZE_MAX (1024 * 1024)
#define MADE_UP_LINES 500

static bool join(char out[DEMO_PATH_SIZE], const char *folder, const char *name)
{
    int const len = snprintf(out, DEMO_PATH_SIZE, "%s/%s", folder, name);

    return len > 0 && len < DEMO_PATH_SIZE;
}

bool demo_folder_join(const struct demo_folder *folder, const char *name,
                      char out[DEMO_PATH_SIZE])
{
    return join(out, folder->path, name);
}

/* Whether a shell and xargs take path as it is. */
static bool is_plain(const char *path)
{
    return path[strspn(path, "abcdefghijklmnopqrstuvwxyz"
                             "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/")] ==
           '\0';
}

static bool is_usable(const char *path)
{
    struct stat about;

    return is_plain(path) && stat(path, &about) == 0 &&
           S_ISREG(about.st_mode) && about.st_size > 0 &&
           about.st_size <= FILE_SIZE_MAX && access(path, R_OK) == 0;
}

/* Adds files of a folder behind the count there are; how many there are then.
 */
static size_t find_files(struct demo_folder *f, size_t count,
                         const char *folder)
{
    char absolute[PATH_MAX];
    DIR *dir = realpath(folder, absolute) ? opendir(absolute) : NULL;
    const struct dirent *entry;

    if (!dir)
        return count;
    while (count < DEMO_FILES && (entry = readdir(dir)))
        if (join(f->files[count], absolute, entry->d_name) &&
            is_usable(f->files[count]))
            count++;
    closedir(dir);
    return count;
}

static bool make_up_file(struct demo_folder *f, size_t number)
{
    char name[32];

    snprintf(name, sizeof(name), "notes-%zu.txt", number + 1);
    if (!demo_folder_join(f, name, f->files[number]))
        return false;
    FILE *file = fopen(f->files[number], "wxe");
    if (!file)
        return false;
    for (int i = 0; i < MADE_UP_LINES; i++)
        fprintf(file, "line %d of note %zu\n", i, number + 1);
    return fclose(file) == 0;
}

static bool gather_files(struct demo_folder *f)
{
    bool const is_checkout = access("domain/task.h", R_OK) == 0 &&
                             access("usecase/queue_port.h", R_OK) == 0;
    size_t count = 0;

    if (is_checkout)
        count = find_files(f, count, "domain");
    count = find_files(f, count, "/usr/share/common-licenses");
    for (; count < DEMO_FILES; count++)
        if (!make_up_file(f, count))
            return false;
    return true;
}

bool demo_folder_open(struct demo_folder *out)
{
    const char *base = environment("TMPDIR");

    *out = (struct demo_folder){0};
    if (!join(out->path, base ? base : "/tmp", "millrace-demo-XXXXXX") ||
        !mkdtemp(out->path)) {
        complain("millrace: demo: can't make a folder in %s: %s",
                 base ? base : "/tmp", strerror(errno));
        out->path[0] = '\0';
        return false;
    }
    if (!gather_files(out)) {
        complain("millrace: demo: can't make files in %s: %s", out->path,
                 strerror(errno));
        return false;
    }
    return true;
}

void demo_folder_close(struct demo_folder *f)
{
    char path[DEMO_PATH_SIZE];
    DIR *dir = f->path[0] ? opendir(f->path) : NULL;
    const struct dirent *entry;

    while (dir && (entry = readdir(dir)))
        if (entry->d_name[0] != '.' && demo_folder_join(f, entry->d_name, path))
            unlink(path);
    if (dir)
        closedir(dir);
    if (f->path[0])
        rmdir(f->path);
    f->path[0] = '\0';
}

bool demo_folder_touch(const struct demo_folder *f, const char *name)
{
    char path[DEMO_PATH_SIZE] = "";
    int const fd = demo_folder_join(f, name, path)
                       ? open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600)
                       : -1;

    if (fd < 0) {
        complain("millrace: demo: %s: %s", path, strerror(errno));
        return false;
    }
    close(fd);
    return true;
}
