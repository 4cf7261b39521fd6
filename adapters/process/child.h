/*
 * child.h - one command as a running process group.
 */
#ifndef ADAPTERS_PROCESS_CHILD_H
#define ADAPTERS_PROCESS_CHILD_H

#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "domain/bytes.h"

struct child_start {
    const char *command; /* for /bin/sh -c */
    char *const *environment;
    struct bytes input; /* for its stdin */
    atomic_int *slot;   /* of the guard; the child enters its group */
    const struct rlimit *descriptors; /* how many it may have open */
};

/* Its pid is its process group too. The descriptors never block; -1 once
 * closed. */
struct child {
    pid_t pid;
    int exit;           /* a pidfd: readable once it has exited */
    int in;             /* to its stdin; -1 if all input has been written */
    int out;            /* from its stdout */
    int err;            /* from its stderr */
    struct bytes input; /* what is still to be written */
};

/* Starts it. 0, or the errno of what failed: then nothing is left of it. */
int child_open(const struct child_start *start, struct child *out);

/* Writes what its stdin takes now. Blocks SIGPIPE, do it in such a thread: a
 * child need not read. */
void child_feed(struct child *child);

/* How it has ended. */
struct child_end {
    int status; /* of exit; -1: killed by signal */
    int signal; /* 0: its end was not to be learned */
};

/* Takes note that it has exited; its pid may be anybody's from now on. */
struct child_end child_reap(struct child *child);

/* Closes the descriptors. */
void child_close(struct child *child);

/* Closes *fd and sets it to -1; does nothing to -1. */
void close_fd(int *fd);

#endif
