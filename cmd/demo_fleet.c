#include "cmd/demo_fleet.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cmd/output.h"

#define PROGRAM "/proc/self/exe"
#define ARGS_MAX 40

int64_t demo_monotonic_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* In the child: becomes the worker, and ends with the demo. */
static void become_worker(char *const *args, int log_fd, pid_t parent)
{
    int const null = open("/dev/null", O_RDWR);

    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != parent || null < 0)
        _exit(CODE_FAILED);
    dup2(null, STDIN_FILENO);
    dup2(null, STDOUT_FILENO);
    dup2(log_fd, STDERR_FILENO);
    execv(PROGRAM, args);
    _exit(CODE_FAILED);
}

/* The words of one worker's command line, up to a NULL. */
static void build_args(char **args, char *url, char *name,
                       const char *const *handlers)
{
    char *const fixed[] = {
        "millrace", "worker", "--url",         url, "--name", name, "--demo",
        "--lease",  "5s",     "--concurrency", "2"};
    size_t n = sizeof(fixed) / sizeof(fixed[0]);

    memcpy(args, fixed, sizeof(fixed));
    for (; *handlers && n + 3 < ARGS_MAX; handlers++) {
        args[n++] = "--exec";
        args[n++] = (char *)*handlers;
    }
    args[n] = NULL;
}

static bool start_one(struct demo_worker *w, const char *url,
                      const char *const *handlers)
{
    char *args[ARGS_MAX];
    pid_t const parent = getpid();
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) < 0)
        return false;
    build_args(args, (char *)url, w->name, handlers);
    w->pid = fork();
    if (w->pid == 0)
        become_worker(args, ends[1], parent);
    close(ends[1]);
    if (w->pid < 0) {
        w->pid = 0;
        close(ends[0]);
        return false;
    }
    w->fd = ends[0];
    return true;
}

bool demo_fleet_start(struct demo_fleet *fleet, const char *url,
                      const char *const *handlers, const char *folder)
{
    static const char *const left_out[] = {
        "MILLRACE_QUEUES", "MILLRACE_CONCURRENCY", "MILLRACE_LEASE",
        "MILLRACE_SHUTDOWN_TIMEOUT"};

    for (size_t i = 0; i < sizeof(left_out) / sizeof(left_out[0]); i++)
        unsetenv(left_out[i]);
    setenv("MILLRACE_LOG", "debug", 1);
    setenv("MILLRACE_LOG_FORMAT", "json", 1);
    setenv("DEMO_FOLDER", folder, 1);
    for (size_t i = 0; i < DEMO_WORKERS; i++)
        fleet->workers[i] = (struct demo_worker){.fd = -1};
    for (size_t i = 0; i < DEMO_WORKERS; i++) {
        struct demo_worker *w = &fleet->workers[i];
        snprintf(w->name, sizeof(w->name), "wheel-%zu", i + 1);
        if (!start_one(w, url, handlers)) {
            complain("millrace: demo: can't start a worker: %s",
                     strerror(errno));
            return false;
        }
    }
    return true;
}

static void copy_string(const cJSON *object, const char *name, char *out,
                        size_t size)
{
    const char *text =
        cJSON_GetStringValue(cJSON_GetObjectItemCaseSensitive(object, name));

    snprintf(out, size, "%s", text ? text : "");
}

static int64_t number_of(const cJSON *object, const char *name)
{
    const cJSON *item = cJSON_GetObjectItemCaseSensitive(object, name);

    return cJSON_IsNumber(item) ? (int64_t)item->valuedouble : 0;
}

/* Reads a line of a log; false: it is none of ours. */
static bool read_event(const char *line, size_t worker, struct demo_event *out)
{
    cJSON *object = cJSON_Parse(line);

    *out = (struct demo_event){.worker = worker};
    if (object) {
        copy_string(object, "event", out->what, sizeof(out->what));
        copy_string(object, "task", out->task.text, sizeof(out->task.text));
        copy_string(object, "type", out->type, sizeof(out->type));
        copy_string(object, "error", out->error, sizeof(out->error));
        out->attempt = number_of(object, "attempt");
        out->duration_ms = number_of(object, "duration_ms");
        out->retry_in_ms = number_of(object, "retry_in_ms");
    }
    cJSON_Delete(object);
    return out->what[0] != '\0';
}

/* Takes the first whole line that a worker has told; false: none is there. */
static bool take_event(struct demo_worker *w, size_t index,
                       struct demo_event *out)
{
    bool is_event = false;
    char *newline;

    while (!is_event && (newline = memchr(w->line, '\n', w->len))) {
        *newline = '\0';
        is_event = read_event(w->line, index, out);
        size_t const used = (size_t)(newline + 1 - w->line);
        memmove(w->line, newline + 1, w->len - used);
        w->len -= used;
    }
    return is_event;
}

static void read_log(struct demo_worker *w)
{
    if (w->len == sizeof(w->line)) /* no log of ours has such lines */
        w->len = 0;
    ssize_t const got = read(w->fd, w->line + w->len, sizeof(w->line) - w->len);
    if (got > 0) {
        w->len += (size_t)got;
        return;
    }
    if (got < 0 && errno == EINTR)
        return;
    close(w->fd);
    w->fd = -1;
}

/* Waits for any of them; false: time is over, woken, or all have ended. */
static bool wait_for_more(struct demo_fleet *fleet, struct wake wake,
                          int64_t deadline_ms)
{
    struct pollfd fds[DEMO_WORKERS + 1];
    int64_t const left_ms = deadline_ms - demo_monotonic_ms();
    bool is_alive = false;

    for (size_t i = 0; i < DEMO_WORKERS; i++) {
        fds[i] = (struct pollfd){fleet->workers[i].fd, POLLIN, 0};
        is_alive = is_alive || fleet->workers[i].fd >= 0;
    }
    fds[DEMO_WORKERS] = (struct pollfd){wake.fd, POLLIN, 0};
    if (!is_alive || left_ms <= 0)
        return false;

    if (poll(fds, DEMO_WORKERS + 1, (int)left_ms) < 0)
        return errno == EINTR;
    for (size_t i = 0; i < DEMO_WORKERS; i++)
        if (fds[i].revents != 0)
            read_log(&fleet->workers[i]);
    return fds[DEMO_WORKERS].revents == 0;
}

bool demo_fleet_next(struct demo_fleet *fleet, struct wake wake,
                     int64_t deadline_ms, struct demo_event *out)
{
    do {
        for (size_t i = 0; i < DEMO_WORKERS; i++)
            if (take_event(&fleet->workers[i], i, out))
                return true;
    } while (wait_for_more(fleet, wake, deadline_ms));
    return false;
}

bool demo_fleet_stop(struct demo_fleet *fleet)
{
    bool is_fine = true;

    for (size_t i = 0; i < DEMO_WORKERS; i++)
        if (fleet->workers[i].pid > 0)
            kill(fleet->workers[i].pid, SIGTERM);
    for (size_t i = 0; i < DEMO_WORKERS; i++) {
        struct demo_worker *w = &fleet->workers[i];
        int status = -1;
        if (w->fd >=
            0) /* who has more to say than a pipe holds must not wait */
            close(w->fd);
        while (w->pid > 0 && waitpid(w->pid, &status, 0) < 0 && errno == EINTR)
            ;
        is_fine = is_fine && status == 0;
        *w = (struct demo_worker){.fd = -1};
    }
    return is_fine;
}
