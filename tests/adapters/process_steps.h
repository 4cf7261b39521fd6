/*
 * process_steps.h - shell commands as handlers, with real processes.
 *
 * Whether processes are gone shows at a fifo that they hold open for writing:
 * its reader sees the end once the last of them is dead. Nothing here waits
 * for time to pass but the timeouts under test.
 */
#ifndef TESTS_ADAPTERS_PROCESS_STEPS_H
#define TESTS_ADAPTERS_PROCESS_STEPS_H

#include <criterion/criterion.h>
#include <criterion/new/assert.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "adapters/process/exec_handler.h"
#include "adapters/system/system_wake.h"

static struct error err;
static struct exec_host *host;
static char room[HANDLER_ROOM];
static struct arena mem = {.base = room, .size = sizeof(room)};
static struct wake cancel;
static struct task task;
static int64_t grace_ms;

static inline bool is_cancelled(const struct handler_call *call)
{
    (void)call;
    return false;
}

static inline void set_up(void)
{
    cr_assert(eq(int, exec_host_open(&host, &err), STATUS_OK));
    cr_assert(eq(int, system_wake_open(&cancel, &err), STATUS_OK));
    task = (struct task){.id = {"01ARZ3NDEKTSV4RRFFQ69G5FAV"},
                         .queue = BYTES("mail"),
                         .type = BYTES("email.send"),
                         .payload = BYTES("{}"),
                         .max_attempts = 10,
                         .attempt = 2};
}

static inline void tear_down(void)
{
    exec_host_close(host);
    system_wake_close(&cancel);
}

static inline struct outcome run(const char *command)
{
    struct exec_command context = {host, command, grace_ms};
    struct lease const lease = {.task = task, .fencing = UINT64_MAX};
    struct handler_call const call = {.lease = &lease,
                                      .mem = &mem,
                                      .cancel = cancel,
                                      .is_cancelled = is_cancelled};

    arena_reset(&mem);
    return exec_handler_run(&call, &context);
}

static inline char *text_of(struct bytes b)
{
    static char text[RESULT_MAX + 1];

    if (b.len > 0)
        memcpy(text, b.at, b.len);
    text[b.len] = '\0';
    return text;
}

static inline char *result_of(const char *command)
{
    struct outcome const got = run(command);

    cr_assert(eq(int, got.kind, OUTCOME_DONE), "%s", text_of(got.error));
    return text_of(got.result);
}

static inline char *error_of(const char *command, enum outcome_kind kind)
{
    struct outcome const got = run(command);

    cr_assert(eq(int, got.kind, kind));
    cr_assert(got.kind != OUTCOME_RETRY || got.after_ms < 0);
    return text_of(got.error);
}

/* --- a folder with a fifo, known to commands as $ALIVE ------------------- */

static char folder[] = "/tmp/process_test.XXXXXX";
static char fifo[sizeof(folder) + 8];

static inline void given_a_fifo(void)
{
    cr_assert(mkdtemp(folder) != NULL);
    snprintf(fifo, sizeof(fifo), "%s/alive", folder);
    cr_assert(eq(int, mkfifo(fifo, 0600), 0));
    setenv("ALIVE", fifo, 1);
    exec_host_close(host); /* the environment counts as it is at open */
    cr_assert(eq(int, exec_host_open(&host, &err), STATUS_OK));
}

static inline void remove_fifo(void)
{
    unlink(fifo);
    rmdir(folder);
}

/* All that is written until the last writer is gone. */
static inline char *read_to_end(int fd)
{
    static char text[4096];
    size_t len = 0;
    ssize_t n;

    while ((n = read(fd, text + len, sizeof(text) - 1 - len)) > 0)
        len += (size_t)n;
    text[len] = '\0';
    close(fd);
    return text;
}

/* Waits for the first byte. */
static inline void read_one(int fd)
{
    char c;

    cr_assert(eq(int, (int)read(fd, &c, 1), 1));
}

/* --- a command in a thread of its own ------------------------------------ */

struct running {
    pthread_t thread;
    const char *command;
    struct outcome outcome;
};

static inline void *running_main(void *argument)
{
    struct running *r = argument;

    r->outcome = run(r->command);
    return NULL;
}

static inline void begin(struct running *r, const char *command)
{
    r->command = command;
    cr_assert(eq(int, pthread_create(&r->thread, NULL, running_main, r), 0));
}

static inline struct outcome end(struct running *r)
{
    pthread_join(r->thread, NULL);
    return r->outcome;
}

#endif
