#include "adapters/process/guard.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define GUARD_BYTES (GUARD_SLOTS * sizeof(atomic_int))

static void kill_groups(atomic_int *groups)
{
    for (size_t i = 0; i < GUARD_SLOTS; i++) {
        int const group = atomic_load(&groups[i]);
        if (group > 0)
            kill(-group, SIGKILL);
    }
}

/* Leaves the terminal and the signals sent to the worker's group, and keeps
 * nothing open but the pipe: neither a database nor the worker's output. */
static void detach(int end)
{
    int const ignored[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGTSTP};
    int const nothing = open("/dev/null", O_RDWR);

    for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]); i++)
        signal(ignored[i], SIG_IGN);
    setsid();
    prctl(PR_SET_NAME, "millrace-guard");
    dup2(end, STDIN_FILENO);
    dup2(nothing, STDOUT_FILENO);
    dup2(nothing, STDERR_FILENO);
    if (close_range(STDERR_FILENO + 1, ~0U, 0) != 0)
        for (int fd = STDERR_FILENO + 1; fd < (int)sysconf(_SC_OPEN_MAX); fd++)
            close(fd);
}

/* The guard's life. The program it was forked from may have had threads, so
 * it makes system calls only. */
static _Noreturn void stand_guard(atomic_int *groups, int end)
{
    char unused;

    detach(end);
    while (read(STDIN_FILENO, &unused, 1) < 0 && errno == EINTR)
        ;
    kill_groups(groups);
    _exit(0);
}

/* Waits until the guard has closed its copy of ready, and so has left the
 * worker's group: what kills that group from now on does not get the guard. */
static void await_guard(int ready[2])
{
    char unused;

    close(ready[1]);
    while (read(ready[0], &unused, 1) < 0 && errno == EINTR)
        ;
    close(ready[0]);
}

/* Locked, or nobody else is there yet. */
static bool start_guard(struct guard *guard)
{
    int ends[2];
    int ready[2];

    if (pipe2(ends, O_CLOEXEC) != 0)
        return false;
    if (pipe2(ready, O_CLOEXEC) != 0) {
        close(ends[0]);
        close(ends[1]);
        return false;
    }

    pid_t const pid = fork();
    if (pid == 0)
        stand_guard(guard->groups, ends[0]);
    close(ends[0]);
    await_guard(ready);
    if (pid < 0) {
        close(ends[1]);
        return false;
    }
    guard->pid = pid;
    guard->hold = ends[1];
    return true;
}

static void stop_guard(struct guard *guard)
{
    if (guard->pid <= 0)
        return;
    kill(guard->pid, SIGKILL);
    waitpid(guard->pid, NULL, 0);
    close(guard->hold);
    guard->pid = 0;
}

/* A pipe that nobody reads from any more is in error. */
static bool has_guard(struct guard *guard)
{
    struct pollfd at = {.fd = guard->hold};

    return guard->pid > 0 && poll(&at, 1, 0) == 0;
}

/* A pipe that took the place of a closed standard stream would get lost when
 * the child moves its own there. */
static void fill_standard_streams(void)
{
    int fd;

    do
        fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
}

enum status guard_open(struct guard *guard, struct error *err)
{
    fill_standard_streams();
    *guard = (struct guard){.hold = -1};
    guard->groups = mmap(NULL, GUARD_BYTES, PROT_READ | PROT_WRITE,
                         MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (guard->groups != MAP_FAILED && start_guard(guard)) {
        pthread_mutex_init(&guard->lock, NULL);
        return STATUS_OK;
    }

    struct bytes const parts[] = {BYTES("process: no guard for commands: "),
                                  bytes_of(strerror(errno))};
    if (guard->groups != MAP_FAILED)
        munmap(guard->groups, GUARD_BYTES);
    return error_join(err, STATUS_UNAVAILABLE, NULL, parts, 2);
}

void guard_close(struct guard *guard)
{
    kill_groups(guard->groups);
    stop_guard(guard);
    pthread_mutex_destroy(&guard->lock);
    munmap(guard->groups, GUARD_BYTES);
}

atomic_int *guard_take(struct guard *guard)
{
    pthread_mutex_lock(&guard->lock);
    bool is_guarded = has_guard(guard);
    if (!is_guarded) {
        stop_guard(guard);
        is_guarded = start_guard(guard);
    }
    pthread_mutex_unlock(&guard->lock);

    for (size_t i = 0; is_guarded && i < GUARD_SLOTS; i++) {
        int expected = GUARD_FREE;
        if (atomic_compare_exchange_strong(&guard->groups[i], &expected,
                                           GUARD_TAKEN))
            return &guard->groups[i];
    }
    return NULL;
}

void guard_give(atomic_int *slot)
{
    atomic_store(slot, GUARD_FREE);
}
