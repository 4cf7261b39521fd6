/*
 * exec_handler.h - a handler that runs a shell command.
 *
 * `/bin/sh -c COMMAND` in a process group of its own, with the payload on its
 * stdin and the task in its environment (environment.h).
 *   exit 0         done; stdout is the result (output.h)
 *   exit 65        rejected (EX_DATAERR)
 *   any other      retry; as for 65, the error is the end of stderr, or
 *                  "exit status N" where it is empty
 *   by a signal    retry: "killed by SIGSEGV", and the end of stderr
 *   its timeout    SIGTERM to the group, SIGKILL to what is left of it
 *                  EXEC_GRACE_MS later; retry: "timed out after 30s"
 *   cancelled      stopped in the same way; released
 * Once the command has ended, what it left running in its group is killed, and
 * so is all of it when the worker ends, however that happens (guard.h).
 */
#ifndef ADAPTERS_PROCESS_EXEC_HANDLER_H
#define ADAPTERS_PROCESS_EXEC_HANDLER_H

#include "domain/error.h"
#include "usecase/handler.h"

#define EXEC_GRACE_MS 5000

/* What the commands of one worker share. */
struct exec_host;

/* Opens it; best before there are threads. Commands start with the limit of
 * open files that holds now (RLIMIT_NOFILE), even if it is raised later. Faults
 * STATUS_NO_MEMORY, STATUS_UNAVAILABLE (no process or descriptor to be had). */
MUST_USE enum status exec_host_open(struct exec_host **out, struct error *err);

/* Closes it when no handler uses it any more. While one does, leave it to the
 * end of the process, which has the same effect on what it runs. */
void exec_host_close(struct exec_host *host);

/* The context of exec_handler_run. */
struct exec_command {
    struct exec_host *host;
    const char *command; /* for /bin/sh -c */
    int64_t grace_ms;    /* 0: EXEC_GRACE_MS */
};

/* For struct handler. Its thread must live as long as the worker: the kernel
 * kills a command's shell with the thread that started it. */
struct outcome exec_handler_run(const struct handler_call *call, void *context);

#endif
