/*
 * One command is one `struct run`, watched by the thread that started it: a
 * poll over its three streams, its end (a pidfd) and the cancel wake.
 *
 * The end of the streams says nothing: a daemon that left the group may hold
 * them for ever, and a command may close them early. What counts is the end of
 * the shell; what has been written until then is there to be read.
 *
 * After a SIGTERM the shell is often the first to go, while what it runs tidies
 * up: so the rest of the group has its grace even then, and is looked for every
 * few milliseconds. The shell is reaped last: until then nobody else can have
 * the number of the group, and a signal to it hits nobody else.
 */
#include "adapters/process/exec_handler.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sysexits.h>
#include <time.h>

#include "adapters/process/child.h"
#include "adapters/process/environment.h"
#include "adapters/process/group.h"
#include "adapters/process/guard.h"
#include "adapters/process/output.h"
#include "domain/duration.h"
#include "domain/text.h"

struct exec_host {
    struct guard guard;
    struct environment environment;
    struct rlimit descriptors;
};

/* Why a command is being stopped. */
enum stop {
    STOP_NONE,
    STOP_TIMEOUT,
    STOP_CANCEL,
};

enum { GROUP_POLL_MS = 20 };

struct run {
    const struct handler_call *call;
    int64_t grace_ms;
    struct child child;
    struct output_head out;
    struct output_tail err;
    enum stop stop;
    int64_t next_at_ms; /* of the monotonic clock: when to stop it, or, once
                           that was done, to kill it; INT64_MAX: never */
    bool has_exited;
};

static int64_t monotonic_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

enum status exec_host_open(struct exec_host **out, struct error *err)
{
    struct exec_host *host = calloc(1, sizeof(*host));
    enum status st;

    if (!host)
        return error_set(err, STATUS_NO_MEMORY, NULL,
                         "process: no room for commands");
    getrlimit(RLIMIT_NOFILE, &host->descriptors);
    st = environment_open(&host->environment, err);
    if (st == STATUS_OK)
        st = guard_open(&host->guard, err);
    if (st < 0) {
        environment_close(&host->environment);
        free(host);
        return st;
    }
    *out = host;
    return STATUS_OK;
}

void exec_host_close(struct exec_host *host)
{
    if (!host)
        return;
    guard_close(&host->guard);
    environment_close(&host->environment);
    free(host);
}

/* --- while it runs ------------------------------------------------------ */

static void signal_group(const struct run *r, int number)
{
    kill(-r->child.pid, number);
}

/* A member that is stopped would take note of nothing but SIGKILL. */
static void stop(struct run *r, enum stop why, int64_t now_ms)
{
    r->stop = why;
    r->next_at_ms = now_ms + r->grace_ms;
    signal_group(r, SIGTERM);
    signal_group(r, SIGCONT);
}

static int poll_timeout(int64_t at_ms, int64_t now_ms)
{
    if (at_ms == INT64_MAX)
        return -1;
    if (at_ms <= now_ms)
        return 0;
    return at_ms - now_ms > INT_MAX ? INT_MAX : (int)(at_ms - now_ms);
}

static void read_streams(struct run *r)
{
    if (r->child.out >= 0 && !output_read_head(&r->out, r->child.out))
        close_fd(&r->child.out);
    if (r->child.err >= 0 && !output_read_tail(&r->err, r->child.err))
        close_fd(&r->child.err);
}

/* Waits until something happens or until_ms, and deals with the streams and
 * with a cancel. */
static void watch(struct run *r, int64_t until_ms)
{
    bool const may_cancel = r->stop == STOP_NONE;
    struct pollfd at[] = {
        {.fd = r->child.in, .events = POLLOUT},
        {.fd = r->child.out, .events = POLLIN},
        {.fd = r->child.err, .events = POLLIN},
        {.fd = r->has_exited ? -1 : r->child.exit, .events = POLLIN},
        {.fd = may_cancel ? r->call->cancel.fd : -1, .events = POLLIN},
    };

    if (poll(at, 5, poll_timeout(until_ms, monotonic_ms())) < 0)
        return; /* interrupted */
    if (at[0].revents)
        child_feed(&r->child);
    if (at[1].revents || at[2].revents)
        read_streams(r);
    if (at[3].revents)
        r->has_exited = true;
    if (at[4].revents && !r->has_exited)
        stop(r, STOP_CANCEL, monotonic_ms());
}

static void run_to_exit(struct run *r)
{
    while (!r->has_exited) {
        watch(r, r->next_at_ms);
        if (r->has_exited || monotonic_ms() < r->next_at_ms)
            continue;
        if (r->stop == STOP_NONE) {
            stop(r, STOP_TIMEOUT, monotonic_ms());
            continue;
        }
        signal_group(r, SIGKILL);
        r->next_at_ms = INT64_MAX;
    }
}

/* What is left of a group that was told to stop has the rest of its grace. */
static void run_out_grace(struct run *r)
{
    while (group_is_alive(r->child.pid)) {
        int64_t const now_ms = monotonic_ms();
        if (now_ms >= r->next_at_ms)
            return;
        watch(r, now_ms + GROUP_POLL_MS);
    }
}

static struct child_end end_group(struct run *r)
{
    bool const is_killed = r->next_at_ms == INT64_MAX;

    if (r->stop != STOP_NONE && !is_killed)
        run_out_grace(r);
    signal_group(r, SIGKILL);
    read_streams(r);
    return child_reap(&r->child);
}

