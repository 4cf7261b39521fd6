/*
 * A command is started by clone with CLONE_VM and CLONE_VFORK, as posix_spawn
 * does it inside: the child borrows the memory of the worker until it becomes
 * the command, and nothing is copied, however large the worker is. posix_spawn
 * itself can neither set the parent-death signal nor enter the group in the
 * guard's table. Until then the child may only make system calls, and no
 * signal handler of the worker may run in it: all signals are blocked, and
 * let in when their handlers are gone.
 */
#include "adapters/process/child.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <sched.h>
#include <signal.h>
#include <stdalign.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "adapters/process/plain_command.h"

/* For a few system calls, and the sanitizers' own needs. */
enum { CHILD_STACK = 64 * 1024 };

/* A pipe: [0] is read from, [1] written to. */
struct pipes {
    int in[2];
    int out[2];
    int err[2];
};

/* What parent and child share until the child becomes the shell. */
struct birth {
    const struct child_start *start;
    const struct pipes *pipes;
    struct plain_command plain; /* what to try before the shell, */
    bool is_plain;              /* if so */
    pid_t parent;
    int failed; /* errno of the child's last step */
};

void close_fd(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}

static void close_pipes(struct pipes *p)
{
    for (int i = 0; i < 2; i++) {
        close_fd(&p->in[i]);
        close_fd(&p->out[i]);
        close_fd(&p->err[i]);
    }
}

static bool set_nonblocking(int fd)
{
    return fcntl(fd, F_SETFL, O_NONBLOCK) == 0;
}

/* Only the ends that stay here don't block: the command knows nothing of it. */
static bool open_pipes(struct pipes *p)
{
    *p = (struct pipes){{-1, -1}, {-1, -1}, {-1, -1}};
    return pipe2(p->in, O_CLOEXEC) == 0 && pipe2(p->out, O_CLOEXEC) == 0 &&
           pipe2(p->err, O_CLOEXEC) == 0 && set_nonblocking(p->in[1]) &&
           set_nonblocking(p->out[0]) && set_nonblocking(p->err[0]);
}

/* What runs in the child leaves no marks of a sanitizer on the stack that it
 * borrows: it never returns to wipe them off. */
#define CHILD_CODE __attribute__((no_sanitize("address", "thread")))

/* Neither ignored nor caught nor blocked: as a program expects to start. */
CHILD_CODE static void reset_signals(void)
{
    struct sigaction const plain = {.sa_handler = SIG_DFL};
    sigset_t none;

    for (int i = 1; i < NSIG; i++)
        sigaction(i, &plain, NULL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

CHILD_CODE static int child_main(void *argument)
{
    struct birth *b = argument;
    char shell[] = "sh";
    char option[] = "-c";
    char *const words[] = {shell, option, (char *)b->start->command, NULL};

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != b->parent) /* it died before that was set */
        _exit(127);
    setpgid(0, 0);
    atomic_store(b->start->slot, getpid());
    dup2(b->pipes->in[0], STDIN_FILENO);
    dup2(b->pipes->out[1], STDOUT_FILENO);
    dup2(b->pipes->err[1], STDERR_FILENO);
    /* Also what a library has opened without saying close-on-exec. */
    close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
    reset_signals();
    setrlimit(RLIMIT_NOFILE, b->start->descriptors);
    if (b->is_plain)
        execve(b->plain.words[0], b->plain.words, b->start->environment);
    execve("/bin/sh", words, b->start->environment);
    b->failed = errno;
    _exit(127);
}

/* The thread sanitizer would take a child in the worker's memory for the
 * worker, and mix up what both have done: under it the child gets a copy, and
 * a shell that can't be started is an exit status of 127. */
#ifdef __SANITIZE_THREAD__
enum { BIRTH_FLAGS = CLONE_VFORK | CLONE_PIDFD | SIGCHLD };
#else
enum { BIRTH_FLAGS = CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD };
#endif

/* The pid, or -1 and errno. */
static pid_t give_birth(struct birth *b, int *exit_fd)
{
    alignas(16) char stack[CHILD_STACK];
    sigset_t all;
    sigset_t before;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    pid_t const pid =
        clone(child_main, stack + sizeof(stack), BIRTH_FLAGS, b, exit_fd);
    int const saved = errno;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    errno = saved;
    return pid;
}

int child_open(const struct child_start *start, struct child *out)
{
    struct pipes pipes;
    struct birth birth = {.start = start, .pipes = &pipes, .parent = getpid()};
    int exit_fd = -1;

    birth.is_plain = plain_command_split(start->command, &birth.plain);
    if (!open_pipes(&pipes))
        goto failed;
    *out = (struct child){.in = pipes.in[1], .input = start->input};
    child_feed(out); /* most payloads fit: nothing to come back for */
    pipes.in[1] = out->in;

    pid_t const pid = give_birth(&birth, &exit_fd);
    if (pid < 0)
        goto failed;
    if (birth.failed) {
        waitpid(pid, NULL, 0);
        close_fd(&exit_fd);
        errno = birth.failed;
        goto failed;
    }
    out->pid = pid;
    out->exit = exit_fd;
    out->out = pipes.out[0];
    out->err = pipes.err[0];
    close(pipes.in[0]);
    close(pipes.out[1]);
    close(pipes.err[1]);
    return 0;

failed:;
    int const saved = errno;
    close_pipes(&pipes);
    return saved;
}

void child_feed(struct child *child)
{
    while (child->input.len > 0) {
        ssize_t const n = write(child->in, child->input.at, child->input.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return;
        if (n < 0)
            break; /* it has closed its stdin: what it does not want */
        child->input.at += n;
        child->input.len -= (size_t)n;
    }
    child->input.len = 0;
    close_fd(&child->in);
}

struct child_end child_reap(struct child *child)
{
    siginfo_t info = {0};
    int failed;

    do
        failed = waitid(P_PID, (id_t)child->pid, &info, WEXITED);
    while (failed && errno == EINTR);
    if (failed)
        return (struct child_end){.status = -1};
    if (info.si_code == CLD_EXITED)
        return (struct child_end){.status = info.si_status};
    return (struct child_end){.status = -1, .signal = info.si_status};
}

void child_close(struct child *child)
{
    close_fd(&child->exit);
    close_fd(&child->in);
    close_fd(&child->out);
    close_fd(&child->err);
}
