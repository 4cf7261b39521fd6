#include "adapters/process/group.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Reads /proc/PID/stat: "PID (NAME) STATE PARENT GROUP …"; the name may hold
 * anything, also blanks and parentheses. */
static bool is_live_member(int proc, const char *pid, pid_t group)
{
    char path[32];
    char stat[512];
    char state;
    int found;

    if (snprintf(path, sizeof(path), "%s/stat", pid) >= (int)sizeof(path))
        return false;
    int const fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return false; /* it is gone already */
    ssize_t const n = read(fd, stat, sizeof(stat) - 1);
    close(fd);
    if (n <= 0)
        return false;

    stat[n] = '\0';
    const char *rest = strrchr(stat, ')');
    /* NOLINTNEXTLINE(cert-err34-c): numbers that the kernel wrote */
    return rest && sscanf(rest, ") %c %*d %d", &state, &found) == 2 &&
           found == group && state != 'Z' && state != 'X';
}

bool group_is_alive(pid_t group)
{
    DIR *proc = opendir("/proc");
    const struct dirent *entry;
    bool is_alive = false;

    if (!proc)
        return true;
    while (!is_alive && (entry = readdir(proc)))
        if (entry->d_name[0] >= '1' && entry->d_name[0] <= '9')
            is_alive = is_live_member(dirfd(proc), entry->d_name, group);
    closedir(proc);
    return is_alive;
}