/* --- what comes of it --------------------------------------------------- */

static struct outcome failed(enum outcome_kind kind, struct bytes error)
{
    return (struct outcome){.kind = kind, .after_ms = -1, .error = error};
}

/* A short line of its own in the arena. */
static struct text new_line(struct arena *mem, size_t size)
{
    char *at = arena_alloc(mem, size);
    assert(at); /* HANDLER_ROOM has it */

    return text_in(at, size);
}

static struct bytes text_bytes(const struct text *t)
{
    return (struct bytes){t->at, t->len};
}

static struct outcome not_started(int number, struct arena *mem)
{
    struct text line = new_line(mem, 128);

    text_add(&line, "can't start the command: ");
    text_add(&line, strerror(number));
    return failed(OUTCOME_RETRY, text_bytes(&line));
}

static struct outcome timed_out(struct run *r)
{
    struct text line = new_line(r->call->mem, 64);

    text_add(&line, "timed out after ");
    duration_add(&line, r->call->lease->task.timeout_ms);
    return failed(OUTCOME_RETRY, text_bytes(&line));
}

/* The signal comes first and stays, so that much less of stderr is left. */
static struct outcome killed(struct run *r, int number, struct bytes error)
{
    struct text line = new_line(r->call->mem, ERROR_TAIL_MAX);
    const char *name = sigabbrev_np(number);

    text_add(&line, "killed by ");
    if (name) {
        text_add(&line, "SIG");
        text_add(&line, name);
    } else {
        text_add(&line, "signal ");
        text_add_int(&line, number);
    }
    if (error.len > 0)
        text_add(&line, ": ");
    size_t const room = line.size - 1 - line.len;
    while (error.len > 0 &&
           (error.len > room || ((unsigned char)error.at[0] & 0xC0) == 0x80)) {
        error.at++;
        error.len--;
    }
    text_add_bytes(&line, error);
    return failed(OUTCOME_RETRY, text_bytes(&line));
}

static struct outcome exited(struct run *r, int status, struct bytes error)
{
    struct text line;

    if (status == 0)
        return (struct outcome){.kind = OUTCOME_DONE,
                                .result = output_result(&r->out, r->call->mem)};
    if (error.len == 0) {
        line = new_line(r->call->mem, 32);
        text_add(&line, "exit status ");
        text_add_int(&line, status);
        error = text_bytes(&line);
    }
    return failed(status == EX_DATAERR ? OUTCOME_REJECT : OUTCOME_RETRY, error);
}

static struct outcome outcome_of(struct run *r, struct child_end end)
{
    if (r->stop == STOP_CANCEL)
        return (struct outcome){.kind = OUTCOME_RELEASE};
    if (r->stop == STOP_TIMEOUT)
        return timed_out(r);
    if (end.status == 0)
        return exited(r, 0, (struct bytes){0});

    struct bytes const error = output_error(&r->err, r->call->mem);
    if (end.status > 0)
        return exited(r, end.status, error);
    if (end.signal > 0)
        return killed(r, end.signal, error);
    return failed(OUTCOME_RETRY, BYTES("the command's end got lost"));
}

/* --- all of it ---------------------------------------------------------- */

static struct outcome run_command(struct run *r, const struct exec_command *c,
                                  char **environment, atomic_int *slot)
{
    const struct task *task = &r->call->lease->task;
    struct arena *mem = r->call->mem;
    struct child_start const start = {
        .command = c->command,
        .environment = environment,
        .input = task->payload,
        .slot = slot,
        .descriptors = &c->host->descriptors,
    };

    r->out.at = arena_alloc(mem, OUTPUT_HEAD_SIZE);
    r->err.at = arena_alloc(mem, OUTPUT_TAIL_SIZE);
    assert(r->out.at && r->err.at); /* HANDLER_ROOM has it */
    r->next_at_ms =
        task->timeout_ms > 0 ? monotonic_ms() + task->timeout_ms : INT64_MAX;

    int const number = child_open(&start, &r->child);
    if (number != 0)
        return not_started(number, mem);
    run_to_exit(r);
    struct child_end const end = end_group(r);
    child_close(&r->child);
    return outcome_of(r, end);
}

/* A command that does not read its stdin must not harm the worker. A SIGPIPE
 * that came while it was blocked is taken away again. */
static struct outcome without_sigpipe(struct run *r,
                                      const struct exec_command *c,
                                      char **environment, atomic_int *slot)
{
    struct timespec const at_once = {0};
    sigset_t pipe;
    sigset_t before;

    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe, &before);
    struct outcome const outcome = run_command(r, c, environment, slot);
    while (sigtimedwait(&pipe, NULL, &at_once) < 0 && errno == EINTR)
        ;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return outcome;
}

struct outcome exec_handler_run(const struct handler_call *call, void *context)
{
    const struct exec_command *c = context;
    struct run r = {
        .call = call,
        .grace_ms = c->grace_ms > 0 ? c->grace_ms : EXEC_GRACE_MS,
    };

    atomic_int *slot = guard_take(&c->host->guard);
    if (!slot)
        return failed(OUTCOME_RETRY, BYTES("can't guard the command's end"));

    char **environment = environment_of(&c->host->environment, call->lease);
    struct outcome const outcome =
        environment ? without_sigpipe(&r, c, environment, slot)
                    : not_started(ENOMEM, call->mem);
    free(environment);
    guard_give(slot);
    return outcome;
}
